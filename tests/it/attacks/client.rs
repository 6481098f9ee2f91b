//! The client's own proof, and what is and is not a bearer credential.

use super::{Attack, BROKE, NOTHING, UNREADABLE, allow, hold};
use crate::support::check::Check;
use crate::support::corp::{self, SECRET};
use crate::support::token::Claims;

const CLIENT: &str = "es-client-authentication";

fn saying(value: &str) -> Check {
    corp::good().header(CLIENT, value)
}

fn judged(what: &str, check: Check, reason: &'static str) -> Attack {
    Attack::judged(what, check, &Claims::good(), reason)
}

#[test]
fn a_client_without_its_secret_is_refused_whatever_its_token() {
    let gate = corp::setup().start();
    let token = Claims::good().token();
    let mut attacks =
        vec![judged("no header", Check::get().bearer(&token), "client_secret_missing")];
    for value in [
        "",
        " ",
        SECRET,
        "SharedSecret",
        "Bearer the-corp-client-secret",
        "Secret x",
        " SharedSecret the-corp-client-secret",
        "SharedSecret\tthe-corp-client-secret",
        "SharedSecretthe-corp-client-secret",
        "SharedSecret=the-corp-client-secret",
    ] {
        attacks.push(judged(&format!("{value:?}"), saying(value), "client_secret_missing"));
    }
    let underscore = Check::get().bearer(&token);
    let underscore =
        underscore.header("es_client_authentication", "SharedSecret the-corp-client-secret");
    attacks.push(judged("another name", underscore, "client_secret_missing"));
    hold(&gate, &attacks);
}

#[test]
fn a_wrong_client_secret_is_refused_however_similar() {
    let gate = corp::setup().start();
    let attacks: Vec<_> = [
        "the-corp-client-secre",
        "the-corp-client-secrett",
        "The-corp-client-secret",
        "x",
        "the-corp-client\u{0}-secret",
        "the-corp-client-secret,",
        "the corp client secret",
        "the-corp-client-secret x",
        "SharedSecret the-corp-client-secret",
        "\u{e9}",
        corp::KEY,
    ]
    .iter()
    .map(|secret| {
        let check = saying(&format!("SharedSecret {secret}"));
        judged(&format!("{secret:?}"), check, "client_secret_mismatch")
    })
    .collect();
    hold(&gate, &attacks);
}

#[test]
fn the_scheme_is_read_in_any_letter_case_and_blanks_around_the_secret_are_trimmed() {
    let gate = corp::setup().start();
    let values = [
        "SharedSecret the-corp-client-secret",
        "sharedsecret the-corp-client-secret",
        "SHAREDSECRET   the-corp-client-secret",
        "SharedSecret  the-corp-client-secret  ",
        "SharedSecret \tthe-corp-client-secret\t",
    ];
    allow(&gate, &values.map(|value| (value, saying(value))));
}

#[test]
fn an_empty_client_secret_ends_the_chain_of_a_readable_token() {
    let gate = corp::setup().start();
    for value in ["SharedSecret ", "sharedsecret    ", "SharedSecret \t"] {
        let broken = Attack::new(value, saying(value), (401, "client_secret_missing"), BROKE);
        let unreadable = corp::with_token("token").header(CLIENT, value);
        let unreadable = Attack::new(value, unreadable, (401, "not_a_jwt"), UNREADABLE);
        hold(&gate, &[broken, unreadable]);
    }
}

#[test]
fn an_empty_client_secret_ends_the_chain_also_where_no_secret_is_asked_for() {
    let kind = corp::setting("client_authentication.type");
    let gate = corp::setup_without_secret().set(&kind, "none").start();
    let value = "SharedSecret  ";
    hold(&gate, &[Attack::new(value, saying(value), (401, "client_secret_missing"), BROKE)]);
    let checks = [
        ("no header", Check::get().bearer(&Claims::good().token())),
        ("any secret", saying("SharedSecret whatever")),
        ("another scheme", saying("Basic whatever")),
    ];
    allow(&gate, &checks);
}

#[test]
fn the_client_is_judged_before_the_token() {
    let gate = corp::setup().start();
    let expired = Claims::good().with("exp", 1_000_000_000);
    let foreign = Claims::good().with("iss", "other");
    let alone = |claims: &Claims| Check::get().bearer(&claims.token());
    let attacks = [
        Attack::judged("expired", alone(&expired), &expired, "client_secret_missing"),
        Attack::judged("another issuer's", alone(&foreign), &foreign, "issuer_mismatch"),
    ];
    hold(&gate, &attacks);
}

#[test]
fn a_request_without_a_bearer_value_has_no_credentials() {
    let gate = corp::setup().start();
    let no_credentials = (401, "no_credentials");
    let secret_alone = Check::get().client_secret(SECRET);
    let mut attacks = vec![
        Attack::new("nothing", Check::get(), no_credentials, NOTHING),
        Attack::new("the client alone", secret_alone.clone(), no_credentials, NOTHING),
    ];
    for value in [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer    ",
        "Bearer\ttoken",
        "Basic YTpi",
        "ApiKey x",
        "Token x",
        "Bearertoken",
        "\u{0}",
        "bearer",
        "bearer  ",
    ] {
        let check = secret_alone.clone().header("authorization", value);
        attacks.push(Attack::new(&format!("{value:?}"), check, no_credentials, NOTHING));
    }
    hold(&gate, &attacks);
}

#[test]
fn the_scheme_of_the_token_is_spelt_exactly() {
    let gate = corp::setup().start();
    let token = Claims::good().token();
    let attacks: Vec<_> = ["bearer", "BEARER", "bEARER", "BeArEr"]
        .iter()
        .map(|scheme| {
            let check = Check::get().client_secret(SECRET);
            let check = check.header("authorization", &format!("{scheme} {token}"));
            Attack::new(scheme, check, (401, "no_credentials"), UNREADABLE)
        })
        .collect();
    hold(&gate, &attacks);
}

#[test]
fn blanks_around_a_token_are_trimmed_and_nothing_else_is() {
    let gate = corp::setup().start();
    let token = Claims::good().token();
    let saying = |value: &str| corp::good().header("authorization", value);
    let values = [
        format!("Bearer {token}"),
        format!("Bearer    {token}"),
        format!("Bearer {token}   "),
        format!("Bearer \t{token}\t"),
    ];
    let checks: Vec<_> = values.iter().map(|value| (value.as_str(), saying(value))).collect();
    allow(&gate, &checks);
    let attacks: Vec<_> = [
        format!("Bearer \u{a0}{token}"),
        format!("Bearer {token}\u{2028}"),
        format!("Bearer {token} {token}"),
        format!("Bearer \"{token}\""),
        format!("Bearer Bearer {token}"),
        format!("Bearer {token};"),
    ]
    .iter()
    .map(|value| Attack::new(value, saying(value), (401, "not_a_jwt"), UNREADABLE))
    .collect();
    hold(&gate, &attacks);
}

#[test]
fn a_token_in_another_place_is_no_credential() {
    let gate = corp::setup().start();
    let token = Claims::good().token();
    let bearer = format!("Bearer {token}");
    let base = Check::get().client_secret(SECRET);
    let mut attacks = Vec::new();
    for name in ["proxy-authorization", "x-authorization", "authentication", "cookie", "x-api-key"]
    {
        let check = base.clone().header(name, &bearer);
        attacks.push(Attack::new(name, check, (401, "no_credentials"), NOTHING));
    }
    hold(&gate, &attacks);
}
