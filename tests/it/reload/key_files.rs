//! Public keys in files: changed, broken, withdrawn and shared while the service runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use realmgate::observe::Reload;
use serde_json::Value;
use tonic_health::pb::health_check_response::ServingStatus;

use super::public_keys::{FILE, by, new_key, set, setup};
use super::second;
use crate::serving::health::health;
use crate::support::gate::Gate;
use crate::support::inside::Inside;
use crate::support::keys::Key;
use crate::support::series::loads;
use crate::support::{corp, http, wait};

fn count(gate: &Inside, trigger: &str, result: &str) -> i64 {
    gate.metric(&loads("corp", trigger, result))
}

fn hits(gate: &Inside) -> i64 {
    let series = r#"realmgate_jwt_cache_requests_total{realm="corp",result="hit"}"#;
    gate.metric(series)
}

fn of_realm(gate: &Inside, name: &str, realm: &str) -> i64 {
    gate.metric(&format!(r#"realmgate_{name}{{realm="{realm}"}}"#))
}

#[test]
fn keys_of_a_changed_file_hold_by_the_real_poll_and_cost_no_check() {
    let (stays, old, new) = (new_key(), new_key(), new_key());
    let [first, second] = [&old, &new].map(|key| set([&stays, key]));
    let mut gate = setup(&first).mounted().start();
    let over = Arc::new(AtomicBool::new(false));
    let (caller, check, is_over) = (gate.caller(), by(&stays), Arc::clone(&over));
    let asking = std::thread::spawn(move || {
        let mut asked = 0;
        while !is_over.load(Ordering::SeqCst) {
            assert!(caller.check(&check).is_allow());
            asked += 1;
        }
        asked
    });
    let caller = gate.caller();
    let changed = loads("corp", "file_change", "changed");
    // By a mount's swap, in place, and by a swap again.
    for (round, mounted) in (0..).zip([true, false, true]) {
        let [(is, content), (was, _)] = if round % 2 == 0 {
            [(&new, &second), (&old, &first)]
        } else {
            [(&old, &first), (&new, &second)]
        };
        assert!(caller.check(&by(was)).is_allow());
        assert_eq!(caller.check(&by(is)).outcome(), (401, "signature_invalid"));
        gate.change(|setup| {
            let setup = if mounted { setup.mounted() } else { setup.in_place() };
            setup.file(FILE, content)
        });
        gate.wait_for_metric(&changed, round + 1);
        assert!(caller.check(&by(is)).is_allow());
        assert_eq!(caller.check(&by(was)).outcome(), (401, "signature_invalid"));
    }
    over.store(true, Ordering::SeqCst);
    assert!(asking.join().unwrap() > 100);
    assert_eq!(gate.reloads("applied"), 0, "keys are no configuration");
}

#[test]
fn a_remembered_token_is_as_good_as_its_key() {
    let (a, b) = (new_key(), new_key());
    let (named, unnamed, other) = (by(&a.with("kid", "a")), by(&a), by(&b));
    let both = set([&a.with("kid", "a"), &b.with("kid", "b")]);
    let mut gate = Inside::start(setup(&both));
    let caller = gate.caller();
    for _ in 0..2 {
        for check in [&named, &unnamed, &other] {
            assert!(caller.check(check).is_allow());
        }
    }
    assert_eq!(hits(&gate), 3);

    // Its key is gone: refused at its very next check, and the other one is still remembered.
    gate.reload(|setup| setup.file(FILE, set([&b.with("kid", "b")])));
    assert_eq!(caller.check(&named).outcome(), (401, "no_usable_key"));
    assert_eq!(caller.check(&unnamed).outcome(), (401, "signature_invalid"));
    assert_eq!(hits(&gate), 3);
    assert!(caller.check(&other).is_allow());
    assert_eq!(hits(&gate), 4);

    // Another name or algorithm makes another key of the same material.
    for (name, value) in [("kid", "c"), ("alg", "ES256")] {
        let before = hits(&gate);
        gate.reload(|setup| setup.file(FILE, set([&b.with(name, value)])));
        assert!(caller.check(&other).is_allow());
        assert_eq!(hits(&gate), before, "{name}");
        assert!(caller.check(&other).is_allow());
        assert_eq!(hits(&gate), before + 1, "{name}");
    }

    // Another text and other neighbours make none.
    let before = hits(&gate);
    let more = set([&a, &b.with("alg", "ES256")]).replace(',', " , ");
    gate.reload(|setup| setup.file(FILE, more));
    assert!(caller.check(&other).is_allow());
    assert_eq!(hits(&gate), before + 1);
    assert_eq!(count(&gate, "file_change", "changed"), 4);
}

/// What is no key set, and what is said of it.
const BROKEN: [(&str, Option<&str>, &str); 5] = [
    ("cut off", Some(r#"{"keys":[{"kty":"EC","#), "it is JSON that is cut off"),
    ("a page", Some("<html>503</html>"), "it is HTML or XML"),
    ("empty", Some(""), "it is blank"),
    ("no list", Some(r#"{"keys":{}}"#), "its member [keys] is no list"),
    ("gone", None, "the file cannot be read"),
];

#[test]
fn a_broken_key_file_changes_nothing_and_holds_up_nothing() {
    let (old, new) = (new_key(), new_key());
    let good = set([&old]);
    let mut gate = Inside::start(setup(&good));
    let caller = gate.caller();
    for (errors, (what, content, _)) in (1..).zip(BROKEN) {
        // With a change of the configuration at the same time, which is taken.
        let header = format!("x-user-{errors}");
        let is = gate.reload(|setup| {
            let setup = setup.set("realmgate.identity.headers.username", header.as_str());
            match content {
                Some(content) => setup.file(FILE, content),
                None => setup.without_file(FILE),
            }
        });
        assert_eq!(is, Reload::Applied, "{what}");
        assert_eq!(count(&gate, "file_change", "error"), errors, "{what}");
        assert_eq!(caller.check(&by(&old)).header(&header), Some("ana"), "{what}");
        assert_eq!(http::get(gate.http(), "/readyz").status, 200, "{what}");
    }
    gate.reload(|setup| setup.file(FILE, set([&new])));
    assert!(caller.check(&by(&new)).is_allow(), "mended");
    assert_eq!(count(&gate, "file_change", "changed"), 1);

    // Nor does a broken configuration hold up good keys of a file in force.
    let is = gate.reload(|setup| setup.set("realmgate.limits.deadlin", "1s").file(FILE, &good));
    assert_eq!(is, Reload::Refused);
    assert!(caller.check(&by(&old)).is_allow());
    assert_eq!(caller.check(&by(&new)).outcome(), (401, "signature_invalid"));
    assert_eq!(count(&gate, "file_change", "changed"), 2);
    // The same keys once more are no load.
    assert_eq!(gate.reload(|setup| setup.unset("realmgate.limits.deadlin")), Reload::Unchanged);
    assert_eq!(count(&gate, "file_change", "unchanged"), 0);
}

#[test]
fn a_broken_key_file_is_named_in_the_log() {
    let key = new_key();
    let mut gate = setup(set([&key])).start();
    let path = gate.setup().config_file().with_file_name(FILE).display().to_string();
    for (_, content, why) in [BROKEN[0], BROKEN[4]] {
        gate.change(|setup| match content {
            Some(content) => setup.file(FILE, content),
            None => setup.without_file(FILE),
        });
        let line = gate.wait_for_event(|line| {
            let problem = line["problem"].as_str().unwrap_or_default();
            line["event"] == "jwks_reload" && problem.starts_with(why)
        });
        assert_eq!((&line["source"], &line["level"]), (&path.as_str().into(), &"ERROR".into()));
    }
    assert!(gate.caller().check(&by(&key)).is_allow());
}

#[test]
fn a_service_does_not_start_without_its_key_file() {
    for (what, content, why) in BROKEN {
        let setup = setup("");
        let setup = match content {
            Some(content) => setup.file(FILE, content),
            None => setup.without_file(FILE),
        };
        let key = corp::setting("pkc_jwkset_path");
        let line = format!("{}:1: {key}: ", setup.config_file().display());
        let ended = setup.run_to_end();
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(78), ""), "{what}: {ended:?}");
        let [only] = *ended.stderr.lines().collect::<Vec<_>>() else { panic!("{}", ended.stderr) };
        assert!(only.starts_with(&line) && only.contains(why), "{what}: {only}");
    }
}

#[test]
fn an_empty_set_withdraws_the_keys_until_there_are_others() {
    let key = new_key();
    let mut gate = setup(set([&key])).start();
    let caller = gate.caller();
    let is_told = |status| {
        let is = || (health(&caller, "realm/corp") == Ok(status)).then_some(());
        wait::eventually("the realm's health", is);
    };
    assert!(caller.check(&by(&key)).is_allow());
    is_told(ServingStatus::Serving);

    let changed = loads("corp", "file_change", "changed");
    gate.change(|setup| setup.file(FILE, set([])));
    gate.wait_for_metric(&changed, 1);
    assert_eq!(caller.check(&by(&key)).outcome(), (401, "no_usable_key"));
    is_told(ServingStatus::NotServing);
    assert_eq!(health(&caller, ""), Ok(ServingStatus::Serving), "only the realm");
    assert_eq!(http::get(gate.http(), "/readyz").status, 200);
    assert_eq!(gate.metric(r#"realmgate_jwks_keys{realm="corp"}"#), 0);

    gate.change(|setup| setup.file(FILE, set([&key])));
    gate.wait_for_metric(&changed, 2);
    assert!(caller.check(&by(&key)).is_allow());
    is_told(ServingStatus::Serving);
    assert_eq!(gate.metric(r#"realmgate_jwks_keys{realm="corp"}"#), 1);
    assert_eq!(warnings(&gate, "no_usable_key"), 1);
}

/// How many warnings say `what`.
fn warnings(gate: &Gate, what: &str) -> usize {
    let says = |line: &Value| line["warning"].as_str().is_some_and(|said| said.contains(what));
    gate.log_objects().iter().filter(|line| says(line)).count()
}

#[test]
fn a_file_that_is_not_watched_is_loaded_anew_by_a_signal_alone() {
    let (old, new) = (new_key(), new_key());
    let enabled = corp::setting("pkc_jwkset_reload.enabled");
    let mut gate = setup(set([&old])).set(&enabled, "false").start();
    let caller = gate.caller();
    // The configuration is looked at, and the file beside it is not.
    gate.reload("applied", |setup| {
        setup.file(FILE, set([&new])).set("realmgate.limits.deadline", "4s")
    });
    assert!(caller.check(&by(&old)).is_allow());
    let signalled = |result| loads("corp", "signal", result);
    gate.signal("HUP");
    gate.wait_for_metric(&signalled("changed"), 1);
    assert!(caller.check(&by(&new)).is_allow());
    assert_eq!(caller.check(&by(&old)).outcome(), (401, "signature_invalid"));
    gate.signal("HUP");
    gate.wait_for_metric(&signalled("unchanged"), 1);

    // What is wrong with such a file is told as of any other.
    gate.change(|setup| setup.file(FILE, "{"));
    gate.signal("HUP");
    gate.wait_for_metric(&signalled("error"), 1);
    assert!(caller.check(&by(&new)).is_allow());
    gate.change(|setup| setup.file(FILE, set([])));
    gate.signal("HUP");
    gate.wait_for_metric(&signalled("changed"), 2);
    gate.wait_for_event(|line| {
        line["warning"].as_str().is_some_and(|said| said.contains("no_usable_key"))
    });
    assert_eq!(caller.check(&by(&new)).outcome(), (401, "no_usable_key"));
    assert_eq!(gate.metric(&loads("corp", "file_change", "changed")), 0);
}

#[test]
fn a_signal_is_what_made_a_file_load_that_is_not_watched_whatever_else_is_new() {
    let (old, new) = (new_key(), new_key());
    let enabled = corp::setting("pkc_jwkset_reload.enabled");
    let mut gate = Inside::start(setup(set([&old])).set(&enabled, "false"));
    gate.apply(|setup| setup.file(FILE, set([&new])).set("realmgate.limits.deadline", "4s"));
    assert!(gate.caller().check(&by(&new)).is_allow());
    assert_eq!(count(&gate, "signal", "changed"), 1);
    assert_eq!(count(&gate, "file_change", "changed"), 0);
}

#[test]
fn a_refused_key_file_is_looked_at_until_it_is_mended_watched_or_not() {
    let key = new_key();
    let enabled = corp::setting("pkc_jwkset_reload.enabled");
    let path = corp::setting("pkc_jwkset_path");
    let mut gate = Inside::start(setup(set([&key])).set(&enabled, "false"));
    let new = |content: &str| {
        let content = content.to_owned();
        let path = path.clone();
        move |setup: crate::support::gate::Setup| {
            setup.set(&path, "new.json").file("new.json", content)
        }
    };
    assert_eq!(gate.reload(new("{")), Reload::Refused);
    assert!(gate.caller().check(&by(&key)).is_allow());
    assert_eq!(gate.reload(new(&set([&key.with("kid", "new")]))), Reload::Applied);
    assert_eq!(count(&gate, "startup", "changed"), 2);
}

#[test]
fn two_realms_share_a_file_and_each_shows_its_keys() {
    let (old, new) = (new_key(), new_key());
    let setting = |suffix: &str| format!("xpack.security.authc.realms.jwt.second.{suffix}");
    let shared = second::add(setup(set([&old])))
        .without_secret(&setting("hmac_key"))
        .set(&setting("allowed_signature_algorithms"), "ES256")
        .set(&setting("pkc_jwkset_path"), FILE);
    let mut gate = Inside::start(shared);
    let caller = gate.caller();
    let check = |key: &Key| {
        let token = key.token(&second::claims(), key.alg());
        crate::support::check::Check::get().bearer(&token)
    };
    assert!(caller.check(&by(&old)).is_allow() && caller.check(&check(&old)).is_allow());
    gate.reload(|setup| setup.file(FILE, set([&new, &old.with("kid", "old")])));
    assert!(caller.check(&by(&new)).is_allow() && caller.check(&check(&new)).is_allow());
    for realm in ["corp", "second"] {
        assert_eq!(of_realm(&gate, "jwks_keys", realm), 2, "{realm}");
        let startup = loads(realm, "startup", "changed");
        assert_eq!(gate.metric(&startup), 1, "{realm}");
    }
    // Nobody waited for the load: it is the source's first realm's.
    assert_eq!(count(&gate, "file_change", "changed"), 1);
    assert_eq!(gate.metric(&loads("second", "file_change", "changed")), 0);

    // The file outlives the first of its realms, and is still watched.
    gate.apply(|setup| setup.set(&corp::setting("enabled"), "false"));
    gate.reload(|setup| setup.file(FILE, set([&old])));
    assert_eq!(gate.metric(&loads("second", "file_change", "changed")), 1);
    assert!(caller.check(&check(&old)).is_allow());
    assert_eq!(caller.check(&check(&new)).outcome(), (401, "signature_invalid"));
    assert!(!http::get(gate.http(), "/metrics").body.contains(r#"realm="corp""#));
}

#[test]
fn the_time_of_the_last_load_is_told_of_every_realm_of_the_file() {
    let key = new_key();
    let setting = |suffix: &str| format!("xpack.security.authc.realms.jwt.second.{suffix}");
    let mut gate = Inside::start(setup(set([&key])));
    // It shares a source that is loaded already.
    gate.apply(|setup| {
        second::add(setup)
            .without_secret(&setting("hmac_key"))
            .set(&setting("allowed_signature_algorithms"), "ES256")
            .set(&setting("pkc_jwkset_path"), FILE)
    });
    let last = |gate: &Inside| {
        ["corp", "second"].map(|realm| of_realm(gate, "jwks_last_success_timestamp_seconds", realm))
    };
    let [first, second] = last(&gate);
    assert!(first > 1_700_000_000 && second >= first, "{first} {second}");
    wait::eventually("a later second", || {
        gate.look();
        let now = last(&gate);
        (now[0] > first).then(|| assert_eq!(now[0], now[1]))
    });
}

#[test]
fn a_file_that_a_reload_names_is_loaded_or_refuses_it() {
    let (old, new) = (new_key(), new_key());
    let path = corp::setting("pkc_jwkset_path");
    let mut gate = Inside::start(setup(set([&old])));
    let caller = gate.caller();
    assert_eq!(gate.reload(|setup| setup.set(&path, "new.json")), Reload::Refused);
    let readyz = http::get(gate.http(), "/readyz?verbose").body;
    assert!(readyz.contains("new.json") && readyz.contains("[-]config: "), "{readyz}");
    assert!(caller.check(&by(&old)).is_allow());
    gate.apply(|setup| setup.file("new.json", set([&new])));
    assert!(caller.check(&by(&new)).is_allow());
    assert_eq!(caller.check(&by(&old)).outcome(), (401, "signature_invalid"));
    assert_eq!(count(&gate, "startup", "changed"), 2);
    // What is named no more is not looked at.
    assert_eq!(gate.reload(|setup| setup.file(FILE, "{")), Reload::Unchanged);
    assert_eq!(count(&gate, "file_change", "error"), 0);
}
