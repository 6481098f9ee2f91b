//! Fuzzes the token parser: with the input as a bearer value, and, so that mutations reach the JSON
//! behind base64url, with its first line as the header and the rest as the payload of a token.
//! Rule: the parser and the checks of a realm of either kind say of every token exactly what a second
//! reading by the rules says.

#![no_main]

mod compact;
mod expected;
mod json;
mod verdict;

use std::sync::LazyLock;
use std::time::Duration;

use compact::compact;
use expected::{Expected, expected};
use json::Value;
use libfuzzer_sys::fuzz_target;
use realmgate::engine::Refusal;
use realmgate::engine::UnixTime;
use realmgate::engine::token::claims::TokenRules;
use realmgate::engine::token::json::Json;
use realmgate::engine::token::{Bearer, Compact, Token, TokenFault};

/// The default of `limits.token_size`.
const LIMIT: usize = 16 * 1024;

static RULES: LazyLock<[TokenRules; 2]> = LazyLock::new(|| {
    let rules = [verdict::of_id_tokens(), verdict::of_access_tokens()];
    let passing = [
        include_bytes!("seeds/token/parts_jwt8").as_slice(),
        include_bytes!("seeds/token/parts_access_stands_in"),
    ];
    for (rules, seed) in rules.iter().zip(passing) {
        let bearer = parts(seed).expect("two lines");
        let Expected::Token { header, payload } = expected(&bearer, LIMIT) else {
            panic!("a seed is no token any more");
        };
        // Where nothing at all passes, the target would prove nothing.
        assert_eq!(verdict::passes(rules.token_type, &header, &payload), Some(true));
    }
    rules
});

fuzz_target!(|input: &[u8]| {
    judge(input);
    if let Some(bearer) = parts(input) {
        judge(&bearer);
    }
});

/// A token with the first line as its header and the rest as its payload.
fn parts(input: &[u8]) -> Option<Vec<u8>> {
    let line_end = input.iter().position(|byte| *byte == b'\n')?;
    Some(compact(&input[..line_end], &input[line_end + 1..]))
}

fn judge(bearer: &[u8]) {
    let expected = expected(bearer, LIMIT);
    let compact = match Bearer::new(bearer, LIMIT).and_then(Compact::decode) {
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
    let now = UnixTime::new(Duration::from_secs(verdict::NOW.into()));
    for rules in &*RULES {
        let checked = rules.check(token, now);
        let expected = verdict::passes(rules.token_type, header, payload);
        let same = expected.is_none_or(|passes| passes == checked.is_ok());
        assert!(same, "{:?} {:?}: {header:?} {payload:?}", rules.token_type, checked.err());
        if let Err((_, error)) = checked {
            // What is said is made of the token: it must be possible, and short.
            assert!(error.to_string().len() < 256 && error.explained().len() < 2048);
        }
    }
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
