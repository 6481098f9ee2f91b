//! Malformed tokens: JSON by RFC 8259's grammar and nothing more, in header and payload.

use super::{Attack, allow, hold};
use crate::support::corp::{self, KEY};
use crate::support::token::{Claims, HS256, encode, sign, sign_parts};

const HEADER: &str = r#"{"alg":"HS256"}"#;

/// A token with this text as its payload.
fn payload(text: &str) -> String {
    sign(HEADER, text, HS256, KEY)
}

/// A token with this text as its header, whose claims are good.
fn header(text: &str) -> String {
    sign(text, &Claims::good().text(), HS256, KEY)
}

/// Good claims with one member more, as text that need not be JSON.
fn and(member: &str) -> String {
    let good = Claims::good().text();
    format!("{},{member}}}", good.strip_suffix('}').unwrap())
}

fn not_jwts(texts: &[String], token: impl Fn(&str) -> String) -> Vec<Attack> {
    texts.iter().map(|text| Attack::not_a_jwt(&clip(text), &token(text))).collect()
}

fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}

#[test]
fn a_part_that_is_no_json_object_is_not_a_jwt() {
    let gate = corp::setup().start();
    let texts: Vec<String> =
        ["null", "true", "1", "\"text\"", "[]", "[{}]", " ", "{", "}", "{}{}", "nul", "{]", "[}"]
            .map(str::to_owned)
            .to_vec();
    hold(&gate, &not_jwts(&texts, payload));
    hold(&gate, &not_jwts(&texts, header));
}

#[test]
fn json_outside_the_grammar_is_not_a_jwt() {
    let gate = corp::setup().start();
    let members = [
        r#""a":01"#,
        r#""a":+1"#,
        r#""a":.5"#,
        r#""a":1."#,
        r#""a":1e"#,
        r#""a":0x1"#,
        r#""a":NaN"#,
        r#""a":Infinity"#,
        r#""a":-"#,
        r#""a":'b'"#,
        r"'a':1",
        r"a:1",
        r#""a":1,"#,
        r#""a":[1,]"#,
        r#""a" 1"#,
        r#""a":"#,
        r#""a":"\x""#,
        r#""a":"\u12""#,
        r#""a":"b"#,
        "\"a\":\"\n\"",
        "\"a\":\"\t\"",
        "\"a\":\"\u{0}\"",
        "\"a\":\"\u{1f}\"",
        r#""a":1/**/"#,
        "\"a\":1//\n",
        r#""a":TRUE"#,
        r#""a":undefined"#,
        r#""a";1"#,
    ];
    let texts: Vec<String> = members.iter().map(|member| and(member)).collect();
    hold(&gate, &not_jwts(&texts, payload));
    let headers: Vec<String> =
        members.iter().map(|member| format!(r#"{{"alg":"HS256",{member}}}"#)).collect();
    hold(&gate, &not_jwts(&headers, header));
}

#[test]
fn text_before_or_behind_the_object_is_not_a_jwt() {
    let gate = corp::setup().start();
    let good = Claims::good().text();
    let around = |text: &str| {
        [
            format!("\u{feff}{text}"),
            format!("{text}\u{0}"),
            format!("{text}x"),
            format!("{text}{text}"),
            format!("{text},"),
            format!("\u{b}{text}"),
            format!("\u{a0}{text}"),
            format!("//\n{text}"),
        ]
        .to_vec()
    };
    hold(&gate, &not_jwts(&around(&good), payload));
    hold(&gate, &not_jwts(&around(HEADER), header));
    let blanks = payload(&format!("\r\n\t {good} \n"));
    allow(&gate, &[("JSON's own blanks around it", corp::with_token(&blanks))]);
}

#[test]
fn a_repeated_member_is_not_a_jwt_at_any_depth_and_in_any_spelling() {
    let gate = corp::setup().start();
    let payloads = [
        and(r#""sub":"ana""#),
        and(r#""sub":"admin""#),
        and(r#""s\u0075b":"admin""#),
        and(r#""\u0073\u0075\u0062":"admin""#),
        and(r#""exp":null"#),
        and(r#""a":{"b":1,"b":1}"#),
        and(r#""a":[[{"b":{"c":1,"\u0063":2}}]]"#),
        and(r#""\ud83d\ude00":1,"😀":2"#),
        and(r#""":1,"":2"#),
    ];
    hold(&gate, &not_jwts(&payloads, payload));
    let headers = [
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","\u0061lg":"none"}"#,
        r#"{"alg":"HS256","x":{"y":1,"y":2}}"#,
    ];
    hold(&gate, &not_jwts(&headers.map(str::to_owned), header));
    let cases = [
        ("other letter case", and(r#""SUB":"admin""#)),
        ("the same name at another depth", and(r#""a":{"sub":"admin"}"#)),
        ("composed and decomposed", and("\"\u{e9}\":1,\"e\u{301}\":2")),
    ];
    let checks = cases.map(|(what, text)| (what, corp::with_token(&payload(&text))));
    allow(&gate, &checks);
}

#[test]
fn text_that_is_no_unicode_is_not_a_jwt() {
    let gate = corp::setup().start();
    let members = [
        r#""a":"\ud800""#,
        r#""a":"\udc00""#,
        r#""a":"\ud800x""#,
        r#""a":"\ud800\u0041""#,
        r#""a":"\udc00\ud800""#,
        r#""\ud800":1"#,
        r#""a":["\udfff"]"#,
    ];
    let texts: Vec<String> = members.iter().map(|member| and(member)).collect();
    let mut attacks = not_jwts(&texts, payload);
    for (what, bytes) in [
        ("a lone continuation", &b"\x80"[..]),
        ("Latin-1", b"\xe9"),
        ("overlong", b"\xc0\xaf"),
        ("a surrogate in UTF-8", b"\xed\xa0\x80"),
        ("cut short", b"\xe2\x82"),
        ("above the last code point", b"\xf5\x80\x80\x80"),
    ] {
        let good = Claims::good().text();
        let text = [&good.as_bytes()[..good.len() - 1], b",\"a\":\"", bytes, b"\"}"].concat();
        let token = sign_parts(&encode(HEADER), &encode(text), HS256, KEY);
        attacks.push(Attack::not_a_jwt(what, &token));
    }
    hold(&gate, &attacks);
    let pair = payload(&and(r#""a":"\ud83d\ude00""#));
    allow(&gate, &[("a surrogate pair", corp::with_token(&pair))]);
}

#[test]
fn utf_16_and_utf_32_are_not_a_jwt() {
    let gate = corp::setup().start();
    let text = Claims::good().text();
    let wide = |big: bool| -> Vec<u8> {
        let units = text.encode_utf16();
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    let utf_32: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    let attacks: Vec<_> = [("UTF-16LE", wide(false)), ("UTF-16BE", wide(true)), ("UTF-32", utf_32)]
        .map(|(what, bytes)| {
            let token = sign_parts(&encode(HEADER), &encode(bytes), HS256, KEY);
            Attack::not_a_jwt(what, &token)
        })
        .into();
    hold(&gate, &attacks);
}

#[test]
fn a_number_beyond_a_double_is_not_a_jwt_wherever_it_stands() {
    let gate = corp::setup().start();
    let digits = "9".repeat(400);
    let texts = [
        and(r#""a":1e400"#),
        and(r#""a":-1e400"#),
        and(r#""a":[{"b":1E+999}]"#),
        and(&format!(r#""a":{digits}"#)),
    ];
    hold(&gate, &not_jwts(&texts, payload));
    let cases = [
        ("the greatest double", and(r#""a":1.7976931348623157e308"#)),
        ("too small to tell from zero", and(r#""a":1e-400"#)),
        ("many digits", and(&format!(r#""a":0.{digits}"#))),
    ];
    allow(&gate, &cases.map(|(what, text)| (what, corp::with_token(&payload(&text)))));
}

#[test]
fn json_is_read_to_128_levels_and_no_deeper() {
    let gate = corp::setup().start();
    // The payload's own object is the first level.
    let lists =
        |levels: usize| and(&format!(r#""a":{}{}"#, "[".repeat(levels), "]".repeat(levels)));
    let objects = |levels: usize| {
        and(&format!(r#""a":{}1{}"#, r#"{"b":"#.repeat(levels), "}".repeat(levels)))
    };
    let cases = [("lists", lists(127)), ("objects", objects(127))];
    allow(&gate, &cases.map(|(what, text)| (what, corp::with_token(&payload(&text)))));
    hold(&gate, &not_jwts(&[lists(128), objects(128), lists(3000), objects(1500)], payload));
    let deep = format!(r#"{{"alg":"HS256","x":{}{}}}"#, "[".repeat(128), "]".repeat(128));
    hold(&gate, &not_jwts(&[deep], header));
}
