//! Realms that ask the same URL in the same way share one source, and no others do.

use serde_json::json;

use crate::support::answer::Answer;
use crate::support::caller::Call;
use crate::support::check::Check;
use crate::support::gate::Gate;
use crate::support::http;
use crate::support::issuer::{Issuer, by, by_second, key, second};
use crate::support::keys::Key;
use crate::support::series::{asked, loads};
use crate::support::{corp, wait};

use super::polled;

const REALMS: [&str; 2] = ["corp", "second"];

/// Both realms wait for the issuer at the same time, until all of `requests` have asked.
fn rotate(gate: &Gate, issuer: &Issuer, new: &Key, requests: impl Fn() -> bool) {
    issuer.publish([new]);
    issuer.hold();
    let caller = gate.caller();
    let begin = |check: Check| caller.begin(Call::check(&check.encode()));
    let pending = [begin(by(new)), begin(by_second(new))];
    wait::eventually("both have asked", || requests().then_some(()));
    issuer.release();
    for pending in pending {
        assert!(Answer::read(pending.reply().unwrap().message()).is_allow());
    }
}

fn total(gate: &Gate, result: &str) -> i64 {
    REALMS.map(|realm| gate.metric(&asked(realm, result))).iter().sum()
}

#[test]
fn two_realms_of_one_url_share_its_source_and_each_counts() {
    let (old, new) = (key("old"), key("new"));
    let issuer = Issuer::publishing([&old]);
    let gate = issuer.add_second(issuer.setup()).start();
    assert_eq!(issuer.fetches(), 1);
    assert!(gate.caller().check(&by(&old)).is_allow());
    assert!(gate.caller().check(&by_second(&old)).is_allow());
    rotate(&gate, &issuer, &new, || [total(&gate, "started"), total(&gate, "coalesced")] == [1, 1]);
    assert_eq!(issuer.fetches(), 2);
    for realm in REALMS {
        assert_eq!(gate.metric(&loads(realm, "startup", "changed")), 1, "{realm}");
        assert_eq!(gate.metric(&loads(realm, "signature_failure", "changed")), 1, "{realm}");
        assert_eq!(gate.metric(&format!(r#"realmgate_jwks_keys{{realm="{realm}"}}"#)), 1);
    }
}

#[test]
fn what_one_realm_fetches_holds_for_the_other_one_too() {
    let (old, new) = (key("old"), key("new"));
    let issuer = Issuer::publishing([&old]);
    let gate = issuer.add_second(issuer.setup()).start();
    issuer.publish([&new]);
    assert!(gate.caller().check(&by(&new)).is_allow());
    assert!(gate.caller().check(&by_second(&new)).is_allow());
    assert_eq!(issuer.fetches(), 2);
    assert_eq!(gate.metric(&loads("corp", "signature_failure", "changed")), 1);
    assert_eq!(gate.metric(&loads("second", "signature_failure", "changed")), 0);
}

#[test]
fn realms_that_ask_in_different_ways_have_a_source_each() {
    let rows = [
        ("http.socket_timeout", json!("4s")),
        ("http.connect_timeout", json!("4s")),
        ("ssl.supported_protocols", json!(["TLSv1.2"])),
        ("ssl.verification_mode", json!("certificate")),
    ];
    for (suffix, value) in rows {
        let (old, new) = (key("old"), key("new"));
        let issuer = Issuer::publishing([&old]);
        let setup = issuer.add_second(issuer.setup()).set(&second(suffix), value);
        let gate = setup.start();
        assert_eq!(issuer.fetches(), 2, "{suffix}");
        rotate(&gate, &issuer, &new, || total(&gate, "started") == 2);
        assert_eq!(issuer.fetches(), 4, "{suffix}");
        for realm in REALMS {
            assert_eq!(gate.metric(&loads(realm, "startup", "changed")), 1, "{realm} {suffix}");
            let rotated = loads(realm, "signature_failure", "changed");
            assert_eq!(gate.metric(&rotated), 1, "{realm} {suffix}");
        }
    }
}

#[test]
fn a_source_outlives_one_of_its_realms() {
    let good = key("a");
    let issuer = Issuer::publishing([&good]);
    let mut gate = issuer.add_second(issuer.setup()).start();
    gate.reload("applied", |setup| setup.set(&corp::setting("enabled"), "false"));
    assert!(gate.caller().check(&by_second(&good)).is_allow());
    assert_eq!(issuer.fetches(), 1, "the source goes on");
    assert!(!http::get(gate.http(), "/metrics").body.contains(r#"realm="corp""#));
}

#[test]
fn a_shared_source_is_looked_at_as_often_as_the_most_eager_of_its_realms_wants() {
    let (old, new) = (key("old"), key("new"));
    let issuer = Issuer::publishing([&old]);
    let setup = issuer.add_second(issuer.setup());
    let setup = setup.set(&corp::setting("pkc_jwkset_reload.enabled"), "false");
    let gate = polled(setup, second).start();
    issuer.publish([&new]);
    // Nobody waits for it: it is the source's first realm's.
    gate.wait_for_metric(&loads("corp", "interval", "changed"), 1);
    assert!(gate.caller().check(&by(&new)).is_allow());
    assert!(gate.caller().check(&by_second(&new)).is_allow());
    assert_eq!(total(&gate, "started"), 0);
}
