//! Where a user's properties come from: claims by name and by pointer, what patterns take of them,
//! and what stands in for them; and what is told when a claim is not what the realm requires.

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::corp;
use crate::support::gate::Setup;
use crate::support::http::sample;
use crate::support::token::Claims;

fn setup(settings: &[(&str, Value)]) -> Setup {
    let set = |setup: Setup, (suffix, value): &(&str, Value)| {
        setup.set(&corp::setting(suffix), value.clone())
    };
    settings.iter().fold(corp::setup(), set)
}

fn answer(settings: &[(&str, Value)], claims: &Claims) -> Answer {
    setup(settings).start().caller().check(&corp::with(claims))
}

#[test]
fn a_pointer_leads_into_a_claim() {
    let settings = [
        ("claims.principal", json!("/user/names/1")),
        ("claims.groups", json!("/realm_access/roles")),
        ("claims.mail", json!("/user/e~1mail~0")),
        ("claims.name", json!("user.name")),
        ("claims.dn", json!("/user/dn/0")),
    ];
    let claims = Claims::good()
        .with("user", json!({ "names": ["first", "second"], "e/mail~": "s@x", "dn": "CN=s" }))
        .with("user.name", "Se Cond")
        .with("realm_access", json!({ "roles": ["b", "a"] }));
    let answer = answer(&settings, &claims);
    assert_eq!(answer.header("x-es-username"), Some("second"), "{answer:?}");
    assert_eq!(answer.header("x-es-groups"), Some("b,a"));
    assert_eq!(answer.header("x-es-email"), Some("s@x"));
    assert_eq!(answer.header("x-es-full-name"), Some("Se Cond"), "a name is taken as it stands");
    assert_eq!(answer.header("x-es-dn"), None, "a step into a text leads nowhere");
}

#[test]
fn a_pointer_to_what_is_no_text_is_a_property_of_an_impossible_type() {
    let gate = setup(&[("claims.groups", json!("/realm_access"))]).start();
    let claims = Claims::good().with("realm_access", json!({ "roles": ["a"] }));
    let answer = gate.caller().check(&corp::with(&claims));
    assert_eq!(answer.outcome(), (401, "property_malformed"));
    let answer = gate.caller().check(&corp::good());
    assert!(answer.is_allow(), "{answer:?}");
}

#[test]
fn a_pattern_takes_its_group_of_each_value() {
    let settings = [
        ("claims.principal", json!("mails")),
        ("claim_patterns.principal", json!(r"^([^@]+)@corp\.example\.com$")),
        ("claim_patterns.groups", json!("^app-(.*)")),
    ];
    let claims = Claims::good()
        .with("mails", json!(["ana@home.example.com", "ana.b@corp.example.com"]))
        .with("groups", json!(["app-ops", "all", "app-", "app-dev", "app-ops"]));
    let gate = setup(&settings).start();
    let answer = gate.caller().check(&corp::with(&claims));
    assert_eq!(answer.header("x-es-username"), Some("ana.b"), "{answer:?}");
    assert_eq!(answer.header("x-es-groups"), Some("ops,dev"));
    let elsewhere = claims.with("mails", "ana@corp.example.com.evil.example");
    let answer = gate.caller().check(&corp::with(&elsewhere));
    assert_eq!(answer.outcome(), (401, "principal_missing"));
}

/// A realm of access tokens in which `client_id` and `scope` stand in.
const ACCESS: [(&str, &str); 4] = [
    ("token_type", "access_token"),
    ("allowed_subject_patterns", "svc-*"),
    ("fallback_claims.sub", "client_id"),
    ("fallback_claims.aud", "scope"),
];

fn access() -> Vec<(&'static str, Value)> {
    ACCESS.map(|(suffix, value)| (suffix, json!(value))).to_vec()
}

#[test]
fn a_claim_that_stands_in_names_the_user_too() {
    let claims = Claims::good()
        .without("sub")
        .without("aud")
        .with("client_id", "svc-7")
        .with("scope", json!(["x", corp::AUDIENCE]));
    let mut settings = access();
    settings.push(("claims.groups", json!("aud")));
    let answer = answer(&settings, &claims);
    assert_eq!(answer.header("x-es-username"), Some("svc-7"), "{answer:?}");
    assert_eq!(answer.header("x-es-groups"), Some("x,api"));
}

#[test]
fn a_claim_that_is_not_as_required_is_told_to_the_operator_alone() {
    let mut settings = access();
    settings.push(("required_claims.token_use", json!("access")));
    let gate = setup(&settings).start();
    let claims = Claims::good().with("sub", "svc-7").with("token_use", "refresh");
    let answer = gate.caller().check(&corp::with(&claims));
    assert_eq!(answer.outcome(), (401, "required_claim_mismatch"), "{answer:?}");
    assert_eq!(answer.metadata["realm"], "corp");
    let sentence = format!("unable to authenticate user [{}] for REST request [/]", claims.label());
    assert_eq!(answer.sentence(), sentence, "as for any other refusal");
    let series =
        r#"realmgate_checks_total{decision="deny",reason="required_claim_mismatch",realm="corp"}"#;
    assert_eq!(sample(&gate.scrape(), series), Some(1.0));
    let claims = claims.with("token_use", json!(["id", "access"]));
    assert!(gate.caller().check(&corp::with(&claims)).is_allow());
}
