//! `none` in every spelling, with every signature that an attacker could put behind it.

use serde_json::json;

use super::{good, input, judged, resigned};
use crate::attacks::{Attack, hold_beside};
use crate::support::corp::KEY;
use crate::support::keys::{HMAC, Key, PUBLIC};
use crate::support::token::{Claims, HS256, decode, encode, parts, sign_parts};

/// Words that some library has once taken for `none`; the realm lists none of them.
const WORDS: [&str; 19] = [
    "None",
    "NONE",
    "nOnE",
    "noNe",
    "none ",
    " none",
    "none\t",
    "none\0",
    "\0none",
    "none\r\n",
    "n\u{43e}ne",
    "\u{ff4e}one",
    "non\u{212f}",
    "none\u{200b}",
    "\u{feff}none",
    "null",
    "false",
    "0",
    "",
];

/// A header with this `alg` and the name of the issuer's RSA key.
fn header(alg: &str) -> String {
    json!({ "alg": alg, "kid": Key::rsa().kid() }).to_string()
}

/// Header and payload with a true signature of each kind that the realm knows, and with one that
/// another good token has.
fn signed(header: &str) -> Vec<(&'static str, String)> {
    let text = Claims::good().text();
    let of_another = decode(&parts(&good(Key::rsa()))[2]);
    vec![
        ("signed by RS256", Key::rsa().sign_texts(header, &text, "RS256")),
        ("signed by PS256", Key::rsa().sign_texts(header, &text, "PS256")),
        ("signed by ES256", Key::p256().sign_texts(header, &text, "ES256")),
        ("signed by HS256", sign_parts(&encode(header), &encode(&text), HS256, KEY)),
        ("signed by HS256 with nothing", sign_parts(&encode(header), &encode(&text), HS256, "")),
        (
            "with the signature of another",
            resigned(&format!("{}.{}.", encode(header), encode(&text)), &of_another),
        ),
    ]
}

#[test]
fn none_is_not_a_jwt_whatever_signature_stands_behind_it() {
    let mut attacks = Vec::new();
    let plain = [header("none"), r#"{"\u0061lg":"\u006e\u006f\u006ee"}"#.to_owned()];
    for header in &plain {
        for (what, token) in signed(header) {
            attacks.push(Attack::not_a_jwt(&format!("{header} {what}"), &token));
        }
    }
    hold_beside(&super::gate(), &good(Key::rsa()), &attacks);
}

#[test]
fn a_word_like_none_is_no_algorithm_whatever_signature_stands_behind_it() {
    let mut attacks = Vec::new();
    for word in WORDS {
        for (what, token) in signed(&header(word)) {
            let what = format!("{word:?} {what}");
            attacks.push(judged(&what, &token, "algorithm_not_allowed"));
        }
    }
    hold_beside(&super::gate(), &good(Key::rsa()), &attacks);
}

#[test]
fn no_signature_is_not_a_jwt_whatever_the_algorithm() {
    let mut attacks = Vec::new();
    for alg in PUBLIC.iter().chain(&HMAC).chain(&WORDS).chain(&["none"]) {
        let unsigned = format!("{}.{}", encode(header(alg)), encode(Claims::good().text()));
        for behind in ["", ".", "..", ".=", ".bnVsbA=="] {
            let what = format!("{alg:?} and {behind:?} for a signature");
            attacks.push(Attack::not_a_jwt(&what, &format!("{unsigned}{behind}")));
        }
    }
    let control = good(Key::rsa());
    let cut = input(&control);
    attacks.push(Attack::not_a_jwt("a good token's signature cut off", &cut));
    attacks.push(Attack::not_a_jwt("the same with its dot", &format!("{cut}.")));
    hold_beside(&super::gate(), &control, &attacks);
}
