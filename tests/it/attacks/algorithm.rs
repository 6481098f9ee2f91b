//! Algorithm tricks: no token is taken for what its own header says about how to check it.

use serde_json::{Value, json};

use super::{Attack, hold};
use crate::support::corp::{self, KEY, SECRET};
use crate::support::gate::Setup;
use crate::support::token::{Claims, HS256, HS384, HS512, decode, encode, parts};

fn under(header: &Value) -> String {
    Claims::good().under(header, HS256, KEY)
}

/// A token of good claims with this `alg`, truly signed by HS256 with the realm's key.
fn claiming(alg: &str) -> String {
    under(&json!({ "alg": alg, "typ": "JWT" }))
}

fn judged(what: &str, token: &str, reason: &'static str) -> Attack {
    Attack::judged(what, corp::with_token(token), &Claims::good(), reason)
}

#[test]
fn the_algorithm_none_is_not_a_jwt_signed_or_not() {
    let [header, payload, _] = parts(&claiming("none"));
    let gate = corp::setup().start();
    let attacks = [
        Attack::not_a_jwt("none, signed", &claiming("none")),
        Attack::not_a_jwt("none, empty signature", &format!("{header}.{payload}.")),
        Attack::not_a_jwt("none, no third part", &format!("{header}.{payload}")),
    ];
    hold(&gate, &attacks);
}

#[test]
fn an_algorithm_that_is_missing_or_no_text_is_not_a_jwt() {
    let gate = corp::setup().start();
    let attacks = [
        Attack::not_a_jwt("no alg", &under(&json!({ "typ": "JWT" }))),
        Attack::not_a_jwt("null", &under(&json!({ "alg": null }))),
        Attack::not_a_jwt("number", &under(&json!({ "alg": 256 }))),
        Attack::not_a_jwt("list", &under(&json!({ "alg": ["HS256"] }))),
        Attack::not_a_jwt("object", &under(&json!({ "alg": { "HS256": true } }))),
        Attack::not_a_jwt("true", &under(&json!({ "alg": true }))),
        Attack::not_a_jwt("other letter case of the name", &under(&json!({ "Alg": "HS256" }))),
    ];
    hold(&gate, &attacks);
}

#[test]
fn an_algorithm_outside_the_list_is_refused_whatever_the_signature() {
    let gate = corp::setup().start();
    let words = [
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512",
        "ES256",
        "ES384",
        "ES512",
        "ES256K",
        "EdDSA",
        "HS1",
        "HS256 ",
        " HS256",
        "hs256",
        "Hs256",
        "HS256\u{0}",
        "None",
        "NONE",
        "nOnE",
        "HMAC",
        "A128KW",
        "dir",
        "",
    ];
    let attacks: Vec<_> = words
        .iter()
        .map(|alg| judged(&format!("{alg:?}"), &claiming(alg), "algorithm_not_allowed"))
        .collect();
    hold(&gate, &attacks);
}

#[test]
fn an_allowed_algorithm_that_the_key_does_not_serve_finds_no_usable_key() {
    // The realm lists RS256 but has an HMAC key alone: signing "RS256" with the HMAC key, or with
    // anything public, must find no key at all rather than the wrong one.
    let listed = json!(["RS256", "ES256", "PS256", "HS256"]);
    let gate = corp::setup().set(&corp::setting("allowed_signature_algorithms"), listed).start();
    let attacks: Vec<_> = ["RS256", "ES256", "PS256"]
        .iter()
        .map(|alg| judged(alg, &claiming(alg), "no_usable_key"))
        .collect();
    hold(&gate, &attacks);
}

#[test]
fn a_key_too_short_for_the_algorithm_is_not_used_for_it() {
    let key = "exactly-32-bytes-of-hmac-key-abc";
    let gate = corp::setup().secret(&corp::setting("hmac_key"), key).start();
    let claims = Claims::good();
    assert!(gate.caller().check(&corp::with_token(&claims.signed(HS256, key))).is_allow());
    let attacks = [
        judged("HS384", &claims.signed(HS384, key), "no_usable_key"),
        judged("HS512", &claims.signed(HS512, key), "no_usable_key"),
    ];
    hold(&gate, &attacks);
}

#[test]
fn a_signature_by_another_hash_than_the_header_names_is_invalid() {
    let gate = corp::setup().start();
    let claims = Claims::good();
    let cases = [(HS256, HS384), (HS256, HS512), (HS384, HS256), (HS512, HS256), (HS512, HS384)];
    let attacks: Vec<_> = cases
        .iter()
        .map(|(named, used)| {
            let token = claims.under(&json!({ "alg": named }), used, KEY);
            judged(&format!("{named} signed by {used}"), &token, "signature_invalid")
        })
        .collect();
    hold(&gate, &attacks);
}

#[test]
fn a_signature_by_another_key_is_invalid() {
    let gate = corp::setup().start();
    let hash_of_the_key = encode(KEY);
    let nul_padded = format!("{KEY}\0");
    let keys = [
        ("empty", ""),
        ("one NUL", "\0"),
        ("the client secret", SECRET),
        ("the key with a blank", concat!("the-corp-key", " ")),
        // HMAC pads a short key with NULs, so this one differs from the true key in length alone.
        ("the key in base64", &hash_of_the_key),
        ("another", "another-key-that-is-long-enough-for-every-hmac-algorithm-0123456789"),
        ("the issuer", corp::ISSUER),
    ];
    let mut attacks: Vec<_> = keys
        .iter()
        .map(|(what, key)| judged(what, &Claims::good().signed(HS256, key), "signature_invalid"))
        .collect();
    // The key is longer than a block of SHA-256, so it is hashed and a NUL more is another key.
    let token = Claims::good().signed(HS256, &nul_padded);
    attacks.push(judged("the key and a NUL", &token, "signature_invalid"));
    hold(&gate, &attacks);
}

#[test]
fn a_signature_that_was_changed_cut_or_lengthened_is_invalid() {
    let gate = corp::setup().start();
    let [header, payload, signature] = parts(&Claims::good().token());
    let with = |signature: &[u8]| format!("{header}.{payload}.{}", encode(signature));
    let bytes = decode(&signature);
    let flipped = |at: usize| {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        with(&changed)
    };
    let attacks = [
        judged("first bit", &flipped(0), "signature_invalid"),
        judged("last bit", &flipped(31), "signature_invalid"),
        judged("half of it", &with(&bytes[..16]), "signature_invalid"),
        judged("one byte of it", &with(&bytes[..1]), "signature_invalid"),
        judged("one byte more", &with(&[&bytes[..], b"\0"].concat()), "signature_invalid"),
        judged("twice", &with(&[&bytes[..], &bytes[..]].concat()), "signature_invalid"),
        judged("zeros", &with(&[0; 32]), "signature_invalid"),
    ];
    hold(&gate, &attacks);
}

#[test]
fn a_signature_of_another_token_is_invalid() {
    let gate = corp::setup().start();
    let [header, _, signature] = parts(&Claims::good().token());
    let admin = Claims::good().with("sub", "admin");
    let forged = format!("{header}.{}.{signature}", encode(admin.text()));
    let check = corp::with_token(&forged);
    let [_, payload, _] = parts(&Claims::good().token());
    let other_header = encode(r#"{"alg":"HS256","typ":"jwt"}"#);
    let reheaded = format!("{other_header}.{payload}.{signature}");
    let attacks = [
        Attack::judged("another payload", check, &admin, "signature_invalid"),
        judged("another header", &reheaded, "signature_invalid"),
    ];
    hold(&gate, &attacks);
}

#[test]
fn each_hmac_algorithm_is_accepted_where_it_is_listed() {
    let gate = corp::setup().start();
    let claims = Claims::good();
    let checks = [HS256, HS384, HS512].map(|alg| (alg, corp::with_token(&claims.signed(alg, KEY))));
    super::allow(&gate, &checks);
}

#[test]
fn an_algorithm_that_is_not_listed_is_refused_although_the_key_would_serve() {
    let key = corp::setting("allowed_signature_algorithms");
    let gate = corp::setup().set(&key, json!(["HS384"])).start();
    let claims = Claims::good();
    let attacks = [
        judged("HS256", &claims.signed(HS256, KEY), "algorithm_not_allowed"),
        judged("HS512", &claims.signed(HS512, KEY), "algorithm_not_allowed"),
    ];
    hold(&gate, &attacks);
}

#[test]
fn the_default_list_holds_no_hmac_algorithm() {
    let setup: Setup = corp::setup().unset(&corp::setting("allowed_signature_algorithms"));
    let attack = judged("HS256", &Claims::good().token(), "algorithm_not_allowed");
    hold(&setup.start(), &[attack]);
}
