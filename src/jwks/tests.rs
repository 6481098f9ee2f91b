//! The rules of a key set as tables.

mod passed_over;
mod samples;

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
