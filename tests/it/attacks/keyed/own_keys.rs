//! Keys that the token brings along or points at: none of them is used, and nobody is asked for
//! them.

use std::io::ErrorKind;
use std::net::TcpListener;

use ::base64::Engine as _;
use ::base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::bytes::{der, integer, sequence};
use super::{good, judged};
use crate::attacks::{allow, hold_beside};
use crate::support::corp;
use crate::support::keys::{Key, set};
use crate::support::token::{Claims, encode};

/// A certificate of this RSA key, made by itself, valid from 2000 to 2049.
fn certificate(key: &Key) -> Vec<u8> {
    let algorithm = sequence(&[b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"]);
    let common_name = sequence(&[b"\x06\x03\x55\x04\x03", &der(0x0c, b"idp.example.com")]);
    let name = sequence(&[&der(0x31, &common_name)]);
    let validity = sequence(&[&der(0x17, b"000101000000Z"), &der(0x17, b"491231235959Z")]);
    let serial = integer(&[1]);
    let body = sequence(&[&serial, &algorithm, &name, &validity, &name, &key.spki()]);
    let signature = key.sign("RS256", &body);
    sequence(&[&body, &algorithm, &der(3, &[&[0], &*signature].concat())])
}

/// Headers of a token that is signed by `attacker`, which name the attacker's key in each way that
/// there is.
fn headers(attacker: &Key, url: &str) -> Vec<Value> {
    let chain = json!([BASE64_STANDARD.encode(certificate(Key::other_rsa()))]);
    let thumbprint = encode([7; 20]);
    let set = set([attacker]);
    vec![
        json!({ "jwk": attacker.jwk() }),
        json!({ "jwk": set }),
        json!({ "jwks": set }),
        json!({ "key": attacker.jwk() }),
        json!({ "jku": format!("{url}/keys.json") }),
        json!({ "jku": format!("{url}/keys.json"), "jwk": attacker.jwk() }),
        json!({ "jku": format!("{}#@{url}", corp::ISSUER) }),
        json!({ "x5u": format!("{url}/certificate.pem") }),
        json!({ "x5u": "file:///etc/ssl/cert.pem" }),
        json!({ "x5c": chain }),
        json!({ "x5c": [BASE64_STANDARD.encode(attacker.spki())] }),
        json!({ "x5t": thumbprint, "x5c": chain }),
        json!({ "x5t#S256": thumbprint, "x5u": format!("{url}/c") }),
        json!({ "iss": url }),
        json!({ "kid": format!("{url}/keys.json") }),
    ]
}

#[test]
fn a_key_that_the_token_brings_or_points_at_is_not_used_and_nobody_is_asked_for_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut gate = super::gate();
    let mut attacks = Vec::new();
    for attacker in [Key::other_rsa(), Key::other_p256()] {
        for header in headers(attacker, &url) {
            for kid in [None, attacker.kid(), Some("attacker")] {
                let mut header = header.clone();
                header["alg"] = json!(attacker.alg());
                if let Some(kid) = kid.filter(|_| header["kid"].is_null()) {
                    header["kid"] = json!(kid);
                }
                // Without a name every key of the set is tried, and under a name of its own that
                // one; a name that is nobody's finds none.
                let is_known = header["kid"].is_null() || header["kid"].as_str() == attacker.kid();
                let reason = if is_known { "signature_invalid" } else { "no_usable_key" };
                let token = attacker.under(&header, &Claims::good(), attacker.alg());
                attacks.push(judged(&header.to_string(), &token, reason));
            }
        }
    }
    hold_beside(&gate, &good(Key::rsa()), &attacks);
    // The same headers take nothing from a token that is signed by the issuer's own key.
    let tokens: Vec<_> = headers(Key::other_rsa(), &url)
        .into_iter()
        .filter(|header| header["kid"].is_null())
        .map(|mut header| {
            header["alg"] = json!("RS256");
            header["kid"] = json!(Key::rsa().kid());
            let token = Key::rsa().under(&header, &Claims::good(), "RS256");
            (header.to_string(), corp::with_token(&token))
        })
        .collect();
    let tokens: Vec<_> =
        tokens.iter().map(|(what, check)| (what.as_str(), check.clone())).collect();
    allow(&gate, &tokens);
    // Whatever it could still have under way has ended with it.
    gate.terminate();
    gate.wait_exit();
    let connection = listener.accept().map(|(_, from)| from).map_err(|why| why.kind());
    assert_eq!(connection, Err(ErrorKind::WouldBlock), "somebody asked for the key");
}
