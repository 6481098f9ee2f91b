//! How long a verified token is remembered, by a clock that the test moves.

use std::time::Duration;

use crate::support::corp;
use crate::support::inside::{Inside, Still};
use crate::support::token::Claims;

/// How many checks were answered from memory, and how many were not.
fn hits_and_misses(gate: &Inside) -> [i64; 2] {
    ["hit", "miss"].map(|result| {
        let labels = format!(r#"realm="corp",result="{result}""#);
        gate.metric(&format!("realmgate_jwt_cache_requests_total{{{labels}}}"))
    })
}

#[test]
fn a_token_is_remembered_for_the_ttl_and_verified_again_after_it() {
    let (time, clock) = Still::now();
    let gate = Inside::start_by(clock, corp::setup().set(&corp::setting("jwt.cache.ttl"), "20m"));
    let (caller, check) = (gate.caller(), corp::good());
    for (passed, expected) in
        [(0, [0, 1]), (0, [1, 1]), (1_199_999, [2, 1]), (1, [2, 2]), (1_199_999, [3, 2])]
    {
        time.advance(Duration::from_millis(passed));
        assert!(caller.check(&check).is_allow());
        assert_eq!(hits_and_misses(&gate), expected, "{passed}");
    }
}

#[test]
fn a_remembered_token_ends_with_its_exp_and_the_clock_skew() {
    let (time, clock) = Still::now();
    let exp = clock.unix_seconds() + 100;
    let gate = Inside::start_by(clock, corp::setup());
    let (caller, check) = (gate.caller(), corp::with(&Claims::good().with("exp", exp)));
    assert!(caller.check(&check).is_allow());
    // The clock stands somewhere within its second.
    time.advance(Duration::from_secs(100 + 60 - 1));
    assert!(caller.check(&check).is_allow());
    assert_eq!(hits_and_misses(&gate), [1, 1]);
    time.advance(Duration::from_secs(1));
    assert_eq!(caller.check(&check).outcome(), (401, "token_expired"));
    assert_eq!(hits_and_misses(&gate)[0], 1);
}
