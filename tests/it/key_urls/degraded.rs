//! `realmgate.jwks.start_degraded`: a start without keys that cannot be had.

use tonic_health::pb::health_check_response::ServingStatus;

use super::{impatient, refusal};
use crate::serving::health::health;
use crate::support::gate::{Gate, Setup};
use crate::support::https::Answer;
use crate::support::issuer::{Issuer, by, by_second, key, second};
use crate::support::keys::Key;
use crate::support::series::loads;
use crate::support::{http, wait};

/// Two realms, of which the one of `corp` cannot have its keys.
fn start(issuer: &Issuer, other: &Issuer) -> Gate {
    issuer.answer([Answer::new("503 Service Unavailable", &[], "")]);
    let setup = impatient(issuer.setup()).set("realmgate.jwks.start_degraded", "true");
    with_second(setup, other).start()
}

fn with_second(setup: Setup, other: &Issuer) -> Setup {
    let setup = other.add_second(setup).file("other.pem", other.authority());
    setup.set(&second("ssl.certificate_authorities"), "other.pem")
}

fn issuers() -> (Key, Issuer, Issuer) {
    let good = key("a");
    let (issuer, other) = (Issuer::publishing([&good]), Issuer::publishing([&good]));
    (good, issuer, other)
}

#[test]
fn a_realm_without_keys_does_not_know_and_another_one_works() {
    let (good, issuer, other) = issuers();
    let gate = start(&issuer, &other);
    let caller = gate.caller();
    assert_eq!(caller.check(&by(&good)).outcome(), (503, "keys_unavailable"));
    assert!(caller.check(&by_second(&good)).is_allow());
    let ready = http::get(gate.http(), "/readyz?verbose");
    assert_eq!(ready.status, 200);
    let lines: Vec<_> = ready.body.lines().collect();
    let missing = lines.iter().find(|line| line.starts_with("[-]realm/corp: "));
    assert!(missing.is_some_and(|line| line.contains("status [503]")), "{lines:?}");
    assert!(lines.contains(&"[+]realm/second ok"), "{lines:?}");
    assert_eq!(health(&caller, "realm/corp"), Ok(ServingStatus::NotServing));
    assert_eq!(health(&caller, "realm/second"), Ok(ServingStatus::Serving));
    assert_eq!(health(&caller, ""), Ok(ServingStatus::Serving));
    let warning = refusal(&issuer.url());
    let warns = |line: &&str| line.starts_with("warning: ") && line.contains(&warning);
    assert_eq!(gate.log().lines().filter(warns).count(), 1, "{}", gate.log());
}

#[test]
fn a_realm_without_keys_heals_by_itself_when_the_issuer_is_back() {
    let (good, issuer, other) = issuers();
    let gate = start(&issuer, &other);
    issuer.publish([&good]);
    let is_ready = || {
        let lines = http::get(gate.http(), "/readyz?verbose").body;
        lines.contains("[+]realm/corp ok").then_some(())
    };
    wait::eventually("the realm has its keys", is_ready);
    let before = issuer.fetches();
    assert!(gate.caller().check(&by(&good)).is_allow());
    assert_eq!(issuer.fetches(), before, "nobody had to ask");
    assert_eq!(gate.metric(&loads("corp", "interval", "changed")), 1);
    assert_eq!(health(&gate.caller(), "realm/corp"), Ok(ServingStatus::Serving));
}

#[test]
fn a_start_without_the_only_keys_is_alive_and_not_ready_until_they_are_there() {
    let good = key("a");
    let issuer = Issuer::publishing([&good]);
    issuer.answer([Answer::close()]);
    let setup = impatient(issuer.setup()).set("realmgate.jwks.start_degraded", "true");
    let gate = setup.start();
    assert_eq!(http::get(gate.http(), "/livez").status, 200);
    assert_eq!(http::get(gate.http(), "/readyz").status, 503);
    assert_eq!(health(&gate.caller(), ""), Ok(ServingStatus::NotServing));
    assert_eq!(gate.caller().check(&by(&good)).outcome(), (503, "keys_unavailable"));
    issuer.publish([&good]);
    let is_ready = || (http::get(gate.http(), "/readyz").status == 200).then_some(());
    wait::eventually("it is ready", is_ready);
    assert!(gate.caller().check(&by(&good)).is_allow());
}
