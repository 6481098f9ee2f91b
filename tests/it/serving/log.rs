//! The decision log: its fields, what is logged when, and what a flood cannot do.

use serde_json::Value;

use crate::support::caller::Call;
use crate::support::check::Check;
use crate::support::gate::Gate;
use crate::support::token::Claims;
use crate::support::{corp, http, wait};

/// The decision lines so far.
fn decisions(gate: &Gate) -> Vec<Value> {
    gate.log_objects().into_iter().filter(|line| line["decision"].is_string()).collect()
}

/// The first decision line with this reason, waited for.
fn decision(gate: &Gate, reason: &str) -> Value {
    gate.wait_for_event(|line| line["reason"] == reason && line["decision"].is_string())
}

#[test]
fn a_line_has_the_fields_of_the_contract_and_no_others() {
    let gate = corp::setup().start();
    let check = Check::new("POST", "/a/b?secret=1")
        .bearer(&Claims::good().token())
        .client_secret(corp::SECRET)
        .header("es-security-runas-user", "eve")
        .header("x-request-id", "5f1d");
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    gate.caller().call(Call::check(&check.encode()).metadata("traceparent", trace));
    let line = decision(&gate, "run_as_denied");
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    for (name, value) in [
        ("level", "INFO"),
        ("decision", "deny"),
        ("realm", "corp"),
        ("user", "ana"),
        ("authenticated_user", "ana"),
        ("run_as", "eve"),
        ("method", "POST"),
        ("host", "shop.example.com"),
        ("path", "/a/b"),
        ("request_id", "5f1d"),
        ("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"),
    ] {
        assert_eq!(text(name), value, "{name} of {line}");
    }
    assert!(line["duration_us"].is_u64() && line["timestamp"].is_string(), "{line}");
    let known = "timestamp level event decision reason realm user authenticated_user run_as rule \
                 method host path request_id trace_id duration_us";
    let known: Vec<_> = known.split(' ').collect();
    for name in line.as_object().unwrap().keys() {
        assert!(known.contains(&name.as_str()), "{name} of {line}");
    }
}

#[test]
fn what_is_not_known_is_left_out() {
    let gate = corp::setup().start();
    gate.caller().check(&Check::get());
    let line = decision(&gate, "no_credentials");
    let absent =
        ["realm", "user", "authenticated_user", "run_as", "rule", "request_id", "trace_id"];
    for name in absent {
        assert_eq!(line.get(name), None, "{name} of {line}");
    }
}

#[test]
fn a_callers_text_is_encoded_and_the_path_is_cut() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    let path = format!("/caf\u{e9}\r\n%/{}?q", "p".repeat(1000));
    caller.check(&Check::new("GET", &path).host("h\u{1b}[31m"));
    let line = decision(&gate, "no_credentials");
    let shown = line["path"].as_str().unwrap();
    assert!(shown.starts_with("/caf%C3%A9%0D%0A%25/ppp"), "{shown}");
    let bytes = crate::support::answer::percent_decode(shown).len();
    assert!((250..=256).contains(&bytes), "{bytes}");
    assert_eq!(line["host"], "h%1B[31m");
    let user = Claims::good().with("sub", "a\u{7f}b");
    caller.check(&corp::with(&user).header("es-security-runas-user", "e\tve"));
    let line = decision(&gate, "run_as_denied");
    assert_eq!((&line["user"], &line["run_as"]), (&"a%7Fb".into(), &"e%09ve".into()));
}

/// The reasons that are logged of an allow and a denial, in their order.
fn logged(mode: Option<&str>) -> Vec<String> {
    let setup = corp::setup().set("realmgate.drain.grace", "0s");
    let setup = match mode {
        Some(mode) => setup.set("realmgate.log.decisions", mode),
        None => setup,
    };
    let gate = setup.start();
    let caller = gate.caller();
    caller.check(&corp::good());
    caller.check(&corp::with(&Claims::good().with("exp", 0)));
    let mut gate = gate;
    gate.terminate();
    let ended = gate.wait_exit();
    let lines = ended.stderr.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| line["decision"].is_string())
        .map(|line| line["reason"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_setting_says_which_decisions_are_logged() {
    assert_eq!(logged(None), ["token_expired"]);
    assert_eq!(logged(Some("denied")), ["token_expired"]);
    assert_eq!(logged(Some("run_as")), ["token_expired"]);
    assert_eq!(logged(Some("all")), ["ok", "token_expired"]);
    assert_eq!(logged(Some("none")), Vec::<String>::new());
}

#[test]
fn a_flood_of_denials_is_cut_counted_and_hides_no_other_line() {
    let gate = corp::setup().set("realmgate.log.lines_per_second", 5).start();
    let caller = gate.caller();
    let flood = 200;
    for _ in 0..flood {
        caller.check(&Check::get());
    }
    caller.check(&corp::good().header("es-security-runas-user", "eve"));
    decision(&gate, "run_as_denied");
    let (lines, dropped) = wait::eventually("every denial is logged or counted as dropped", || {
        let lines =
            decisions(&gate).iter().filter(|line| line["reason"] == "no_credentials").count();
        let metrics = http::get(gate.http(), "/metrics").body;
        let dropped = http::sample(&metrics, "realmgate_log_lines_dropped_total")?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small count"
        )]
        let dropped = dropped as usize;
        (lines + dropped == flood).then_some((lines, dropped))
    });
    assert!(lines >= 5 && dropped > 0, "{lines} lines, {dropped} dropped");
}

#[test]
fn logs_are_json_lines_and_the_level_is_a_setting() {
    let gate = corp::setup().set("realmgate.log.level", "error").start();
    gate.caller().check(&Check::get());
    assert_eq!(decisions(&gate), Vec::<Value>::new());
    let gate = corp::setup().start();
    gate.caller().check(&Check::get());
    decision(&gate, "no_credentials");
    for line in gate.log().lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()), "{line}");
    }
}

#[test]
fn logs_are_text_where_the_setting_says_so() {
    let gate = corp::setup().set("realmgate.log.format", "text").start();
    gate.caller().check(&Check::get());
    let line = gate.wait_for_log(|line| line.contains("no_credentials"));
    assert!(!line.starts_with('{') && !line.contains('\u{1b}'), "{line}");
}
