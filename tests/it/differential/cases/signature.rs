//! Signatures: cut, extended, of other encodings, and of numbers that no honest signer makes.

use serde_json::json;

use super::super::forge::Forge;
use super::super::judge::Order;
use crate::support::token::encode;

pub(super) fn make(forge: &mut Forge<'_>) {
    let length = forge.key.sign(forge.alg, b"").len();
    let random: Vec<u8> = (0..length).map(|_| forge.dice.pick(b"\x00\x01\x7f\x80\xff")).collect();
    push(forge, "all zeros", |_| vec![0; length]);
    push(forge, "all ones", |_| vec![0xff; length]);
    push(forge, "any bytes", |_| random);
    push(forge, "one byte", |signature| signature[..1].to_vec());
    push(forge, "cut by one", |signature| signature[..length - 1].to_vec());
    // Zeros in front go too: without them an RSA signature is the same number, which is a question
    // of its own (we want its full length, RFC 8017 section 8.1.2).
    push(forge, "without its first byte", |signature| {
        let zeros = signature.iter().take_while(|byte| **byte == 0).count();
        signature[(zeros + 1).min(length)..].to_vec()
    });
    push(forge, "cut in half", |signature| signature[..length / 2].to_vec());
    push(forge, "a zero behind", |signature| [signature, &[0]].concat());
    push(forge, "a zero before", |signature| [&[0], signature].concat());
    push(forge, "twice", |signature| [signature, signature].concat());
    push(forge, "backwards", |signature| signature.iter().rev().copied().collect());
    push(forge, "in hex", |signature| hex(signature).into_bytes());
    push(forge, "in base64 again", |signature| encode(signature).into_bytes());
    match forge.alg.as_bytes()[0] {
        b'E' => elliptic(forge),
        b'R' | b'P' => rsa(forge),
        _ => {}
    }
}

/// Keeps a good token with its signature changed.
fn push(forge: &mut Forge<'_>, what: &str, change: impl FnOnce(&[u8]) -> Vec<u8>) {
    let (header, payload) = (forge.header(), forge.payload());
    let input = format!("{}.{}", encode(header), encode(payload));
    let signature = change(&forge.key.sign(forge.alg, input.as_bytes()));
    forge.push(format!("signature: {what}"), format!("{input}.{}", encode(signature)));
}

fn elliptic(forge: &mut Forge<'_>) {
    let order = order(forge.alg);
    let zeros = vec![0; order.len()];
    let one = [&zeros[1..], &[1]].concat();
    let halves = |signature: &[u8]| {
        let (r, s) = signature.split_at(signature.len() / 2);
        (r.to_vec(), s.to_vec())
    };
    push(forge, "DER", der);
    push(forge, "r and s swapped", |signature| {
        let (r, s) = halves(signature);
        [s, r].concat()
    });
    push(forge, "r zero", |signature| [zeros.clone(), halves(signature).1].concat());
    push(forge, "s zero", |signature| [halves(signature).0, zeros.clone()].concat());
    push(forge, "r and s one", |_| [one.clone(), one.clone()].concat());
    push(forge, "r the order", |signature| [order.clone(), halves(signature).1].concat());
    push(forge, "s the order", |signature| [halves(signature).0, order.clone()].concat());
    // The same signature in its other form, which every verifier takes.
    push(forge, "s negated", |signature| {
        let (r, s) = halves(signature);
        [r, difference(&order, &s)].concat()
    });
    push(forge, "each number a byte longer", |signature| {
        let (r, s) = halves(signature);
        [&[0], &*r, &[0], &*s].concat()
    });
    push(forge, "each number a byte shorter", |signature| {
        let (r, s) = halves(signature);
        [&r[1..], &s[1..]].concat()
    });
}

fn rsa(forge: &mut Forge<'_>) {
    let jwk = forge.key.jwk();
    let modulus = decode(jwk["n"].as_str().unwrap());
    push(forge, "the modulus", |_| modulus.clone());
    push(forge, "subtracted from the modulus", |signature| difference(&modulus, signature));
    push(forge, "added to the modulus", |signature| sum(&modulus, signature));
    let one = [vec![0; modulus.len() - 1], vec![1]].concat();
    push(forge, "one", |_| one);
}

/// PSS tokens with salts that are not as long as the digest, which nothing here can make.
pub(super) fn salted(forge: &mut Forge<'_>, private: &str) -> Vec<Order> {
    const SALTS: [usize; 6] = [0, 1, 20, 32, 48, 64];
    let Some(bits) = forge.alg.strip_prefix("PS") else { return Vec::new() };
    let hash = format!("SHA{bits}");
    let mut order = |salt| {
        let input = format!("{}.{}", encode(forge.header()), encode(forge.payload()));
        let pss = json!({ "input": input, "hash": hash, "salt": salt, "key": private });
        let kind = format!("signature: a salt of {salt} bytes under SHA-{bits}");
        Order { kind, order: json!({ "pss": pss }) }
    };
    SALTS.into_iter().map(&mut order).collect()
}

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// The order of the curve's group (SEC 2, 2.4.2, 2.5.1 and 2.6.1).
fn order(alg: &str) -> Vec<u8> {
    let text = match alg {
        "ES256" => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        "ES384" => {
            "ffffffffffffffffffffffffffffffffffffffffffffffff\
             c7634d81f4372ddf581a0db248b0a77aecec196accc52973"
        }
        "ES512" => {
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa\
             51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        }
        other => panic!("{other} has no curve"),
    };
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// `a - b` for numbers of one length, `a` being the larger.
fn difference(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = false;
    let mut digits: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            let (once, first) = a.overflowing_sub(*b);
            let (twice, second) = once.overflowing_sub(u8::from(borrow));
            borrow = first || second;
            twice
        })
        .collect();
    assert!(!borrow, "the first is the larger");
    digits.reverse();
    digits
}

/// `a + b` for numbers of one length, with the carry in a byte of its own.
fn sum(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut digits: Vec<u8> = Vec::new();
    for (a, b) in a.iter().zip(b).rev() {
        let digit = u16::from(*a) + u16::from(*b) + carry;
        digits.push(digit.to_le_bytes()[0]);
        carry = digit >> 8;
    }
    if carry > 0 {
        digits.push(1);
    }
    digits.reverse();
    digits
}

/// Two numbers as `ECDSA-Sig-Value` (RFC 3279, 2.2.3).
fn der(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    let content = [integer(r), integer(s)].concat();
    let length = u8::try_from(content.len()).unwrap();
    let head = if length < 128 { vec![0x30, length] } else { vec![0x30, 0x81, length] };
    [head, content].concat()
}

fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|digit| **digit == 0).count();
    let digits = &number[zeros..];
    let sign: &[u8] = if digits.first().is_none_or(|digit| *digit >= 128) { &[0] } else { &[] };
    let length = u8::try_from(sign.len() + digits.len()).unwrap();
    [&[2, length], sign, digits].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}
