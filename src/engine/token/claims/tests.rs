//! Each rule by itself, the order of all, and what is said of a failure.

mod oracle;
mod strings;
mod texts;

use super::*;
use crate::engine::token::tests::compact;
use crate::engine::token::{Bearer, Compact};
use crate::engine::witness::Refusal;
use serde_json::{Value, json};
use std::time::Duration;

/// What the tokens below are judged at, and 5 ns more.
const NOW: i64 = 1_700_000_000;

/// The same second.
const NOW_AS_DOUBLE: f64 = 1_700_000_000.0;

/// Rules that the claims of [`good`] pass at [`NOW`].
fn rules() -> TokenRules {
    TokenRules {
        audiences: vec!["es-prod".into(), "es-test".into()],
        clock_skew: 60,
        ..TokenRules::for_tests("https://issuer", "")
    }
}

/// The same for access tokens of anybody.
fn access() -> TokenRules {
    TokenRules { token_type: TokenType::AccessToken, ..rules() }
}

fn subjects(exact: &[&str], patterns: &[&str]) -> Subjects {
    let pattern = |text: &&str| LucenePattern::parse(text).unwrap();
    let exact = exact.iter().map(ToString::to_string).collect();
    Subjects { exact, patterns: patterns.iter().map(pattern).collect() }
}

fn fallback(sub: &str, aud: &str) -> FallbackClaims {
    FallbackClaims { sub: Some(sub.into()), aud: Some(aud.into()) }
}

fn required(claims: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    claims.iter().map(|(name, values)| ((*name).to_owned(), texts(values))).collect()
}

fn good() -> Value {
    json!({ "iss": "https://issuer", "aud": "es-prod", "sub": "ana",
            "iat": NOW - 10, "exp": NOW + 10 })
}

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = good();
    claims[name] = value.into();
    claims
}

fn without(name: &str) -> Value {
    let mut claims = good();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

/// What a rule said: nothing, or the reason and the operator's line.
type Said = Result<(), (Reason, String)>;

fn judge(rules: &TokenRules, header: &Value, claims: &Value) -> Said {
    judged(rules, header, claims, |error| (error.reason(), error.to_string()))
}

/// The verdict at [`NOW`], a failure told by `tell`.
fn judged<T>(
    rules: &TokenRules,
    header: &Value,
    claims: &Value,
    tell: impl FnOnce(ClaimError<'_>) -> T,
) -> Result<(), T> {
    let bearer = compact(&header.to_string(), &claims.to_string(), "s");
    let parts = Compact::decode(Bearer::new(bearer.as_bytes(), usize::MAX).unwrap()).unwrap();
    let token = Token::read(&parts).unwrap();
    let now = UnixTime::new(Duration::new(NOW.cast_unsigned(), 5));
    let checked = rules.check(&token, now).map_err(|(_, error)| tell(error))?;
    assert_eq!(Some(checked.expires()), claims["exp"].as_i64());
    Ok(())
}

/// The verdict on claims of an ordinary header.
fn claims(rules: &TokenRules, claims: &Value) -> Said {
    judge(rules, &json!({ "alg": "HS256" }), claims)
}

fn refused(reason: Reason, what: &str) -> Said {
    Err((reason, what.to_owned()))
}

fn missing(claim: &str) -> Said {
    refused(Reason::ClaimMissing, &format!("missing required string claim [{claim}]"))
}

fn mismatch(reason: Reason, claim: &str) -> Said {
    refused(reason, &format!("string claim [{claim}] does not match allowed claim values"))
}

fn not_texts(claim: &str) -> Said {
    let what = format!("cannot parse string claim [{claim}] as string array");
    refused(Reason::ClaimMalformed, &what)
}

#[test]
fn dates_that_must_be_there_are_asked_for() {
    for rules in [rules(), access()] {
        for date in ["iat", "exp"] {
            let what = format!("missing required date claim [{date}]");
            assert_eq!(claims(&rules, &without(date)), refused(Reason::ClaimMissing, &what));
        }
        assert_eq!(claims(&rules, &good()), Ok(()), "nbf and auth_time need not be there");
    }
}

#[test]
fn a_date_at_its_boundary_is_judged_as_elasticsearch_does() {
    // now is NOW + 5 ns; a date in the future passes up to now + skew, exp down to now - skew.
    for (skew, claim, last, first_refused) in [
        (60, "iat", NOW + 60, NOW + 61),
        (60, "nbf", NOW + 60, NOW + 61),
        (60, "auth_time", NOW + 60, NOW + 61),
        (60, "exp", NOW - 59, NOW - 60),
        (0, "iat", NOW, NOW + 1),
        (0, "nbf", NOW, NOW + 1),
        (0, "auth_time", NOW, NOW + 1),
        (0, "exp", NOW + 1, NOW),
        (-5, "iat", NOW - 5, NOW - 4),
        (-5, "nbf", NOW - 5, NOW - 4),
        (-5, "auth_time", NOW - 5, NOW - 4),
        (-5, "exp", NOW + 6, NOW + 5),
    ] {
        let rules = TokenRules { clock_skew: skew, ..rules() };
        // Such a skew refuses the other dates of [`good`].
        let dated = |date: i64| {
            let mut dated = json!({ "iat": NOW - 99, "exp": NOW + 99 });
            dated[claim] = date.into();
            let mut all = good();
            all.as_object_mut().unwrap().extend(dated.as_object().unwrap().clone());
            all
        };
        let (reason, place) = match claim {
            "exp" => (Reason::TokenExpired, "after"),
            _ => (Reason::TokenNotYetValid, "before"),
        };
        let what = format!("date claim [{claim}] must be {place} now");
        assert_eq!(claims(&rules, &dated(last)), Ok(()), "{skew} {claim}");
        assert_eq!(claims(&rules, &dated(first_refused)), refused(reason, &what), "{skew} {claim}");
        // The two dates that an access token is asked for are judged alike, the others not at all.
        let rules = TokenRules { token_type: TokenType::AccessToken, ..rules };
        let verdict = if matches!(claim, "iat" | "exp") { refused(reason, &what) } else { Ok(()) };
        assert_eq!(claims(&rules, &dated(last)), Ok(()), "{skew} {claim}");
        assert_eq!(claims(&rules, &dated(first_refused)), verdict, "{skew} {claim}");
    }
}

#[test]
fn a_moment_without_a_fraction_is_not_after_its_own_second() {
    let now = UnixTime::new(Duration::from_secs(NOW.cast_unsigned()));
    let rules = TokenRules { clock_skew: 0, ..rules() };
    let future = ClaimError::Future { claim: "iat", date: NOW, now };
    assert_eq!(before_now("iat", NOW, &rules, now), Err(future));
    assert_eq!(before_now("iat", NOW - 1, &rules, now), Ok(()));
}

#[test]
fn the_largest_skew_and_the_largest_dates_do_not_overflow() {
    let latest = i64::MAX / 1000;
    for (skew, claim, date, passes) in [
        (i64::MAX, "exp", -latest, true),
        (i64::MAX, "iat", latest, true),
        (i64::MIN, "exp", latest, false),
        (i64::MIN, "iat", -latest, false),
        (0, "exp", latest, true),
        (0, "iat", -latest, true),
    ] {
        let rules = TokenRules { clock_skew: skew, ..rules() };
        let mut dated = json!({ "iat": NOW - 10, "exp": latest });
        if skew < 0 {
            dated["iat"] = (-latest).into();
        }
        dated[claim] = date.into();
        let mut all = good();
        all.as_object_mut().unwrap().extend(dated.as_object().unwrap().clone());
        assert_eq!(claims(&rules, &all).is_ok(), passes, "{skew} {claim} {date}");
    }
}

#[test]
fn a_date_with_a_fraction_is_cut_to_its_second() {
    let rules = TokenRules { clock_skew: 0, ..rules() };
    for (claim, date, passes) in [
        ("auth_time", json!(NOW_AS_DOUBLE + 0.9), true),
        ("auth_time", json!(-0.9), true),
        ("iat", json!(NOW_AS_DOUBLE + 0.9), true),
        ("nbf", json!(NOW_AS_DOUBLE + 0.9), true),
        ("auth_time", json!(NOW_AS_DOUBLE + 1.0), false),
    ] {
        assert_eq!(claims(&rules, &with(claim, date)).is_ok(), passes, "{claim}");
    }
}

#[test]
fn an_auth_time_that_is_no_date_is_the_realms_to_refuse_and_only_of_an_id_token() {
    let what = "cannot parse date claim [auth_time]";
    let malformed = refused(Reason::ClaimMalformed, what);
    for value in [json!("yesterday"), json!("1"), json!(true), json!([1]), json!({}), json!(1e300)]
    {
        assert_eq!(claims(&rules(), &with("auth_time", value.clone())), malformed, "{value}");
        assert_eq!(claims(&access(), &with("auth_time", value)), Ok(()));
    }
    assert_eq!(claims(&rules(), &with("auth_time", 9_223_372_036_854_776_i64)), malformed);
    assert_eq!(claims(&rules(), &with("auth_time", Value::Null)), Ok(()), "null is an absent one");
}

#[test]
fn typ_is_absent_or_jwt_and_of_an_access_token_also_at_jwt() {
    let both = ["JWT", "jwt", "JwT"];
    let access_alone = ["at+jwt", "AT+JWT", "At+Jwt"];
    let neither = ["application/at+jwt", "application/jwt", "at+jwt ", "JWT ", "JWS", "at", ""];
    let verdict = |rules: &TokenRules, typ: &str| {
        judge(rules, &json!({ "alg": "HS256", "typ": typ }), &good())
    };
    let not_allowed = refused(Reason::TypNotAllowed, "invalid jwt typ header");
    for typ in both {
        assert_eq!((verdict(&rules(), typ), verdict(&access(), typ)), (Ok(()), Ok(())), "{typ}");
    }
    for typ in access_alone {
        let verdicts = (verdict(&rules(), typ), verdict(&access(), typ));
        assert_eq!(verdicts, (not_allowed.clone(), Ok(())), "{typ}");
    }
    for typ in neither {
        let verdicts = (verdict(&rules(), typ), verdict(&access(), typ));
        assert_eq!(verdicts, (not_allowed.clone(), not_allowed.clone()), "{typ}");
    }
    assert_eq!((claims(&rules(), &good()), claims(&access(), &good())), (Ok(()), Ok(())), "absent");
}

#[test]
fn alg_is_compared_exactly_with_the_allowed_ones() {
    let not_allowed = refused(Reason::AlgorithmNotAllowed, "invalid JWT algorithm");
    for rules in [rules(), access()] {
        for alg in ["HS384", "hs256", "HS256 ", "None", "NONE", "", "RS256"] {
            let verdict = judge(&rules, &json!({ "alg": alg }), &good());
            assert_eq!(verdict, not_allowed, "{alg}");
        }
        let algorithms = vec![Algorithm::Rs256, Algorithm::Es512];
        let rules = TokenRules { algorithms, ..rules };
        assert_eq!(judge(&rules, &json!({ "alg": "ES512" }), &good()), Ok(()));
    }
}

/// Each failure and the claim that mends it, in the order of the checks.
const ORDER: [(Reason, &str); 10] = [
    (Reason::TypNotAllowed, "typ"),
    (Reason::IssuerMismatch, "iss"),
    (Reason::SubjectMismatch, "sub"),
    (Reason::AudienceMismatch, "aud"),
    (Reason::AlgorithmNotAllowed, "alg"),
    (Reason::TokenNotYetValid, "iat"),
    (Reason::TokenExpired, "exp"),
    (Reason::TokenNotYetValid, "nbf"),
    (Reason::TokenNotYetValid, "auth_time"),
    (Reason::RequiredClaimMismatch, "use"),
];

#[test]
fn the_first_failure_in_the_order_of_the_list_is_reported_with_its_place() {
    for token_type in [TokenType::IdToken, TokenType::AccessToken] {
        let rules = TokenRules {
            token_type,
            subjects: Some(subjects(&["ana"], &[])),
            required: required(&[("use", &["id"])]),
            ..rules()
        };
        let mut claims = json!({ "iss": "other", "sub": "s", "aud": "other", "iat": NOW + 999,
            "exp": 0, "nbf": NOW + 999, "auth_time": NOW + 999, "use": "other" });
        let mut header = json!({ "alg": "XX", "typ": "x" });
        for (place, (reason, mend)) in ORDER.into_iter().enumerate() {
            if token_type == TokenType::AccessToken && matches!(mend, "nbf" | "auth_time") {
                continue;
            }
            let bearer = compact(&header.to_string(), &claims.to_string(), "s");
            let parts =
                Compact::decode(Bearer::new(bearer.as_bytes(), usize::MAX).unwrap()).unwrap();
            let token = Token::read(&parts).unwrap();
            let now = UnixTime::new(Duration::new(NOW.cast_unsigned(), 5));
            let (passed, error) = rules.check(&token, now).unwrap_err();
            assert_eq!((passed, error.reason()), (place, reason), "{token_type:?} {mend}");
            match mend {
                "typ" => header["typ"] = "JWT".into(),
                "alg" => header["alg"] = "HS256".into(),
                "nbf" | "auth_time" => claims[mend] = 0.into(),
                "use" => claims[mend] = "id".into(),
                claim => claims[claim] = good()[claim].clone(),
            }
        }
        assert_eq!(judge(&rules, &header, &claims), Ok(()));
    }
}
