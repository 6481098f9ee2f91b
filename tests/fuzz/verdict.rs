//! What a realm's rules make of a token, worked out a second time.
//! Rule: written from the table of checks, not from the code that it judges.

use realmgate::engine::token::Algorithm;
use realmgate::engine::token::claims::{FallbackClaims, Subjects, TokenRules, TokenType};
use realmgate::engine::token::pattern::LucenePattern;

use crate::json::Value;

/// When the tokens are judged, in seconds since the epoch, without a fraction.
pub(crate) const NOW: u32 = 1_700_000_000;
const SKEW: u32 = 60;

/// The rules of the guide's realm `jwt8`.
pub(crate) fn of_id_tokens() -> TokenRules {
    TokenRules {
        token_type: TokenType::IdToken,
        issuer: "iss8".to_owned(),
        audiences: vec!["aud8".to_owned()],
        subjects: None,
        algorithms: vec![Algorithm::Hs256],
        clock_skew: SKEW.into(),
        fallback: FallbackClaims::default(),
        required: [].into(),
    }
}

/// The same for access tokens, with everything that can be asked for.
pub(crate) fn of_access_tokens() -> TokenRules {
    let pattern = |text| LucenePattern::parse(text).expect("a pattern");
    let patterns = vec![pattern("svc-*"), pattern("/team-[0-9]{2}/")];
    let (one, two) = (vec!["access".to_owned()], vec!["1".to_owned(), "2".to_owned()]);
    TokenRules {
        token_type: TokenType::AccessToken,
        subjects: Some(Subjects { exact: vec!["app".to_owned()], patterns }),
        fallback: FallbackClaims {
            sub: Some("client_id".to_owned()),
            aud: Some("scope".to_owned()),
        },
        required: [("token_use".to_owned(), one), ("a.b".to_owned(), two)].into(),
        ..of_id_tokens()
    }
}

/// Whether a token passes the rules of these types; `None` where a date is written with a fraction
/// so near to a boundary that two readers of decimals may differ.
pub(crate) fn passes(token_type: TokenType, header: &Value, payload: &Value) -> Option<bool> {
    let dates = match token_type {
        TokenType::AccessToken => vec![before("iat", payload), after("exp", payload)],
        TokenType::IdToken => vec![
            before("iat", payload),
            after("exp", payload),
            given("nbf", payload).map_or(Some(true), |_| before("nbf", payload)),
            given("auth_time", payload).map_or(Some(true), |_| before("auth_time", payload)),
        ],
    };
    let texts = match token_type {
        TokenType::AccessToken => {
            let subject = given("sub", payload).or_else(|| given("client_id", payload));
            let audience = given("aud", payload).or_else(|| given("scope", payload));
            is_one_of(header.get("typ"), &["jwt", "at+jwt"])
                && text(subject).is_some_and(is_subject)
                && any(audience, &["aud8"])
                && any(given("token_use", payload), &["access"])
                && any(given("a.b", payload), &["1", "2"])
        }
        TokenType::IdToken => {
            is_one_of(header.get("typ"), &["jwt"])
                && text(given("sub", payload)).is_some()
                && any(given("aud", payload), &["aud8"])
        }
    };
    let is_for_us =
        text(header.get("alg")) == Some("HS256") && text(payload.get("iss")) == Some("iss8");
    if !(texts && is_for_us) || dates.contains(&Some(false)) {
        return Some(false);
    }
    (!dates.contains(&None)).then_some(true)
}

fn is_subject(text: &str) -> bool {
    let team = text.strip_prefix("team-").map(str::as_bytes);
    text == "app"
        || text.starts_with("svc-")
        || matches!(team, Some([a, b]) if a.is_ascii_digit() && b.is_ascii_digit())
}

fn is_one_of(typ: Option<&Value>, allowed: &[&str]) -> bool {
    typ.is_none() || text(typ).is_some_and(|typ| allowed.contains(&&*typ.to_ascii_lowercase()))
}

/// A claim that is not null.
fn given<'p>(name: &str, payload: &'p Value) -> Option<&'p Value> {
    payload.get(name).filter(|value| !matches!(value, Value::Null))
}

fn text(value: Option<&Value>) -> Option<&str> {
    match value {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

fn any(value: Option<&Value>, allowed: &[&str]) -> bool {
    match value {
        Some(Value::List(list)) => {
            let texts: Option<Vec<_>> = list.iter().map(|element| text(Some(element))).collect();
            texts.is_some_and(|texts| texts.iter().any(|text| allowed.contains(text)))
        }
        one => text(one).is_some_and(|text| allowed.contains(&text)),
    }
}

fn before(name: &str, payload: &Value) -> Option<bool> {
    date(given(name, payload), NOW + SKEW, |date, limit| date < limit)
}

fn after(name: &str, payload: &Value) -> Option<bool> {
    date(given(name, payload), NOW - SKEW, |date, limit| date > limit)
}

/// Whether a date, truncated to whole seconds, holds against `limit`.
fn date(value: Option<&Value>, limit: u32, holds: fn(f64, f64) -> bool) -> Option<bool> {
    let Some(Value::Number(number)) = value else { return Some(false) };
    let limit = f64::from(limit);
    let Ok(seconds) = number.parse::<f64>() else { return Some(false) };
    let is_whole = number.strip_prefix('-').unwrap_or(number).bytes().all(|b| b.is_ascii_digit());
    let fits = seconds.trunc().abs() < 9_223_372_036_854_776.0;
    if !is_whole && (seconds - limit).abs() < 2.0 {
        return None;
    }
    Some(fits && holds(seconds.trunc(), limit))
}
