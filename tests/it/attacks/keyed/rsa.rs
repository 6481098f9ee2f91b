//! RSA signatures that were not made by signing so: of another padding, hash, salt or length.

use aws_lc_rs::signature::{
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaPssSaltLength, RsaSignatureEncoding,
};
use serde_json::json;

use super::{good, input, judged, resigned};
use crate::attacks::hold_beside;
use crate::support::keys::Key;
use crate::support::token::{Claims, decode, parts};

/// The six algorithms of RSA.
fn algorithms() -> &'static [&'static str] {
    Key::rsa().algorithms()
}

#[test]
fn a_signature_under_another_algorithm_is_invalid() {
    let mut attacks = Vec::new();
    for named in algorithms() {
        for used in algorithms().iter().filter(|used| used != &named) {
            let header = json!({ "alg": named, "kid": "rsa" });
            let token = Key::rsa().under(&header, &Claims::good(), used);
            attacks.push(judged(&format!("{named} by {used}"), &token, "signature_invalid"));
        }
    }
    hold_beside(&super::gate(), &good(Key::rsa()), &attacks);
}

#[test]
fn a_signature_that_was_cut_lengthened_or_made_up_is_invalid() {
    let key = Key::rsa();
    let gate = super::gate();
    for alg in algorithms() {
        let token = key.token(&Claims::good(), alg);
        let signature = decode(&parts(&token)[2]);
        let [n, _] = key.numbers();
        let minus_one = [&n[..255], &[n[255] - 1]].concat();
        let mut flipped = signature.clone();
        flipped[255] ^= 1;
        let one = [vec![0; 255], vec![1]].concat();
        let text = input(&token);
        let of_stranger = Key::other_rsa().sign(alg, text.as_bytes());
        let signatures = [
            ("zeros", vec![0; 256]),
            ("all bits", vec![0xff; 256]),
            ("the number 1", one),
            ("the modulus", n),
            ("the modulus less 1", minus_one),
            ("one byte", vec![0]),
            ("its last bit", flipped),
            ("a zero before", [&[0], &*signature].concat()),
            ("a zero behind", [&*signature, &[0]].concat()),
            ("a byte less before", signature[1..].to_vec()),
            ("a byte less behind", signature[..255].to_vec()),
            ("half", signature[..128].to_vec()),
            ("twice", [&*signature, &signature].concat()),
            ("backwards", signature.iter().rev().copied().collect()),
            ("the text itself", text.into_bytes()),
            ("a stranger's", of_stranger),
            ("of another text", key.sign(alg, b"another text")),
        ];
        let attacks: Vec<_> = signatures
            .iter()
            .map(|(what, signature)| {
                let token = resigned(&token, signature);
                judged(&format!("{alg}: {what}"), &token, "signature_invalid")
            })
            .collect();
        hold_beside(&gate, &token, &attacks);
    }
}

/// A token whose signature begins with a zero byte: one in 256 does.
fn with_leading_zero(alg: &str) -> String {
    let mut tokens = (0..100_000).map(|n| {
        let claims = Claims::good().with("n", n);
        Key::rsa().token(&claims, alg)
    });
    let begins = |token: &String| decode(&parts(token)[2])[0] == 0;
    tokens.find(begins).expect("one in 256")
}

#[test]
fn a_signature_that_begins_with_zero_is_good_with_it_and_invalid_without() {
    let gate = super::gate();
    for alg in ["RS256", "PS256"] {
        let token = with_leading_zero(alg);
        let signature = decode(&parts(&token)[2]);
        let stripped = resigned(&token, &signature[1..]);
        let lengthened = resigned(&token, &[&[0], &*signature].concat());
        let attacks = [
            judged(&format!("{alg}: without its zero"), &stripped, "signature_invalid"),
            judged(&format!("{alg}: with one more"), &lengthened, "signature_invalid"),
        ];
        hold_beside(&gate, &token, &attacks);
    }
}

/// Encodings of PSS with salts of other lengths, by what they are and for which algorithm.
static SALTED: [(&str, &str, RsaSignatureEncoding); 18] = [
    ("PS256", "0", RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(0))),
    ("PS256", "20", RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(20))),
    ("PS256", "31", RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(31))),
    ("PS256", "33", RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(33))),
    ("PS256", "64", RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(64))),
    ("PS256", "the most", RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Max)),
    ("PS384", "0", RSA_PSS_SHA384.with_pss_salt_length(RsaPssSaltLength::Custom(0))),
    ("PS384", "20", RSA_PSS_SHA384.with_pss_salt_length(RsaPssSaltLength::Custom(20))),
    ("PS384", "32", RSA_PSS_SHA384.with_pss_salt_length(RsaPssSaltLength::Custom(32))),
    ("PS384", "47", RSA_PSS_SHA384.with_pss_salt_length(RsaPssSaltLength::Custom(47))),
    ("PS384", "49", RSA_PSS_SHA384.with_pss_salt_length(RsaPssSaltLength::Custom(49))),
    ("PS384", "the most", RSA_PSS_SHA384.with_pss_salt_length(RsaPssSaltLength::Max)),
    ("PS512", "0", RSA_PSS_SHA512.with_pss_salt_length(RsaPssSaltLength::Custom(0))),
    ("PS512", "20", RSA_PSS_SHA512.with_pss_salt_length(RsaPssSaltLength::Custom(20))),
    ("PS512", "32", RSA_PSS_SHA512.with_pss_salt_length(RsaPssSaltLength::Custom(32))),
    ("PS512", "63", RSA_PSS_SHA512.with_pss_salt_length(RsaPssSaltLength::Custom(63))),
    ("PS512", "65", RSA_PSS_SHA512.with_pss_salt_length(RsaPssSaltLength::Custom(65))),
    ("PS512", "the most", RSA_PSS_SHA512.with_pss_salt_length(RsaPssSaltLength::Max)),
];

#[test]
fn the_salt_of_a_pss_signature_is_as_long_as_its_hash() {
    let key = Key::rsa();
    let gate = super::gate();
    for alg in ["PS256", "PS384", "PS512"] {
        let control = key.token(&Claims::good(), alg);
        let rows = SALTED.iter().filter(|(of, ..)| *of == alg);
        let attacks: Vec<_> = rows
            .map(|(_, length, encoding)| {
                let signature = key.sign_encoded(encoding, input(&control).as_bytes());
                let token = resigned(&control, &signature);
                judged(&format!("{alg}: a salt of {length}"), &token, "signature_invalid")
            })
            .collect();
        assert_eq!(attacks.len(), 6);
        hold_beside(&gate, &control, &attacks);
    }
}
