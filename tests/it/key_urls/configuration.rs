//! A configuration that is changed while the service runs, and needs keys of a URL.

use super::impatient;
use crate::support::gate::Setup;
use crate::support::https::{Answer, Authority};
use crate::support::inside::Inside;
use crate::support::issuer::{AUTHORITY, Issuer, by, by_second, key, second, set};
use crate::support::series::{loads, reloads};
use crate::support::{corp, http, wait};

/// The same gate with a realm of another issuer.
fn add(other: &Issuer) -> impl FnOnce(Setup) -> Setup {
    |setup| {
        let setup = other.add_second(setup).file("other.pem", other.authority());
        setup.set(&second("ssl.certificate_authorities"), "other.pem")
    }
}

#[test]
fn a_new_realm_is_taken_when_its_keys_are_there() {
    let good = key("a");
    let (issuer, other) = (Issuer::publishing([&good]), Issuer::publishing([&good]));
    let mut gate = issuer.setup().start();
    assert!(!gate.caller().check(&by_second(&good)).is_allow());
    gate.reload("applied", add(&other));
    assert!(gate.caller().check(&by_second(&good)).is_allow());
    assert_eq!([issuer.fetches(), other.fetches()], [1, 1], "what was there goes on");
    assert_eq!(gate.metric(&loads("second", "startup", "changed")), 1);
}

#[test]
fn a_new_realm_whose_keys_cannot_be_had_is_refused_and_the_others_go_on() {
    let good = key("a");
    let (issuer, other) = (Issuer::publishing([&good]), Issuer::publishing([&good]));
    other.answer([Answer::new("404 Not Found", &[], "")]);
    let mut gate = impatient(issuer.setup()).start();
    gate.reload("refused", add(&other));
    assert!(gate.caller().check(&by(&good)).is_allow());
    assert!(!gate.caller().check(&by_second(&good)).is_allow());
    let key = second("pkc_jwkset_path");
    let line = gate.wait_for_event(|line| {
        let problem = line["problem"].as_str().unwrap_or_default();
        line["event"] == "config_reload" && problem.contains("status [404]")
    });
    assert!(line["problem"].as_str().unwrap().contains(&key), "{line}");
    let ready = http::get(gate.http(), "/readyz?verbose");
    assert_eq!(ready.status, 200);
    assert!(ready.body.contains("[-]config: "), "{}", ready.body);
}

#[test]
fn a_refused_realm_is_taken_by_a_signal_when_its_issuer_is_mended() {
    let good = key("a");
    let (issuer, other) = (Issuer::publishing([&good]), Issuer::publishing([&good]));
    other.answer([Answer::new("404 Not Found", &[], "")]);
    let mut gate = impatient(issuer.setup()).start();
    gate.reload("refused", add(&other));
    other.publish([&good]);
    gate.signal("HUP");
    gate.wait_for_reload("applied", 0);
    assert!(gate.caller().check(&by_second(&good)).is_allow());
}

#[test]
fn a_refused_realm_is_taken_by_itself_when_its_issuer_is_mended_and_told_once_till_then() {
    let good = key("a");
    let (issuer, other) = (Issuer::publishing([&good]), Issuer::publishing([&good]));
    other.answer([Answer::new("404 Not Found", &[], "")]);
    let mut gate = Inside::start_watching(impatient(issuer.setup()));
    gate.change(add(&other));
    let tried = || (other.fetches() >= 5).then_some(());
    wait::eventually("it is tried again", tried);
    let count = |result: &str| gate.metric(&reloads(result));
    assert_eq!([count("refused"), count("applied")], [1, 0]);
    other.answer([Answer::new("410 Gone", &[], "")]);
    let is_shown = || {
        let parts = http::get(gate.http(), "/readyz?verbose").body;
        parts
            .lines()
            .any(|line| line.starts_with("[-]config: ") && line.contains("[410]"))
            .then_some(())
    };
    wait::eventually("readiness says why by now", is_shown);
    other.publish([&good]);
    let taken = || (gate.metric(&reloads("applied")) == 1).then_some(());
    wait::eventually("it is taken", taken);
    assert!(gate.caller().check(&by_second(&good)).is_allow());
    assert_eq!(gate.metric(&reloads("refused")), 1);
    assert!(http::get(gate.http(), "/readyz?verbose").body.contains("[+]config ok"));
}

#[test]
fn a_version_that_waits_for_its_keys_is_overtaken_by_the_next_one() {
    let good = key("a");
    let (issuer, other) = (Issuer::publishing([&good]), Issuer::publishing([&good]));
    other.hold();
    let [path, trusted, grace, secret] = [
        "pkc_jwkset_path",
        "ssl.certificate_authorities",
        "client_authentication.rotation_grace_period",
        "client_authentication.shared_secret",
    ]
    .map(corp::setting);
    let mut gate = issuer.setup().set("realmgate.jwks.startup_timeout", "1h").start();
    gate.change(|setup| {
        let setup = setup.set(&path, other.url()).set(&trusted, "other.pem");
        setup.file("other.pem", other.authority())
    });
    super::wait_for_fetch(&other, 0);
    gate.reload("applied", |setup| {
        let setup = setup.set(&path, issuer.url()).set(&trusted, AUTHORITY).set(&grace, "0s");
        setup.secret(&secret, "another-secret-of-the-client")
    });
    assert_eq!(gate.caller().check(&by(&good)).outcome(), (401, "client_secret_mismatch"));
    assert_eq!(gate.reloads("refused"), 0);
}

#[test]
fn a_key_file_is_watched_also_while_a_version_without_it_is_refused() {
    const FILE: &str = "keys.json";
    let path = corp::setting("pkc_jwkset_path");
    let (old, new) = (key("old"), key("new"));
    let other = Issuer::publishing([&old]);
    other.answer([Answer::new("404 Not Found", &[], "")]);
    let setup = impatient(other.setup()).set(&path, FILE).file(FILE, set([&old]));
    let mut gate = setup.start();
    gate.reload("refused", |setup| setup.set(&path, other.url()));
    assert!(gate.caller().check(&by(&old)).is_allow());
    gate.change(|setup| setup.file(FILE, set([&new])));
    gate.wait_for_metric(&loads("corp", "file_change", "changed"), 1);
    assert!(gate.caller().check(&by(&new)).is_allow());
    assert_eq!(gate.caller().check(&by(&old)).outcome(), (401, "no_usable_key"));
}

#[test]
fn a_changed_file_of_authorities_takes_effect() {
    let (old, new) = (key("old"), key("new"));
    let issuer = Issuer::publishing([&old]);
    let mut gate = impatient(issuer.setup()).start();
    let foreign = Authority::new("another").pem();
    // Nobody vouches for the issuer any more: that is refused, and what was there goes on.
    gate.reload("refused", |setup| setup.file(AUTHORITY, &foreign));
    assert!(gate.caller().check(&by(&old)).is_allow());
    let startup = |result| gate.metric(&loads("corp", "startup", result));
    assert_eq!(
        [startup("changed"), startup("error")],
        [1, 0],
        "what is in force knows nothing of it"
    );
    assert_eq!(issuer.fetches(), 1);
    // Both do: it is another source, which is loaded anew.
    issuer.publish([&new]);
    let both = format!("{foreign}{}", issuer.authority());
    gate.reload("applied", |setup| setup.file(AUTHORITY, both));
    assert_eq!(issuer.fetches(), 2);
    assert!(gate.caller().check(&by(&new)).is_allow());
    assert_eq!(gate.caller().check(&by(&old)).outcome(), (401, "no_usable_key"));
    assert_eq!(gate.metric(&loads("corp", "signature_failure", "changed")), 0);
    assert_eq!(gate.metric(&loads("corp", "startup", "changed")), 2);
}

#[test]
fn a_realm_is_healed_by_the_right_file_of_authorities() {
    let good = key("a");
    let issuer = Issuer::publishing([&good]);
    let foreign = Authority::new("another").pem();
    let setup = issuer.setup().file(AUTHORITY, foreign);
    let mut gate = impatient(setup).set("realmgate.jwks.start_degraded", "true").start();
    assert_eq!(gate.caller().check(&by(&good)).outcome(), (503, "keys_unavailable"));
    gate.reload("applied", |setup| setup.file(AUTHORITY, issuer.authority()));
    assert!(gate.caller().check(&by(&good)).is_allow());
    assert_eq!(http::get(gate.http(), "/readyz").status, 200);
    let key = corp::setting("pkc_jwkset_path");
    assert!(gate.log().contains(&key), "it was said at the start");
}

#[test]
fn a_new_realm_without_keys_is_taken_where_a_start_may_be_degraded() {
    let good = key("a");
    let (issuer, other) = (Issuer::publishing([&good]), Issuer::publishing([&good]));
    other.answer([Answer::new("404 Not Found", &[], "")]);
    let setup = impatient(issuer.setup()).set("realmgate.jwks.start_degraded", "true");
    let mut gate = setup.start();
    gate.reload("applied", add(&other));
    assert!(gate.caller().check(&by(&good)).is_allow());
    assert_eq!(gate.caller().check(&by_second(&good)).outcome(), (503, "keys_unavailable"));
    assert!(http::get(gate.http(), "/readyz?verbose").body.contains("[-]realm/second: "));
    other.publish([&good]);
    let is_healed = || gate.caller().check(&by_second(&good)).is_allow().then_some(());
    wait::eventually("the realm has its keys", is_healed);
    assert!(http::get(gate.http(), "/readyz?verbose").body.contains("[+]realm/second ok"));
}
