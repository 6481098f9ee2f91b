//! A remembered token is as good as its key, wherever that came from.

use crate::support::gate::Gate;
use crate::support::issuer::{Issuer, by, key};
use crate::support::series::loads;

fn hits(gate: &Gate) -> i64 {
    gate.metric(r#"realmgate_jwt_cache_requests_total{realm="corp",result="hit"}"#)
}

#[test]
fn a_remembered_token_falls_with_its_key_and_stays_with_it() {
    let (stays, goes, comes) = (key("stays"), key("goes"), key("comes"));
    let issuer = Issuer::publishing([&stays, &goes]);
    let gate = issuer.setup().start();
    let caller = gate.caller();
    let (kept, lost) = (by(&stays), by(&goes));
    for _ in 0..2 {
        assert!(caller.check(&kept).is_allow() && caller.check(&lost).is_allow());
    }
    assert_eq!(hits(&gate), 2);

    issuer.publish([&comes, &stays]);
    assert!(caller.check(&lost).is_allow(), "nobody knows yet");
    assert_eq!(hits(&gate), 3);
    assert!(caller.check(&by(&comes)).is_allow(), "now it is known");
    assert_eq!(gate.metric(&loads("corp", "signature_failure", "changed")), 1);
    assert_eq!(caller.check(&lost).outcome(), (401, "no_usable_key"));
    assert_eq!(hits(&gate), 3);
    assert!(caller.check(&kept).is_allow());
    assert_eq!(hits(&gate), 4);
}
