//! What an operator is told of a reload: metrics, readiness, log lines.

use std::fs;
use std::net::SocketAddr;

use realmgate::observe::Reload;
use serde_json::Value;

use crate::support::check::Check;
use crate::support::gate::Gate;
use crate::support::inside::Inside;
use crate::support::{corp, http, wait};

const SUCCESS: &str = "realmgate_config_last_reload_success_timestamp_seconds";

fn readyz(address: SocketAddr) -> (u16, String) {
    let page = http::get(address, "/readyz?verbose");
    (page.status, page.body)
}

fn is_reload(line: &Value, result: &str) -> bool {
    line["event"] == "config_reload" && line["result"] == result
}

#[test]
fn a_reload_is_noticed_without_a_signal() {
    let mut gate = corp::setup().start();
    gate.change(|setup| setup.set("realmgate.limits.deadline", "4s"));
    gate.wait_for_reload("applied", 0);
    let line = gate.wait_for_event(|line| is_reload(line, "applied"));
    assert_eq!(line["generation"], 1);
}

#[test]
fn a_broken_version_is_refused_whole_and_named_until_it_is_mended() {
    let mut gate = corp::setup().start();
    let since = gate.metric(SUCCESS);
    assert!(since > 1_700_000_000, "set from the start: {since}");
    let issuer = corp::setting("allowed_issuer");
    // One good change and one mistake: neither is taken.
    gate.reload("refused", |setup| {
        setup.set(&issuer, "another").set("realmgate.limits.deadline", "soon")
    });
    assert!(gate.caller().check(&corp::good()).is_allow(), "the old version is in force");
    let (status, parts) = readyz(gate.http());
    assert_eq!(status, 200, "a mistake takes nobody out of service");
    let what = "realmgate.json:1: realmgate.limits.deadline: failed to parse setting";
    let config = parts.lines().find(|line| line.starts_with("[-]config: ")).unwrap();
    assert!(config.contains(what), "{config}");

    // Until the clock shows another second, a timestamp that stands still proves nothing.
    let second = |gate: &Gate| http::get(gate.http(), "/livez").header("date").map(str::to_owned);
    let before = second(&gate);
    wait::eventually("the next second", || (second(&gate) != before).then_some(()));
    gate.signal("HUP");
    gate.wait_for_reload("refused", 1);
    assert_eq!(gate.metric(SUCCESS), since, "no success");
    let told = || {
        let lines = gate.log_objects().into_iter().filter(|line| is_reload(line, "refused"));
        Some(lines.collect::<Vec<_>>()).filter(|lines| lines.len() == 2)
    };
    for line in wait::eventually("a line of each", told) {
        assert!(line["problem"].as_str().unwrap().contains(what), "{line}");
        assert_eq!(line["level"], "ERROR");
    }

    gate.reload("applied", |setup| setup.set("realmgate.limits.deadline", "4s"));
    assert!(readyz(gate.http()).1.contains("[+]config ok\n"));
    assert_eq!(gate.caller().check(&corp::good()).outcome(), (401, "issuer_mismatch"));
    assert!(gate.metric(SUCCESS) > since);
}

#[test]
fn a_version_that_goes_back_to_what_is_in_force_is_unchanged_and_no_longer_refused() {
    let mut gate = Inside::start(corp::setup());
    assert_eq!(gate.reload(|setup| setup.set("realmgate.limits.deadlin", "4s")), Reload::Refused);
    assert_eq!(gate.look(), Reload::Refused, "it still is");
    assert!(readyz(gate.http()).1.contains("[-]config: "));
    assert_eq!(gate.reload(|setup| setup.unset("realmgate.limits.deadlin")), Reload::Unchanged);
    assert_eq!(gate.look(), Reload::Unchanged);
    assert!(readyz(gate.http()).1.contains("[+]config ok\n"));
}

#[test]
fn a_signal_without_a_change_is_answered_too() {
    let gate = corp::setup().start();
    gate.signal("HUP");
    gate.wait_for_reload("unchanged", 0);
    gate.wait_for_event(|line| is_reload(line, "unchanged"));
    let quickstart = Gate::quickstart();
    quickstart.signal("HUP");
    quickstart.wait_for_log(|line| line.contains("config_reload"));
    assert_eq!(http::get(quickstart.http(), "/readyz").status, 200, "it outlives the signal");
}

#[test]
fn a_file_that_is_gone_is_a_broken_version() {
    let gate = Inside::start(corp::setup());
    let file = gate.setup().config_file();
    let text = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    assert_eq!(gate.look(), Reload::Refused);
    assert!(gate.caller().check(&corp::good()).is_allow());
    let secret = gate.setup().keystore().join(corp::setting("hmac_key"));
    fs::write(&file, text).unwrap();
    fs::remove_file(&secret).unwrap();
    assert_eq!(gate.look(), Reload::Refused);
    assert!(readyz(gate.http()).1.contains("hmac_key"), "{}", readyz(gate.http()).1);
    assert!(gate.caller().check(&corp::good()).is_allow());
}

#[test]
fn an_address_is_not_changed_without_a_restart() {
    let mut gate = Inside::start(corp::setup());
    for key in ["realmgate.grpc.address", "realmgate.http.address"] {
        assert_eq!(gate.reload(|setup| setup.set(key, "127.0.0.1:1")), Reload::Refused);
        let line = format!("realmgate.json:1: {key}: a change needs a restart");
        assert!(readyz(gate.http()).1.contains(&line), "{}", readyz(gate.http()).1);
        assert_eq!(gate.reload(|setup| setup.unset(key)), Reload::Unchanged);
    }
}

#[test]
fn a_warning_of_a_new_version_is_logged_whatever_else_it_changes() {
    let mut gate = corp::setup().start();
    let warned = |gate: &Gate, what: &str| {
        gate.wait_for_event(|line| line["warning"].as_str().is_some_and(|it| it.contains(what)));
    };
    let kind = corp::setting("client_authentication.type");
    let secret = corp::setting("client_authentication.shared_secret");
    gate.reload("applied", |setup| setup.set(&kind, "none").without_secret(&secret));
    warned(&gate, "may not be secure");
    gate.reload("unchanged", |setup| setup.secret("nobody.asks.for.this", "x"));
    warned(&gate, "nobody.asks.for.this");
}

#[test]
fn no_secret_is_printed_by_a_reload() {
    let mut gate = corp::setup().set("realmgate.log.level", "trace").start();
    let secret = corp::setting("client_authentication.shared_secret");
    gate.reload("applied", |setup| setup.secret(&secret, "hunter2-the-first"));
    gate.reload("refused", |setup| {
        setup.secret(&secret, "hunter2-the-second").set(&corp::setting("hmac_key"), "hunter2-three")
    });
    gate.reload("refused", |setup| {
        setup.secret(&secret, b"hunter2-\xff").unset(&corp::setting("hmac_key"))
    });
    // The log's own thread has written what was logged before this.
    gate.caller().check(&Check::get().host("the-last"));
    gate.wait_for_event(|line| line["host"] == "the-last");
    assert!(!gate.log().contains("hunter2") && !readyz(gate.http()).1.contains("hunter2"));
}

#[test]
fn a_service_whose_files_cannot_be_read_any_more_ends_when_it_is_told_to() {
    let setup = corp::setup().set("realmgate.drain.grace", "0s");
    let secret = setup.keystore().join(corp::setting("hmac_key"));
    let mut gate = setup.start();
    // Opening a pipe waits for its other end, as a dead mount does; here it is told from a file.
    fs::remove_file(&secret).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&secret).status().unwrap();
    assert!(made.success());
    gate.wait_for_reload("refused", 0);
    gate.terminate();
    assert_eq!(gate.wait_exit().status, Some(0));
}
