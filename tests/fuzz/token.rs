//! Fuzzes the token parser: with the input as a bearer value, and, so that mutations reach the JSON
//! behind base64url, with its first line as the header and the rest as the payload of a token.
//! Rule: the parser says of every token exactly what a second reading by the rules says.

#![no_main]

mod expected;
mod json;

use std::time::Duration;

use expected::{Expected, expected};
use json::Value;
use libfuzzer_sys::fuzz_target;
use realmgate::engine::UnixTime;
use realmgate::engine::token::claims::TokenRules;
use realmgate::engine::token::json::Json;
use realmgate::engine::token::{Algorithm, Compact, Token, TokenFault};

/// The default of `limits.token_size`.
const LIMIT: usize = 16 * 1024;
/// When the tokens are judged, in seconds since the epoch.
const NOW: u32 = 1_700_000_000;

fuzz_target!(|input: &[u8]| {
    judge(input);
    if let Some(line_end) = input.iter().position(|byte| *byte == b'\n') {
        let (header, payload) = input.split_at(line_end);
        judge(&compact(header, &payload[1..]));
    }
});

fn judge(bearer: &[u8]) {
    let expected = expected(bearer, LIMIT);
    let compact = match Compact::decode(bearer, LIMIT) {
        Ok(compact) => compact,
        Err(fault) => return must_be_fault(fault, &expected),
    };
    match Token::read(&compact) {
        Ok(token) => must_be_token(&token, &expected),
        Err(fault) => must_be_fault(fault, &expected),
    }
}

fn must_be_fault(fault: TokenFault, expected: &Expected) {
    let same = match expected {
        Expected::Claim => matches!(fault, TokenFault::Claim { .. }),
        Expected::NotAJwt => matches!(fault, TokenFault::NotAJwt(_)),
        Expected::TooLarge => matches!(fault, TokenFault::TooLarge),
        Expected::Token { .. } => false,
    };
    assert!(same, "refused as {fault:?}, expected {expected:?}");
}

fn must_be_token(token: &Token<'_>, expected: &Expected) {
    let Expected::Token { header, payload } = expected else {
        panic!("accepted, expected {expected:?}");
    };
    let Value::Object(members) = payload else { unreachable!("a payload is an object") };
    let claims: Vec<_> = token.claims().iter().collect();
    assert!(equal_members(&claims, members), "{claims:?} is not {members:?}");
    assert!(!token.principal_label().is_empty());
    let now = UnixTime::new(Duration::from_secs(NOW.into()));
    if rules().check(token, now).is_ok() {
        assert!(passes(header, payload), "passed the checks: {header:?} {payload:?}");
    }
}

/// The rules of the guide's realm `jwt8`.
fn rules() -> TokenRules {
    TokenRules {
        issuer: "iss8".to_owned(),
        audiences: vec!["aud8".to_owned()],
        subjects: None,
        algorithms: vec![Algorithm::Hs256],
        clock_skew: 60,
    }
}

/// What a token that passed these rules must say at least.
fn passes(header: &Value, payload: &Value) -> bool {
    let is = |value: &Value, wanted: &str| matches!(value, Value::Text(text) if text == wanted);
    let aud = match payload.get("aud") {
        Some(Value::List(list)) => list.iter().any(|name| is(name, "aud8")),
        Some(name) => is(name, "aud8"),
        None => false,
    };
    let date = |name| match payload.get(name) {
        Some(Value::Number(number)) => number.parse::<f64>().ok(),
        _ => None,
    };
    let (earliest, latest) = (f64::from(NOW) - 60.0, f64::from(NOW) + 60.0);
    header.get("alg").is_some_and(|alg| is(alg, "HS256"))
        && payload.get("iss").is_some_and(|iss| is(iss, "iss8"))
        && matches!(payload.get("sub"), Some(Value::Text(_)))
        && aud
        && date("exp").is_some_and(|exp| exp > earliest)
        && date("iat").is_some_and(|iat| iat < latest)
        && date("nbf").is_none_or(|nbf| nbf < latest)
        && date("auth_time").is_none_or(|auth_time| auth_time < latest)
}

fn equal(read: &Json<'_>, expected: &Value) -> bool {
    match (read, expected) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(read), Value::Bool(expected)) => read == expected,
        (Json::Integer(read), Value::Number(expected)) => expected.parse() == Ok(*read),
        (Json::Double(read), Value::Number(expected)) => equal_double(*read, expected),
        (Json::Text(read), Value::Text(expected)) => read == expected,
        (Json::List(read), Value::List(expected)) => {
            read.len() == expected.len()
                && read.iter().zip(expected).all(|(read, expected)| equal(read, expected))
        }
        (Json::Object(read), Value::Object(expected)) => {
            equal_members(&read.iter().collect::<Vec<_>>(), expected)
        }
        _ => false,
    }
}

fn equal_members(read: &[(&str, &Json<'_>)], expected: &[(String, Value)]) -> bool {
    read.len() == expected.len()
        && read
            .iter()
            .zip(expected)
            .all(|((name, read), (wanted, expected))| name == wanted && equal(read, expected))
}

/// Decimals may be off by the last place: `serde_json` does not round exactly.
fn equal_double(read: f64, expected: &str) -> bool {
    let is_integer = expected != "-0" && expected.parse::<i64>().is_ok();
    let close = |expected: f64| (read - expected).abs() <= expected.abs() * f64::EPSILON * 4.0;
    !is_integer && expected.parse().is_ok_and(close)
}

/// A signed-looking token of these two parts.
fn compact(header: &[u8], payload: &[u8]) -> Vec<u8> {
    [base64url(header), base64url(payload), base64url(b"signature")].join(&b'.')
}

fn base64url(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let sextets = (bytes.len() * 8).div_ceil(6);
    (0..sextets)
        .map(|index| {
            let bit = index * 6;
            let byte = |at: usize| u32::from(bytes.get(at).copied().unwrap_or(0));
            let pair = byte(bit / 8) << 8 | byte(bit / 8 + 1);
            ALPHABET[(pair >> (10 - bit % 8) & 63) as usize]
        })
        .collect()
}
