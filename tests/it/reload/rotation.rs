//! A client secret that is changed: the grace of the old one, and the metric that shows its end.

use crate::support::check::Check;
use crate::support::gate::{Gate, Setup};
use crate::support::token::Claims;
use crate::support::{corp, wait};

fn secret(setup: Setup, value: &str) -> Setup {
    setup.secret(&corp::setting("client_authentication.shared_secret"), value)
}

fn grace(setup: Setup, value: &str) -> Setup {
    setup.set(&corp::setting("client_authentication.rotation_grace_period"), value)
}

/// The status of a check with this secret.
fn status(gate: &Gate, secret: &str) -> u16 {
    let check = Check::get().bearer(&Claims::good().token()).client_secret(secret);
    gate.caller().check(&check).status()
}

fn count(gate: &Gate, result: &str) -> i64 {
    gate.metric(&format!(
        r#"realmgate_client_authentication_total{{realm="corp",result="{result}"}}"#
    ))
}

#[test]
fn the_previous_secret_holds_for_the_grace_period_and_is_counted_apart() {
    let mut gate = corp::setup().start();
    gate.reload("applied", |setup| secret(setup, "second"));
    assert_eq!(status(&gate, "second"), 200);
    assert_eq!(status(&gate, corp::SECRET), 200);
    assert_eq!(status(&gate, "neither"), 401);
    let counts = ["current", "previous", "mismatch"].map(|result| count(&gate, result));
    assert_eq!(counts, [1, 1, 1]);
    // Only one previous secret is kept.
    gate.reload("applied", |setup| secret(setup, "third"));
    assert_eq!(
        ["third", "second", corp::SECRET].map(|secret| status(&gate, secret)),
        [200, 200, 401]
    );
}

#[test]
fn without_grace_the_previous_secret_ends_at_once() {
    let mut gate = grace(corp::setup(), "0s").start();
    gate.reload("applied", |setup| secret(setup, "second"));
    assert_eq!(["second", corp::SECRET].map(|secret| status(&gate, secret)), [200, 401]);
}

#[test]
fn a_grace_that_is_taken_away_ends_a_running_one() {
    let mut gate = corp::setup().start();
    gate.reload("applied", |setup| secret(setup, "second"));
    assert_eq!(status(&gate, corp::SECRET), 200);
    gate.reload("applied", |setup| grace(setup, "1h"));
    assert_eq!(status(&gate, corp::SECRET), 200, "and the realm's change did not end it");
    gate.reload("applied", |setup| grace(setup, "0s"));
    assert_eq!(["second", corp::SECRET].map(|secret| status(&gate, secret)), [200, 401]);
}

#[test]
fn a_secret_that_is_taken_away_is_refused_and_goes_on_to_hold() {
    let mut gate = corp::setup().start();
    let name = corp::setting("client_authentication.shared_secret");
    gate.reload("refused", |setup| setup.without_secret(&name));
    assert_eq!([corp::SECRET, "another"].map(|secret| status(&gate, secret)), [200, 401]);
    gate.reload("refused", |setup| secret(setup, "  \n"));
    assert_eq!([corp::SECRET, "another"].map(|secret| status(&gate, secret)), [200, 401]);
}

#[test]
fn a_realm_that_is_removed_and_added_again_knows_no_previous_secret() {
    let mut gate = corp::setup().set("xpack.security.authc.realms.jwt.other.order", 2);
    let other = |suffix: &str| format!("xpack.security.authc.realms.jwt.other.{suffix}");
    for (suffix, value) in [
        ("allowed_issuer", "other"),
        ("allowed_audiences", "api"),
        ("allowed_signature_algorithms", "HS256"),
        ("claims.principal", "sub"),
        ("client_authentication.type", "none"),
    ] {
        gate = gate.set(&other(suffix), value);
    }
    let mut gate = gate.secret(&other("hmac_key"), corp::KEY).start();
    gate.reload("applied", |setup| setup.set(&corp::setting("enabled"), "false"));
    assert_eq!(status(&gate, corp::SECRET), 401);
    gate.reload("applied", |setup| secret(setup.unset(&corp::setting("enabled")), "second"));
    assert_eq!(["second", corp::SECRET].map(|secret| status(&gate, secret)), [200, 401]);
}

#[test]
fn the_previous_secret_ends_when_its_grace_is_over() {
    let mut gate = grace(corp::setup(), "1s").start();
    gate.reload("applied", |setup| secret(setup, "second"));
    let end = || (status(&gate, corp::SECRET) == 401).then_some(());
    wait::eventually("the previous secret ends", end);
    assert_eq!(status(&gate, "second"), 200);
}
