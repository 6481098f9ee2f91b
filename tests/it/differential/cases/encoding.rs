//! Base64url: padding, the other alphabet, unused bits that are set, stray characters. Header and
//! payload are signed as they stand, so that nothing but the spelling is at fault.

use super::super::forge::Forge;
use crate::support::token::{encode, parts};

/// A change of a part's spelling; `None` where the part has nothing to change.
type Respell = fn(&str) -> Option<String>;

const RESPELLINGS: &[(&str, Respell)] = &[
    ("padded", |part| {
        let missing = (4 - part.len() % 4) % 4;
        (missing > 0).then(|| format!("{part}{}", "=".repeat(missing)))
    }),
    ("one pad too many", |part| Some(format!("{part}="))),
    ("four pads", |part| Some(format!("{part}===="))),
    ("the standard alphabet", |part| {
        let standard = part.replace('-', "+").replace('_', "/");
        (standard != part).then_some(standard)
    }),
    ("unused bits set", with_unused_bits),
    ("a blank inside", |part| Some(inserted(part, ' '))),
    ("a line end inside", |part| Some(inserted(part, '\n'))),
    ("a line end behind", |part| Some(format!("{part}\n"))),
    ("a tab behind", |part| Some(format!("{part}\t"))),
    ("a NUL inside", |part| Some(inserted(part, '\0'))),
    ("a percent sign inside", |part| Some(inserted(part, '%'))),
    ("a letter of another script inside", |part| Some(inserted(part, 'а'))),
    ("one character too many", |part| (part.len() % 4 == 0).then(|| format!("{part}A"))),
    ("encoded twice", |part| Some(encode(part))),
];

pub(super) fn make(forge: &mut Forge<'_>) {
    for (what, respell) in RESPELLINGS {
        for part in 0..3 {
            // The lengths differ from token to token, and with them what can be respelt.
            for _ in 0..2 {
                if let Some(token) = respelt(forge, part, *respell) {
                    forge.push(format!("base64: {what}, part {part}"), token);
                }
            }
        }
    }
}

fn respelt(forge: &mut Forge<'_>, part: usize, respell: Respell) -> Option<String> {
    let mut parts = parts(&forge.good());
    parts[part] = respell(&parts[part])?;
    if part == 2 { Some(parts.join(".")) } else { Some(forge.signed_parts(&parts[0], &parts[1])) }
}

fn inserted(part: &str, stray: char) -> String {
    let (before, after) = part.split_at(part.len() / 2);
    format!("{before}{stray}{after}")
}

/// The same bytes for a decoder that does not look at the bits that are left over.
fn with_unused_bits(part: &str) -> Option<String> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if part.len().is_multiple_of(4) {
        return None;
    }
    let (before, last) = part.split_at(part.len() - 1);
    let at = ALPHABET.find(last)?;
    Some(format!("{before}{}", &ALPHABET[at + 1..=at + 1]))
}
