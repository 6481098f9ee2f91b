//! Claims: each of the registered ones absent and of every type, and times years away from now.

use serde_json::{Map, Value, json};

use super::super::forge::Forge;
use crate::support::corp::{AUDIENCE, ISSUER};
use crate::support::token::{EXPIRES, ISSUED};

const NAMES: &[&str] = &["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "auth_time", "x"];

/// What stands where a claim's value should, as JSON's text.
const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-0.0",
    "-1",
    "1.5",
    "1e3",
    "946684800.9",
    "9466848e2",
    "4070908800.0",
    "4070908800.9",
    "4.0709088e9",
    "9223372036854775",
    "9223372036854776",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "1e15",
    "1e19",
    "1e300",
    "-1e300",
    "1e400",
    "1e-400",
    "\"\"",
    "\" \"",
    "\"text\"",
    "\"4070908800\"",
    "\"\\u0000\"",
    "[]",
    "[null]",
    "[1]",
    "[\"text\"]",
    "[[\"api\"]]",
    "{}",
    "{\"a\":1}",
];

pub(super) fn make(forge: &mut Forge<'_>) {
    for name in NAMES {
        let claims = without(&forge.claims(), name);
        forge.with(format!("claims: no {name}"), claims.to_string());
        for value in VALUES {
            let claims = without(&forge.claims(), name).to_string();
            // A text, since not all of these are values of ours.
            let payload = format!("{{\"{name}\":{value},{}", &claims[1..]);
            forge.with(format!("claims: {name} is {value}"), payload);
        }
    }
    for (what, name, value) in well_typed() {
        let mut claims = forge.claims();
        claims.insert(name.to_owned(), value);
        forge.with(format!("claims: {what}"), Value::Object(claims).to_string());
    }
}

/// Values of the right type, good or not, at least a year from every boundary.
fn well_typed() -> Vec<(&'static str, &'static str, Value)> {
    const YEAR: i64 = 366 * 24 * 3600;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    let (later, earlier) = (now + YEAR, now - YEAR);
    vec![
        ("another issuer", "iss", json!("https://evil.example.com/")),
        ("the issuer without its slash", "iss", json!(ISSUER.trim_end_matches('/'))),
        ("the issuer in capitals", "iss", json!(ISSUER.to_uppercase())),
        ("the issuer and a blank", "iss", json!(format!("{ISSUER} "))),
        ("the issuer in a list", "iss", json!([ISSUER])),
        ("another audience", "aud", json!("other")),
        ("the audience in capitals", "aud", json!(AUDIENCE.to_uppercase())),
        ("the audience among others", "aud", json!(["a", AUDIENCE, "b"])),
        ("the audience twice", "aud", json!([AUDIENCE, AUDIENCE])),
        ("no audience of these", "aud", json!(["a", "b"])),
        ("audiences of mixed types", "aud", json!([AUDIENCE, 1])),
        ("audiences in one text", "aud", json!(format!("{AUDIENCE} other"))),
        ("the other audience of the realm", "aud", json!("api2")),
        ("a subject in a list", "sub", json!(["ana"])),
        ("expired long ago", "exp", json!(ISSUED)),
        ("expired a year ago", "exp", json!(earlier)),
        ("expires in a year", "exp", json!(later)),
        ("expires in 2099", "exp", json!(EXPIRES)),
        ("expires in the year 9999", "exp", json!(253_402_300_799_i64)),
        ("issued a year ago", "iat", json!(earlier)),
        ("issued in a year", "iat", json!(later)),
        ("issued in 2099", "iat", json!(EXPIRES)),
        ("issued in 1969", "iat", json!(-1)),
        ("not before last year", "nbf", json!(earlier)),
        ("not before next year", "nbf", json!(later)),
        ("not before 2099", "nbf", json!(EXPIRES)),
        ("authenticated last year", "auth_time", json!(earlier)),
        ("authenticated next year", "auth_time", json!(later)),
    ]
}

fn without(claims: &Map<String, Value>, name: &str) -> Value {
    let mut rest = claims.clone();
    rest.remove(name);
    Value::Object(rest)
}
