//! An issuer that is out of order: nothing is lost by it, and nothing has to be done after it.

use serde_json::Value;

use super::polled;
use crate::support::gate::Gate;
use crate::support::https::Answer;
use crate::support::issuer::{Fault, Issuer, by, key};
use crate::support::keys::Key;
use crate::support::series::loads;
use crate::support::{corp, http, wait};

/// Everything that may go wrong, stalls included.
fn faults(issuer: &Issuer) -> Vec<Fault> {
    let mut faults = issuer.faults();
    for (name, answer) in [("silence", Answer::silence()), ("stalls", Answer::stalled_body())] {
        faults.push(Fault { name, answer, said: "nothing came within [http.socket_timeout]" });
    }
    faults
}

/// The errors of loads in the log.
fn errors(gate: &Gate) -> Vec<String> {
    let lines = gate.log_objects();
    let lines = lines.iter().filter(|line| {
        line["event"] == "jwks_reload" && line["level"] == "ERROR" && line["result"] == "error"
    });
    lines.map(|line| line["problem"].as_str().unwrap().to_owned()).collect()
}

fn start(issuer: &Issuer) -> Gate {
    let setup = issuer.setup().set("realmgate.jwks.reload_burst", 100);
    setup.set(&corp::setting("http.socket_timeout"), "1s").start()
}

#[test]
fn a_load_that_brings_nothing_leaves_the_keys_and_is_told_and_counted_once() {
    let mut old = key("0");
    let issuer = Issuer::publishing([&old]);
    let gate = start(&issuer);
    let caller = gate.caller();
    let failed = loads("corp", "signature_failure", "error");
    for (count, Fault { name, answer, said }) in (1..).zip(faults(&issuer)) {
        let new = key(&count.to_string());
        issuer.answer([answer]);
        assert_eq!(caller.check(&by(&new)).outcome(), (401, "no_usable_key"), "{name}");
        assert_eq!(gate.metric(&failed), i64::try_from(count).unwrap(), "{name}");
        let is_told = || (errors(&gate).len() >= count).then_some(());
        wait::eventually("the error is in the log", is_told);
        let errors = errors(&gate);
        assert_eq!(errors.len(), count, "{name}: {errors:?}");
        assert!(errors[count - 1].contains(said), "{name}: {errors:?}");
        assert!(caller.check(&by(&old)).is_allow(), "{name}: the old keys stay");
        assert_eq!(http::get(gate.http(), "/readyz").status, 200, "{name}");

        issuer.publish([&new]);
        assert!(caller.check(&by(&new)).is_allow(), "{name}: mended");
        assert_eq!(caller.check(&by(&old)).outcome(), (401, "no_usable_key"), "{name}");
        old = new;
    }
}

#[test]
fn a_fault_that_goes_on_is_told_once_and_so_is_its_end() {
    let good = key("good");
    let issuer = Issuer::publishing([&good]);
    let gate = start(&issuer);
    let ask_again = |result: &str, count: i64| {
        gate.signal("HUP");
        gate.wait_for_metric(&loads("corp", "signal", result), count);
    };
    issuer.answer([Answer::new("500 Internal Server Error", &[], "")]);
    (1..=3).for_each(|count| ask_again("error", count));
    issuer.answer([Answer::new("503 Service Unavailable", &[], "")]);
    ask_again("error", 4);
    issuer.publish([&good]);
    ask_again("unchanged", 1);
    ask_again("unchanged", 2);
    issuer.answer([Answer::new("500 Internal Server Error", &[], "")]);
    ask_again("error", 5);
    gate.wait_for_metric(r#"realmgate_config_reloads_total{result="unchanged"}"#, 7);
    let lines = gate.log_objects().into_iter();
    let lines = lines.filter(|line| line["event"] == "jwks_reload" && line["trigger"] == "signal");
    let told: Vec<_> = lines
        .map(|line| {
            assert_eq!(line["realms"], "corp", "{line}");
            line["problem"].as_str().or(line["message"].as_str()).unwrap().to_owned()
        })
        .collect();
    let parts = ["status [500]", "status [503]", "loads work again", "status [500]"];
    assert_eq!(told.len(), parts.len(), "{told:#?}");
    assert!(told.iter().zip(parts).all(|(line, part)| line.contains(part)), "{told:#?}");
}

/// Lets the issuer fail under the poll, and heals it with another key.
fn heals(fault: Fault) {
    let (old, new) = (key("old"), key("new"));
    let issuer = Issuer::publishing([&old]);
    let setup = issuer.setup().set(&corp::setting("http.socket_timeout"), "1s");
    let gate = polled(setup, corp::setting).start();
    issuer.answer([fault.answer]);
    let error = loads("corp", "interval", "error");
    wait::eventually(fault.name, || (gate.metric(&error) > 0).then_some(()));
    assert!(gate.caller().check(&by(&old)).is_allow(), "{}", fault.name);
    issuer.publish([&new]);
    gate.wait_for_metric(&loads("corp", "interval", "changed"), 1);
    assert!(gate.caller().check(&by(&new)).is_allow(), "{}", fault.name);
    assert_eq!(gate.metric(&loads("corp", "signature_failure", "error")), 0, "{}", fault.name);
}

#[test]
fn an_issuer_that_is_back_is_noticed_without_anybody_failing() {
    let issuer = Issuer::publishing([]);
    let mut faults = faults(&issuer).into_iter();
    while let Some(first) = faults.next() {
        let second = faults.next();
        std::thread::scope(|scope| {
            scope.spawn(|| heals(first));
            second.map(|second| scope.spawn(|| heals(second)));
        });
    }
}

#[test]
fn an_empty_set_withdraws_all_keys_until_there_are_others() {
    let good: Key = key("a");
    let issuer = Issuer::publishing([&good]);
    let gate = start(&issuer);
    let caller = gate.caller();
    issuer.publish([]);
    gate.signal("HUP");
    gate.wait_for_metric(&loads("corp", "signal", "changed"), 1);
    assert_eq!(caller.check(&by(&good)).outcome(), (401, "no_usable_key"));
    assert_eq!(gate.metric(r#"realmgate_jwks_keys{realm="corp"}"#), 0);
    assert_eq!(http::get(gate.http(), "/readyz").status, 200);
    let warns = |line: &Value| {
        line["warning"].as_str().is_some_and(|warning| warning.contains("no_usable_key"))
    };
    gate.wait_for_event(warns);
    assert_eq!(gate.log_objects().iter().filter(|line| warns(line)).count(), 1);
    issuer.publish([&good]);
    assert!(caller.check(&by(&good)).is_allow());
}
