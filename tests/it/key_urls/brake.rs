//! The brake: whoever has a client's secret can forge as many tokens as they like, and the issuer
//! hardly notices.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::caller::{Call, Caller, Pending};
use crate::support::check::Check;
use crate::support::gate::Gate;
use crate::support::issuer::{Issuer, by, key};
use crate::support::keys::Key;
use crate::support::series::asked;
use crate::support::wait;

use super::requests;

/// So many at once.
const AT_ONCE: usize = 250;

/// Forged tokens, of keys that nobody publishes: by a name that is published, and by others.
fn forged(published: &Key) -> Vec<Check> {
    let forger = key("forger");
    let names = (0..AT_ONCE).map(|number| match number % 2 {
        0 => published.kid().unwrap().to_owned(),
        _ => format!("random-{number}"),
    });
    names.map(|name| by(&forger.with("kid", name))).collect()
}

/// Sends all of them at once, which must all be refused.
fn flood(caller: &Caller, checks: &[Check]) {
    let begin = |check: &Check| caller.begin(Call::check(&check.encode()));
    let pending: Vec<_> = checks.iter().map(begin).collect();
    for pending in pending {
        let reply = Pending::reply(pending).unwrap();
        let answer = crate::support::answer::Answer::read(reply.message());
        assert!(matches!(answer.reason(), "signature_invalid" | "no_usable_key"), "{answer:?}");
    }
}

/// Ends the flood, also where the test fails.
struct Over<'f>(&'f AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn total(gate: &Gate) -> i64 {
    requests(gate, "corp").iter().sum()
}

#[test]
fn ten_thousand_forged_tokens_cause_no_more_fetches_than_the_burst() {
    const FORGED: usize = 10_000;
    let good = key("good");
    let issuer = Issuer::publishing([&good]);
    let setup = issuer.setup().set("realmgate.jwks.reload_burst", 3);
    let gate = setup
        .set("realmgate.jwks.reload_interval", "1d")
        .set("realmgate.log.decisions", "none")
        .start();
    let caller = gate.caller();
    let checks = forged(&good);
    for _ in 0..FORGED / AT_ONCE {
        flood(&caller, &checks);
        assert!(caller.check(&by(&good)).is_allow());
    }
    assert_eq!(issuer.fetches(), 1 + 3);
    assert_eq!(total(&gate), i64::try_from(FORGED).unwrap());
    assert_eq!(gate.metric(&asked("corp", "started")), 3);
    assert!(gate.metric(&asked("corp", "suppressed")) > 0);
}

#[test]
fn a_rotation_during_a_flood_of_forged_tokens_is_honoured_within_a_refill() {
    let (old, new) = (key("old"), key("new"));
    let issuer = Issuer::publishing([&old]);
    let setup = issuer.setup().set("realmgate.jwks.reload_burst", 1);
    let gate = setup
        .set("realmgate.jwks.reload_interval", "1s")
        .set("realmgate.log.decisions", "none")
        .start();
    let (over, checks) = (AtomicBool::new(false), forged(&old));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let caller = gate.caller();
            while !over.load(Ordering::SeqCst) {
                flood(&caller, &checks);
            }
        });
        let _over = Over(&over);
        let is_braked = || (gate.metric(&asked("corp", "suppressed")) > 0).then_some(());
        wait::eventually("the bucket is empty", is_braked);
        issuer.publish([&new]);
        super::wait_for_fetch(&issuer, issuer.fetches());
        let answer = gate.caller().check(&by(&new));
        assert!(answer.is_allow(), "{answer:?}");
    });
}
