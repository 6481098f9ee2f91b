//! A public key as an HMAC secret: every form in which somebody may have it at hand.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

use super::super::forge::{Case, Dice, Forge};
use crate::support::keys::{HMAC, Key};

/// Tokens whose HMAC secret is what everybody knows of this key; an HMAC key is nobody's to know.
pub(in super::super) fn confused(dice: &mut Dice, key: &Key) -> Vec<Case> {
    let mut cases = Vec::new();
    for (form, secret) in forms(key) {
        let secret = Key::hmac(secret);
        for alg in HMAC {
            let mut forge = Forge::new(dice, alg, &secret);
            let token = forge.good();
            forge.push(format!("confusion: {form}"), token);
            if let Some(kid) = key.kid() {
                let header = format!(r#"{{"alg":"{alg}","kid":"{kid}"}}"#);
                forge.under(format!("confusion: {form}, by its kid"), header);
            }
            cases.extend(forge.into_cases());
        }
    }
    cases
}

fn forms(key: &Key) -> Vec<(&'static str, Vec<u8>)> {
    if key.algorithms() == HMAC {
        return Vec::new();
    }
    let (info, octets, jwk) = (key.spki(), key.raw(), key.jwk());
    let info_pem = pem("PUBLIC KEY", &info);
    let mut forms = vec![
        ("SubjectPublicKeyInfo", info.clone()),
        ("SubjectPublicKeyInfo in base64", BASE64_STANDARD.encode(&info).into_bytes()),
        ("PEM without its last line end", info_pem.trim_end().as_bytes().to_vec()),
        ("PEM with carriage returns", info_pem.replace('\n', "\r\n").into_bytes()),
        ("PEM", info_pem.into_bytes()),
        ("the bare key", octets.clone()),
        ("the bare key in base64", BASE64_STANDARD.encode(&octets).into_bytes()),
        ("the bare key as PEM", pem("RSA PUBLIC KEY", &octets).into_bytes()),
        ("the JWK", jwk.to_string().into_bytes()),
        ("the key set", serde_json::json!({ "keys": [jwk] }).to_string().into_bytes()),
        ("nothing", Vec::new()),
        ("zeros", vec![0; 64]),
    ];
    for member in ["n", "x", "y"] {
        if let Some(text) = jwk[member].as_str() {
            forms.push(("a number of the JWK, as it is spelt", text.as_bytes().to_vec()));
            forms.push(("a number of the JWK", BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()));
        }
    }
    forms
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<_> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
