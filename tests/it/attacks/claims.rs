//! Claims that are missing, malformed or not allowed: each with its own reason for the operator
//! and, for the client, no more than Elasticsearch says.

use serde_json::{Value, json};

use super::{Attack, UNREADABLE, allow, hold};
use crate::support::corp;
use crate::support::token::Claims;

const FUTURE: i64 = 4_000_000_000;

fn malformed(name: &str, value: Value) -> Attack {
    let what = format!("{name}: {value}");
    let check = corp::with(&Claims::good().with(name, value));
    Attack::new(&what, check, (401, "claim_malformed"), UNREADABLE)
}

#[test]
fn a_registered_claim_of_the_wrong_type_reads_as_no_jwt() {
    let gate = corp::setup().start();
    let mut attacks = Vec::new();
    for name in ["exp", "iat", "nbf"] {
        for value in [json!("4070908800"), json!(null), json!(true), json!([1]), json!({ "t": 1 })]
        {
            attacks.push(malformed(name, value));
        }
    }
    for name in ["iss", "jti", "sub"] {
        for value in [json!(1), json!(true), json!(["x"]), json!({ "a": 1 })] {
            attacks.push(malformed(name, value));
        }
    }
    for value in [json!(1), json!(true), json!({ "api": 1 }), json!(["api", 1]), json!([null])] {
        attacks.push(malformed("aud", value));
    }
    attacks.push(malformed("aud", json!([["api"]])));
    hold(&gate, &attacks);
}

#[test]
fn a_date_whose_milliseconds_do_not_fit_reads_as_no_jwt() {
    let gate = corp::setup().start();
    let mut attacks = Vec::new();
    for name in ["exp", "iat", "nbf"] {
        for value in
            [json!(i64::MAX), json!(i64::MIN), json!(u64::MAX), json!(1e300), json!(-1e300)]
        {
            attacks.push(malformed(name, value));
        }
    }
    hold(&gate, &attacks);
}

#[test]
fn a_claim_that_the_realm_needs_and_does_not_find_is_missing() {
    let gate = corp::setup().start();
    let attacks: Vec<_> = ["sub", "aud", "iat", "exp"]
        .iter()
        .map(|name| Attack::refused(name, &Claims::good().without(name), "claim_missing"))
        .chain(["sub", "aud"].iter().map(|name| {
            Attack::refused(name, &Claims::good().with(name, Value::Null), "claim_missing")
        }))
        .collect();
    hold(&gate, &attacks);
}

#[test]
fn a_token_without_an_issuer_is_let_in_by_no_realm() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    let nothing_printable = Claims::good().without("iss").without("sub").without("aud");
    let no_text = Claims::good().with("iss", Value::Null);
    for claims in [Claims::good().without("iss"), no_text, nothing_printable] {
        let answer = caller.check(&corp::with(&claims));
        assert_eq!(answer.status(), 401, "{answer:?}");
        assert_eq!(answer.sentence(), super::unable(&claims.label()));
    }
}

#[test]
fn another_issuer_is_passed_over_however_similar() {
    let gate = corp::setup().start();
    let issuers = [
        "",
        "https://idp.example.com",
        "https://idp.example.com//",
        "HTTPS://idp.example.com/",
        "https://idp.example.com/ ",
        " https://idp.example.com/",
        "https://idp.example.com/\u{0}",
        "https://IDP.example.com/",
        "https://idp.example.com/#",
        "https://idp.example.com:443/",
        "https://\u{456}dp.example.com/",
        "https://idp.example.com/,https://idp.example.com/",
        "*",
    ];
    let attacks: Vec<_> = issuers
        .iter()
        .map(|issuer| {
            let claims = Claims::good().with("iss", *issuer);
            Attack::refused(&format!("{issuer:?}"), &claims, "issuer_mismatch")
        })
        .collect();
    hold(&gate, &attacks);
}

#[test]
fn another_audience_is_refused_however_similar() {
    let gate = corp::setup().start();
    let audiences = [
        json!("API"),
        json!("api "),
        json!(" api"),
        json!("api,other"),
        json!(""),
        json!("ap"),
        json!("*"),
        json!("api\u{0}"),
        json!([]),
        json!(["x", "y"]),
        json!(["a", "p", "i"]),
    ];
    let attacks: Vec<_> = audiences
        .iter()
        .map(|audience| {
            let claims = Claims::good().with("aud", audience.clone());
            Attack::refused(&audience.to_string(), &claims, "audience_mismatch")
        })
        .collect();
    hold(&gate, &attacks);
    let among = Claims::good().with("aud", json!(["x", "api"]));
    allow(&gate, &[("one of several", corp::with(&among))]);
}

#[test]
fn another_subject_is_refused_where_subjects_are_listed() {
    let listed = json!(["ana", "b*", "/c.*/"]);
    let gate = corp::setup().set(&corp::setting("allowed_subjects"), listed).start();
    let attacks: Vec<_> = ["Ana", "ana ", "bob", "carl", "", "an", "anaa"]
        .iter()
        .map(|subject| {
            let claims = Claims::good().with("sub", *subject);
            Attack::refused(&format!("{subject:?}"), &claims, "subject_mismatch")
        })
        .collect();
    hold(&gate, &attacks);
    let subjects = ["ana", "b*", "/c.*/"];
    allow(&gate, &subjects.map(|sub| (sub, corp::with(&Claims::good().with("sub", sub)))));
}

#[test]
fn a_token_out_of_its_time_is_refused() {
    let gate = corp::setup().start();
    let good = Claims::good;
    let attacks = [
        Attack::refused("expired", &good().with("exp", 1_000_000_000), "token_expired"),
        Attack::refused("expired in 1970", &good().with("exp", 0), "token_expired"),
        Attack::refused("expired before 1970", &good().with("exp", -1), "token_expired"),
        Attack::refused("issued later", &good().with("iat", FUTURE), "token_not_yet_valid"),
        Attack::refused("not before later", &good().with("nbf", FUTURE), "token_not_yet_valid"),
        Attack::refused(
            "authenticated later",
            &good().with("auth_time", FUTURE),
            "token_not_yet_valid",
        ),
    ];
    hold(&gate, &attacks);
    let checks = [
        ("fractions are cut", good().with("exp", 4_070_908_800.9).with("iat", 946_684_800.5)),
        ("not before 1970", good().with("nbf", -5)),
        ("authenticated then", good().with("auth_time", 946_684_800.25)),
        ("a null auth_time is absent", good().with("auth_time", Value::Null)),
        ("issued after it expires, in the past and the future", good().with("nbf", 0)),
    ];
    allow(&gate, &checks.map(|(what, claims)| (what, corp::with(&claims))));
}

#[test]
fn the_clock_skew_is_granted_to_the_second_and_no_further() {
    // Real time passes while this runs, so each row has a margin of minutes.
    let gate = corp::setup().set(&corp::setting("allowed_clock_skew"), "1h").start();
    let now = now();
    let good = Claims::good;
    let checks = [
        ("expired within the skew", good().with("exp", now - 3000)),
        ("issued within the skew", good().with("iat", now + 3000)),
        ("not before within the skew", good().with("nbf", now + 3000)),
        ("authenticated within the skew", good().with("auth_time", now + 3000)),
    ];
    allow(&gate, &checks.map(|(what, claims)| (what, corp::with(&claims))));
    let attacks = [
        Attack::refused("expired", &good().with("exp", now - 3700), "token_expired"),
        Attack::refused("issued later", &good().with("iat", now + 4200), "token_not_yet_valid"),
        Attack::refused("not before later", &good().with("nbf", now + 4200), "token_not_yet_valid"),
    ];
    hold(&gate, &attacks);
}

#[test]
fn a_malformed_auth_time_is_the_realms_to_refuse() {
    let gate = corp::setup().start();
    let values =
        [json!("946684800"), json!(true), json!([1]), json!({}), json!(1e300), json!(i64::MAX)];
    let attacks: Vec<_> = values
        .iter()
        .map(|value| {
            let claims = Claims::good().with("auth_time", value.clone());
            Attack::refused(&value.to_string(), &claims, "claim_malformed")
        })
        .collect();
    hold(&gate, &attacks);
}

#[test]
fn the_first_check_that_fails_is_the_one_that_is_reported() {
    let gate = corp::setup().start();
    // Each row adds the failure of the step before it, so every step wins against all later ones.
    let mut claims = Claims::good();
    let mut attacks = Vec::new();
    let steps = [
        ("nbf", json!(FUTURE), "token_not_yet_valid"),
        ("exp", json!(1_000_000_000), "token_expired"),
        ("iat", json!(FUTURE), "token_not_yet_valid"),
        ("aud", json!("other"), "audience_mismatch"),
        ("iss", json!("other"), "issuer_mismatch"),
    ];
    for (name, value, reason) in steps {
        claims = claims.with(name, value);
        attacks.push(Attack::refused(name, &claims, reason));
    }
    let unsigned = Claims::good().with("exp", 1_000_000_000);
    let check =
        corp::with_token(&unsigned.signed("HS256", "another-key-of-at-least-32-bytes-here"));
    attacks.push(Attack::judged("signature after claims", check, &unsigned, "token_expired"));
    let header = json!({ "alg": "RS256", "typ": "at+jwt" });
    let check = corp::with_token(&Claims::good().under(&header, "HS256", corp::KEY));
    attacks.push(Attack::judged("typ before alg", check, &Claims::good(), "typ_not_allowed"));
    hold(&gate, &attacks);
}

#[test]
fn a_principal_that_is_absent_or_blank_is_nobody() {
    let gate = corp::setup().set(&corp::setting("claims.principal"), "user").start();
    let missing = "principal_missing";
    let mut attacks = vec![Attack::refused("absent", &Claims::good(), missing)];
    for value in [json!(null), json!(""), json!(" "), json!("\t\n"), json!([])] {
        let claims = Claims::good().with("user", value.clone());
        attacks.push(Attack::refused(&value.to_string(), &claims, missing));
    }
    hold(&gate, &attacks);
}

#[test]
fn a_mapped_claim_of_an_impossible_type_is_refused() {
    let gate = corp::setup().start();
    let mut attacks = Vec::new();
    for name in ["groups", "dn", "mail", "name"] {
        for value in [json!(1), json!(true), json!({ "a": 1 }), json!(["a", 1]), json!([null])] {
            let claims = Claims::good().with(name, value.clone());
            let what = format!("{name}: {value}");
            attacks.push(Attack::refused(&what, &claims, "property_malformed"));
        }
    }
    hold(&gate, &attacks);
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}
