//! The parts of a token: swapped, missing, in excess, changed by one bit.

use super::super::forge::Forge;
use crate::support::token::{encode, parts};

/// How often each part is changed by a bit, and by a character.
const CHANGES: usize = 6;

pub(super) fn make(forge: &mut Forge<'_>) {
    let (good, other) = (forge.good(), forge.good());
    let [h, p, s] = parts(&good);
    let [other_h, other_p, other_s] = parts(&other);
    let rows = [
        ("header and payload swapped", format!("{p}.{h}.{s}")),
        ("payload and signature swapped", format!("{h}.{s}.{p}")),
        ("the header of another", format!("{}.{p}.{s}", nudged(&other_h, &h))),
        ("the payload of another", format!("{h}.{}.{s}", nudged(&other_p, &p))),
        ("the signature of another", format!("{h}.{p}.{other_s}")),
        ("no signature", format!("{h}.{p}.")),
        ("no payload", format!("{h}..{s}")),
        ("no header", format!(".{p}.{s}")),
        ("two parts", format!("{h}.{p}")),
        ("one part", h.clone()),
        ("four parts", format!("{good}.{s}")),
        ("five parts", format!("{h}.{p}.{s}.{s}.{s}")),
        ("a dot before", format!(".{good}")),
        ("a dot behind", format!("{good}.")),
        ("dots alone", "..".to_owned()),
    ];
    for (what, token) in rows {
        forge.push(format!("parts: {what}"), token);
    }
    for part in 0..3 {
        for _ in 0..CHANGES {
            let token = with_a_bit_flipped(forge, part);
            forge.push(format!("one bit of part {part}"), token);
            let token = with_another_character(forge, part);
            forge.push(format!("one character of part {part}"), token);
        }
    }
}

/// The first, or if both are the same something else.
fn nudged(first: &str, second: &str) -> String {
    if first == second { encode("{}") } else { first.to_owned() }
}

fn with_a_bit_flipped(forge: &mut Forge<'_>, part: usize) -> String {
    let mut parts = parts(&forge.good());
    let mut bytes = decode(&parts[part]);
    let at = forge.dice.below(bytes.len() * 8);
    bytes[at / 8] ^= 1 << (at % 8);
    parts[part] = encode(bytes);
    parts.join(".")
}

fn with_another_character(forge: &mut Forge<'_>, part: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut parts = parts(&forge.good());
    let mut text = parts[part].clone().into_bytes();
    let at = forge.dice.below(text.len());
    let was = text[at];
    while text[at] == was {
        text[at] = forge.dice.pick(ALPHABET);
    }
    parts[part] = String::from_utf8(text).unwrap();
    parts.join(".")
}

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}
