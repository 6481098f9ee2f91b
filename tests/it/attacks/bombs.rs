//! Tokens that are small and made to cost much: nested, wide, long. Each costs its sender a denial
//! and nobody else anything.
//!
//! Rule: no clock is asked. What is bounded is the number of checks that are lost: none, however
//! many bombs there are, and the good token is let in between them.

use super::{Attack, UNREADABLE, allow, hold_beside};
use crate::support::corp::{self, KEY};
use crate::support::token::{Claims, HS256, sign};

const HEADER: &str = r#"{"alg":"HS256"}"#;

/// The most bytes of a payload that fit into a token.
const ROOM: usize = 12_000;

fn token(payload: &str) -> String {
    sign(HEADER, payload, HS256, KEY)
}

/// Good claims and one member more.
fn and(member: &str) -> String {
    let good = Claims::good().text();
    format!("{},{member}}}", good.strip_suffix('}').unwrap())
}

/// As many of these as there is room for in a payload, joined by commas.
fn many(one: impl Fn(usize) -> String) -> String {
    filled(ROOM, one)
}

/// As many of these as have room in so many bytes, joined by commas.
fn filled(room: usize, one: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for n in 0.. {
        let next = one(n);
        if text.len() + next.len() + 1 > room {
            break;
        }
        if n > 0 {
            text.push(',');
        }
        text.push_str(&next);
    }
    text
}

fn nested(open: &str, close: &str, levels: usize) -> String {
    and(&format!(r#""a":{}1{}"#, open.repeat(levels), close.repeat(levels)))
}

/// Bombs that are no JSON of ours.
fn refused() -> Vec<(&'static str, String)> {
    let digits = "9".repeat(ROOM);
    let half = ROOM / 2;
    vec![
        // The payload's own object is the first level.
        ("lists, 129 levels", nested("[", "]", 128)),
        ("objects, 129 levels", nested(r#"{"":"#, "}", 128)),
        ("lists in objects, 130 levels", nested(r#"{"a":["#, "]}", 65)),
        ("as many lists as there is room for", nested("[", "]", half - 20)),
        ("as many objects as there is room for", nested(r#"{"":"#, "}", ROOM / 6)),
        ("lists that do not end", and(&format!(r#""a":{}"#, "[".repeat(ROOM)))),
        ("objects that do not end", and(&format!(r#""a":{}"#, r#"{"":"#.repeat(ROOM / 4)))),
        ("lists that end only", and(&format!(r#""a":{}"#, "]".repeat(ROOM)))),
        ("the same name again and again", format!("{{{}}}", many(|_| r#""a":1"#.to_owned()))),
        ("the first name once more", format!("{{{},\"m0\":0}}", many(|n| format!(r#""m{n}":0"#)))),
        (
            "objects of a name twice",
            and(&format!(r#""a":[{}]"#, many(|_| r#"{"a":1,"a":1}"#.into()))),
        ),
        ("a whole number of many digits", and(&format!(r#""a":{digits}"#))),
        ("a negative one", and(&format!(r#""a":-{digits}"#))),
        ("an exponent of many digits", and(&format!(r#""a":1e{digits}"#))),
        ("a fraction with such an exponent", and(&format!(r#""a":0.1E+{digits}"#))),
        ("zeros before a number", and(&format!(r#""a":{}1"#, "0".repeat(ROOM)))),
        ("lone surrogates", and(&format!(r#""a":"{}""#, r"\udc00".repeat(ROOM / 6)))),
        ("one name, escaped in two ways", {
            let long = "a".repeat(half / 6);
            let escaped = r"\u0061".repeat(half / 6);
            and(&format!(r#""{long}":1,"{escaped}":1"#))
        }),
        ("a text that does not end", and(&format!(r#""a":"{}"#, r"\\".repeat(half)))),
        ("blanks and no end", format!("{{{}", " ".repeat(ROOM))),
        ("commas", and(&format!(r#""a":[{}]"#, ",".repeat(ROOM)))),
    ]
}

/// As large, and yet good.
fn good() -> Vec<(&'static str, String)> {
    let digits = "9".repeat(ROOM);
    let zeros = "0".repeat(ROOM);
    vec![
        ("lists, 128 levels", nested("[", "]", 127)),
        ("objects, 128 levels", nested(r#"{"":"#, "}", 127)),
        ("lists in objects, 127 levels", nested(r#"{"a":["#, "]}", 63)),
        ("empty lists side by side", and(&format!(r#""a":[{}]"#, many(|_| "[]".into())))),
        ("empty objects side by side", and(&format!(r#""a":[{}]"#, many(|_| "{}".into())))),
        ("as many members as there is room for", and(&many(|n| format!(r#""{n:x}":0"#)))),
        ("members in the order of their names, backwards", {
            and(&many(|n| format!(r#""{:x}":0"#, 0xffff - n)))
        }),
        (
            "members of an inner object",
            and(&format!(r#""a":{{{}}}"#, many(|n| format!(r#""{n}":0"#)))),
        ),
        ("a fraction of many digits", and(&format!(r#""a":0.{digits}"#))),
        ("a fraction of many zeros", and(&format!(r#""a":0.{zeros}1"#))),
        ("an exponent of many zeros", and(&format!(r#""a":1e{zeros}"#))),
        ("an exponent that makes it nothing", and(&format!(r#""a":1e-{digits}"#))),
        ("escapes", and(&format!(r#""a":"{}""#, r"\u0041".repeat(ROOM / 6)))),
        ("surrogate pairs", and(&format!(r#""a":"{}""#, r"\ud83d\ude00".repeat(ROOM / 12)))),
        ("a long name", and(&format!(r#""{}":1"#, "n".repeat(ROOM)))),
        ("blanks", and(&format!(r#""a":{}1"#, " ".repeat(ROOM)))),
        ("many numbers", and(&format!(r#""a":[{}]"#, many(|_| "1e308".into())))),
    ]
}

#[test]
fn a_bomb_is_no_jwt_and_the_good_token_is_let_in_beside_it() {
    let gate = corp::setup().start();
    let attacks: Vec<_> =
        refused().iter().map(|(what, text)| Attack::not_a_jwt(what, &token(text))).collect();
    hold_beside(&gate, &Claims::good().token(), &attacks);
}

#[test]
fn what_is_as_large_and_sound_is_let_in() {
    let tokens: Vec<_> = good().iter().map(|(what, text)| (*what, token(text))).collect();
    let checks: Vec<_> =
        tokens.iter().map(|(what, token)| (*what, corp::with_token(token))).collect();
    allow(&corp::setup().start(), &checks);
}

#[test]
fn a_bomb_in_the_header_is_no_jwt_either() {
    let gate = corp::setup().start();
    let header = |member: &str| {
        let header = format!(r#"{{"alg":"HS256",{member}}}"#);
        sign(&header, &Claims::good().text(), HS256, KEY)
    };
    let lists = |levels: usize| format!(r#""x":{}{}"#, "[".repeat(levels), "]".repeat(levels));
    let attacks = [
        Attack::not_a_jwt("129 levels", &header(&lists(128))),
        Attack::not_a_jwt("5,000 levels", &header(&lists(5000))),
        Attack::not_a_jwt("a long number", &header(&format!(r#""x":{}"#, "9".repeat(9000)))),
        Attack::not_a_jwt("one name again", &header(&filled(9000, |_| r#""x":1"#.into()))),
        Attack::new(
            "more than a token may have",
            corp::with_token(&header(&format!(r#""x":"{}""#, "x".repeat(16_000)))),
            (401, "token_too_large"),
            UNREADABLE,
        ),
    ];
    hold_beside(&gate, &Claims::good().token(), &attacks);
    let checks = [
        ("128 levels", corp::with_token(&header(&lists(127)))),
        ("many members", corp::with_token(&header(&filled(9000, |n| format!(r#""{n:x}":0"#))))),
    ];
    allow(&gate, &checks);
}

#[test]
fn a_thousand_bombs_lose_no_check() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    let control = corp::good();
    let bombs: Vec<_> = refused().iter().map(|(_, text)| corp::with_token(&token(text))).collect();
    let mut denied = 0;
    for bomb in bombs.iter().cycle().take(1000) {
        let answer = caller.check(bomb);
        assert_eq!(answer.outcome(), (401, "not_a_jwt"), "{answer:?}");
        denied += 1;
        if denied % 50 == 0 {
            assert!(caller.check(&control).is_allow(), "behind {denied} bombs");
        }
    }
    let denials = r#"realmgate_checks_total{decision="deny",reason="not_a_jwt",realm=""}"#;
    gate.wait_for_metric(denials, 1000);
    let allowed = r#"realmgate_checks_total{decision="allow",reason="ok",realm="corp"}"#;
    gate.wait_for_metric(allowed, 20);
}
