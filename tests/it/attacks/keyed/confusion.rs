//! Algorithm confusion: what is public about a key is no HMAC secret, however it is written.

use ::base64::Engine as _;
use ::base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::{ALL, good, judged, keys, resigned, setup};
use crate::attacks::{Attack, hold_beside};
use crate::support::corp::{self, KEY};
use crate::support::issuer::Issuer;
use crate::support::token::{Claims, HS256, HS384, HS512, decode, encode, parts};

/// Everything that an attacker can take for the secret, by what it is.
fn public(issuer: &Issuer) -> Vec<(String, Vec<u8>)> {
    let (spki, raw, jwk) = (issuer.spki(), issuer.raw(), issuer.jwk());
    let pem = pem("PUBLIC KEY", &spki);
    let [first, second] = issuer.numbers();
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
        ("its name", issuer.kid().into()),
    ];
    if issuer.alg() == "RS256" {
        let pem = self::pem("RSA PUBLIC KEY", &raw);
        forms.push(("PKCS#1 in PEM", pem.clone().into()));
        forms.push(("PKCS#1 in PEM without its newline", pem.trim_end().into()));
    } else {
        forms.push(("the compressed point", issuer.compressed()));
        forms.push(("the compressed point in base64url", encode(issuer.compressed()).into()));
    }
    let name = |(what, bytes)| (format!("{} of {}", what, issuer.kid()), bytes);
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
    for issuer in Issuer::all() {
        for (what, key) in public(issuer) {
            for alg in [HS256, HS384, HS512] {
                for header in [json!({ "alg": alg }), json!({ "alg": alg, "kid": issuer.kid() })] {
                    let token = Claims::good().under(&header, alg, &key);
                    attacks.push(judged(&format!("{header}: {what}"), &token, "signature_invalid"));
                }
            }
        }
    }
    let gate = super::gate();
    let control = good(Issuer::rsa());
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
        .set(&corp::setting("allowed_signature_algorithms"), json!(ALL[..9]));
    let mut attacks = Vec::new();
    for issuer in Issuer::all() {
        for (what, key) in public(issuer) {
            let token = Claims::good().signed(HS256, &key);
            attacks.push(judged(&what, &token, "algorithm_not_allowed"));
        }
    }
    hold_beside(&setup.start(), &good(Issuer::rsa()), &attacks);
}

#[test]
fn a_public_key_in_the_set_of_secrets_is_no_secret_and_a_secret_among_public_keys_no_key() {
    let key = Issuer::rsa();
    let secret = json!({ "kty": "oct", "k": encode([7; 64]), "kid": "rsa" });
    let mut public = keys();
    public["keys"].as_array_mut().unwrap().push(secret.clone());
    let shared = json!({ "kty": "oct", "k": encode([8; 64]), "kid": "shared" });
    let secrets = json!({ "keys": [key.jwk(), Issuer::p256().jwk(), shared] });
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
    let rsa = good(Issuer::rsa());
    let mac = decode(&parts(&Claims::good().token())[2]);
    let mut attacks: Vec<Attack> = Vec::new();
    for issuer in Issuer::all() {
        for alg in issuer.algorithms() {
            let header = json!({ "alg": alg, "kid": issuer.kid() });
            for hs in [HS256, HS384, HS512] {
                let token = Claims::good().under(&header, hs, KEY);
                attacks.push(judged(&format!("{alg} by {hs}"), &token, "signature_invalid"));
            }
        }
        for hs in [HS256, HS384, HS512] {
            let header = json!({ "alg": hs, "kid": issuer.kid() });
            let token = issuer.under(&header, &Claims::good(), issuer.alg());
            attacks.push(judged(&format!("{hs} by {}", issuer.alg()), &token, "signature_invalid"));
        }
    }
    attacks.push(judged("RS256 with another's MAC", &resigned(&rsa, &mac), "signature_invalid"));
    hold_beside(&super::gate(), &rsa, &attacks);
}
