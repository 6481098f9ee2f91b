//! The brake: whoever has a client's secret can forge as many tokens as they like, and the issuer
//! hardly notices.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::answer::Answer;
use crate::support::caller::{Call, Caller, Pending};
use crate::support::check::Check;
use crate::support::inside::{Inside, Still};
use crate::support::issuer::{Issuer, by, key};
use crate::support::keys::Key;
use crate::support::series::loads;
use crate::support::wait;

use super::requests;

/// How many loads the bucket is good for.
const BURST: &str = "realmgate.jwks.reload_burst";

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
        let answer = Answer::read(reply.message());
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

#[test]
fn ten_thousand_forged_tokens_cause_no_more_fetches_than_the_burst_while_time_stands_still() {
    const FORGED: usize = 10_000;
    let good = key("good");
    let issuer = Issuer::publishing([&good]);
    let (_still, clock) = Still::now();
    let gate = Inside::start_by(clock, issuer.setup().set(BURST, 3));
    let caller = gate.caller();
    let checks = forged(&good);
    for _ in 0..FORGED / AT_ONCE {
        flood(&caller, &checks);
        assert!(caller.check(&by(&good)).is_allow());
    }
    assert_eq!(issuer.fetches(), 1 + 3);
    let [started, coalesced, suppressed] = requests(gate.http(), "corp");
    assert_eq!(started, 3);
    assert!(suppressed > 0);
    assert_eq!(started + coalesced + suppressed, i64::try_from(FORGED).unwrap());
}

#[test]
fn a_rotation_during_a_flood_of_forged_tokens_is_honoured_within_a_refill() {
    let (old, new) = (key("old"), key("new"));
    let issuer = Issuer::publishing([&old]);
    let (time, clock) = Still::now();
    let setup = issuer.setup().set(BURST, 2).set("realmgate.jwks.reload_interval", "10s");
    let gate = Inside::start_by(clock, setup);
    let (over, checks) = (AtomicBool::new(false), forged(&old));
    std::thread::scope(|scope| {
        let (caller, over, checks) = (gate.caller(), &over, &checks);
        scope.spawn(move || {
            while !over.load(Ordering::SeqCst) {
                flood(&caller, checks);
            }
        });
        let _over = Over(over);
        let is_spent = || {
            let landed = gate.metric(&loads("corp", "signature_failure", "unchanged"));
            (landed == 2).then_some(())
        };
        wait::eventually("the bucket is empty, and no load is under way", is_spent);
        issuer.publish([&new]);
        let caller = gate.caller();
        for millis in [0, 9_999] {
            time.advance(Duration::from_millis(millis));
            assert_eq!(caller.check(&by(&new)).outcome(), (401, "no_usable_key"), "{millis}");
        }
        assert_eq!(issuer.fetches(), 1 + 2);
        time.advance(Duration::from_millis(1));
        let answer = caller.check(&by(&new));
        assert!(answer.is_allow(), "{answer:?}");
        assert_eq!(issuer.fetches(), 1 + 2 + 1);
    });
}
