//! A second reading of the rules, straight from their table, over `serde_json`'s values: it and the
//! checks agree on every token.

use super::*;
use proptest::prelude::*;
use proptest::sample::select;

/// Why a token with these members is refused by `rules`, by the letter of the rules; `now` is
/// [`NOW`] and a fraction.
fn second_reading(rules: &TokenRules, typ: Option<&str>, claims: &Value) -> Option<Reason> {
    let is_access = rules.token_type == TokenType::AccessToken;
    let allowed = match typ.map(str::to_lowercase).as_deref() {
        None | Some("jwt") => true,
        Some("at+jwt") => is_access,
        Some(_) => false,
    };
    if !allowed {
        return Some(Reason::TypNotAllowed);
    }
    texts(&claims["iss"], false, Reason::IssuerMismatch, |text| text == rules.issuer)
        .or_else(|| {
            let sub = or_else(claims, "sub", rules.fallback.sub.as_deref());
            texts(sub, false, Reason::SubjectMismatch, |text| is_subject(rules, text))
        })
        .or_else(|| {
            let aud = or_else(claims, "aud", rules.fallback.aud.as_deref());
            texts(aud, true, Reason::AudienceMismatch, |text| is_in(&rules.audiences, text))
        })
        .or_else(|| match claims["iat"].as_i64() {
            None => Some(Reason::ClaimMissing),
            date => in_future(rules, date),
        })
        .or_else(|| match claims["exp"].as_i64() {
            None => Some(Reason::ClaimMissing),
            Some(exp) => (exp <= NOW - rules.clock_skew).then_some(Reason::TokenExpired),
        })
        .or_else(|| in_future(rules, claims["nbf"].as_i64().filter(|_| !is_access)))
        .or_else(|| match &claims["auth_time"] {
            _ if is_access => None,
            Value::Null => None,
            Value::Number(date) => in_future(rules, date.as_i64()),
            _ => Some(Reason::ClaimMalformed),
        })
        .or_else(|| {
            let asked = rules.required.iter();
            let mut refused = asked.filter_map(|(name, allowed)| {
                let mismatch = Reason::RequiredClaimMismatch;
                texts(&claims[name], true, mismatch, |text| is_in(allowed, text))
            });
            refused.next()
        })
}

fn or_else<'c>(claims: &'c Value, name: &str, fallback: Option<&str>) -> &'c Value {
    let fallback = fallback.map_or(&Value::Null, |fallback| &claims[fallback]);
    if claims[name].is_null() { fallback } else { &claims[name] }
}

fn texts(
    value: &Value,
    may_be_list: bool,
    mismatch: Reason,
    allows: impl Fn(&str) -> bool,
) -> Option<Reason> {
    let passes = match value {
        Value::Null => return Some(Reason::ClaimMissing),
        Value::String(text) => allows(text),
        Value::Array(list) if may_be_list && list.iter().all(Value::is_string) => {
            list.iter().any(|text| allows(text.as_str().unwrap()))
        }
        _ => return Some(Reason::ClaimMalformed),
    };
    (!passes).then_some(mismatch)
}

fn is_in(allowed: &[String], text: &str) -> bool {
    allowed.contains(&text.to_owned())
}

/// The patterns below are `s*` and `/[ab]c/`.
fn is_subject(rules: &TokenRules, text: &str) -> bool {
    rules.subjects.as_ref().is_none_or(|subjects| {
        is_in(&subjects.exact, text)
            || (!subjects.patterns.is_empty()
                && (text.starts_with('s') || matches!(text, "ac" | "bc")))
    })
}

fn in_future(rules: &TokenRules, date: Option<i64>) -> Option<Reason> {
    (date? > NOW + rules.clock_skew).then_some(Reason::TokenNotYetValid)
}

/// A few words, of which rules and claims take theirs, so that they often agree.
fn word() -> impl Strategy<Value = String> {
    select(vec!["", "a", "b", "ac", "s1", "svc", "A", "*", "a b"]).prop_map(str::to_owned)
}

fn words() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(word(), 1..4)
}

/// Whatever a claim of text can be.
fn any_text() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => word().prop_map(Value::from),
        3 => words().prop_map(Value::from),
        1 => Just(json!([])),
        1 => Just(json!(["a", 1])),
        1 => Just(json!(["a", null])),
        1 => Just(Value::Null),
        1 => Just(json!(7)),
        1 => Just(json!(true)),
        1 => Just(json!({ "a": "a" })),
    ]
}

/// What a registered claim can be in a token that is one.
fn registered(may_be_list: bool) -> impl Strategy<Value = Value> {
    let list = move |value: &Value| {
        may_be_list && value.as_array().is_none_or(|list| list.iter().all(Value::is_string))
    };
    any_text().prop_filter("of a possible type", move |value| {
        value.is_null() || value.is_string() || (value.is_array() && list(value))
    })
}

fn date() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => Just(NOW), 4 => Just(NOW - 1), 4 => Just(NOW + 1), 2 => NOW - 70..NOW + 70, 1 => Just(0)
    ]
    .prop_map(Value::from)
}

fn auth_time() -> impl Strategy<Value = Value> {
    prop_oneof![4 => date(), 1 => Just(Value::Null), 1 => Just(json!("1")), 1 => Just(json!([]))]
}

/// Claims, each there or not.
fn any_claims() -> impl Strategy<Value = Value> {
    let often = |value: BoxedStrategy<Value>| proptest::option::weighted(0.95, value);
    let claims = (
        often(Just(Value::from("a")).boxed()),
        often(registered(false).boxed()),
        often(registered(true).boxed()),
        often(date().boxed()),
        often(date().boxed()),
        proptest::option::of(date()),
        proptest::option::of(auth_time()),
        (proptest::option::of(any_text()), proptest::option::of(any_text())),
        (often(any_text().boxed()), often(any_text().boxed())),
    );
    claims.prop_map(|(iss, sub, aud, iat, exp, nbf, auth_time, (client, scope), (one, other))| {
        let named = [
            ("iss", iss),
            ("sub", sub),
            ("aud", aud),
            ("iat", iat),
            ("exp", exp),
            ("nbf", nbf),
            ("auth_time", auth_time),
            ("client_id", client),
            ("scope", scope),
            ("one", one),
            ("an.other", other),
        ];
        let given = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(given.collect())
    })
}

fn any_rules() -> impl Strategy<Value = TokenRules> {
    let patterns =
        proptest::bool::ANY.prop_map(|some| if some { &["s*", "/[ab]c/"][..] } else { &[] });
    let who = proptest::option::of((words(), patterns));
    let flags = (proptest::bool::ANY, proptest::bool::ANY, proptest::bool::ANY);
    let required = (proptest::option::of(words()), proptest::option::of(words()));
    let skew = prop_oneof![Just(0_i64), Just(1), Just(-1), Just(60)];
    (flags, words(), who, required, skew).prop_map(
        |((is_access, by_client, by_scope), audiences, who, (one, other), clock_skew)| {
            let named = [("one", one), ("an.other", other)];
            TokenRules {
                token_type: if is_access { TokenType::AccessToken } else { TokenType::IdToken },
                audiences,
                subjects: who
                    .map(|(exact, patterns)| Subjects { exact, ..subjects(&[], patterns) }),
                fallback: FallbackClaims {
                    sub: by_client.then(|| "client_id".to_owned()),
                    aud: by_scope.then(|| "scope".to_owned()),
                },
                required: named
                    .into_iter()
                    .filter_map(|(name, values)| Some((name.to_owned(), values?)))
                    .collect(),
                clock_skew,
                ..TokenRules::for_tests("a", "")
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4096, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn the_checks_and_a_second_reading_agree(
        rules in any_rules(),
        typ in proptest::option::weighted(0.3, select(vec!["JWT", "jwt", "at+jwt", "AT+jwt", "x"])),
        claims in any_claims(),
    ) {
        let header = typ.map_or(json!({ "alg": "HS256" }), |typ| json!({ "alg": "HS256", "typ": typ }));
        let verdict = judged(&rules, &header, &claims, |error| error.reason());
        prop_assert_eq!(verdict.err(), second_reading(&rules, typ, &claims));
    }
}
