//! The three parts of a token in every other base64 than the one that is allowed, signed as they
//! stand.

use ::base64::Engine as _;
use ::base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE};

use super::{good, trusted};
use crate::attacks::{Attack, hold_beside};
use crate::support::keys::Key;
use crate::support::token::{Claims, decode, encode, parts};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The same bytes in other writings; only those that differ from the right one.
fn writings(bytes: &[u8]) -> Vec<(&'static str, String)> {
    let right = encode(bytes);
    let (before, last) = right.split_at(right.len() - 1);
    let at = ALPHABET.iter().position(|one| last.as_bytes()[0] == *one).unwrap();
    let (middle, end) = right.split_at(right.len() / 2);
    let mut writings = vec![
        ("padded", BASE64_URL_SAFE.encode(bytes)),
        ("of the standard alphabet", BASE64_STANDARD_NO_PAD.encode(bytes)),
        ("of the standard alphabet, padded", BASE64_STANDARD.encode(bytes)),
        ("padded though there is nothing to pad", format!("{right}====")),
        ("with one sign of padding", format!("{right}=")),
        ("with padding inside", format!("{middle}={end}")),
        ("with its padding percent-encoded", format!("{right}%3D")),
        ("with a character percent-encoded", format!("{before}%{:02X}", last.as_bytes()[0])),
        ("with a line end inside", format!("{middle}\r\n{end}")),
        ("with a newline inside", format!("{middle}\n{end}")),
        ("with a blank inside", format!("{middle} {end}")),
        ("with a tab inside", format!("{middle}\t{end}")),
        ("with a NUL inside", format!("{middle}\0{end}")),
        // One character more than a multiple of four can stand for no byte at all.
        ("with a dangling character", format!("{right}{}", "A".repeat((5 - right.len() % 4) % 4))),
        ("with a full-width letter", format!("{before}\u{ff21}")),
        ("with an invisible character", format!("{middle}\u{200b}{end}")),
    ];
    // What the last character has beyond the last byte.
    let loose = match bytes.len() % 3 {
        1 => 16,
        2 => 4,
        _ => 1,
    };
    for bit in (0..4).map(|bit| 1 << bit).filter(|bit| *bit < loose) {
        let other = char::from(ALPHABET[at | bit]);
        writings.push(("with loose bits", format!("{before}{other}")));
    }
    writings.retain(|(_, text)| *text != right);
    writings
}

/// Good claims and a header whose lengths leave so much to pad, with characters that the two
/// alphabets write differently.
fn texts(padding: usize) -> (String, String) {
    let fill = |text: &dyn Fn(&str) -> String| {
        (0..3).map(|n| text(&"?".repeat(n))).find(|text| text.len() % 3 == padding).unwrap()
    };
    let header = |fill: &str| format!(r#"{{"alg":"RS256","kid":"rsa","x":"???>>>~~~{fill}"}}"#);
    let payload = |fill: &str| Claims::good().with("x", format!("???>>>~~~{fill}")).text();
    (fill(&header), fill(&payload))
}

#[test]
fn no_part_is_read_in_another_base64_even_if_it_is_signed_so() {
    let key = Key::rsa();
    let mut attacks = Vec::new();
    for padding in 0..3 {
        let (header, payload) = texts(padding);
        let (head, body) = (encode(&header), encode(&payload));
        let mut inputs = Vec::new();
        for (what, writing) in writings(header.as_bytes()) {
            inputs.push((format!("header {what}"), format!("{writing}.{body}")));
        }
        for (what, writing) in writings(payload.as_bytes()) {
            inputs.push((format!("payload {what}"), format!("{head}.{writing}")));
        }
        for (what, input) in inputs {
            let signature = encode(key.sign("RS256", input.as_bytes()));
            let what = format!("{what}, {padding} over");
            attacks.push(Attack::not_a_jwt(&what, &format!("{input}.{signature}")));
        }
    }
    assert!(attacks.len() > 100, "{}", attacks.len());
    let (header, payload) = texts(1);
    hold_beside(&super::gate(), &key.sign_texts(&header, &payload, "RS256"), &attacks);
}

#[test]
fn no_signature_is_read_in_another_base64() {
    let gate = super::gate();
    for key in trusted() {
        let token = good(key);
        let [header, payload, signature] = parts(&token);
        let attacks: Vec<_> = writings(&decode(&signature))
            .into_iter()
            .map(|(what, writing)| {
                let what = format!("{}: {what}", key.alg());
                Attack::not_a_jwt(&what, &format!("{header}.{payload}.{writing}"))
            })
            .collect();
        hold_beside(&gate, &token, &attacks);
    }
}
