//! Fuzzes the reading of a user: the first lines of the input are the names, or JSON pointers, of the
//! claims of principal and groups, and a pattern for the values of both; the rest is the payload.
//! Rule: the properties are exactly what `serde_json` finds at these places, no name is ever blank,
//! and an impossible type is named and nothing else.

#![no_main]

mod compact;

use std::sync::LazyLock;

use compact::compact;
use libfuzzer_sys::fuzz_target;
use realmgate::engine::token::claims::{FallbackClaims, TokenType};
use realmgate::engine::token::pattern::ClaimPattern;
use realmgate::engine::token::{Bearer, Compact, Token};
use realmgate::engine::user::{Claim, Properties, UserClaims, UserError};
use realmgate::engine::{Reason, Refusal};
use serde_json::Value;

static SEEDS: LazyLock<()> = LazyLock::new(|| {
    for named in [
        include_bytes!("seeds/claims/pointer").as_slice(),
        include_bytes!("seeds/claims/pattern"),
        include_bytes!("seeds/claims/stands_in"),
    ] {
        // Where nobody is ever named, the target would prove nothing.
        assert_eq!(read(named), Some(true), "a seed names nobody any more");
    }
});

fuzz_target!(|input: &[u8]| {
    LazyLock::force(&SEEDS);
    let _ = read(input);
});

/// Whether the input names a user, if it is one at all.
fn read(input: &[u8]) -> Option<bool> {
    let mut lines = input.splitn(4, |byte| *byte == b'\n');
    let mut line = || lines.next().and_then(|line| std::str::from_utf8(line).ok());
    let (principal, groups, pattern) = (line()?, line()?, line()?);
    let payload = lines.next()?;
    // What is JSON at all is another target's.
    let expected = serde_json::from_slice::<Value>(payload).ok()?;
    let bearer = compact(br#"{"alg":"HS256"}"#, payload);
    let parts = Bearer::new(&bearer, usize::MAX).and_then(Compact::decode);
    let Ok(parts) = parts else { unreachable!("it is one") };
    let token = Token::read(&parts).ok()?;
    let wanted = wanted(principal, groups, pattern);
    let read = wanted.properties(token.claims(), true);
    let is_user = read.is_ok();
    must_be(read, &expected, principal, groups, pattern);
    Some(is_user)
}

fn fallback() -> FallbackClaims {
    FallbackClaims { sub: Some("client_id".to_owned()), aud: None }
}

/// An empty pattern, and what is none, is none.
fn wanted(principal: &str, groups: &str, pattern: &str) -> UserClaims {
    let claim = |setting: &str, name: &str| {
        let pattern = (!pattern.is_empty()).then(|| ClaimPattern::parse(pattern).ok()).flatten();
        Claim::new(setting.to_owned(), name.to_owned(), &fallback(), pattern)
    };
    UserClaims {
        principal: claim("claims.principal", principal),
        groups: Some(claim("claims.groups", groups)),
        dn: None,
        mail: None,
        name: None,
        populate_metadata: true,
        token_type: TokenType::AccessToken,
    }
}

fn must_be(
    read: Result<Properties, UserError<'_>>,
    payload: &Value,
    principal: &str,
    groups: &str,
    pattern: &str,
) {
    let expected = (values(payload, principal, pattern), values(payload, groups, pattern));
    let name = expected.0.as_ref().map(|values| values.first().cloned().unwrap_or_default());
    let is_blank = |name: &String| name.trim().is_empty();
    match (read, name, expected.1) {
        (Err(error), None, _) => {
            assert_eq!(error.reason(), Reason::PropertyMalformed);
            assert!(error.to_string().contains("Setting [ claims.principal]"), "{error}");
        }
        (Err(error), Some(name), groups) => match error.reason() {
            Reason::PrincipalMissing => {
                // Java takes a few control characters for white space, too.
                assert!(name.chars().all(|c| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)));
            }
            reason => {
                assert_eq!((reason, groups), (Reason::PropertyMalformed, None));
                assert!(error.to_string().contains("Setting [ claims.groups]"), "{error}");
            }
        },
        (Ok(user), Some(name), Some(groups)) => {
            assert!(!is_blank(&user.name), "a blank name");
            assert_eq!(user.name, name);
            assert_eq!(user.groups, each_once(groups));
            must_be_metadata(user.metadata.as_deref(), payload);
        }
        (Ok(user), name, groups) => panic!("{user:?}, expected {name:?} and {groups:?}"),
    }
}

/// The values at this place; nothing if its type is impossible.
fn values(payload: &Value, name: &str, pattern: &str) -> Option<Vec<String>> {
    let own = if name.starts_with('/') { payload.pointer(name) } else { payload.get(name) };
    let own = own.filter(|value| !value.is_null());
    let instead = payload.get("client_id").filter(|_| matches!(name, "sub" | "/sub"));
    let texts = match own.or(instead).unwrap_or(&Value::Null) {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.as_str()],
        Value::Array(list) => list.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?,
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    let pattern = (!pattern.is_empty()).then(|| ClaimPattern::parse(pattern).ok()).flatten();
    let taken = texts.into_iter().filter_map(|text| match &pattern {
        None => Some(text),
        Some(pattern) => pattern.extract(text),
    });
    Some(taken.map(str::to_owned).collect())
}

fn each_once(values: Vec<String>) -> Vec<String> {
    let mut once = Vec::new();
    for value in values {
        if !value.is_empty() && !once.contains(&value) {
            once.push(value);
        }
    }
    once
}

/// Metadata is JSON with sorted names, each of a claim that is not null.
fn must_be_metadata(text: Option<&str>, payload: &Value) {
    let text = text.expect("it was asked for");
    let metadata: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(metadata.to_string(), text, "sorted and without blanks");
    for (name, value) in metadata.as_object().expect("an object") {
        match name.strip_prefix("jwt_claim_") {
            None => assert_eq!((name.as_str(), value), ("jwt_token_type", &"access_token".into())),
            Some(claim) => {
                assert!(!matches!(claim, "exp" | "iat" | "nbf"), "{claim}");
                assert!(payload.get(claim).is_some_and(|value| !value.is_null()), "{claim}");
            }
        }
    }
}
