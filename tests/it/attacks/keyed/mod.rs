//! Attacks on a realm that trusts public keys: forged from nothing but what is public, or from the
//! attacker's own keys.
//!
//! Rule: a table stands beside the good token that it starts from, and each of its rows is played
//! before and after that token is remembered.

use serde_json::{Value, json};

use super::Attack;
use crate::support::corp;
use crate::support::gate::{Gate, Setup};
use crate::support::keys::{HMAC, Key, PUBLIC, set};
use crate::support::token::{Claims, encode, parts};

mod base64;
mod bytes;
mod confusion;
mod ecdsa;
mod key_sets;
mod kid;
mod none;
mod own_keys;
mod rsa;
mod serialization;

/// The realm `corp` with its HMAC key and these public keys, and all algorithms allowed.
fn setup(keys: &Value) -> Setup {
    corp::setup()
        .set(&corp::setting("allowed_signature_algorithms"), json!([&PUBLIC[..], &HMAC].concat()))
        .set(&corp::setting("pkc_jwkset_path"), "keys.json")
        .file("keys.json", keys.to_string())
}

/// The issuer's keys, one of each kind.
fn trusted() -> [&'static Key; 4] {
    [Key::rsa(), Key::p256(), Key::p384(), Key::p521()]
}

/// The set of all of them.
fn keys() -> Value {
    set(trusted())
}

/// A gate with that realm and the issuer's four keys.
fn gate() -> Gate {
    setup(&keys()).start()
}

/// A token of good claims that is refused for this reason.
fn judged(what: &str, token: &str, reason: &'static str) -> Attack {
    Attack::judged(what, corp::with_token(token), &Claims::good(), reason)
}

/// A good token of this key.
fn good(key: &Key) -> String {
    key.token(&Claims::good(), key.alg())
}

/// This token with these bytes as its signature.
fn resigned(token: &str, signature: &[u8]) -> String {
    let [header, payload, _] = parts(token);
    format!("{header}.{payload}.{}", encode(signature))
}

/// Header and payload of this token, with the dot between them.
fn input(token: &str) -> String {
    let [header, payload, _] = parts(token);
    format!("{header}.{payload}")
}

#[test]
fn every_algorithm_of_every_key_is_accepted_so_that_what_is_refused_here_is_refused_for_a_reason() {
    let claims = Claims::good();
    let checks: Vec<_> = trusted()
        .into_iter()
        .flat_map(|key| key.algorithms().iter().map(move |alg| (key, *alg)))
        .map(|(key, alg)| (alg, corp::with_token(&key.token(&claims, alg))))
        .collect();
    assert_eq!(checks.len(), 9);
    super::allow(&gate(), &checks);
}
