//! Access tokens: their own `typ`, whom claims stand in for, subjects by pattern, and what other
//! claims must say.

use serde_json::{Value, json};

use super::{Attack, allow, hold};
use crate::support::check::Check;
use crate::support::corp;
use crate::support::gate::Gate;
use crate::support::token::Claims;

const FUTURE: i64 = 4_000_000_000;

/// The realm `corp` for access tokens of `ana` and of services.
fn gate() -> Gate {
    let settings = [
        ("token_type", json!("access_token")),
        ("allowed_subjects", json!(["ana"])),
        ("allowed_subject_patterns", json!(["svc-*", "/team-[0-9]{2}/"])),
        ("fallback_claims.sub", json!("client_id")),
        ("fallback_claims.aud", json!("scope")),
        ("required_claims.token_use", json!("access")),
        ("required_claims.https://idp.example.com/tenant.id", json!(["1", "2"])),
    ];
    let set = |setup: crate::support::gate::Setup, (suffix, value): (&str, Value)| {
        setup.set(&corp::setting(suffix), value)
    };
    settings.into_iter().fold(corp::setup(), set).start()
}

/// Claims that this realm accepts.
fn good() -> Claims {
    Claims::good()
        .with("token_use", "access")
        .with("https://idp.example.com/tenant.id", json!(["9", "2"]))
}

fn of_type(typ: &str, claims: &Claims) -> Check {
    let header = json!({ "alg": "HS256", "typ": typ });
    corp::with_token(&claims.under(&header, "HS256", corp::KEY))
}

#[test]
fn an_access_token_may_say_that_it_is_one() {
    let types = ["at+jwt", "AT+JWT", "JWT", "jwt"];
    allow(&gate(), &types.map(|typ| (typ, of_type(typ, &good()))));
    let others = ["application/at+jwt", "at+jwt ", "JWS", "id+jwt", ""];
    let attacks =
        others.map(|typ| Attack::judged(typ, of_type(typ, &good()), &good(), "typ_not_allowed"));
    hold(&gate(), &attacks);
    let id_tokens = corp::setup().start();
    let claims = Claims::good();
    let attack =
        Attack::judged("as an ID token", of_type("at+jwt", &claims), &claims, "typ_not_allowed");
    hold(&id_tokens, &[attack]);
}

#[test]
fn a_claim_stands_in_for_an_absent_one_and_for_no_other() {
    let no_sub = || good().without("sub");
    let no_aud = || good().without("aud");
    let checks = [
        ("for sub", no_sub().with("client_id", "svc-7")),
        ("for a null sub", good().with("sub", Value::Null).with("client_id", "ana")),
        ("for aud", no_aud().with("scope", corp::AUDIENCE)),
        ("for aud, a list", no_aud().with("scope", json!(["x", corp::AUDIENCE]))),
        ("beside one that is there", good().with("client_id", 7).with("scope", json!({}))),
    ];
    allow(&gate(), &checks.map(|(what, claims)| (what, corp::with(&claims))));
    let attacks = [
        ("nobody", no_sub(), "claim_missing"),
        ("another", no_sub().with("client_id", "eve"), "subject_mismatch"),
        ("a list of one", no_sub().with("client_id", json!(["ana"])), "claim_malformed"),
        ("a number", no_sub().with("client_id", 7), "claim_malformed"),
        ("sub itself", good().with("sub", "eve").with("client_id", "ana"), "subject_mismatch"),
        ("an empty sub", good().with("sub", "").with("client_id", "ana"), "subject_mismatch"),
        ("no audience", no_aud(), "claim_missing"),
        ("words of a scope", no_aud().with("scope", "read api"), "audience_mismatch"),
        ("a scope of numbers", no_aud().with("scope", json!(["api", 1])), "claim_malformed"),
        ("aud itself", good().with("aud", "x").with("scope", "api"), "audience_mismatch"),
        ("an empty aud", good().with("aud", json!([])).with("scope", "api"), "audience_mismatch"),
    ];
    hold(&gate(), &attacks.map(|(what, claims, reason)| Attack::refused(what, &claims, reason)));
}

#[test]
fn a_subject_may_match_a_pattern_as_a_whole() {
    let subjects = ["ana", "svc-", "svc-a.b", "team-07"];
    allow(&gate(), &subjects.map(|sub| (sub, corp::with(&good().with("sub", sub)))));
    let others = ["svc", "xsvc-1", "SVC-1", "team-7", "team-070", "team-07\n", "/team-07/", ""];
    let attacks = others.map(|sub| {
        Attack::refused(&format!("{sub:?}"), &good().with("sub", sub), "subject_mismatch")
    });
    hold(&gate(), &attacks);
}

#[test]
fn a_required_claim_has_one_of_its_values() {
    const TENANT: &str = "https://idp.example.com/tenant.id";
    let mismatch = "required_claim_mismatch";
    let attacks = [
        ("absent", good().without("token_use"), "claim_missing"),
        ("null", good().with("token_use", Value::Null), "claim_missing"),
        ("another", good().with("token_use", "id"), mismatch),
        ("in capitals", good().with("token_use", "ACCESS"), mismatch),
        ("an empty list", good().with("token_use", json!([])), mismatch),
        ("a number", good().with(TENANT, 2), "claim_malformed"),
        ("a list with a number", good().with(TENANT, json!(["2", 2])), "claim_malformed"),
        ("both in one text", good().with(TENANT, "1,2"), mismatch),
    ];
    hold(&gate(), &attacks.map(|(what, claims, reason)| Attack::refused(what, &claims, reason)));
    let unsigned = corp::with_token(
        &good().with("token_use", "id").signed("HS256", "another-key-of-at-least-32-bytes-here"),
    );
    let claims = good().with("token_use", "id");
    hold(&gate(), &[Attack::judged("before the signature", unsigned, &claims, mismatch)]);
}

#[test]
fn an_access_token_is_not_asked_when_it_begins_to_hold() {
    let checks = [
        ("not before later", good().with("nbf", FUTURE)),
        ("authenticated later", good().with("auth_time", FUTURE)),
        ("authenticated sometime", good().with("auth_time", "yesterday")),
    ];
    allow(&gate(), &checks.map(|(what, claims)| (what, corp::with(&claims))));
    let attacks = [
        ("not before no time", good().with("nbf", "later"), "claim_malformed"),
        ("issued later", good().with("iat", FUTURE), "token_not_yet_valid"),
        ("expired", good().with("exp", 1_000_000_000), "token_expired"),
        ("never issued", good().without("iat"), "claim_missing"),
    ];
    let attack = |(what, claims, reason): (&str, Claims, &'static str)| match what {
        "not before no time" => {
            Attack::new(what, corp::with(&claims), (401, reason), super::UNREADABLE)
        }
        _ => Attack::refused(what, &claims, reason),
    };
    hold(&gate(), &attacks.map(attack));
}
