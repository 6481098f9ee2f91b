//! The token's header beside `alg`: what is ignored, what makes it no JWT, and `typ`.

use serde_json::{Value, json};

use super::{Attack, allow, hold};
use crate::support::corp::{self, KEY};
use crate::support::token::{Claims, HS256};

/// A good token whose header has one member more.
fn with(name: &str, value: Value) -> String {
    let mut header = json!({ "alg": "HS256" });
    header[name] = value;
    Claims::good().under(&header, HS256, KEY)
}

#[test]
fn a_header_member_that_changes_the_meaning_of_a_token_is_not_a_jwt_whatever_its_value() {
    let gate = corp::setup().start();
    let values = [json!("DEF"), json!(null), json!([]), json!(["exp"]), json!({}), json!(0)];
    let mut attacks = Vec::new();
    for name in ["zip", "enc", "crit"] {
        for value in &values {
            let what = format!("{name}: {value}");
            attacks.push(Attack::not_a_jwt(&what, &with(name, value.clone())));
        }
    }
    attacks.push(Attack::not_a_jwt("b64: false", &with("b64", json!(false))));
    hold(&gate, &attacks);
}

#[test]
fn a_header_member_of_the_wrong_type_is_not_a_jwt() {
    let gate = corp::setup().start();
    let wrong = [json!(null), json!(1), json!(true), json!(["JWT"]), json!({ "a": "b" })];
    let mut attacks = Vec::new();
    for name in ["kid", "typ", "cty"] {
        for value in &wrong {
            let what = format!("{name}: {value}");
            attacks.push(Attack::not_a_jwt(&what, &with(name, value.clone())));
        }
    }
    for value in [json!(null), json!("key"), json!([]), json!(1)] {
        attacks.push(Attack::not_a_jwt(&format!("jwk: {value}"), &with("jwk", value)));
    }
    for value in [json!(null), json!("MIIB"), json!({}), json!(1)] {
        attacks.push(Attack::not_a_jwt(&format!("x5c: {value}"), &with("x5c", value)));
    }
    hold(&gate, &attacks);
}

#[test]
fn a_key_that_the_token_brings_along_is_never_used() {
    let gate = corp::setup().start();
    let own = "a-key-of-the-attacker-that-is-long-enough-for-hs256";
    let jwk = json!({ "kty": "oct", "k": crate::support::token::encode(own), "alg": "HS256" });
    let url = json!("https://attacker.example/keys.json");
    let headers = [
        ("jwk", json!({ "alg": "HS256", "jwk": jwk })),
        ("jku", json!({ "alg": "HS256", "jku": url })),
        ("x5u", json!({ "alg": "HS256", "x5u": url })),
        ("x5c", json!({ "alg": "HS256", "x5c": ["MIIB"] })),
        ("kid as a path", json!({ "alg": "HS256", "kid": "../../dev/null" })),
        ("kid as SQL", json!({ "alg": "HS256", "kid": "' UNION SELECT 'key' --" })),
    ];
    let attacks: Vec<_> = headers
        .iter()
        .flat_map(|(what, header)| {
            ["", own].map(|key| {
                let check = corp::with_token(&Claims::good().under(header, HS256, key));
                Attack::judged(what, check, &Claims::good(), "signature_invalid")
            })
        })
        .collect();
    hold(&gate, &attacks);
}

#[test]
fn header_members_that_mean_nothing_here_are_ignored_whatever_their_type() {
    let gate = corp::setup().start();
    let cases = [
        ("kid of any text", with("kid", json!("no-such-key"))),
        ("empty kid", with("kid", json!(""))),
        ("cty", with("cty", json!("JWT"))),
        ("jwk of any kind", with("jwk", json!({ "kty": "oct" }))),
        ("x5c", with("x5c", json!(["MIIB"]))),
        ("empty x5c", with("x5c", json!([]))),
        ("jku of a wrong type", with("jku", json!(7))),
        ("x5u null", with("x5u", json!(null))),
        ("x5t", with("x5t", json!("abc"))),
        ("b64: true", with("b64", json!(true))),
        ("unknown", with("x-unknown", json!({ "deep": [[1]] }))),
        ("unknown null", with("nothing", json!(null))),
        ("CRIT in capitals is another name", with("CRIT", json!(["exp"]))),
    ];
    let checks: Vec<_> =
        cases.iter().map(|(what, token)| (*what, corp::with_token(token))).collect();
    allow(&gate, &checks);
}

#[test]
fn a_type_other_than_jwt_is_refused_by_the_realm() {
    let gate = corp::setup().start();
    let types = [
        "at+jwt",
        "AT+JWT",
        "application/at+jwt",
        "application/jwt",
        "JWS",
        "JOSE",
        "JWE",
        "jwt ",
        " JWT",
        "",
        "JWT\u{0}",
    ];
    let attacks: Vec<_> = types
        .iter()
        .map(|typ| {
            let check = corp::with_token(&with("typ", json!(typ)));
            Attack::judged(&format!("{typ:?}"), check, &Claims::good(), "typ_not_allowed")
        })
        .collect();
    hold(&gate, &attacks);
}

#[test]
fn the_type_is_jwt_in_any_letter_case_or_absent() {
    let gate = corp::setup().start();
    let absent = Claims::good().under(&json!({ "alg": "HS256" }), HS256, KEY);
    let checks = [
        ("absent", corp::with_token(&absent)),
        ("JWT", corp::with_token(&with("typ", json!("JWT")))),
        ("jwt", corp::with_token(&with("typ", json!("jwt")))),
        ("jWt", corp::with_token(&with("typ", json!("jWt")))),
    ];
    allow(&gate, &checks);
}
