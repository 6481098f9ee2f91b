//! What is read of which claims, and what none of it may be.

use super::*;
use crate::engine::ClientAuthentication;
use crate::engine::client_auth::Presented;
use crate::engine::crypto::DigestKey;
use crate::engine::secret::Secret;
use crate::engine::time::{Monotonic, UnixTime};
use crate::engine::token::claims::TokenRules;
use crate::engine::token::keys::KeySet;
use crate::engine::token::signature::{Inline, Keys};
use crate::engine::token::tests::compact;
use crate::engine::token::{Bearer, Compact, Token};
use futures_util::FutureExt;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// The token of Elasticsearch's JWT guide, and its key.
const GUIDES_TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJpc3M4IiwiYXVkIjoiYXVk\
    OCIsInN1YiI6InNlY3VyaXR5X3Rlc3RfdXNlciIsImV4cCI6NDA3MDkwODgwMCwiaWF0Ijo5NDY2ODQ4MDB9.UnnFmsoF\
    KfNmKMsVoDQmKI_3-j95PCaKdgqqau3jPMY";
const GUIDES_KEY: &str = "hmac-oidc-key-string-for-hs256-algorithm";

fn claim(property: &str, name: &str) -> Claim {
    Claim::for_tests(property, name)
}

fn with_pattern(property: &str, name: &str, pattern: &str) -> Claim {
    Claim { pattern: Some(ClaimPattern::parse(pattern).unwrap()), ..claim(property, name) }
}

fn wanted() -> UserClaims {
    UserClaims {
        groups: Some(claim("groups", "groups")),
        dn: Some(claim("dn", "dn")),
        mail: Some(claim("mail", "email")),
        name: Some(claim("name", "name")),
        ..UserClaims::for_tests("sub")
    }
}

/// What unverified claims of this payload say, told by `tell`.
fn say<T>(
    wanted: &UserClaims,
    payload: &Value,
    tell: impl FnOnce(Result<Properties, UserError<'_>>) -> T,
) -> T {
    let bearer = compact(r#"{"alg":"HS256"}"#, &payload.to_string(), "s");
    let parts = Compact::decode(Bearer::new(bearer.as_bytes(), usize::MAX).unwrap()).unwrap();
    let token = Token::read(&parts).unwrap();
    tell(wanted.properties(token.claims(), true))
}

/// The properties, or the reason and the sentence of the refusal.
fn read(wanted: &UserClaims, payload: &Value) -> Result<Properties, (Reason, String)> {
    say(wanted, payload, |read| {
        read.map_err(|error| {
            assert_eq!(error.explained(), error.to_string());
            (error.reason(), error.to_string())
        })
    })
}

fn principal(wanted: &UserClaims, payload: &Value) -> Result<String, String> {
    read(wanted, payload).map(|user| user.name).map_err(|(_, what)| what)
}

fn malformed(setting: &str, claim: &str) -> String {
    format!("Setting [ {setting}] expects claim [{claim}] with String or a String Array value")
}

#[test]
fn properties_are_read_from_their_claims() {
    let claims = json!({ "sub": "ana", "groups": ["b", "a", "", "b"], "dn": "CN=ana",
        "email": ["ana@x", "other"], "name": "" });
    let user = read(&wanted(), &claims).unwrap();
    assert_eq!(user.name, "ana");
    assert_eq!(user.groups, ["b", "a"], "in the claim's order, each once, none empty");
    assert_eq!(user.dn.as_deref(), Some("CN=ana"));
    assert_eq!(user.email.as_deref(), Some("ana@x"), "the first of a list");
    assert_eq!(user.full_name, None, "an empty property is not known");
}

#[test]
fn a_user_is_what_a_verified_token_says() {
    let bearer = Bearer::new(GUIDES_TOKEN.as_bytes(), usize::MAX).unwrap();
    let parts = Compact::decode(bearer).unwrap();
    let token = Token::read(&parts).unwrap();
    let rules = TokenRules::for_tests("iss8", "aud8");
    let checked = rules.check(&token, UnixTime::new(Duration::from_secs(1_700_000_000))).unwrap();
    let hmac = Some(Arc::new(KeySet::of_text(&Secret::new(GUIDES_KEY))));
    let keys = Keys { hmac, public: None };
    let now = Monotonic::new(Duration::ZERO);
    let verified = checked.verify(&keys, bearer.fingerprint(), now, &Inline);
    let verified = verified.now_or_never().unwrap().unwrap();
    let client = ClientAuthentication::new(None, &DigestKey::new(&[0; 32]))
        .check(&Presented::Nothing, Monotonic::new(Duration::ZERO))
        .unwrap();
    let user = wanted().read(&verified, client, true).unwrap();
    assert_eq!(*user, wanted().properties(token.claims(), true).unwrap());
    assert_eq!(user.name, "security_test_user");
    assert_eq!(wanted().read(&verified, client, false).unwrap().metadata, None, "if nobody asks");
}

#[test]
fn absent_and_null_claims_are_unknown_properties() {
    let unknown = read(&wanted(), &json!({ "sub": "ana" })).unwrap();
    let null = json!({ "sub": "ana", "groups": null, "dn": null, "email": [], "name": null });
    assert_eq!(
        read(&wanted(), &null).map(|user| Properties { metadata: None, ..user }),
        Ok(Properties { metadata: None, ..unknown.clone() })
    );
    assert_eq!(
        (unknown.groups.len(), unknown.dn, unknown.email, unknown.full_name),
        (0, None, None, None)
    );
}

#[test]
fn a_claim_of_an_impossible_type_is_named_with_its_setting_even_where_it_is_optional() {
    let wanted = UserClaims { principal: claim("principal", "user"), ..wanted() };
    for value in
        [json!(1), json!(true), json!({}), json!(["a", 1]), json!(["a", null]), json!([["a"]])]
    {
        for (property, name) in [
            ("principal", "user"),
            ("groups", "groups"),
            ("dn", "dn"),
            ("mail", "email"),
            ("name", "name"),
        ] {
            let mut payload = json!({ "user": "ana" });
            payload[name] = value.clone();
            let what = malformed(&format!("r.claims.{property}"), name);
            let refused = Err((Reason::PropertyMalformed, what));
            assert_eq!(read(&wanted, &payload), refused, "{property}: {value}");
        }
    }
}

#[test]
fn the_first_property_that_is_wrong_is_reported() {
    let order = [("sub", ""), ("groups", "groups"), ("dn", "dn"), ("email", "mail")];
    let mut payload = json!({ "groups": 1, "dn": 1, "email": 1, "name": 1 });
    for (claim, property) in order {
        let (_, what) = read(&wanted(), &payload).unwrap_err();
        let expected = match property {
            "" => "no principal: claim [sub] is absent".to_owned(),
            property => malformed(&format!("r.claims.{property}"), claim),
        };
        assert_eq!(what, expected);
        payload[claim] = "x".into();
    }
    let (_, what) = read(&wanted(), &payload).unwrap_err();
    assert_eq!(what, malformed("r.claims.name", "name"));
}

#[test]
fn the_principal_comes_from_the_configured_claim_and_is_never_blank() {
    const NAME: &str = "https://x/user";
    let wanted = UserClaims { principal: claim("principal", NAME), ..wanted() };
    let refused = |fault: &str| Err(format!("no principal: claim [{NAME}] {fault}"));
    for (value, expected) in [
        (json!("a b"), Ok("a b".to_owned())),
        (json!(" a "), Ok(" a ".to_owned())),
        (json!(["first", "second"]), Ok("first".to_owned())),
        (json!(""), refused("is blank")),
        (json!(["", "second"]), refused("is blank")),
        (json!(" \t\r\n\u{b}\u{c}\u{1c}\u{1d}\u{1e}\u{1f}\u{a0}\u{2003}"), refused("is blank")),
        (json!([]), refused("is an empty list")),
        (json!(null), refused("is absent")),
    ] {
        assert_eq!(principal(&wanted, &json!({ NAME: value })), expected, "{value}");
    }
    assert_eq!(read(&wanted, &json!({})).unwrap_err().0, Reason::PrincipalMissing);
}

#[test]
fn a_pattern_takes_its_first_group_of_each_value_and_drops_what_it_is_not_found_in() {
    let wanted = UserClaims {
        principal: with_pattern("principal", "email", r"^([^@]+)@example\.com$"),
        groups: Some(with_pattern("groups", "groups", "^g-(.*)")),
        name: Some(with_pattern("name", "name", "(x*)y")),
        ..UserClaims::for_tests("")
    };
    let taken = |email: Value| {
        let user = read(
            &wanted,
            &json!({ "email": email, "groups": ["g-b", "a", "g-", "g-b"],
            "name": ["y", "xxy"] }),
        );
        user.map(|user| (user.name, user.groups, user.full_name)).map_err(|(_, what)| what)
    };
    let not_found = "has no value in which its pattern is found";
    for (email, expected) in [
        (json!("ana@example.com"), Ok("ana")),
        (json!(["bob@other", "ana@example.com", "eve@example.com"]), Ok("ana")),
        (json!("ana@example.com.evil"), Err(not_found)),
        (json!("@example.com"), Err(not_found)),
        (json!([]), Err(not_found)),
        (Value::Null, Err("is absent")),
    ] {
        let rest = (vec!["b".to_owned()], Some("xx".to_owned()));
        let expected = expected
            .map(|name| (name.to_owned(), rest.0, rest.1))
            .map_err(|fault| format!("no principal: claim [email] {fault}"));
        assert_eq!(taken(email.clone()), expected, "{email}");
    }
    let (reason, _) = read(&wanted, &json!({ "email": 7 })).unwrap_err();
    assert_eq!(reason, Reason::PropertyMalformed, "a pattern changes nothing about types");
}

#[test]
fn a_name_is_taken_literally_unless_it_begins_with_a_slash() {
    let payload = json!({ "a": { "b": "nested" }, "a.b": "dotted", "a/b": "slashed", "": "empty",
        "m~n": "tilde", "~1": "escape", "x": { "": "inner", "y/z~": ["one", "two"],
        "l": [["deep"], null, "text"] }, "n": null, "t": "text" });
    let taken = |name: &str| {
        let wanted = UserClaims { name: Some(claim("name", name)), ..UserClaims::for_tests("t") };
        read(&wanted, &payload).map(|user| user.full_name).map_err(|(_, what)| what)
    };
    for (name, expected) in [
        ("a.b", Some("dotted")),
        ("a/b", Some("slashed")),
        ("/a/b", Some("nested")),
        ("/a~1b", Some("slashed")),
        ("/m~0n", Some("tilde")),
        ("/~01", Some("escape")),
        ("~1", Some("escape")),
        ("/", Some("empty")),
        ("/x/", Some("inner")),
        ("/x/y~1z~0", Some("one")),
        ("/x/y~1z~0/1", Some("two")),
        ("/x/y~1z~0/2", None),
        ("/x/y~1z~0/-", None),
        ("/x/y~1z~0/01", None),
        ("/x/y~1z~0/+1", None),
        ("/x/y~1z~0/", None),
        ("/x/y~1z~0/18446744073709551616", None),
        ("/x/l/0/0", Some("deep")),
        ("/x/l/0", Some("deep")),
        ("/x/l/1", None),
        ("/x/l/1/0", None),
        ("/x/l/2/0", None),
        ("/t", Some("text")),
        ("/t/0", None),
        ("/n", None),
        ("/n/a", None),
        ("/A/b", None),
        ("/a/b/c", None),
        ("//a", None),
    ] {
        assert_eq!(taken(name).unwrap().as_deref(), expected, "{name}");
    }
    for name in ["/x", "/x/l", "/a"] {
        assert_eq!(taken(name), Err(malformed("r.claims.name", name)), "no text");
    }
}

#[test]
fn a_claim_stands_in_for_an_absent_sub_or_aud() {
    let fallback = FallbackClaims { sub: Some("client_id".into()), aud: Some("scope".into()) };
    let from = |name: &str| UserClaims {
        principal: Claim::new("k".into(), name.into(), &fallback, None),
        ..UserClaims::for_tests("")
    };
    let payload = |sub: Value| json!({ "sub": sub, "client_id": "app", "scope": ["es", "x"] });
    for (name, sub, expected) in [
        ("sub", json!("ana"), Ok("ana")),
        ("sub", Value::Null, Ok("app")),
        ("/sub", Value::Null, Ok("app")),
        ("aud", Value::Null, Ok("es")),
        ("/sub/x", Value::Null, Err("no principal: claim [/sub/x] is absent")),
        ("email", Value::Null, Err("no principal: claim [email] is absent")),
    ] {
        let found = principal(&from(name), &payload(sub));
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{name}");
    }
    let none = "no principal: claim [client_id (fallback of sub)] is absent".to_owned();
    assert_eq!(principal(&from("sub"), &json!({})), Err(none));
    let wrong = principal(&from("sub"), &json!({ "client_id": 7 }));
    assert_eq!(wrong, Err(malformed("k", "client_id (fallback of sub)")));
    let blank = principal(&from("sub"), &json!({ "sub": " ", "client_id": "app" }));
    assert_eq!(blank, Err("no principal: claim [sub] is blank".to_owned()), "it is there");
}

#[test]
fn metadata_holds_simple_claims_with_sorted_keys() {
    let claims = json!({ "sub": "ana", "iss": "i", "aud": "a", "iat": 1, "exp": 9e9, "z": true,
        "auth_time": 5, "o": {}, "n": null, "l": ["a", 1, 1.5, false], "mixed": ["a", {}],
        "nested": [["a"]], "holed": ["a", null], "none": [], "nbf": 7 });
    let metadata = |wanted: &UserClaims| read(wanted, &claims).unwrap().metadata.unwrap();
    assert_eq!(
        &*metadata(&wanted()),
        r#"{"jwt_claim_aud":["a"],"jwt_claim_auth_time":5,"jwt_claim_iss":"i","jwt_claim_l":["a",1,1.5,false],"jwt_claim_none":[],"jwt_claim_sub":"ana","jwt_claim_z":true,"jwt_token_type":"id_token"}"#
    );
    let bare = UserClaims { populate_metadata: false, ..wanted() };
    assert_eq!(&*metadata(&bare), r#"{"jwt_token_type":"id_token"}"#);
    let access = UserClaims { token_type: TokenType::AccessToken, ..bare };
    assert_eq!(&*metadata(&access), r#"{"jwt_token_type":"access_token"}"#);
}

/// A claim may be named like the member that says the type: it has another name there.
#[test]
fn no_claim_can_pass_for_the_tokens_type() {
    let claims = json!({ "sub": "ana", "jwt_token_type": "access_token" });
    let metadata = read(&UserClaims::for_tests("sub"), &claims).unwrap().metadata.unwrap();
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    assert_eq!(metadata["jwt_token_type"], "id_token");
    assert_eq!(metadata["jwt_claim_jwt_token_type"], "access_token");
}
