//! Keys that a set must not lend to anybody: weak ones, ones for something else, ones that are no
//! keys. Each is passed over, and the good key beside it goes on.

use serde_json::{Value, json};

use super::bytes::{order, small};
use super::{good, judged, setup};
use crate::attacks::{Attack, allow, hold_beside};
use crate::support::corp;
use crate::support::gate::Gate;
use crate::support::keys::{Key, set};
use crate::support::token::{Claims, HS256, HS384, HS512, decode, encode, parts};

/// This key under another name, and changed so.
fn changed(key: &Key, kid: &str, members: &[(&str, Value)]) -> Value {
    let named = key.with("kid", kid);
    members.iter().fold(named, |key, (name, value)| key.with(name, value.clone())).jwk()
}

/// A token that this key truly signed, under a name.
fn named(key: &Key, kid: &str, alg: &str) -> String {
    key.with("kid", kid).token(&Claims::good(), alg)
}

/// The realm with these keys and, last of all, the RSA key.
fn beside_rsa(keys: impl IntoIterator<Item = Value>) -> Gate {
    let keys: Vec<_> = keys.into_iter().chain([Key::rsa().jwk()]).collect();
    setup(&json!({ "keys": keys })).start()
}

#[test]
fn a_key_that_is_for_something_else_signs_nothing() {
    let key = Key::p256();
    let members = [
        ("use enc", ("use", json!("enc"))),
        ("use SIG", ("use", json!("SIG"))),
        ("empty use", ("use", json!(""))),
        ("use is no text", ("use", json!(["sig"]))),
        ("key_ops sign", ("key_ops", json!(["sign"]))),
        ("key_ops encrypt, wrapKey", ("key_ops", json!(["encrypt", "wrapKey"]))),
        ("no key_ops at all", ("key_ops", json!([]))),
        ("key_ops is no list", ("key_ops", json!("verify"))),
        ("alg of another curve", ("alg", json!("ES384"))),
        ("alg of another kind", ("alg", json!("RS256"))),
        ("alg of HMAC", ("alg", json!("HS256"))),
        ("alg none", ("alg", json!("none"))),
        ("alg es256", ("alg", json!("es256"))),
        ("empty alg", ("alg", json!(""))),
        ("alg ECDH-ES", ("alg", json!("ECDH-ES"))),
        ("alg is no text", ("alg", json!(["ES256"]))),
        ("crv of another", ("crv", json!("P-384"))),
        ("crv secp256k1", ("crv", json!("secp256k1"))),
        ("crv p-256", ("crv", json!("p-256"))),
        ("kty RSA", ("kty", json!("RSA"))),
        ("kty oct", ("kty", json!("oct"))),
        ("kty ec", ("kty", json!("ec"))),
        ("x is y", ("x", key.jwk()["y"].clone())),
        ("no x", ("x", Value::Null)),
        ("empty y", ("y", json!(""))),
        ("x of standard base64", ("x", json!("+/+/"))),
    ];
    let keys =
        members.iter().map(|(what, member)| changed(key, what, std::slice::from_ref(member)));
    let attacks: Vec<_> = members
        .iter()
        .map(|(what, _)| judged(what, &named(key, what, "ES256"), "no_usable_key"))
        .collect();
    hold_beside(&beside_rsa(keys), &good(Key::rsa()), &attacks);
}

#[test]
fn a_key_that_names_its_algorithm_serves_no_other() {
    let key = Key::other_rsa();
    let gate = beside_rsa([changed(key, "PS384", &[("alg", json!("PS384"))])]);
    let attacks: Vec<_> = key
        .algorithms()
        .iter()
        .filter(|alg| **alg != "PS384")
        .map(|alg| judged(alg, &named(key, "PS384", alg), "no_usable_key"))
        .collect();
    hold_beside(&gate, &named(key, "PS384", "PS384"), &attacks);
}

#[test]
fn a_point_that_is_on_no_curve_is_no_key() {
    let key = Key::p256();
    let [x, y] = key.numbers();
    let (zero, one) = (small(0, &x), small(1, &x));
    let order = order("P-256");
    let prime = [&[0xff; 4][..], &[0, 0, 0, 1], &[0; 12], &[0xff; 12]].concat();
    let long = [&[1], &*x].concat();
    let points = [
        ("zero", [&zero, &zero]),
        ("infinity, as some write it", [&zero, &one]),
        ("x twice", [&x, &x]),
        ("y and x", [&y, &x]),
        ("the order", [&order, &order]),
        ("the prime", [&prime, &prime]),
        ("x is the prime", [&prime, &y]),
        ("a coordinate that is too long", [&long, &y]),
    ];
    let keys = points.iter().map(|(what, [x, y])| {
        changed(key, what, &[("x", json!(encode(x))), ("y", json!(encode(y)))])
    });
    let mut attacks = Vec::new();
    for (what, _) in &points {
        for (by, signature) in [("0", vec![0; 64]), ("1", [&*one, &one].concat())] {
            let token = super::resigned(&named(key, what, "ES256"), &signature);
            attacks.push(judged(&format!("{what}, by {by}"), &token, "no_usable_key"));
        }
        attacks.push(judged(what, &named(key, what, "ES256"), "no_usable_key"));
    }
    hold_beside(&beside_rsa(keys), &good(Key::rsa()), &attacks);
}

#[test]
fn a_modulus_or_exponent_that_is_weak_or_costly_is_no_key() {
    let key = Key::other_rsa();
    let [n, e] = key.numbers();
    let odd = |bytes: usize| vec![0xff; bytes];
    let even = [&n[..255], &[n[255] & 0xfe]].concat();
    let power_of_two = [vec![0x80], vec![0; 255]].concat();
    let mut of_2047_bits = n.clone();
    of_2047_bits[0] &= 0x7f;
    let numbers: Vec<(&str, Vec<u8>, Vec<u8>)> = vec![
        ("e = 0", n.clone(), vec![0]),
        ("e = 1", n.clone(), vec![1]),
        ("e = 1 with zeros before", n.clone(), vec![0, 0, 1]),
        ("e = 2", n.clone(), vec![2]),
        ("e = 65536", n.clone(), vec![1, 0, 0]),
        ("e of nothing", n.clone(), vec![]),
        ("e of 34 bits", n.clone(), vec![2, 0, 0, 0, 1]),
        ("e as long as n", n.clone(), n.clone()),
        ("n = 0", vec![0], e.clone()),
        ("n = 1", vec![1], e.clone()),
        ("n of nothing", vec![], e.clone()),
        ("n of 512 bits", odd(64), e.clone()),
        ("n of 1024 bits", odd(128), e.clone()),
        ("n of 2047 bits", of_2047_bits, e.clone()),
        ("n of 1024 bits with zeros before", [vec![0; 128], odd(128)].concat(), e.clone()),
        ("n of 8200 bits", odd(1025), e.clone()),
        ("n of 16384 bits", odd(2048), e.clone()),
        ("n even", even, e.clone()),
        ("n a power of two", power_of_two, vec![3]),
    ];
    let keys = numbers.iter().map(|(what, n, e)| {
        changed(key, what, &[("n", json!(encode(n))), ("e", json!(encode(e)))])
    });
    let mut attacks = Vec::new();
    for (what, ..) in &numbers {
        for alg in ["RS256", "PS512"] {
            let token = named(key, what, alg);
            attacks.push(judged(&format!("{what}: {alg}"), &token, "no_usable_key"));
        }
    }
    // Under e = 1 the padded hash is its own signature.
    let token = named(key, "e = 1", "RS256");
    let forged = super::resigned(&token, &padded(super::input(&token).as_bytes()));
    attacks.push(judged("the padded hash itself", &forged, "no_usable_key"));
    hold_beside(&beside_rsa(keys), &good(Key::rsa()), &attacks);
}

/// The hash of `message` as PKCS#1 v1.5 pads it for 2048 bits: what a signature is a root of.
fn padded(message: &[u8]) -> Vec<u8> {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message);
    let info = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
    [&[0, 1], &[0xff; 202][..], &[0], info, digest.as_ref()].concat()
}

#[test]
fn the_forgeries_that_small_exponents_invite_do_not_verify() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/rsa-forgeries.json");
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let rows = vectors["rows"].as_array().unwrap();
    let gate = beside_rsa(rows.iter().map(|row| row["key"].clone()));
    let attacks: Vec<_> = rows
        .iter()
        .map(|row| {
            let reason = match row["reason"].as_str().unwrap() {
                "signature_invalid" => "signature_invalid",
                "no_usable_key" => "no_usable_key",
                other => panic!("{other}"),
            };
            let what = row["what"].as_str().unwrap();
            judged(what, row["token"].as_str().unwrap(), reason)
        })
        .collect();
    assert_eq!(attacks.len(), 6);
    hold_beside(&gate, &good(Key::rsa()), &attacks);
    let control = vectors["control"]["token"].as_str().unwrap();
    let key = &vectors["control"]["key"];
    let gate = setup(&json!({ "keys": [key] })).start();
    allow(&gate, &[("truly signed with e = 3", corp::with_token(control))]);
}

/// The realm with these HMAC keys instead of its one.
fn with_secrets(secrets: &[Key]) -> Gate {
    setup(&super::keys())
        .without_secret(&corp::setting("hmac_key"))
        .secret(&corp::setting("hmac_jwkset"), set(secrets).to_string())
        .start()
}

fn secret(kid: &str, octets: &[u8]) -> Key {
    Key::hmac(octets).with("kid", kid)
}

fn mac(kid: &str, alg: &str, octets: &[u8]) -> String {
    secret(kid, octets).token(&Claims::good(), alg)
}

#[test]
fn an_hmac_key_that_is_too_short_serves_nothing_that_it_is_too_short_for() {
    let sizes = [0_usize, 1, 16, 31, 32, 47, 48, 63, 64];
    let name = |size: usize| format!("{size} bytes");
    let keys: Vec<_> = sizes.iter().map(|size| secret(&name(*size), &vec![9; *size])).collect();
    let gate = with_secrets(&keys);
    let (mut attacks, mut checks) = (Vec::new(), Vec::new());
    for size in sizes {
        for (alg, least) in [(HS256, 32), (HS384, 48), (HS512, 64)] {
            let what = format!("{} for {alg}", name(size));
            let token = mac(&name(size), alg, &vec![9; size]);
            if size < least {
                attacks.push(judged(&what, &token, "no_usable_key"));
            } else {
                checks.push((what, corp::with_token(&token)));
            }
        }
    }
    assert_eq!((attacks.len(), checks.len()), (18, 9));
    hold_beside(&gate, &mac("64 bytes", HS512, &[9; 64]), &attacks);
    let checks: Vec<_> =
        checks.iter().map(|(what, check)| (what.as_str(), check.clone())).collect();
    allow(&gate, &checks);
}

#[test]
fn an_hmac_key_for_something_else_or_of_another_algorithm_signs_nothing() {
    let key = [9; 64];
    let keys = [
        secret("good", &key),
        secret("enc", &key).with("use", "enc"),
        secret("sign", &key).with("key_ops", ["sign"]),
        secret("HS384", &key).with("alg", "HS384"),
        secret("A256KW", &key).with("alg", "A256KW"),
        secret("text", &key).with("k", "a".repeat(64)),
        secret("number", &key).with("k", 9),
        secret("none", &key).with("k", Value::Null),
    ];
    let names = ["enc", "sign", "HS384", "A256KW", "number", "none"];
    let mut attacks: Vec<Attack> =
        names.iter().map(|kid| judged(kid, &mac(kid, HS256, &key), "no_usable_key")).collect();
    let text = mac("text", HS256, "a".repeat(64).as_bytes());
    attacks.push(judged("k as its text", &text, "signature_invalid"));
    attacks.push(judged("an empty secret", &mac("none", HS256, b""), "no_usable_key"));
    hold_beside(&with_secrets(&keys), &mac("good", HS256, &key), &attacks);
}

#[test]
fn a_mac_that_was_cut_is_invalid_at_every_length() {
    let key = [9; 64];
    for (alg, length) in [(HS256, 32), (HS384, 48), (HS512, 64)] {
        let gate = with_secrets(&[secret("good", &key)]);
        let token = mac("good", alg, &key);
        let whole = decode(&parts(&token)[2]);
        assert_eq!(whole.len(), length);
        let attacks: Vec<_> = (1..length)
            .map(|kept| {
                let token = super::resigned(&token, &whole[..kept]);
                judged(&format!("{alg}: {kept} bytes"), &token, "signature_invalid")
            })
            .collect();
        hold_beside(&gate, &token, &attacks);
    }
}
