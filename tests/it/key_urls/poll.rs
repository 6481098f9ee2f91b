//! A URL is looked at without being asked for, as often as its realm says.

use crate::support::https::Answer;
use crate::support::issuer::{Issuer, by, key, second, set};
use crate::support::series::loads;
use crate::support::{corp, wait};

use super::{polled, requests, wait_for_fetch};

#[test]
fn a_withdrawn_key_stops_working_without_anybody_failing() {
    let (goes, stays) = (key("goes"), key("stays"));
    let issuer = Issuer::publishing([&goes, &stays]);
    let gate = polled(issuer.setup(), corp::setting).start();
    let caller = gate.caller();
    assert!(caller.check(&by(&goes)).is_allow());
    issuer.publish([&stays]);
    gate.wait_for_metric(&loads("corp", "interval", "changed"), 1);
    assert_eq!(requests(gate.http(), "corp"), [0; 3], "nobody asked");
    assert_eq!(caller.check(&by(&goes)).outcome(), (401, "no_usable_key"));
    assert!(caller.check(&by(&stays)).is_allow());
}

#[test]
fn a_poll_asks_for_another_version_than_the_one_it_has() {
    let good = key("a");
    let issuer = Issuer::publishing([]);
    let tagged = |etag: &str, keys| Answer::new("200 OK", &[&format!("ETag: {etag}")], set(keys));
    let unchanged = Answer::new("304 Not Modified", &[], "");
    issuer.answer([tagged("\"one\"", [&good]), unchanged]);
    let gate = polled(issuer.setup(), corp::setting).start();
    gate.wait_for_metric(&loads("corp", "interval", "unchanged"), 1);
    let conditions = |issuer: &Issuer| {
        let asked = issuer.requests().into_iter();
        asked.map(|asked| asked.header("if-none-match").map(str::to_owned)).collect::<Vec<_>>()
    };
    let asked = conditions(&issuer);
    assert_eq!(asked[..2], [None, Some("\"one\"".to_owned())]);
    assert!(gate.caller().check(&by(&good)).is_allow());
    assert_eq!(gate.metric(&loads("corp", "interval", "changed")), 0);

    let new = key("b");
    issuer.answer([tagged("\"two\"", [&new])]);
    gate.wait_for_metric(&loads("corp", "interval", "changed"), 1);
    assert!(gate.caller().check(&by(&new)).is_allow());
    let is_asked = || conditions(&issuer).contains(&Some("\"two\"".to_owned())).then_some(());
    wait::eventually("it asks for another version than that", is_asked);
}

#[test]
fn a_url_that_is_not_to_be_looked_at_is_loaded_anew_by_a_signal_alone() {
    let (old, new) = (key("old"), key("new"));
    let (issuer, other) = (Issuer::publishing([&old]), Issuer::publishing([&old]));
    let setup = polled(issuer.setup(), corp::setting)
        .set(&corp::setting("pkc_jwkset_reload.enabled"), "false");
    let setup = other.add_second(setup).file("other.pem", other.authority());
    let setup = polled(setup, second).set(&second("ssl.certificate_authorities"), "other.pem");
    let gate = setup.start();
    issuer.publish([&new]);
    // Time enough for the one to be looked at as the other one is.
    for looks in 1..=3 {
        wait_for_fetch(&other, looks);
    }
    assert_eq!(issuer.fetches(), 1);
    assert!(gate.caller().check(&by(&old)).is_allow());
    gate.signal("HUP");
    gate.wait_for_metric(&loads("corp", "signal", "changed"), 1);
    assert!(gate.caller().check(&by(&new)).is_allow());
    assert_eq!(issuer.fetches(), 2);
}
