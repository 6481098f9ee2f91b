//! Keys that cannot be used: each is named with what is wrong with it, and spoils no other.

use super::*;

/// That nothing but `key` is passed over, and what is said of it.
fn must_be_passed_over(key: &Value, family: Family, fault: &str) {
    let kid = key["kid"].as_str().unwrap();
    let sentence = format!("the key with kid [{kid}] is passed over: {fault}");
    assert_eq!(said(std::slice::from_ref(key), family), [sentence], "{key}");
}

fn number(bytes: &[u8]) -> Value {
    json!(URL_SAFE_NO_PAD.encode(bytes))
}

#[test]
fn an_rsa_key_that_cannot_be_used_is_passed_over_and_told_by_its_name() {
    let rsa = with(&Pair::rsa_2048().jwk(), "kid", json!("r"));
    let n = rsa["n"].as_str().unwrap();
    for (key, fault) in [
        (without(&rsa, "kty"), "member [kty] is missing"),
        (with(&rsa, "kty", json!(1)), "member [kty] is no string"),
        (with(&rsa, "kty", json!("rsa")), "keys of type [rsa] are not supported"),
        (with(&rsa, "kty", json!("FUTURE")), "keys of type [FUTURE] are not supported"),
        (with(&rsa, "kty", json!("OKP")), "keys of type [OKP] are not supported"),
        (
            with(&rsa, "kty", json!("oct")),
            "a secret key (kty [oct]) has no place in a set of public keys",
        ),
        (without(&rsa, "n"), "member [n] is missing"),
        (with(&rsa, "n", Value::Null), "member [n] is missing"),
        (with(&rsa, "n", json!(["AQAB"])), "member [n] is no string"),
        (with(&rsa, "n", json!(format!("{n}==="))), "member [n] is not base64url"),
        (with(&rsa, "n", json!(format!("{n} "))), "member [n] is not base64url"),
        (with(&rsa, "n", json!(format!("\n{n}"))), "member [n] is not base64url"),
        (with(&rsa, "n", json!(format!("{n}\u{e9}"))), "member [n] is not base64url"),
        (with(&rsa, "n", json!(STANDARD.encode([0xfb; 256]))), "member [n] is not base64url"),
        (
            with(&rsa, "n", number(&[0xff; 128])),
            "RSA JWK [1024] bits too small for every algorithm, minimum [2048]",
        ),
        (
            with(&rsa, "n", json!("")),
            "RSA JWK [0] bits too small for every algorithm, minimum [2048]",
        ),
        (with(&rsa, "n", number(&[0xff; 1025])), "RSA JWK [8200] bits too large, maximum [8192]"),
        (with(&rsa, "n", number(&[0xfe; 256])), "RSA JWK modulus is even"),
        (without(&rsa, "e"), "member [e] is missing"),
        (with(&rsa, "e", json!(65537)), "member [e] is no string"),
        (with(&rsa, "e", number(&[1])), "RSA JWK exponent is even or less than [3]"),
        (with(&rsa, "e", json!("A")), "member [e] is not base64url"),
        (
            with(&rsa, "e", number(&[2, 0, 0, 0, 1])),
            "RSA JWK exponent [34] bits too large, maximum [33]",
        ),
    ] {
        must_be_passed_over(&key, Family::Public, fault);
    }
}

#[test]
fn an_ec_key_that_cannot_be_used_is_passed_over_and_told_by_its_name() {
    let ec = with(&Pair::p256().jwk(), "kid", json!("e"));
    for (key, fault) in [
        (without(&ec, "crv"), "member [crv] is missing"),
        (with(&ec, "crv", json!("secp256k1")), "EC JWK curve [secp256k1] is not supported"),
        (with(&ec, "crv", json!("p-256")), "EC JWK curve [p-256] is not supported"),
        (with(&ec, "crv", json!("P-384")), "EC JWK point is not on curve [P-384]"),
        (without(&ec, "x"), "member [x] is missing"),
        (without(&ec, "y"), "member [y] is missing"),
        (with(&ec, "y", json!("")), "EC JWK point is not on curve [P-256]"),
        (with(&ec, "y", ec["x"].clone()), "EC JWK point is not on curve [P-256]"),
        (
            with(&ec, "x", number(&[1; 33])),
            "EC JWK has a coordinate longer than those of curve [P-256]",
        ),
        (with(&ec, "use", json!(["sig"])), "member [use] is no string"),
        (with(&ec, "use", json!(true)), "member [use] is no string"),
        (with(&ec, "key_ops", json!("verify")), "member [key_ops] is no list of strings"),
        (with(&ec, "key_ops", json!(["verify", 1])), "member [key_ops] is no list of strings"),
        (with(&ec, "key_ops", json!([null])), "member [key_ops] is no list of strings"),
        (with(&ec, "alg", json!(256)), "member [alg] is no string"),
        (with(&ec, "alg", json!({})), "member [alg] is no string"),
    ] {
        must_be_passed_over(&key, Family::Public, fault);
    }
}

#[test]
fn an_hmac_key_that_cannot_be_used_is_passed_over_and_nothing_of_it_is_told() {
    let oct = json!({ "kty": "oct", "kid": "h", "k": URL_SAFE_NO_PAD.encode([7; 32]) });
    let too_short = "HMAC JWK [248] bits too small for every algorithm, minimum [256]";
    let wrong_type = "it is not of type [oct], and a set of HMAC keys holds no others";
    for (key, fault) in [
        (with(&oct, "k", json!(URL_SAFE_NO_PAD.encode([7; 31]))), too_short),
        (
            with(&oct, "k", json!("")),
            "HMAC JWK [0] bits too small for every algorithm, minimum [256]",
        ),
        (without(&oct, "k"), "member [k] is missing"),
        (with(&oct, "k", json!(1)), "member [k] is no string"),
        (
            with(&oct, "k", json!("not base64url, though long enough")),
            "member [k] is not base64url",
        ),
        (with(&oct, "kty", json!("OCT")), wrong_type),
        (with(&Pair::rsa_2048().jwk(), "kid", json!("h")), wrong_type),
        (with(&Pair::p256().jwk(), "kid", json!("h")), wrong_type),
        (with(&oct, "kty", json!("pass word in the wrong place")), wrong_type),
    ] {
        must_be_passed_over(&key, Family::Hmac, fault);
    }
}

#[test]
fn a_key_without_a_name_is_told_by_its_place() {
    let rsa = Pair::rsa_2048().jwk();
    let text = format!(
        "{{\"keys\":[{rsa},1,[],\"a\",null,{{\"kid\":1,\"kty\":\"RSA\"}},{{\"\\udc00\":1}},\
         {{\"kid\":\"\\ud800\"}},{{\"kid\":\"a\",\"kid\":null}},1e400,{}{}]}}",
        "[".repeat(500),
        "]".repeat(500),
    );
    let parsed = read(&text, Family::Public);
    let said: Vec<_> = parsed.passed_over.iter().map(ToString::to_string).collect();
    let no_object = "it is no JSON object";
    let wanted = [
        (1, no_object),
        (2, no_object),
        (3, no_object),
        (4, no_object),
        (5, "member [kid] is no string"),
        (6, "it cannot be read as a JSON object"),
        (7, "member [kid] is no string"),
        (8, "member [kty] is missing"),
        (9, no_object),
        (10, no_object),
    ];
    let wanted = wanted.map(|(at, fault)| format!("the key at keys[{at}] is passed over: {fault}"));
    assert_eq!(said, wanted);
    assert_eq!(parsed.keys.len(), 1);
}

#[test]
fn a_name_is_told_on_one_line_and_not_for_ever() {
    let said = said(
        &[
            json!({ "kid": "a\nb\u{1b}[31m\u{2028}", "kty": "RSA" }),
            json!({ "kid": "k".repeat(1000), "kty": "t\0".repeat(500) }),
        ],
        Family::Public,
    );
    let line = "the key with kid [a\\nb\\u{1b}[31m\\u{2028}] is passed over: member [n] is missing";
    assert_eq!(said[0], line);
    let (kid, kty) = ("k".repeat(64), "t\\u{0}".repeat(10) + "t");
    let line = format!(
        "the key with kid [{kid}…] is passed over: keys of type [{kty}…] are not supported"
    );
    assert_eq!(said[1], line);
}

#[test]
fn keys_that_are_for_something_else_are_left_out_and_nothing_is_said() {
    let ec = Pair::p384().jwk();
    for (members, is_taken) in [
        (json!({}), true),
        (json!({ "use": null, "key_ops": null, "alg": null, "kid": null }), true),
        (json!({ "use": "sig" }), true),
        (json!({ "use": "enc" }), false),
        (json!({ "use": "SIG" }), false),
        (json!({ "use": "" }), false),
        (json!({ "key_ops": ["verify"] }), true),
        (json!({ "key_ops": ["sign", "verify", "unheard-of"] }), true),
        (json!({ "key_ops": ["sign"] }), false),
        (json!({ "key_ops": ["Verify"] }), false),
        (json!({ "key_ops": [] }), false),
        (json!({ "use": "sig", "key_ops": ["verify"] }), true),
        (json!({ "use": "enc", "key_ops": ["verify"] }), false),
        (json!({ "use": "sig", "key_ops": ["deriveKey"] }), false),
        // Whatever is wrong with a key that is none of our business is none either.
        (json!({ "use": "enc", "kid": 1, "kty": "OKP", "alg": 1 }), false),
        (json!({ "alg": "ECDH-ES" }), true),
        (json!({ "alg": "ES256" }), true),
        (json!({ "x5c": 1, "x5t": [], "d": {}, "p": null, "oth": "x", "ext": 1.5 }), true),
    ] {
        let mut key = ec.clone();
        for (name, value) in members.as_object().unwrap() {
            key[name] = value.clone();
        }
        let parsed = read(&json!({ "keys": [key] }).to_string(), Family::Public);
        assert!(parsed.passed_over.is_empty(), "{members}: {:?}", parsed.passed_over);
        assert_eq!(parsed.keys.len(), usize::from(is_taken), "{members}");
    }
}
