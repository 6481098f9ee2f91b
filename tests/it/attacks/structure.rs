//! Malformed tokens: parts, base64url and size, by the strict rules.

use super::{Attack, UNREADABLE, allow, hold};
use crate::support::check::Check;
use crate::support::corp::{self, KEY};
use crate::support::token::{Claims, HS256, encode, parts, sign_parts};

const HEADER: &str = r#"{"alg":"HS256"}"#;

/// The longest bearer value that is looked at.
const TOKEN_SIZE: usize = 16 * 1024;

#[test]
fn anything_but_three_parts_is_not_a_jwt() {
    let gate = corp::setup().start();
    let token = Claims::good().token();
    let [header, payload, signature] = parts(&token);
    let cases = [
        ("a word", "token".to_owned()),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{token}.{signature}")),
        ("five parts", format!("{token}.{signature}.{signature}")),
        ("a dot before", format!(".{token}")),
        ("a dot behind", format!("{token}.")),
        ("two dots inside", format!("{header}..{payload}.{signature}")),
        ("dots alone", "..".to_owned()),
        ("one dot", ".".to_owned()),
        ("a thousand dots", ".".repeat(1000)),
        ("empty header", format!(".{payload}.{signature}")),
        ("empty payload", format!("{header}..{signature}")),
        ("empty signature", format!("{header}.{payload}.")),
        // Without commas: those would make it a repeated header.
        ("the JSON itself", r#"{"sub":"ana"}"#.to_owned()),
        ("JSON serialization", format!(r#"{{"payload":"{payload}"}}"#)),
    ];
    let attacks: Vec<_> =
        cases.iter().map(|(what, token)| Attack::not_a_jwt(what, token)).collect();
    hold(&gate, &attacks);
}

#[test]
fn characters_outside_base64url_are_not_a_jwt_in_any_part() {
    let gate = corp::setup().start();
    let token = Claims::good().token();
    let [header, payload, signature] = parts(&token);
    let mut attacks = Vec::new();
    for junk in ["=", "==", "+", "/", " ", "\t", "\r\n", "*", "%41", "\u{e9}", "\u{0}", "-_=", "!"]
    {
        for (what, header, payload) in [
            ("header, inside", insert(&header, junk), payload.clone()),
            ("header, behind", format!("{header}{junk}"), payload.clone()),
            ("payload, inside", header.clone(), insert(&payload, junk)),
            ("payload, before", header.clone(), format!("{junk}{payload}")),
        ] {
            // Signed as it stands, so that nothing but the alphabet is wrong with it.
            let token = sign_parts(&header, &payload, HS256, KEY);
            attacks.push(Attack::not_a_jwt(&format!("{junk:?} in {what}"), &token));
        }
        let inside = format!("{header}.{payload}.{}", insert(&signature, junk));
        attacks.push(Attack::not_a_jwt(&format!("{junk:?} in the signature"), &inside));
    }
    for padding in ["=", "==", "==="] {
        attacks.push(Attack::not_a_jwt(&format!("padded {padding}"), &format!("{token}{padding}")));
    }
    hold(&gate, &attacks);
}

#[test]
fn base64url_that_is_not_canonical_is_not_a_jwt() {
    let gate = corp::setup().start();
    let [header, payload, signature] = parts(&Claims::good().token());
    // 32 bytes are 43 characters, and the last one carries two bits that must be zero.
    let (before, last) = signature.split_at(42);
    let loose = format!("{header}.{payload}.{before}{}", next_in_alphabet(last));
    // One character more than a multiple of four can stand for no byte at all.
    let text = Claims::good().text();
    let whole = encode(format!("{text}{}", " ".repeat(3 - text.len() % 3)));
    let dangling = sign_parts(&header, &format!("{whole}A"), HS256, KEY);
    let lone = format!("{header}.{payload}.A");
    let mut padded = payload.clone();
    while padded.len() % 4 != 0 {
        padded.push('=');
    }
    let padded = sign_parts(&header, &format!("{padded}===="), HS256, KEY);
    let attacks = [
        Attack::not_a_jwt("loose bits at the end", &loose),
        Attack::not_a_jwt("a dangling character", &dangling),
        Attack::not_a_jwt("a lone character", &lone),
        Attack::not_a_jwt("padding", &padded),
    ];
    hold(&gate, &attacks);
}

#[test]
fn a_token_of_the_greatest_size_is_judged_and_one_byte_more_is_not_looked_at() {
    let gate = corp::setup().start();
    let longest = of_size(TOKEN_SIZE);
    let blanks = format!("Bearer {}{longest}  ", " ".repeat(100));
    allow(
        &gate,
        &[
            ("the greatest size", corp::with_token(&longest)),
            ("blanks around do not count", Check::header(corp::good(), "authorization", &blanks)),
        ],
    );
    let too_large = |what: &str, token: &str| {
        Attack::new(what, corp::with_token(token), (401, "token_too_large"), UNREADABLE)
    };
    let attacks = [
        too_large("one byte more", &format!("{longest}A")),
        too_large("a megabyte of dots", &".".repeat(1 << 20)),
        too_large("a megabyte of a word", &"a".repeat(1 << 20)),
    ];
    hold(&gate, &attacks);
}

#[test]
fn the_greatest_size_is_a_setting() {
    let gate = corp::setup().set("realmgate.limits.token_size", "2kb").start();
    allow(&gate, &[("the size that is set", corp::with_token(&of_size(2048)))]);
    let token = corp::with_token(&format!("{}A", of_size(2048)));
    let attack = Attack::new("one byte more", token, (401, "token_too_large"), UNREADABLE);
    hold(&gate, &[attack]);
}

/// A good token of exactly this many bytes: base64 grows in steps, so header and payload share
/// the filling.
fn of_size(size: usize) -> String {
    for in_header in 0..4 {
        let header = format!(r#"{{"alg":"HS256","x":"{}"}}"#, "h".repeat(in_header));
        let fixed = encode(&header).len() + 2 + 43;
        let room = size - fixed;
        let bytes = room * 3 / 4;
        let empty = Claims::good().with("filling", "").text().len();
        let claims = Claims::good().with("filling", "p".repeat(bytes - empty));
        let token = sign_parts(&encode(&header), &encode(claims.text()), HS256, KEY);
        if token.len() == size {
            return token;
        }
    }
    panic!("no good token has {size} bytes");
}

#[test]
fn a_token_that_only_looks_like_one_costs_nothing_but_a_denial() {
    let gate = corp::setup().start();
    let nested = sign_parts(&encode(HEADER), &encode("[".repeat(8_000)), HS256, KEY);
    let members = (0..1000).map(|n| format!(r#""m{n}":{n}"#)).collect::<Vec<_>>().join(",");
    let repeated = format!(r#"{{{members},"m0":0}}"#);
    let repeated = sign_parts(&encode(HEADER), &encode(repeated), HS256, KEY);
    let attacks = [
        Attack::not_a_jwt("8,000 lists without an end", &nested),
        Attack::not_a_jwt("1,000 members and the first again", &repeated),
    ];
    hold(&gate, &attacks);
}

fn insert(text: &str, junk: &str) -> String {
    let (before, after) = text.split_at(text.len() / 2);
    format!("{before}{junk}{after}")
}

/// The character behind `last` in base64url's alphabet: the same byte but for its lowest bit.
fn next_in_alphabet(last: &str) -> char {
    match last {
        "Z" => 'a',
        "z" => '0',
        "9" => '-',
        other => char::from(other.as_bytes()[0] + 1),
    }
}
