//! `x-es-metadata`: the user's metadata as Elasticsearch would keep it, where it is asked for.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::corp;
use crate::support::gate::Setup;
use crate::support::token::Claims;

fn metadata(setup: Setup, claims: &Claims) -> String {
    let gate = setup.set("realmgate.identity.metadata", true).start();
    let answer = gate.caller().check(&corp::with(claims));
    let value = answer.header("x-es-metadata").expect("metadata").to_owned();
    // Canonical and unpadded, or this decoder refuses it.
    String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(value).unwrap()).unwrap()
}

/// The metadata of [`Claims::good`], with more.
fn with(more: &Value) -> String {
    let mut wanted = json!({
        "jwt_claim_aud": [corp::AUDIENCE],
        "jwt_claim_iss": corp::ISSUER,
        "jwt_claim_sub": "ana",
        "jwt_token_type": "id_token",
    });
    for (name, value) in more.as_object().unwrap().clone() {
        wanted[name] = value;
    }
    wanted.to_string()
}

#[test]
fn metadata_holds_the_claims_sorted_and_without_the_dates() {
    let claims = Claims::good().with("nbf", 5);
    assert_eq!(metadata(corp::setup(), &claims), with(&json!({})));
}

#[test]
fn metadata_keeps_texts_numbers_booleans_and_lists_of_these() {
    let claims = Claims::good()
        .with("aud", json!(["x", corp::AUDIENCE]))
        .with("text", "caf\u{e9}")
        .with("number", 42)
        .with("fraction", 1.5)
        .with("flag", false)
        .with("mixed", json!(["a", 1, true]))
        .with("auth_time", 946_684_800)
        .with("jti", "id-1")
        .with("dropped_null", Value::Null)
        .with("dropped_object", json!({ "a": 1 }))
        .with("dropped_nested", json!([["a"]]))
        .with("dropped_list_with_object", json!(["a", { "b": 1 }]));
    let wanted = json!({
        "jwt_claim_aud": ["x", corp::AUDIENCE],
        "jwt_claim_text": "caf\u{e9}",
        "jwt_claim_number": 42,
        "jwt_claim_fraction": 1.5,
        "jwt_claim_flag": false,
        "jwt_claim_mixed": ["a", 1, true],
        "jwt_claim_auth_time": 946_684_800,
        "jwt_claim_jti": "id-1",
    });
    assert_eq!(metadata(corp::setup(), &claims), with(&wanted));
}

#[test]
fn metadata_without_claims_tells_the_kind_of_the_token() {
    let setup = corp::setup().set(&corp::setting("populate_user_metadata"), false);
    assert_eq!(metadata(setup, &Claims::good()), r#"{"jwt_token_type":"id_token"}"#);
}

#[test]
fn metadata_of_an_access_token_says_so() {
    let setup = corp::setup()
        .set(&corp::setting("populate_user_metadata"), false)
        .set(&corp::setting("token_type"), "access_token")
        .set(&corp::setting("allowed_subjects"), "ana");
    assert_eq!(metadata(setup, &Claims::good()), r#"{"jwt_token_type":"access_token"}"#);
}

#[test]
fn metadata_is_told_only_where_it_is_asked_for() {
    let answer = corp::setup().start().caller().check(&corp::good());
    assert_eq!(answer.header("x-es-metadata"), None);
    assert!(answer.removed().contains("x-es-metadata"));
}
