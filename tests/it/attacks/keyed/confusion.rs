//! Algorithm confusion: what is public about a key is no HMAC secret, however it is written.

use ::base64::Engine as _;
use ::base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::{good, judged, keys, resigned, setup, trusted};
use crate::attacks::{Attack, hold_beside};
use crate::support::corp::{self, KEY};
use crate::support::keys::{Key, PUBLIC, set};
use crate::support::token::{Claims, HS256, HS384, HS512, decode, encode, parts};

/// Everything that an attacker can take for the secret, by what it is.
fn public(key: &Key) -> Vec<(String, Vec<u8>)> {
    let (spki, raw, jwk) = (key.spki(), key.raw(), key.jwk());
    let kid = key.kid().unwrap();
    let pem = pem("PUBLIC KEY", &spki);
    let [first, second] = key.numbers();
    let mut forms = vec![
        ("SPKI in PEM", pem.clone().into_bytes()),
        ("SPKI in PEM without its newline", pem.trim_end().into()),
        ("SPKI in PEM with CRLF", pem.replace('\n', "\r\n").into()),
        ("SPKI in PEM and a NUL", format!("{pem}\0").into()),
        ("SPKI in PEM on one line", pem.replace('\n', "").into()),
        ("SPKI in DER", spki.clone()),
        ("SPKI in base64", BASE64_STANDARD.encode(&spki).into()),
        ("SPKI in base64url", encode(&spki).into()),
        ("JWK", jwk.to_string().into()),
        ("JWK in lines", serde_json::to_string_pretty(&jwk).unwrap().into()),
        ("the set", keys().to_string().into()),
        ("the set in lines", serde_json::to_string_pretty(&keys()).unwrap().into()),
        ("its first number", first.clone()),
        ("its first number in base64url", encode(&first).into()),
        ("its first number with a zero", [&[0], &*first].concat()),
        ("its second number", second.clone()),
        ("its second number in base64url", encode(&second).into()),
        ("both numbers", [&*first, &second].concat()),
        ("the key's own form", raw.clone()),
        ("the key's own form in base64url", encode(&raw).into()),
        ("its name", kid.into()),
    ];
    if key.alg() == "RS256" {
        let pem = self::pem("RSA PUBLIC KEY", &raw);
        forms.push(("PKCS#1 in PEM", pem.clone().into()));
        forms.push(("PKCS#1 in PEM without its newline", pem.trim_end().into()));
    } else {
        forms.push(("the compressed point", key.compressed()));
        forms.push(("the compressed point in base64url", encode(key.compressed()).into()));
    }
    let name = |(what, bytes)| (format!("{what} of {kid}"), bytes);
    forms.into_iter().map(name).collect()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[test]
fn nothing_public_is_an_hmac_secret_beside_one() {
    let mut attacks = Vec::new();
    for key in trusted() {
        for (what, secret) in public(key) {
            for alg in [HS256, HS384, HS512] {
                for header in [json!({ "alg": alg }), json!({ "alg": alg, "kid": key.kid() })] {
                    let token = Claims::good().under(&header, alg, &secret);
                    attacks.push(judged(&format!("{header}: {what}"), &token, "signature_invalid"));
                }
            }
        }
    }
    let gate = super::gate();
    let control = good(Key::rsa());
    hold_beside(&gate, &control, &attacks);
    let named = Claims::good().under(&json!({ "alg": HS256, "kid": "rsa" }), HS256, KEY);
    let real = [("the real secret, under any name", corp::with_token(&named))];
    crate::attacks::allow(&gate, &real);
}

#[test]
fn nothing_public_is_an_hmac_secret_where_there_is_none() {
    // Without a secret the realm lists no HMAC algorithm, and nothing gets as far as a key.
    let setup = setup(&keys())
        .without_secret(&corp::setting("hmac_key"))
        .set(&corp::setting("allowed_signature_algorithms"), json!(PUBLIC));
    let mut attacks = Vec::new();
    for key in trusted() {
        for (what, secret) in public(key) {
            let token = Claims::good().signed(HS256, &secret);
            attacks.push(judged(&what, &token, "algorithm_not_allowed"));
        }
    }
    hold_beside(&setup.start(), &good(Key::rsa()), &attacks);
}

#[test]
fn a_public_key_in_the_set_of_secrets_is_no_secret_and_a_secret_among_public_keys_no_key() {
    let key = Key::rsa();
    let secret = Key::hmac([7; 64]).with("kid", "rsa");
    let shared = Key::hmac([8; 64]).with("kid", "shared");
    let public = set(trusted().into_iter().chain([&secret]));
    let secrets = set([key, Key::p256(), &shared]);
    let gate = setup(&public)
        .without_secret(&corp::setting("hmac_key"))
        .secret(&corp::setting("hmac_jwkset"), secrets.to_string())
        .start();
    let mut attacks = Vec::new();
    for alg in [HS256, HS384, HS512] {
        let header = json!({ "alg": alg, "kid": "rsa" });
        for (what, bytes) in
            [("the secret among public keys", vec![7; 64]), ("n", key.numbers()[0].clone())]
        {
            let token = Claims::good().under(&header, alg, &bytes);
            attacks.push(judged(&format!("{alg} by {what}"), &token, "no_usable_key"));
            let token = Claims::good().signed(alg, &bytes);
            let what = format!("{alg} by {what}, without a name");
            attacks.push(judged(&what, &token, "signature_invalid"));
        }
    }
    hold_beside(&gate, &good(key), &attacks);
    let shared = Claims::good().signed(HS512, [8; 64]);
    crate::attacks::allow(&gate, &[("the secret in its own set", corp::with_token(&shared))]);
}

#[test]
fn a_signature_of_one_family_does_not_do_for_the_other() {
    let rsa = good(Key::rsa());
    let mac = decode(&parts(&Claims::good().token())[2]);
    let mut attacks: Vec<Attack> = Vec::new();
    for key in trusted() {
        for alg in key.algorithms() {
            let header = json!({ "alg": alg, "kid": key.kid() });
            for hs in [HS256, HS384, HS512] {
                let token = Claims::good().under(&header, hs, KEY);
                attacks.push(judged(&format!("{alg} by {hs}"), &token, "signature_invalid"));
            }
        }
        for hs in [HS256, HS384, HS512] {
            let header = json!({ "alg": hs, "kid": key.kid() });
            let token = key.under(&header, &Claims::good(), key.alg());
            attacks.push(judged(&format!("{hs} by {}", key.alg()), &token, "signature_invalid"));
        }
    }
    attacks.push(judged("RS256 with another's MAC", &resigned(&rsa, &mac), "signature_invalid"));
    hold_beside(&super::gate(), &rsa, &attacks);
}
