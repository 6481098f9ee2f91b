//! What a client can never supply: the names that every allow removes, whatever was shown.

use std::collections::BTreeSet;

use serde_json::json;

use super::DEFAULT_NAMES;
use crate::support::check::Check;
use crate::support::corp::{self, SECRET};
use crate::support::token::Claims;

/// Names of other proxies and of credentials, beside the identity headers' own.
const FOREIGN: &[&str] = &[
    "es-secondary-authorization",
    "opendistro_security_impersonate_as",
    "x-forwarded-user",
    "x-proxy-user",
    "x-proxy-roles",
];
const CREDENTIALS: &[&str] =
    &["authorization", "es-client-authentication", "es-security-runas-user"];

/// Each name as it stands, with `_` alone and with `-` alone.
fn forms<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names
        .into_iter()
        .flat_map(|name| [name.to_owned(), name.replace('-', "_"), name.replace('_', "-")])
        .collect()
}

/// What an allow removes that sets user and realm under their default names.
fn usual() -> BTreeSet<String> {
    let names = DEFAULT_NAMES.iter().chain(FOREIGN).chain(CREDENTIALS).copied();
    let mut names = forms(names);
    for set in ["x-es-username", "x-es-authenticated-user", "x-es-realm"] {
        names.remove(set);
    }
    names
}

fn removed(setup: crate::support::gate::Setup, check: &Check) -> BTreeSet<String> {
    setup.start().caller().check(check).removed().clone()
}

#[test]
fn an_allow_removes_exactly_the_listed_names_in_both_forms() {
    assert_eq!(removed(corp::setup(), &corp::good()), usual());
}

#[test]
fn a_name_that_is_set_is_never_removed_and_one_that_is_not_always_is() {
    let claims = Claims::good().with("groups", json!(["ops"])).with("mail", "ana@example.com");
    let removed = removed(corp::setup(), &corp::with(&claims));
    let mut wanted = usual();
    wanted.remove("x-es-groups");
    wanted.remove("x-es-email");
    assert_eq!(removed, wanted);
}

#[test]
fn a_mixed_form_is_removed_where_the_request_shows_it() {
    let mixed = [
        "x-es_username",
        "x_es-username",
        "x_es-authenticated_user",
        "x-es_roles",
        "es-security_runas-user",
        "es_client-authentication",
        "opendistro-security_impersonate-as",
        "x-forwarded_user",
        "x_proxy-roles",
    ];
    let others =
        ["x-es-user", "x-es-usernames", "x--es-username", "xes-username", "my_header", "_"];
    let shown = mixed.iter().chain(&others);
    let check = shown.fold(corp::good(), |check, name| check.header(name, "eve"));
    let gate = corp::setup().start();
    for check in [check.clone(), check.into_entries()] {
        let removed = gate.caller().check(&check).removed().clone();
        let wanted = usual().into_iter().chain(mixed.map(str::to_owned)).collect::<BTreeSet<_>>();
        assert_eq!(removed, wanted);
    }
}

#[test]
fn a_mixed_form_in_capitals_is_removed_in_lower_case() {
    let gate = corp::setup().start();
    let check = corp::good().into_entries().entry("X-Es_Username", "eve").entry("X-ES-ROLES", "a");
    let removed = gate.caller().check(&check).removed().clone();
    let wanted: BTreeSet<_> = usual().into_iter().chain(["x-es_username".to_owned()]).collect();
    assert_eq!(removed, wanted);
}

#[test]
fn what_the_settings_list_is_removed_too() {
    let setup = corp::setup().set("realmgate.identity.remove", json!(["X-Tenant-Id", "x_team"]));
    let mut wanted = usual();
    wanted.extend(["x-tenant-id", "x_tenant_id", "x_team", "x-team"].map(str::to_owned));
    let gate = setup.start();
    assert_eq!(*gate.caller().check(&corp::good()).removed(), wanted);
    wanted.insert("x-tenant_id".to_owned());
    let shown = corp::good().header("x-tenant_id", "7").header("x-tenant", "7");
    assert_eq!(*gate.caller().check(&shown).removed(), wanted);
}

#[test]
fn what_is_shown_under_a_listed_prefix_is_removed() {
    let setup = corp::setup().set("realmgate.identity.remove", json!(["x-internal-*"]));
    let gate = setup.start();
    let shown =
        ["x-internal-user", "x_internal_user", "x-internal_a", "x_internal-", "x-internal-"];
    let kept = ["x-internal", "x-internals", "internal-x", "my-x-internal-user"];
    let all = shown.iter().chain(&kept);
    let check = all.fold(corp::good(), |check, name| check.header(name, "1"));
    for check in [check.clone(), check.into_entries()] {
        let answer = gate.caller().check(&check);
        for name in shown {
            assert!(answer.removed().contains(name), "{name} of {:?}", answer.removed());
        }
        for name in kept {
            assert!(!answer.removed().contains(name), "{name}");
        }
    }
}

#[test]
fn a_prefix_never_removes_what_is_set() {
    let setup = corp::setup()
        .set("realmgate.identity.remove", json!(["x-es-*"]))
        .set("realmgate.identity.headers.username", "x-es-user");
    let check = corp::good().header("x-es-user", "eve").header("x-es-anything", "1");
    let answer = setup.start().caller().check(&check);
    assert_eq!(answer.header("x-es-user"), Some("ana"));
    assert!(answer.removed().contains("x-es-anything"));
    assert!(answer.removed().contains("x_es_user"));
}

#[test]
fn a_filtered_check_fails_where_a_prefix_must_be_removed() {
    let setup = corp::setup().set("realmgate.identity.remove", json!(["x-internal-*"]));
    let gate = setup.start();
    let filtered = Check::bare("GET", "/").bearer(&Claims::good().token()).client_secret(SECRET);
    for check in [filtered.clone(), filtered.into_entries()] {
        assert_eq!(gate.caller().check(&check).outcome(), (503, "internal_error"));
    }
    assert!(gate.caller().check(&corp::good()).is_allow());
    assert!(gate.caller().check(&corp::good().into_entries()).is_allow());
}

#[test]
fn a_filtered_check_is_warned_about_once_with_the_settings_named() {
    let gate = corp::setup().start();
    let filtered = Check::bare("GET", "/").bearer(&Claims::good().token()).client_secret(SECRET);
    let caller = gate.caller();
    for _ in 0..3 {
        assert!(caller.check(&filtered).is_allow());
    }
    let names = |line: &str| line.contains("allowed_headers") && line.contains("headersToExtAuth");
    gate.wait_for_log(names);
    assert_eq!(gate.log().lines().filter(|line| names(line)).count(), 1);
}

#[test]
fn a_forwarded_credential_is_left_alone_and_the_others_are_removed() {
    for name in CREDENTIALS {
        let setup = corp::setup().set("realmgate.forward_credentials", json!([name]));
        let mut wanted = usual();
        wanted.remove(*name);
        let removed = removed(setup, &corp::good());
        assert!(!removed.contains(*name), "{name}");
        for other in CREDENTIALS.iter().filter(|other| other != &name) {
            assert!(removed.contains(*other), "{other} with {name} forwarded");
        }
        let kept: Vec<_> = wanted.difference(&removed).collect();
        let spellings = name.replace('-', "_");
        assert!(kept.iter().all(|kept| **kept == spellings), "{name}: {kept:?}");
    }
}

#[test]
fn forwarding_the_run_as_header_does_not_permit_it() {
    let setup =
        corp::setup().set("realmgate.forward_credentials", json!(["es-security-runas-user"]));
    let check = corp::good().header("es-security-runas-user", "eve");
    assert_eq!(setup.start().caller().check(&check).outcome(), (403, "run_as_denied"));
}
