//! Claims of text: issuer, subject, audience, what stands in for them, and required ones.

use super::*;

#[test]
fn the_issuer_is_compared_exactly() {
    for rules in [rules(), access()] {
        for issuer in ["https://issuer/", "HTTPS://issuer", "https://issuer ", "", "*"] {
            let verdict = claims(&rules, &with("iss", issuer));
            assert_eq!(verdict, mismatch(Reason::IssuerMismatch, "iss"), "{issuer}");
        }
        assert_eq!(claims(&rules, &without("iss")), missing("iss"));
        assert_eq!(claims(&rules, &with("iss", Value::Null)), missing("iss"));
    }
}

#[test]
fn any_subject_passes_where_none_is_named_but_one_there_must_be() {
    assert_eq!(claims(&rules(), &with("sub", "")), Ok(()));
    assert_eq!(claims(&rules(), &with("sub", "anybody")), Ok(()));
    assert_eq!(claims(&rules(), &without("sub")), missing("sub"));
    assert_eq!(claims(&rules(), &with("sub", Value::Null)), missing("sub"));
}

#[test]
fn a_subject_is_one_of_the_exact_ones_or_matches_a_pattern() {
    let both =
        Some(subjects(&["ana", "caf\u{e9}", "*", "/x/", "a,b"], &["svc-*", "/team-[0-9]{2}/"]));
    for (subject, passes) in [
        ("ana", true),
        ("caf\u{e9}", true),
        ("*", true),
        ("/x/", true),
        ("a,b", true),
        ("svc-", true),
        ("svc-7", true),
        ("team-42", true),
        ("cafe\u{301}", false),
        ("Ana", false),
        ("ana ", false),
        ("x", false),
        ("a", false),
        ("SVC-7", false),
        ("my-svc-7", false),
        ("team-421", false),
        ("", false),
    ] {
        for rules in [rules(), access()] {
            let rules = TokenRules { subjects: both.clone(), ..rules };
            let verdict = claims(&rules, &with("sub", subject));
            let expected = if passes { Ok(()) } else { mismatch(Reason::SubjectMismatch, "sub") };
            assert_eq!(verdict, expected, "{subject}");
        }
    }
}

#[test]
fn patterns_alone_are_enough_and_mean_what_elasticsearchs_own_tests_say() {
    for (pattern, passing, refused) in [
        (r"a?\**", &["a1*", "ab*whatever"][..], &["a", "abc", "abc*"][..]),
        (
            "/https?://[^/]+/?/",
            &["https://elastic.co/", "http://a"],
            &["https://elastic.co/guide", "ftp://a"],
        ),
    ] {
        let rules = TokenRules { subjects: Some(subjects(&[], &[pattern])), ..rules() };
        for subject in passing {
            assert_eq!(claims(&rules, &with("sub", *subject)), Ok(()), "{pattern} {subject}");
        }
        for subject in refused {
            let verdict = claims(&rules, &with("sub", *subject));
            assert_eq!(verdict, mismatch(Reason::SubjectMismatch, "sub"), "{pattern} {subject}");
        }
    }
}

#[test]
fn any_element_of_the_audience_suffices() {
    for rules in [rules(), access()] {
        for (audience, verdict) in [
            (json!("es-prod"), Ok(())),
            (json!(["x", "es-test"]), Ok(())),
            (json!(["x", "es-prod "]), mismatch(Reason::AudienceMismatch, "aud")),
            (json!([]), mismatch(Reason::AudienceMismatch, "aud")),
            (json!("es-prod,es-test"), mismatch(Reason::AudienceMismatch, "aud")),
            (json!("ES-PROD"), mismatch(Reason::AudienceMismatch, "aud")),
            (Value::Null, missing("aud")),
        ] {
            assert_eq!(claims(&rules, &with("aud", audience.clone())), verdict, "{audience}");
        }
        assert_eq!(claims(&rules, &without("aud")), missing("aud"));
    }
}

/// A realm in which `client_id` and `scope` stand in.
fn standing_in() -> TokenRules {
    TokenRules {
        subjects: Some(subjects(&["ana"], &[])),
        fallback: fallback("client_id", "scope"),
        ..access()
    }
}

#[test]
fn a_claim_stands_in_for_an_absent_one_only() {
    const SUB: &str = "client_id (fallback of sub)";
    let no_text = || {
        let what = format!("cannot parse string claim [{SUB}] as string");
        refused(Reason::ClaimMalformed, &what)
    };
    let other = || mismatch(Reason::SubjectMismatch, "sub");
    for (sub, client_id, verdict) in [
        (json!("ana"), json!("bob"), Ok(())),
        (json!("ana"), json!(7), Ok(())),
        (json!("bob"), json!("ana"), other()),
        (json!(""), json!("ana"), other()),
        (Value::Null, json!("ana"), Ok(())),
        (Value::Null, json!("bob"), mismatch(Reason::SubjectMismatch, SUB)),
        (Value::Null, Value::Null, missing(SUB)),
        (Value::Null, json!(["ana"]), no_text()),
        (Value::Null, json!(7), no_text()),
        (Value::Null, json!(true), no_text()),
        (Value::Null, json!({}), no_text()),
    ] {
        let mut given = with("sub", sub.clone());
        given["client_id"] = client_id.clone();
        assert_eq!(claims(&standing_in(), &given), verdict, "{sub} {client_id}");
    }
    let mut absent = without("sub");
    assert_eq!(claims(&standing_in(), &absent), missing(SUB));
    absent["client_id"] = "ana".into();
    assert_eq!(claims(&standing_in(), &absent), Ok(()));
    assert_eq!(claims(&access(), &absent), missing("sub"), "where nothing stands in");
}

#[test]
fn what_stands_in_for_the_audience_may_be_a_list() {
    const AUD: &str = "scope (fallback of aud)";
    let other = || mismatch(Reason::AudienceMismatch, AUD);
    for (aud, scope, verdict) in [
        (json!("es-prod"), json!(7), Ok(())),
        (json!("x"), json!("es-prod"), mismatch(Reason::AudienceMismatch, "aud")),
        (json!([]), json!("es-prod"), mismatch(Reason::AudienceMismatch, "aud")),
        (Value::Null, json!("es-prod"), Ok(())),
        (Value::Null, json!(["x", "es-test"]), Ok(())),
        (Value::Null, json!("read es-prod"), other()),
        (Value::Null, json!([]), other()),
        (Value::Null, Value::Null, missing(AUD)),
        (Value::Null, json!(7), not_texts(AUD)),
        (Value::Null, json!(["es-prod", 7]), not_texts(AUD)),
        (Value::Null, json!(["es-prod", null]), not_texts(AUD)),
    ] {
        let mut given = with("aud", aud.clone());
        given["sub"] = "ana".into();
        given["scope"] = scope.clone();
        assert_eq!(claims(&standing_in(), &given), verdict, "{aud} {scope}");
    }
}

#[test]
fn a_required_claim_has_one_of_its_values() {
    let other = || mismatch(Reason::RequiredClaimMismatch, "use");
    for rules in [rules(), access()] {
        let rules = TokenRules { required: required(&[("use", &["id", "a,b"])]), ..rules };
        for (value, verdict) in [
            (json!("id"), Ok(())),
            (json!("a,b"), Ok(())),
            (json!(["x", "id"]), Ok(())),
            (json!("a"), other()),
            (json!("ID"), other()),
            (json!("id "), other()),
            (json!(""), other()),
            (json!([]), other()),
            (json!(["x", "y"]), other()),
            (Value::Null, missing("use")),
            (json!(7), not_texts("use")),
            (json!(true), not_texts("use")),
            (json!({ "id": "id" }), not_texts("use")),
            (json!(["id", 7]), not_texts("use")),
            (json!(["id", null]), not_texts("use")),
            (json!(["id", ["id"]]), not_texts("use")),
        ] {
            assert_eq!(claims(&rules, &with("use", value.clone())), verdict, "{value}");
        }
        assert_eq!(claims(&rules, &good()), missing("use"));
    }
}

#[test]
fn every_required_claim_is_asked_for_by_its_whole_name() {
    let wanted: &[(&str, &[&str])] =
        &[("/a/b", &["1"]), ("a.b", &["1"]), ("https://x/tenant.id", &["1"]), ("jti", &["1"])];
    let rules = TokenRules { required: required(wanted), ..rules() };
    let mut given = good();
    given["a"] = json!({ "b": "1" });
    for (name, _) in wanted {
        assert_eq!(claims(&rules, &given), missing(name));
        given[*name] = "1".into();
    }
    assert_eq!(claims(&rules, &given), Ok(()));
}

#[test]
fn nothing_stands_in_for_a_required_claim() {
    let rules = TokenRules { required: required(&[("x", &["1"])]), ..standing_in() };
    let mut given = good();
    given["client_id"] = "1".into();
    assert_eq!(claims(&rules, &given), missing("x"));
}
