//! Settings that are in force once a reload was applied, for the very next check.

use serde_json::json;

use crate::serving::health::health;
use crate::support::caller::block_on;
use crate::support::check::Check;
use crate::support::gate::{Gate, Setup};
use crate::support::token::Claims;
use crate::support::{corp, http};
use tonic_health::pb::health_check_response::ServingStatus;

/// A second realm beside the one of [`corp`], of an issuer and a key of its own.
fn with_second(setup: Setup) -> Setup {
    let key = |suffix: &str| format!("xpack.security.authc.realms.jwt.second.{suffix}");
    setup
        .set(&key("order"), 2)
        .set(&key("allowed_issuer"), "second")
        .set(&key("allowed_audiences"), json!(["api"]))
        .set(&key("allowed_signature_algorithms"), "HS256")
        .set(&key("claims.principal"), "sub")
        .set(&key("client_authentication.type"), "none")
        .secret(&key("hmac_key"), corp::KEY)
}

fn without_second(setup: Setup) -> Setup {
    let key = |suffix: &str| format!("xpack.security.authc.realms.jwt.second.{suffix}");
    let suffixes = [
        "order",
        "allowed_issuer",
        "allowed_audiences",
        "allowed_signature_algorithms",
        "claims.principal",
        "client_authentication.type",
    ];
    let setup = suffixes.iter().fold(setup, |setup, suffix| setup.unset(&key(suffix)));
    setup.without_secret(&key("hmac_key"))
}

/// The outcome of the good check.
fn good(gate: &Gate) -> (u16, String) {
    let answer = gate.caller().check(&corp::good());
    (answer.status(), answer.reason().to_owned())
}

#[test]
fn a_realm_that_is_added_is_served_and_one_that_is_removed_is_not() {
    let mut gate = corp::setup().start();
    let token = Claims::good().with("iss", "second").token();
    let check = Check::get().bearer(&token);
    let series = r#"realmgate_checks_total{decision="allow",reason="ok",realm="second"}"#;
    let parts = |gate: &Gate| http::get(gate.http(), "/readyz?verbose").body;
    assert_eq!(gate.caller().check(&check).outcome(), (401, "issuer_mismatch"));
    assert!(!gate.scrape().contains("\"second\""));

    gate.reload("applied", with_second);
    assert_eq!(gate.caller().check(&check).header("x-es-realm"), Some("second"));
    gate.wait_for_metric(series, 1);
    assert_eq!(health(&gate, "realm/second"), Ok(ServingStatus::Serving));
    assert!(parts(&gate).contains("[+]realm/second ok\n"));

    gate.reload("applied", without_second);
    assert_eq!(gate.caller().check(&check).outcome(), (401, "issuer_mismatch"));
    assert!(!gate.scrape().contains("\"second\""), "no series is left behind");
    assert_eq!(health(&gate, "realm/second"), Err(tonic::Code::NotFound));
    assert_eq!(health(&gate, "realm/corp"), Ok(ServingStatus::Serving));
    assert!(!parts(&gate).contains("second"));
    assert_eq!(good(&gate).0, 200, "the other realm was not touched");
}

#[test]
fn realms_that_change_places_are_counted_under_their_own_names() {
    let mut gate = with_second(corp::setup()).start();
    gate.reload("applied", |setup| setup.set(&corp::setting("order"), 9));
    assert_eq!(good(&gate).0, 200);
    let series = |realm| {
        format!(r#"realmgate_checks_total{{decision="allow",reason="ok",realm="{realm}"}}"#)
    };
    gate.wait_for_metric(&series("corp"), 1);
    gate.wait_for_metric(&series("second"), 0);
}

#[test]
fn a_tightened_setting_holds_for_the_very_next_check() {
    let subjects = corp::setting("allowed_subjects");
    let key = corp::setting("hmac_key");
    let mut gate = corp::setup().set(&subjects, json!(["ana", "bob"])).start();
    let caller = gate.caller();
    assert!(caller.check(&corp::good()).is_allow());

    gate.reload("applied", |setup| setup.set(&subjects, json!(["bob"])));
    assert_eq!(caller.check(&corp::good()).outcome(), (401, "subject_mismatch"));
    gate.reload("applied", |setup| setup.set(&subjects, json!(["ana"])));
    assert!(caller.check(&corp::good()).is_allow());

    let other = "another-key-of-the-tests-that-is-long-enough-for-all-of-them-0123";
    gate.reload("applied", |setup| setup.secret(&key, other));
    assert_eq!(caller.check(&corp::good()).outcome(), (401, "signature_invalid"));
    let renewed = corp::with_token(&Claims::good().signed("HS256", other));
    assert!(caller.check(&renewed).is_allow());
}

#[test]
fn what_the_upstream_is_told_and_what_a_check_may_cost_follow_the_file() {
    let mut gate = corp::setup().start();
    gate.reload("applied", |setup| setup.set("realmgate.identity.headers.username", "x-user"));
    let answer = gate.caller().check(&corp::good());
    assert_eq!(answer.header("x-user"), Some("ana"));
    assert_eq!(answer.header("x-es-username"), None);
    assert!(answer.removed().contains("x-es-username"), "a client's own is still removed");

    gate.reload("applied", |setup| setup.set("realmgate.limits.token_size", "1kb"));
    let large = corp::with(&Claims::good().with("padding", "x".repeat(2048)));
    assert_eq!(gate.caller().check(&large).outcome(), (401, "token_too_large"));

    gate.reload("applied", |setup| setup.set("realmgate.identity.dynamic_metadata", "decision"));
    let metadata = gate.caller().check(&corp::good()).metadata;
    assert_eq!((&metadata["decision"], &metadata["username"]), (&json!("allow"), &json!(null)));
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

    gate.reload("applied", |setup| setup.set("realmgate.log.level", "debug"));
    denied(&gate, "three");
    gate.wait_for_event(|line| line["level"] == "DEBUG");

    gate.reload("applied", |setup| setup.set("realmgate.log.format", "text"));
    denied(&gate, "four");
    gate.wait_for_log(|line| line.contains("host=\"four\"") && !line.starts_with('{'));
}

#[test]
fn a_shorter_drain_holds_for_the_drain_that_comes() {
    let mut gate = corp::setup().set("realmgate.drain.grace", "1h").start();
    gate.reload("applied", |setup| setup.set("realmgate.drain.grace", "0s"));
    gate.terminate();
    assert_eq!(gate.wait_exit().status, Some(0));
}

#[test]
fn a_connection_outlives_a_reload() {
    let mut gate = corp::setup().start();
    let channel = gate.caller().channel();
    let ask = || {
        let request = tonic_health::pb::HealthCheckRequest::default();
        let mut client = tonic_health::pb::health_client::HealthClient::new(channel.clone());
        block_on(client.check(request)).unwrap()
    };
    ask();
    gate.reload("applied", |setup| setup.set("realmgate.limits.deadline", "4s"));
    ask();
}
