//! The identity headers of an allow: which, and exactly how their values are written.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::check::Check;
use crate::support::corp;
use crate::support::token::Claims;

fn set(headers: &[(&str, &str)]) -> BTreeMap<String, String> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

const MINIMAL: &[(&str, &str)] =
    &[("x-es-username", "ana"), ("x-es-authenticated-user", "ana"), ("x-es-realm", "corp")];

#[test]
fn an_allow_sets_the_user_and_the_realm_and_nothing_that_is_not_known() {
    let gate = corp::setup().start();
    let answer = gate.caller().check(&corp::good());
    assert_eq!(answer.code, 0);
    assert_eq!(*answer.set(), set(MINIMAL));
}

#[test]
fn an_allow_sets_every_property_that_the_token_tells() {
    let gate = corp::setup().start();
    let claims = Claims::good()
        .with("groups", json!(["ops", "dev"]))
        .with("dn", "cn=ana,dc=example")
        .with("mail", "ana@example.com")
        .with("name", "Ana Lima");
    let answer = gate.caller().check(&corp::with(&claims));
    let known = [
        ("x-es-groups", "ops,dev"),
        ("x-es-dn", "cn=ana,dc=example"),
        ("x-es-email", "ana@example.com"),
        ("x-es-full-name", "Ana Lima"),
    ];
    assert_eq!(*answer.set(), set(&[MINIMAL, &known[..]].concat()));
}

#[test]
fn a_value_is_percent_encoded_so_that_it_can_be_read_back_exactly() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    let cases = [
        ("ana", "ana"),
        ("a b", "a b"),
        (" a ", "%20a%20"),
        ("  a", "%20 a"),
        ("a,b", "a,b"),
        ("50%", "50%25"),
        ("%41", "%2541"),
        ("a\r\nb: c\0", "a%0D%0Ab: c%00"),
        ("a\tb", "a%09b"),
        ("\u{7f}~!", "%7F~!"),
        ("caf\u{e9}", "caf%C3%A9"),
        ("\u{1f600}", "%F0%9F%98%80"),
        ("a\u{a0}b", "a%C2%A0b"),
        ("\"quoted\"\\", "\"quoted\"\\"),
        ("x-es-username: root", "x-es-username: root"),
    ];
    for (subject, wanted) in cases {
        let answer = caller.check(&corp::with(&Claims::good().with("sub", subject)));
        assert_eq!(answer.set()["x-es-username"], wanted, "{subject:?}");
        assert_eq!(answer.set()["x-es-authenticated-user"], wanted, "{subject:?}");
        assert_eq!(answer.principal().unwrap(), subject);
    }
}

#[test]
fn blanks_at_an_end_are_all_readable_back() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    for subject in ["  a  ", "   a", "a   ", " a b "] {
        let answer = caller.check(&corp::with(&Claims::good().with("sub", subject)));
        let value = &answer.set()["x-es-username"];
        assert_eq!(value.trim(), value, "a proxy that trims changes {value:?}");
        assert_eq!(answer.principal().unwrap(), subject);
    }
}

#[test]
fn groups_keep_the_claims_order_and_come_once_each() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    let cases = [
        (json!(["b", "a", "b"]), Some("b,a")),
        (json!(["a,b", "c"]), Some("a%2Cb,c")),
        (json!(["", "x", ""]), Some("x")),
        (json!([" x ", "c d"]), Some("%20x%20,c d")),
        (json!(["%2C", "\r\n"]), Some("%252C,%0D%0A")),
        (json!("one"), Some("one")),
        (json!("a,b"), Some("a%2Cb")),
        (json!([]), None),
        (json!([""]), None),
        (json!(""), None),
        (json!(null), None),
    ];
    for (groups, wanted) in cases {
        let answer = caller.check(&corp::with(&Claims::good().with("groups", groups.clone())));
        assert_eq!(answer.header("x-es-groups"), wanted, "{groups}");
    }
}

#[test]
fn an_empty_property_is_not_known_and_a_list_gives_its_first_value() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    let headers = [("mail", "x-es-email"), ("name", "x-es-full-name"), ("dn", "x-es-dn")];
    for (claim, header) in headers {
        for empty in [json!(""), json!(null), json!([])] {
            let answer = caller.check(&corp::with(&Claims::good().with(claim, empty)));
            assert_eq!(answer.header(header), None, "{claim}");
        }
        let claims = Claims::good().with(claim, json!(["first", "second"]));
        assert_eq!(caller.check(&corp::with(&claims)).header(header), Some("first"), "{claim}");
    }
}

#[test]
fn a_principal_that_is_a_list_is_its_first_value() {
    let gate = corp::setup().set(&corp::setting("claims.principal"), "user").start();
    let claims = Claims::good().with("user", json!(["ana", "eve"]));
    assert_eq!(gate.caller().check(&corp::with(&claims)).principal().unwrap(), "ana");
}

#[test]
fn a_client_cannot_set_what_an_allow_sets() {
    let gate = corp::setup().start();
    let spoofed = [
        ("x-es-username", "admin"),
        ("x-es-authenticated-user", "admin"),
        ("x-es-realm", "reserved"),
        ("x-es-roles", "superuser"),
        ("x-es-groups", "wheel"),
        ("x-es-metadata", "e30"),
    ];
    let check = spoofed.iter().fold(corp::good(), |check, (name, value)| check.header(name, value));
    for check in [check.clone(), check.into_entries()] {
        let answer = gate.caller().check(&check);
        assert_eq!(*answer.set(), set(MINIMAL));
        for name in ["x-es-roles", "x-es-groups", "x-es-metadata"] {
            assert!(answer.removed().contains(name), "{name}");
        }
    }
}

#[test]
fn a_renamed_header_is_set_and_its_default_name_still_removed() {
    let gate = corp::setup()
        .set("realmgate.identity.headers.username", "X-Remote-User")
        .set("realmgate.identity.headers.groups", "x_teams")
        .set("realmgate.identity.headers.realm", "")
        .start();
    let claims = Claims::good().with("groups", json!(["ops"]));
    let answer = gate.caller().check(&corp::with(&claims));
    let wanted = [("x-remote-user", "ana"), ("x_teams", "ops"), ("x-es-authenticated-user", "ana")];
    assert_eq!(*answer.set(), set(&wanted));
    let gone =
        ["x-es-username", "x-es-realm", "x-es-groups", "x_remote_user", "x-teams", "x_es_realm"];
    for name in gone {
        assert!(answer.removed().contains(name), "{name} of {:?}", answer.removed());
    }
}

#[test]
fn the_first_realm_of_the_order_that_accepts_names_itself() {
    let other = |suffix: &str| format!("xpack.security.authc.realms.jwt.before.{suffix}");
    let gate = corp::setup()
        .set(&other("order"), 0)
        .set(&other("allowed_issuer"), corp::ISSUER)
        .set(&other("allowed_audiences"), Value::from(vec![corp::AUDIENCE]))
        .set(&other("allowed_signature_algorithms"), Value::from(vec!["HS256"]))
        .set(&other("claims.principal"), "sub")
        .set(&other("client_authentication.type"), "none")
        .secret(&other("hmac_key"), "another-key-that-is-long-enough-for-hs256")
        .start();
    let caller = gate.caller();
    assert_eq!(caller.check(&corp::good()).header("x-es-realm"), Some("corp"));
    let claims = Claims::good().signed("HS256", "another-key-that-is-long-enough-for-hs256");
    let answer = caller.check(&Check::get().bearer(&claims));
    assert_eq!(answer.header("x-es-realm"), Some("before"));
}
