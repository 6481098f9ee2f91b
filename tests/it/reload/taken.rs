//! Settings that are in force once a reload was applied, for the very next check.

use serde_json::json;
use tonic_health::pb::health_check_response::ServingStatus;

use super::second;
use crate::serving::health::health;
use crate::support::caller::Caller;
use crate::support::check::Check;
use crate::support::gate::Gate;
use crate::support::inside::Inside;
use crate::support::token::Claims;
use crate::support::{corp, http, wait};

/// Health is told right after the reload, by another thread.
fn wait_for_health(caller: &Caller, wanted: Result<ServingStatus, tonic::Code>) {
    let is = || (health(caller, "realm/second") == wanted).then_some(());
    wait::eventually("the health of the second realm", is);
}

#[test]
fn a_realm_that_is_added_is_served_and_one_that_is_removed_is_not() {
    let mut gate = Inside::start(corp::setup());
    let caller = gate.caller();
    let check = Check::get().bearer(&second::claims().token());
    let metrics = |gate: &Inside| http::get(gate.http(), "/metrics").body;
    let parts = |gate: &Inside| http::get(gate.http(), "/readyz?verbose").body;
    assert_eq!(caller.check(&check).outcome(), (401, "issuer_mismatch"));
    assert!(!metrics(&gate).contains("\"second\""));

    gate.apply(second::add);
    assert_eq!(caller.check(&check).header("x-es-realm"), Some("second"));
    let series = r#"realmgate_checks_total{decision="allow",reason="ok",realm="second"}"#;
    assert_eq!(gate.metric(series), 1);
    wait_for_health(&caller, Ok(ServingStatus::Serving));
    assert!(parts(&gate).contains("[+]realm/second ok\n"));

    gate.apply(second::remove);
    assert_eq!(caller.check(&check).outcome(), (401, "issuer_mismatch"));
    assert!(!metrics(&gate).contains("\"second\""), "no series is left behind");
    wait_for_health(&caller, Err(tonic::Code::NotFound));
    assert_eq!(health(&caller, "realm/corp"), Ok(ServingStatus::Serving));
    assert!(!parts(&gate).contains("second"));
    assert!(caller.check(&corp::good()).is_allow(), "the other realm was not touched");
}

#[test]
fn realms_that_change_places_are_counted_under_their_own_names() {
    let mut gate = Inside::start(second::add(corp::setup()));
    gate.apply(|setup| setup.set(&corp::setting("order"), 9));
    assert!(gate.caller().check(&corp::good()).is_allow());
    for (realm, count) in [("corp", 1), ("second", 0)] {
        let series =
            format!(r#"realmgate_checks_total{{decision="allow",reason="ok",realm="{realm}"}}"#);
        assert_eq!(gate.metric(&series), count, "{realm}");
    }
}

#[test]
fn a_tightened_setting_holds_for_the_very_next_check() {
    let subjects = corp::setting("allowed_subjects");
    let key = corp::setting("hmac_key");
    let other = "another-key-of-the-tests-that-is-long-enough-for-all-of-them-0123";
    let renewed = corp::with_token(&Claims::good().signed("HS256", other));
    let mut gate = Inside::start(corp::setup().set(&subjects, json!(["ana", "bob"])));
    let caller = gate.caller();
    for _ in 0..20 {
        assert!(caller.check(&corp::good()).is_allow());
        gate.apply(|setup| setup.set(&subjects, json!(["bob"])));
        assert_eq!(caller.check(&corp::good()).outcome(), (401, "subject_mismatch"));
        gate.apply(|setup| setup.set(&subjects, json!(["ana"])));
        assert!(caller.check(&corp::good()).is_allow());

        gate.apply(|setup| setup.secret(&key, other));
        assert_eq!(caller.check(&corp::good()).outcome(), (401, "signature_invalid"));
        assert!(caller.check(&renewed).is_allow());
        gate.apply(|setup| setup.secret(&key, corp::KEY));
        assert_eq!(caller.check(&renewed).outcome(), (401, "signature_invalid"));
    }
}

#[test]
fn what_the_upstream_is_told_and_what_a_check_may_cost_follow_the_file() {
    let mut gate = Inside::start(corp::setup());
    let caller = gate.caller();
    gate.apply(|setup| setup.set("realmgate.identity.headers.username", "x-user"));
    let answer = caller.check(&corp::good());
    assert_eq!(answer.header("x-user"), Some("ana"));
    assert_eq!(answer.header("x-es-username"), None);
    assert!(answer.removed().contains("x-es-username"), "a client's own is still removed");

    gate.apply(|setup| setup.set("realmgate.limits.token_size", "1kb"));
    let large = corp::with(&Claims::good().with("padding", "x".repeat(2048)));
    assert_eq!(caller.check(&large).outcome(), (401, "token_too_large"));

    gate.apply(|setup| setup.set("realmgate.identity.dynamic_metadata", "decision"));
    let metadata = caller.check(&corp::good()).metadata;
    assert_eq!((&metadata["decision"], &metadata["username"]), (&json!("allow"), &json!(null)));

    gate.apply(|setup| setup.set("xpack.security.authc.run_as.enabled", "false"));
    let run_as = corp::good().header("es-security-runas-user", "");
    assert_eq!(caller.check(&run_as).outcome(), (403, "run_as_denied"));
    assert!(!caller.has_ended(), "all of it on one connection");
}

#[test]
fn metadata_is_said_of_a_remembered_token_only_while_it_is_wanted() {
    let mut gate = Inside::start(corp::setup());
    let caller = gate.caller();
    assert_eq!(caller.check(&corp::good()).header("x-es-metadata"), None);
    for wanted in [true, false, true] {
        gate.apply(|setup| setup.set("realmgate.identity.metadata", wanted));
        for _ in 0..2 {
            let said = caller.check(&corp::good()).header("x-es-metadata").is_some();
            assert_eq!(said, wanted);
        }
    }
}

#[test]
fn log_settings_follow_the_file() {
    let mut gate = corp::setup().set("realmgate.log.decisions", "none").start();
    let denied = |gate: &Gate, host: &str| {
        gate.caller().check(&Check::get().host(host));
    };
    denied(&gate, "one");
    gate.reload("applied", |setup| setup.set("realmgate.log.decisions", "denied"));
    denied(&gate, "two");
    gate.wait_for_event(|line| line["host"] == "two");
    assert!(gate.log_objects().iter().all(|line| line["host"] != "one"));

    gate.reload("applied", |setup| {
        setup.set("realmgate.log.level", "debug").set("realmgate.log.format", "text")
    });
    denied(&gate, "three");
    gate.wait_for_log(|line| line.contains("host=\"three\"") && !line.starts_with('{'));
    gate.wait_for_log(|line| line.contains("DEBUG") && !line.starts_with('{'));
}

#[test]
fn a_shorter_drain_holds_for_the_drain_that_comes() {
    let mut gate = corp::setup().set("realmgate.drain.grace", "1h").start();
    gate.reload("applied", |setup| setup.set("realmgate.drain.grace", "0s"));
    gate.terminate();
    assert_eq!(gate.wait_exit().status, Some(0));
}

#[test]
fn whether_tokens_can_be_tried_is_taken_anew() {
    const PATH: &str = "/_security/_authenticate";
    const SETTING: &str = "realmgate.http.security_api";
    let mut gate = Inside::start(corp::setup());
    assert_eq!(http::get(gate.http(), PATH).status, 401);
    gate.apply(|setup| setup.set(SETTING, false));
    assert_eq!(http::get(gate.http(), PATH).status, 404);
    gate.apply(|setup| second::add(setup.set(SETTING, true)));
    let bearer = format!("Bearer {}", second::claims().token());
    let page = http::send(gate.http(), "GET", PATH, &[("authorization", &bearer)]).unwrap();
    assert!(page.status == 200 && page.body.contains(r#"{"name":"second","type":"jwt"}"#));
}
