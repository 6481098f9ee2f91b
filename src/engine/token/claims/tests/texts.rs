//! What is said of a failure: Elasticsearch's sentence, and a line without a value of the token.

use super::*;

/// The sentence for whoever has the token, and the operator's line.
fn said(rules: &TokenRules, header: &Value, claims: &Value) -> (String, String) {
    judged(rules, header, claims, |error| (error.explained(), error.to_string())).unwrap_err()
}

/// A realm of access tokens that says something about everything.
fn strict() -> TokenRules {
    TokenRules {
        subjects: Some(subjects(&["a", "b"], &["p*", "/q/"])),
        algorithms: vec![Algorithm::Hs256, Algorithm::Rs256],
        fallback: fallback("client_id", "scope"),
        required: required(&[("use", &["x", "y"])]),
        ..access()
    }
}

#[test]
fn a_claim_of_text_is_explained_in_elasticsearchs_words() {
    let explained =
        |rules: &TokenRules, given: &Value| said(rules, &json!({ "alg": "HS256" }), given).0;
    let mut standing_in = without("sub");
    standing_in["client_id"] = "c".into();
    let anybody = TokenRules { subjects: None, ..strict() };
    for (rules, given, expected) in [
        (
            &rules(),
            with("iss", "other"),
            "string claim [iss] has value [other] which does not match allowed claim values \
             [https://issuer]",
        ),
        (
            &strict(),
            with("sub", "c"),
            "string claim [sub] has value [c] which does not match allowed claim values [a,b] || \
             [p*|/q/]",
        ),
        (
            &strict(),
            standing_in,
            "string claim [client_id (fallback of sub)] has value [c] which does not match \
             allowed claim values [a,b] || [p*|/q/]",
        ),
        (&strict(), without("sub"), "missing required string claim [client_id (fallback of sub)]"),
        (
            &rules(),
            with("aud", json!(["c", "d"])),
            "string claim [aud] has value [c,d] which does not match allowed claim values \
             [es-prod,es-test]",
        ),
        (
            &anybody,
            with("use", json!([])),
            "string claim [use] has value [] which does not match allowed claim values [x,y]",
        ),
        (&anybody, with("use", 1), "cannot parse string claim [use] as string array"),
        (&anybody, good(), "missing required string claim [use]"),
    ] {
        assert_eq!(explained(rules, &given), expected);
    }
}

#[test]
fn a_date_and_a_header_are_explained_in_elasticsearchs_words() {
    let id = |given: &Value| said(&rules(), &json!({ "alg": "HS256" }), given).0;
    assert_eq!(id(&without("iat")), "missing required date claim [iat]");
    assert_eq!(id(&with("auth_time", "x")), "cannot parse date claim [auth_time]");
    assert_eq!(
        id(&with("exp", NOW - 61)),
        "date claim [exp] value [1699999939000] must be after now [1700000000000]"
    );
    assert_eq!(
        id(&with("nbf", NOW + 61)),
        "date claim [nbf] value [1700000061000] must be before now [1700000000000]"
    );
    assert_eq!(
        said(&strict(), &json!({ "alg": "hs512" }), &with("sub", "a")).0,
        "invalid JWT algorithm [hs512], allowed algorithms are [HS256,RS256]"
    );
    assert_eq!(
        said(&strict(), &json!({ "alg": "HS256", "typ": "JWS" }), &good()).0,
        "invalid jwt typ header: JOSE header typ (type) JWS not allowed"
    );
}

#[test]
fn an_operators_line_holds_no_value_of_the_token() {
    let (hidden, date) = ("hunter2", 77_777_777_777_i64);
    let rules = TokenRules {
        subjects: Some(subjects(&["ana"], &["a*"])),
        required: required(&[("use", &["x"])]),
        ..rules()
    };
    let hs256 = json!({ "alg": "HS256" });
    let mut lines = vec![
        said(&rules, &json!({ "alg": hidden }), &good()),
        said(&rules, &json!({ "alg": "HS256", "typ": hidden }), &good()),
        said(&rules, &hs256, &with("exp", 77)),
    ];
    lines
        .extend(["iss", "sub", "aud", "use"].map(|name| said(&rules, &hs256, &with(name, hidden))));
    lines.extend(["iat", "nbf", "auth_time"].map(|name| said(&rules, &hs256, &with(name, date))));
    for (explained, line) in &lines {
        assert!(explained.contains(hidden) || explained.contains("77"), "{explained}");
        assert!(!line.contains(hidden) && !line.contains("77"), "{line}");
    }
}

#[test]
fn a_long_value_is_cut_at_a_character() {
    let long = format!("{}\u{e9}{}", "x".repeat(1023), "y".repeat(5000));
    let hs256 = json!({ "alg": "HS256" });
    for (explained, _) in [
        said(&rules(), &hs256, &with("iss", long.as_str())),
        said(&rules(), &hs256, &with("aud", json!([long, long]))),
        said(&rules(), &json!({ "alg": long }), &good()),
        said(&rules(), &json!({ "alg": "HS256", "typ": long }), &good()),
    ] {
        assert!(explained.contains(&"x".repeat(1023)), "{explained}");
        assert!(!explained.contains('\u{e9}') && !explained.contains("yy"), "{explained}");
    }
}
