//! A URL of an OpenID discovery document, as the guide itself writes it.

use super::{impatient, refusal};
use crate::support::corp;
use crate::support::issuer::{Issuer, by, by_second, key, second};
use crate::support::process::{realmgate, run};

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
