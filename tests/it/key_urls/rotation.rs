//! A token that a new key has signed brings that key in: once, and for everybody who waits.

use crate::support::answer::Answer;
use crate::support::caller::{Call, Pending};
use crate::support::check::Check;
use crate::support::gate::{Gate, Setup};
use crate::support::issuer::{Issuer, by, key, of};
use crate::support::keys::Key;
use crate::support::series::{asked, loads};
use crate::support::token::Claims;
use crate::support::{corp, wait};

use super::requests;

/// How many checks are under way.
const IN_FLIGHT: &str = "realmgate_checks_in_flight";

/// A call whose caller waits for so long.
fn within(check: &Check, timeout: &str) -> Call {
    Call::check(&check.encode()).metadata("grpc-timeout", timeout)
}

fn answer(pending: Pending) -> Answer {
    Answer::read(pending.reply().unwrap().message())
}

/// An issuer that will publish `new` in place of `old`, and a gate that has the old one.
struct Scene {
    old: Key,
    new: Key,
    issuer: Issuer,
    gate: Gate,
}

impl Scene {
    fn start() -> Self {
        Self::of(key("old"), key("new"), |setup| setup)
    }

    fn of(old: Key, new: Key, change: impl FnOnce(Setup) -> Setup) -> Self {
        let issuer = Issuer::publishing([&old]);
        let gate = change(issuer.setup()).start();
        Self { old, new, issuer, gate }
    }
}

#[test]
fn a_rotated_key_holds_from_the_first_token_that_it_signs() {
    let Scene { old, new, issuer, gate } = Scene::start();
    let caller = gate.caller();
    assert!(caller.check(&by(&old)).is_allow());
    issuer.publish([&new]);
    assert!(caller.check(&by(&new)).is_allow());
    assert_eq!(issuer.fetches(), 2);
    assert_eq!(caller.check(&by(&old)).outcome(), (401, "no_usable_key"));
    assert_eq!(gate.metric(&loads("corp", "signature_failure", "changed")), 1);
}

#[test]
fn a_new_key_of_the_same_name_holds_from_its_first_token_too() {
    let Scene { old, new, issuer, gate } = Scene::of(key("same"), key("same"), |setup| setup);
    issuer.publish([&new]);
    assert!(gate.caller().check(&by(&new)).is_allow());
    assert_eq!(gate.caller().check(&by(&old)).outcome(), (401, "signature_invalid"));
}

#[test]
fn five_hundred_checks_at_once_cause_one_fetch_and_are_all_allowed() {
    const CHECKS: i64 = 500;
    let patient = |setup: Setup| {
        let setup = setup.set("realmgate.limits.deadline", "1m");
        setup.set(&corp::setting("http.socket_timeout"), "10s")
    };
    let Scene { old, new, issuer, gate } = Scene::of(key("old"), key("new"), patient);
    let checks: Vec<_> = (0..CHECKS)
        .map(|number| of(&new, &Claims::good().with("jti", number.to_string())))
        .collect();
    issuer.publish([&new]);
    issuer.hold();
    let caller = gate.caller();
    // The connection is made by a check that is over before the others begin.
    assert!(caller.check(&by(&old)).is_allow());
    let begin = |check: &Check| caller.begin(within(check, "1M"));
    let pending: Vec<_> = checks.iter().map(begin).collect();
    gate.wait_for_metric(IN_FLIGHT, CHECKS);
    gate.wait_for_metric(&asked("corp", "coalesced"), CHECKS - 1);
    assert!(!pending.iter().any(Pending::is_done), "nobody is answered yet");
    issuer.release();
    for pending in pending {
        assert!(answer(pending).is_allow());
    }
    assert_eq!(issuer.fetches(), 2);
    assert_eq!(requests(gate.http(), "corp"), [1, CHECKS - 1, 0]);
    assert_eq!(gate.metric(&loads("corp", "signature_failure", "changed")), 1);
}

#[test]
fn a_token_that_fails_any_other_check_causes_no_fetch() {
    let Scene { new, issuer, gate, .. } = Scene::start();
    let good = Claims::good();
    let token = new.token(&good, new.alg());
    let rows = [
        ("no secret", Check::get().bearer(&token), "client_secret_missing"),
        ("secret", Check::get().bearer(&token).client_secret("guess"), "client_secret_mismatch"),
        ("issuer", of(&new, &good.clone().with("iss", "else")), "issuer_mismatch"),
        ("audience", of(&new, &good.clone().with("aud", "else")), "audience_mismatch"),
        ("expired", of(&new, &good.clone().with("exp", 1_000_000_000)), "token_expired"),
        ("algorithm", corp::with_token(&good.token()), "algorithm_not_allowed"),
    ];
    for (what, check, reason) in rows {
        assert_eq!(gate.caller().check(&check).outcome(), (401, reason), "{what}");
    }
    assert_eq!(issuer.fetches(), 1);
    assert_eq!(requests(gate.http(), "corp"), [0; 3]);
    // The control: this one does.
    assert_eq!(gate.caller().check(&by(&new)).outcome(), (401, "no_usable_key"));
    assert_eq!(issuer.fetches(), 2);
}

#[test]
fn a_caller_that_waits_less_than_the_issuer_takes_is_told_that_the_verdict_is_not_known() {
    let Scene { new, issuer, gate, .. } = Scene::start();
    let caller = gate.caller();
    issuer.publish([&new]);
    issuer.hold();
    let told = answer(caller.begin(within(&by(&new), "300m")));
    assert_eq!(told.outcome(), (503, "keys_unavailable"));
    assert_eq!(issuer.fetches(), 2, "the load goes on");
    let impatient = |line: &str| line.contains("a caller waits for less than");
    gate.wait_for_log(impatient);
    issuer.release();
    gate.wait_for_metric(&loads("corp", "signature_failure", "changed"), 1);
    assert!(caller.check(&by(&new)).is_allow());
    assert_eq!(issuer.fetches(), 2);
    assert_eq!(gate.log().lines().filter(|line| impatient(line)).count(), 1);
}

#[test]
fn a_caller_that_goes_away_takes_no_load_with_it() {
    let Scene { old, new, issuer, gate } = Scene::start();
    let caller = gate.caller();
    assert!(caller.check(&by(&old)).is_allow());
    issuer.publish([&new]);
    issuer.hold();
    let goes_away = caller.begin(Call::check(&by(&new).encode()));
    super::wait_for_fetch(&issuer, 1);
    let stays = caller.begin(within(&by(&new), "1M"));
    gate.wait_for_metric(&asked("corp", "coalesced"), 1);
    goes_away.give_up();
    gate.wait_for_metric(IN_FLIGHT, 1);
    issuer.release();
    assert!(answer(stays).is_allow());
    assert_eq!(issuer.fetches(), 2);
    let none = || (gate.metric(IN_FLIGHT) == 0).then_some(());
    wait::eventually("nothing is under way", none);
}
