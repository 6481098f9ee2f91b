//! A client secret that is changed: the grace of the old one, and the metric that shows its end.

use realmgate::observe::Reload;

use super::second;
use crate::support::check::Check;
use crate::support::gate::Setup;
use crate::support::inside::Inside;
use crate::support::token::Claims;
use crate::support::{corp, wait};

fn secret(setup: Setup, value: &str) -> Setup {
    setup.secret(&corp::setting("client_authentication.shared_secret"), value)
}

fn grace(setup: Setup, value: &str) -> Setup {
    setup.set(&corp::setting("client_authentication.rotation_grace_period"), value)
}

/// The status of a check with each of these secrets.
fn statuses<const N: usize>(gate: &Inside, secrets: [&str; N]) -> [u16; N] {
    let caller = gate.caller();
    let token = Claims::good().token();
    secrets.map(|secret| caller.check(&Check::get().bearer(&token).client_secret(secret)).status())
}

fn count(gate: &Inside, result: &str) -> i64 {
    let series =
        format!(r#"realmgate_client_authentication_total{{realm="corp",result="{result}"}}"#);
    gate.metric(&series)
}

#[test]
fn the_previous_secret_holds_for_the_grace_period_and_is_counted_apart() {
    let mut gate = Inside::start(corp::setup());
    gate.apply(|setup| secret(setup, "second"));
    assert_eq!(statuses(&gate, ["second", corp::SECRET, "neither"]), [200, 200, 401]);
    let counts = ["current", "previous", "mismatch"].map(|result| count(&gate, result));
    assert_eq!(counts, [1, 1, 1]);
    // Only one previous secret is kept.
    gate.apply(|setup| secret(setup, "third"));
    assert_eq!(statuses(&gate, ["third", "second", corp::SECRET]), [200, 200, 401]);
}

#[test]
fn without_grace_the_previous_secret_ends_at_once() {
    let mut gate = Inside::start(grace(corp::setup(), "0s"));
    gate.apply(|setup| secret(setup, "second"));
    assert_eq!(statuses(&gate, ["second", corp::SECRET]), [200, 401]);
}

#[test]
fn a_grace_that_is_taken_away_ends_a_running_one() {
    let mut gate = Inside::start(corp::setup());
    gate.apply(|setup| secret(setup, "second"));
    assert_eq!(statuses(&gate, [corp::SECRET]), [200]);
    gate.apply(|setup| grace(setup, "1h"));
    assert_eq!(statuses(&gate, [corp::SECRET]), [200], "and the realm's change did not end it");
    gate.apply(|setup| grace(setup, "0s"));
    assert_eq!(statuses(&gate, ["second", corp::SECRET]), [200, 401]);
}

#[test]
fn a_secret_that_is_taken_away_is_refused_and_goes_on_to_hold() {
    let mut gate = Inside::start(corp::setup());
    let name = corp::setting("client_authentication.shared_secret");
    assert_eq!(gate.reload(|setup| setup.without_secret(&name)), Reload::Refused);
    assert_eq!(statuses(&gate, [corp::SECRET, "another"]), [200, 401]);
    assert_eq!(gate.reload(|setup| secret(setup, "  \n")), Reload::Refused, "blank is absent");
    assert_eq!(statuses(&gate, [corp::SECRET, "another"]), [200, 401]);
}

#[test]
fn a_realm_that_is_removed_and_added_again_knows_no_previous_secret() {
    let mut gate = Inside::start(second::add(corp::setup()));
    gate.apply(|setup| setup.set(&corp::setting("enabled"), "false"));
    assert_eq!(statuses(&gate, [corp::SECRET]), [401]);
    gate.apply(|setup| secret(setup.unset(&corp::setting("enabled")), "second"));
    assert_eq!(statuses(&gate, ["second", corp::SECRET]), [200, 401]);
}

#[test]
fn the_previous_secret_ends_when_its_grace_is_over() {
    let mut gate = Inside::start(grace(corp::setup(), "1s"));
    gate.apply(|setup| secret(setup, "second"));
    let end = || (statuses(&gate, [corp::SECRET]) == [401]).then_some(());
    wait::eventually("the previous secret ends", end);
    assert_eq!(statuses(&gate, ["second"]), [200]);
}
