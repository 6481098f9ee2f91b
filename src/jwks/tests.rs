//! The rules of a key set as tables, and the samples' sets and signatures.

use super::*;
use crate::engine::Secret;
use crate::engine::crypto::testing::Pair;
use crate::engine::token::Algorithm;
use crate::engine::token::keys::KeySet;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::sync::Arc;

/// Reads a set of this text.
fn read(text: &str, family: Family) -> Parsed {
    parse(text.as_bytes(), family).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

/// What is said of each key of a set that holds these and a good one.
fn said(keys: &[Value], family: Family) -> Vec<String> {
    let good = match family {
        Family::Hmac => json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode([7; 32]) }),
        Family::Public => Pair::p256().jwk(),
    };
    let all = [keys, &[good]].concat();
    let parsed = read(&json!({ "keys": all }).to_string(), family);
    let said: Vec<_> = parsed.passed_over.iter().map(ToString::to_string).collect();
    assert!(parsed.keys.len() + said.len() <= all.len());
    assert!(!parsed.keys.is_empty(), "the good one is taken whatever is beside it");
    said
}

/// `key` with this member.
fn with(key: &Value, name: &str, value: Value) -> Value {
    let mut key = key.clone();
    key[name] = value;
    key
}

/// `key` without this member.
fn without(key: &Value, name: &str) -> Value {
    let mut key = key.clone();
    key.as_object_mut().unwrap().remove(name);
    key
}

#[test]
fn what_is_no_object_with_a_list_of_keys_is_refused_whole_and_told_for_what_it_is() {
    let pem = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n";
    let rsa = Pair::rsa_2048().jwk().to_string();
    for (text, fault) in [
        ("", "it is blank"),
        (" \r\n\t", "it is blank"),
        ("\u{feff}{\"keys\":[]}", "it begins with a byte order mark"),
        (pem, "it is PEM, not a JSON object with a list [keys]"),
        ("<!doctype html><title>", "it is HTML or XML, not a JSON object with a list [keys]"),
        (" \n<?xml version=\"1.0\"?>", "it is HTML or XML, not a JSON object with a list [keys]"),
        (&rsa, "it is a single JWK, not a JSON object with a list [keys]"),
        ("{}", "it is a JSON object without a list [keys]"),
        ("{\"Keys\":[]}", "it is a JSON object without a list [keys]"),
        ("{\"keys\":null}", "it is a JSON object without a list [keys]"),
        ("{\"keys\":{}}", "its member [keys] is no list"),
        ("{\"keys\":\"[]\"}", "its member [keys] is no list"),
        ("{\"keys\":[],\"keys\":0}", "its member [keys] is no list"),
        ("[]", "it is JSON, but no object"),
        ("[{\"keys\":[]}]", "it is JSON, but no object"),
        ("null", "it is JSON, but no object"),
        ("\"{\\\"keys\\\":[]}\"", "it is JSON, but no object"),
        ("{\"keys\":[", "it is JSON that is cut off"),
        ("{\"keys\":[{\"kty\":\"R", "it is JSON that is cut off"),
        ("{\"keys\":[]", "it is JSON that is cut off"),
        ("{\"keys\":[]} {}", "it is no JSON: line 1, column 13"),
        ("{\"keys\":[],}", "it is no JSON: line 1, column 12"),
        ("\n{'keys':[]}", "it is no JSON: line 2, column 2"),
        ("keys: []", "it is no JSON: line 1, column 1"),
        ("{\"keys\":[{\"kid\":\"a\nb\"}]}", "it is no JSON: line 1, column 18"),
        ("{\"keys\":[NaN]}", "it is no JSON: line 1, column 10"),
        ("{\"\\ud800\":1,\"keys\":[]}", "it is no JSON: line 1, column 9"),
    ] {
        for family in [Family::Hmac, Family::Public] {
            let found = parse(text.as_bytes(), family).map_err(|found| found.to_string());
            assert_eq!(found.err().as_deref(), Some(fault), "{text}");
        }
    }
    let found = parse(b"{\"keys\":[\"\xff\"]}", Family::Public).map_err(|found| found.to_string());
    assert_eq!(found.err().as_deref(), Some("it is not UTF-8"));
}

#[test]
fn an_object_with_a_list_of_keys_is_a_set_whatever_else_it_says() {
    for text in [
        "{\"keys\":[]}",
        " { \"keys\" : [ ] } \n",
        "{\"k\\u0065ys\":[]}",
        "{\"keys\":0,\"keys\":[]}",
        "{\"keys\":[],\"kty\":\"RSA\",\"n\":1e400}",
        &format!("{{\"keys\":[],\"deep\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000)),
    ] {
        let parsed = read(text, Family::Public);
        assert!(parsed.keys.is_empty() && parsed.passed_over.is_empty(), "{text}");
    }
}

#[test]
fn a_set_has_at_most_a_mebibyte_and_a_thousand_keys() {
    let of = |keys: usize| format!("{{\"keys\":[{}]}}", vec!["{}"; keys].join(","));
    assert_eq!(read(&of(1000), Family::Public).passed_over.len(), 1000);
    let fault = parse(of(1001).as_bytes(), Family::Public).err();
    assert_eq!(fault, Some(NotAKeySet::TooManyKeys { keys: 1001 }));
    assert_eq!(fault.unwrap().to_string(), "it has 1001 keys, at most 1000 are read");

    let padded = |bytes: usize| "{\"keys\":[]}".to_owned() + &" ".repeat(bytes - 11);
    assert!(parse(padded(1024 * 1024).as_bytes(), Family::Public).is_ok());
    let fault = parse(padded(1024 * 1024 + 1).as_bytes(), Family::Public).err();
    assert_eq!(fault, Some(NotAKeySet::TooLarge { bytes: 1_048_577 }));
    assert_eq!(fault.unwrap().to_string(), "it has 1048577 bytes, at most 1048576 are read");
}

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

/// The one key of a set of this text.
fn only(text: &str, family: Family) -> Arc<KeySet> {
    let parsed = read(text, family);
    assert!(parsed.passed_over.is_empty(), "{text}: {:?}", parsed.passed_over);
    assert_eq!(parsed.keys.len(), 1, "{text}");
    parsed.keys
}

#[test]
fn numbers_are_read_as_they_are_written() {
    let pair = Pair::rsa_2048();
    let [n, e] = pair.numbers();
    let long = [&[0, 0][..], &n].concat();
    let signature = pair.sign(Algorithm::Rs256, b"message");
    let plain = only(&json!({ "keys": [pair.jwk()] }).to_string(), Family::Public);
    let plain = plain.iter().next().unwrap().thumbprint();
    for (n, e) in [
        (URL_SAFE_NO_PAD.encode(&n), URL_SAFE_NO_PAD.encode(&e)),
        (URL_SAFE.encode(&n), URL_SAFE.encode(&e)),
        (URL_SAFE_NO_PAD.encode(&long), URL_SAFE_NO_PAD.encode([0, 1, 0, 1])),
        (URL_SAFE.encode(&long), URL_SAFE.encode([0, 1, 0, 1])),
        // Gson writes `=` so, and only part of the padding is as good as all.
        (URL_SAFE.encode(&n).replacen('=', "\\u003d", 1), URL_SAFE.encode([0, 0, 1, 0, 1])),
        (URL_SAFE_NO_PAD.encode(&n) + "=", "\\u0041QAB".to_owned()),
        // The last letter has bits to spare, as in `AAEAAQ`.
        (URL_SAFE_NO_PAD.encode(&n), "AAEAAf".to_owned()),
    ] {
        let text = format!("{{\"keys\":[{{\"kty\":\"RSA\",\"n\":\"{n}\",\"e\":\"{e}\"}}]}}");
        let set = only(&text, Family::Public);
        assert!(set.has(&plain), "{text}");
        let mut candidates = set.candidates(Algorithm::Rs256, None);
        assert!(candidates.any(|key| key.verifies(Algorithm::Rs256, b"message", &signature)));
    }
}

#[test]
fn an_hmac_key_is_the_octets_that_its_text_stands_for() {
    let key = [0xfb; 32];
    let text = |k: String| format!("{{\"keys\":[{{\"kty\":\"oct\",\"k\":\"{k}\"}}]}}");
    let plain = only(&text(URL_SAFE_NO_PAD.encode(key)), Family::Hmac);
    let plain = plain.iter().next().unwrap().thumbprint();
    for k in [URL_SAFE.encode(key), URL_SAFE.encode(key).replace('=', "\\u003d")] {
        assert!(only(&text(k.clone()), Family::Hmac).has(&plain), "{k}");
    }
    let zero = [&[0][..], &key].concat();
    let other = only(&text(URL_SAFE_NO_PAD.encode(zero)), Family::Hmac);
    assert!(!other.has(&plain), "a leading zero is a part of a secret");
}

#[test]
fn kid_and_alg_are_those_of_the_last_members_of_these_names() {
    let text = format!(
        "{{\"keys\":[{}]}}",
        Pair::p256().jwk().to_string().replacen(
            '{',
            "{\"kid\":1,\"alg\":\"ES384\",\"k\\u0069d\":\"\\u0061\",\"alg\":\"ES256\",",
            1
        )
    );
    let set = only(&text, Family::Public);
    assert_eq!(set.iter().next().unwrap().kid(), Some("a"));
    assert_eq!(set.candidates(Algorithm::Es256, Some("a")).count(), 1);
    assert_eq!(set.candidates(Algorithm::Es256, Some("b")).count(), 0);
}

#[test]
fn keys_stay_in_the_order_of_the_set() {
    let keys: Vec<_> = ["c", "a", "b", "a"]
        .iter()
        .map(|kid| with(&Pair::p256().jwk(), "kid", json!(kid)))
        .collect();
    let parsed = read(&json!({ "keys": keys }).to_string(), Family::Public);
    let kids: Vec<_> = parsed.keys.iter().filter_map(|key| key.kid()).collect();
    assert_eq!(kids, ["c", "a", "b", "a"]);
}

#[test]
fn an_operator_hears_of_each_key_passed_over_and_of_too_many_candidates() {
    let set = |keys: usize| {
        let mut keys = vec![Pair::p256().jwk(); keys];
        keys.extend((0..20).map(|n| with(&Pair::p384().jwk(), "kid", json!(n.to_string()))));
        keys.extend(vec![with(&Pair::p256().jwk(), "alg", json!("ES384")); 5]);
        keys.push(json!({ "kid": "x", "kty": "OKP" }));
        read(&json!({ "keys": keys }).to_string(), Family::Public)
    };
    let passed_over = "the key with kid [x] is passed over: keys of type [OKP] are not supported";
    assert_eq!(cautions(&set(16), &[Algorithm::Es256, Algorithm::Es512]), [passed_over]);
    let many = |count| {
        format!(
            "a token without [kid] can have been signed with {count} of the keys, and only the \
             first 16 are tried"
        )
    };
    assert_eq!(cautions(&set(17), &[Algorithm::Es256]), [passed_over.to_owned(), many(17)]);
    let both = [Algorithm::Es256, Algorithm::Es384];
    assert_eq!(cautions(&set(17), &both), [passed_over.to_owned(), many(20)]);
}

/// The samples' profile of this name.
fn profile(name: &str) -> Value {
    let profiles = include_str!("../../tests/vectors/profiles.json");
    serde_json::from_str::<Value>(profiles).unwrap()[name].take()
}

/// Every key of a realm of the samples.
fn sets(realm: &Value) -> Vec<Arc<KeySet>> {
    let secret = |name: &str| realm["secure"][name].as_str();
    let public =
        realm["jwks"].is_object().then(|| read(&realm["jwks"].to_string(), Family::Public));
    let hmac = secret("hmac_jwkset").map(|text| read(text, Family::Hmac));
    let text = secret("hmac_key").map(|text| Arc::new(KeySet::of_text(&Secret::new(text))));
    [public, hmac].into_iter().flatten().map(|parsed| parsed.keys).chain(text).collect()
}

#[test]
fn the_unusual_sets_of_the_samples_are_taken_but_for_what_is_wrong_in_them() {
    let realm = profile("jwks_odd")["realms"][0].take();
    let parsed = read(&realm["jwks"].to_string(), Family::Public);
    let passed_over: Vec<_> =
        parsed.passed_over.iter().map(|key| key.kid.as_deref().unwrap()).collect();
    let unusable =
        ["rsa-1024", "rsa-2047", "rsa-e1", "ec-256k", "ed-25519", "future-kty", "oct-in-pkc"];
    assert_eq!(passed_over, unusable);
}

#[test]
fn every_token_of_the_samples_that_is_let_in_has_a_signature_of_one_of_its_realms_keys() {
    let mut rows = 0;
    for line in include_str!("../../tests/vectors/token-cases.jsonl").lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        if row["expect"] != "allow" {
            continue;
        }
        let id = row["id"].as_str().unwrap();
        let profile = profile(row["profile"].as_str().unwrap());
        let sets: Vec<_> = profile["realms"].as_array().unwrap().iter().flat_map(sets).collect();
        let token = bearer(&row);
        let (input, signature) = token.rsplit_once('.').unwrap();
        let header = URL_SAFE_NO_PAD.decode(input.split_once('.').unwrap().0).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        let algorithm = Algorithm::parse(header["alg"].as_str().unwrap()).unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let mut candidates =
            sets.iter().flat_map(|set| set.candidates(algorithm, header["kid"].as_str()));
        let verifies = candidates.any(|key| key.verifies(algorithm, input.as_bytes(), &signature));
        assert!(verifies, "{id}");
        rows += 1;
    }
    assert_eq!(rows, 195);
}

/// The token of a row; long ones are given as texts and how often each is repeated.
fn bearer(row: &Value) -> String {
    let repeated = |part: &Value| {
        let times = usize::try_from(part[1].as_u64().unwrap()).unwrap();
        part[0].as_str().unwrap().repeat(times)
    };
    let generated = &row["headers_gen"]["authorization"];
    let generated = generated.as_array().into_iter().flatten().map(repeated).collect();
    let header = row["headers"]["authorization"].as_str().map_or(generated, str::to_owned);
    header.split_once(' ').unwrap().1.trim().to_owned()
}
