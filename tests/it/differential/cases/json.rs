//! The JSON of header and payload: what the grammar takes, what it refuses, and what only some
//! parsers take.

use super::super::forge::Forge;
use crate::support::corp::{AUDIENCE, ISSUER};

/// A text made of an object's text.
type Rewrite = fn(&str) -> Vec<u8>;

const REWRITES: &[(&str, Rewrite)] = &[
    ("white space around", |o| format!(" \t\r\n{o}\n\n ").into_bytes()),
    ("a form feed before", |o| format!("\u{c}{o}").into_bytes()),
    ("a no-break space before", |o| format!("\u{a0}{o}").into_bytes()),
    ("a byte order mark", |o| format!("\u{feff}{o}").into_bytes()),
    ("UTF-16", |o| o.encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ("UTF-16 with a mark", |o| {
        format!("\u{feff}{o}").encode_utf16().flat_map(u16::to_be_bytes).collect()
    }),
    ("UTF-32", |o| o.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect()),
    ("a NUL behind", |o| format!("{o}\0").into_bytes()),
    ("another object behind", |o| format!("{o}{o}").into_bytes()),
    ("a bracket behind", |o| format!("{o}]").into_bytes()),
    ("a comment", |o| format!("/* x */{o}").into_bytes()),
    ("in a list", |o| format!("[{o}]").into_bytes()),
    ("in a text", |o| serde_json::Value::from(o).to_string().into_bytes()),
    ("cut short", |o| o.as_bytes()[..o.len() - 1].to_vec()),
    ("in single quotes", |o| o.replace('"', "'").into_bytes()),
    ("a comma at the end", |o| with(o, r#""z":1,"#)),
    ("no comma", |o| with(o, r#""z":1 "y":2"#)),
    ("a name without quotes", |o| with(o, "z:1")),
    ("a lone escape", |o| with(o, r#""z":"\x""#)),
    ("a short escape", |o| with(o, r#""z":"\u12""#)),
    ("every escape", |o| with(o, r#""z":"\"\\\/\b\f\n\r\t\u00e9\ud83e\udd80""#)),
    ("a NUL under an escape", |o| with(o, r#""z":"\u0000""#)),
    ("a lone surrogate", |o| with(o, r#""z":"\ud800""#)),
    ("a lone low surrogate", |o| with(o, r#""z":"\udc00x""#)),
    ("a lone surrogate as a name", |o| with(o, r#""\ud800":1"#)),
    ("a control character", |o| with(o, "\"z\":\"\u{1}\"")),
    ("a line end in a text", |o| with(o, "\"z\":\"\n\"")),
    ("a delete character", |o| with(o, "\"z\":\"\u{7f}\"")),
    ("not UTF-8", |o| with_bytes(o, b"\"z\":\"\xff\"")),
    ("overlong UTF-8", |o| with_bytes(o, b"\"z\":\"\xc0\xaf\"")),
    ("a surrogate in UTF-8", |o| with_bytes(o, b"\"z\":\"\xed\xa0\x80\"")),
    ("beyond Unicode", |o| with_bytes(o, b"\"z\":\"\xf5\x80\x80\x80\"")),
    ("NaN", |o| with(o, r#""z":NaN"#)),
    ("Infinity", |o| with(o, r#""z":-Infinity"#)),
    ("a leading zero", |o| with(o, r#""z":01"#)),
    ("a plus sign", |o| with(o, r#""z":+1"#)),
    ("a point at the start", |o| with(o, r#""z":.5"#)),
    ("a point at the end", |o| with(o, r#""z":1."#)),
    ("a number in hex", |o| with(o, r#""z":0x10"#)),
    ("True", |o| with(o, r#""z":True"#)),
    ("a number of 400 digits", |o| with(o, &format!(r#""z":{}"#, "9".repeat(400)))),
    ("a fraction of 400 digits", |o| with(o, &format!(r#""z":0.{}"#, "9".repeat(400)))),
    ("a number beyond doubles", |o| with(o, r#""z":1e400"#)),
    ("127 levels below", |o| with(o, &nested(127))),
    ("128 levels below", |o| with(o, &nested(128))),
    ("a member twice", |o| with(o, r#""z":1,"z":1"#)),
    ("a member twice, far down", |o| with(o, r#""z":[[{"y":{"x":1,"\u0078":2}}]]"#)),
    ("an empty name", |o| with(o, r#""":1"#)),
    ("names that differ in case", |o| with(o, r#""z":1,"Z":2"#)),
];

/// What is no object at all.
const NO_OBJECTS: &[&str] = &["", " ", "null", "1", "\"a\"", "[]", "true", "{", "{\"a\"}"];

pub(super) fn make(forge: &mut Forge<'_>) {
    for (what, rewrite) in REWRITES {
        let header = format!(r#"{{"alg":"{}"}}"#, forge.alg);
        forge.under(format!("header's JSON: {what}"), rewrite(&header));
        let payload = forge.payload();
        forge.with(format!("payload's JSON: {what}"), rewrite(&payload));
    }
    for text in NO_OBJECTS {
        forge.under(format!("header's JSON: no object, {text}"), text);
        forge.with(format!("payload's JSON: no object, {text}"), text);
    }
    twice(forge);
}

/// Each claim twice: the bad one first, or last.
fn twice(forge: &mut Forge<'_>) {
    let rows = [
        ("iss", format!("\"{ISSUER}\""), "\"https://evil.example.com/\""),
        ("aud", format!("\"{AUDIENCE}\""), "\"other\""),
        ("sub", "\"ana\"".to_owned(), "\"elastic\""),
        ("exp", "4070908800".to_owned(), "1"),
        ("iat", "946684800".to_owned(), "4070908800"),
    ];
    for (name, good, bad) in rows {
        let mut rest = forge.claims();
        rest.remove(name);
        let rest = serde_json::Value::Object(rest).to_string();
        let rest = &rest[1..];
        for (which, first, last) in [("last", bad, &*good), ("first", &*good, bad)] {
            let payload = format!("{{\"{name}\":{first},\"{name}\":{last},{rest}");
            forge.with(format!("payload's JSON: {name} twice, the good one {which}"), payload);
        }
    }
}

/// The object with one more text at its end.
fn with(object: &str, text: &str) -> Vec<u8> {
    with_bytes(object, text.as_bytes())
}

fn with_bytes(object: &str, bytes: &[u8]) -> Vec<u8> {
    [&object.as_bytes()[..object.len() - 1], b",", bytes, b"}"].concat()
}

fn nested(levels: usize) -> String {
    format!("\"z\":{}{}", "[".repeat(levels), "]".repeat(levels))
}
