//! A URL of an OpenID discovery document, as the guide itself writes it.

use super::{impatient, refusal, requests};
use crate::support::issuer::{Issuer, by, by_second, key, of, second};
use crate::support::process::{realmgate, run};
use crate::support::series::loads;
use crate::support::token::Claims;
use crate::support::{corp, http};

#[test]
fn a_discovery_document_of_the_allowed_issuer_is_followed_with_a_warning() {
    let (old, new) = (key("old"), key("new"));
    let issuer = Issuer::publishing([&old]);
    let url = issuer.discovery(corp::ISSUER);
    let gate = issuer.setup_at(&url).start();
    assert!(gate.caller().check(&by(&old)).is_allow());
    let log = gate.log();
    let named = format!("[{}]", issuer.url());
    let warnings: Vec<_> = log.lines().filter(|line| line.contains(&named)).collect();
    let [warning] = *warnings else { panic!("{log}") };
    let file = gate.setup().config_file();
    let start = format!("warning: {}:1: {}: ", file.display(), corp::setting("pkc_jwkset_path"));
    assert!(warning.starts_with(&start), "{warning}");

    issuer.publish([&new]);
    assert!(gate.caller().check(&by(&new)).is_allow(), "it is followed at each load");
    assert_eq!(issuer.fetches(), 2);
}

#[test]
fn a_discovery_document_of_another_issuer_refuses_the_start() {
    let issuer = Issuer::publishing([&key("a")]);
    let url = issuer.discovery("https://idp.example.com");
    let ended = impatient(issuer.setup_at(&url)).run_to_end();
    assert_eq!(ended.status, Some(78), "{ended:?}");
    let is_refusal = |line: &str| line.contains(&refusal(&url)) && line.contains("not of");
    assert!(ended.stderr.lines().any(is_refusal), "{ended:?}");
    assert_eq!(issuer.fetches(), 0);
}

#[test]
fn an_issuer_that_has_another_name_from_now_on_is_followed_by_a_changed_setting() {
    const NEW: &str = "https://new.example.com/";
    let good = key("a");
    let issuer = Issuer::publishing([&good]);
    let url = issuer.discovery(corp::ISSUER);
    let mut gate = issuer.setup_at(&url).start();
    let renamed = of(&good, &Claims::good().with("iss", NEW));
    issuer.discovery(NEW);
    assert!(gate.caller().check(&by(&good)).is_allow());
    gate.reload("applied", |setup| setup.set(&corp::setting("allowed_issuer"), NEW));
    assert!(gate.caller().check(&renamed).is_allow());
    assert!(!gate.caller().check(&by(&good)).is_allow());
}

#[test]
fn a_document_that_is_anothers_all_at_once_takes_no_keys_away() {
    let good = key("a");
    let issuer = Issuer::publishing([&good]);
    let url = issuer.discovery(corp::ISSUER);
    let setup = issuer.add_second(issuer.setup_at(&url)).set(&second("pkc_jwkset_path"), &*url);
    let setup = impatient(setup).set("realmgate.jwks.start_degraded", "true");
    let mut gate = setup.start();
    let confirmed = |realm: &str| {
        format!(r#"realmgate_jwks_last_success_timestamp_seconds{{realm="{realm}"}}"#)
    };
    assert!(gate.metric(&confirmed("corp")) > 0);
    assert_eq!(gate.metric(&confirmed("second")), 0);
    assert_eq!(gate.caller().check(&by_second(&good)).outcome(), (503, "keys_unavailable"));
    assert_eq!(requests(gate.http(), "second"), [1, 0, 0], "it asked in earnest");

    issuer.discovery("second");
    gate.signal("HUP");
    gate.wait_for_metric(&loads("corp", "signal", "error"), 1);
    assert!(gate.caller().check(&by(&good)).is_allow(), "the old keys stay");
    let parts = http::get(gate.http(), "/readyz?verbose").body;
    assert!(parts.contains("[+]realm/corp ok"), "{parts}");
    let why = "[-]realm/second: its keys have not been loaded yet: it is the discovery document";
    assert!(parts.contains(why), "{parts}");

    // Once nobody wants the keys of the one, the other has its own.
    gate.reload("applied", |setup| setup.set(&corp::setting("allowed_issuer"), "gone"));
    let answer = gate.caller().check(&by_second(&good));
    assert!(answer.is_allow(), "{answer:?}\n{}", gate.log());
}

#[test]
fn a_discovery_document_is_good_for_realms_of_its_own_issuer_only() {
    let good = key("a");
    let issuer = Issuer::publishing([&good]);
    let url = issuer.discovery(corp::ISSUER);
    let setup = issuer.add_second(issuer.setup_at(&url)).set(&second("pkc_jwkset_path"), url);
    let setup = impatient(setup);
    let named = format!("it is the discovery document of the issuer [{}]", corp::ISSUER);
    setup.write();
    let file = setup.config_file().display().to_string();
    let ended = run(realmgate(["check", "--config", &file]));
    assert_eq!(ended.status, Some(78), "{ended:?}");
    let start = format!("{file}:1: {}: ", second("pkc_jwkset_path"));
    let problems = ended.stderr.lines().filter(|line| line.starts_with(&file));
    let [problem] = *problems.collect::<Vec<_>>() else { panic!("{}", ended.stderr) };
    assert!(problem.starts_with(&start) && problem.ends_with(&named), "{problem}");

    // Where that may be, the one realm works and the other one does not know.
    let gate = setup.set("realmgate.jwks.start_degraded", "true").start();
    assert!(gate.caller().check(&by(&good)).is_allow());
    assert_eq!(gate.caller().check(&by_second(&good)).outcome(), (503, "keys_unavailable"));
}
