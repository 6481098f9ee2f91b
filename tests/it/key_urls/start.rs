//! A start that needs keys of a URL: it has them before it is ready, or is refused.

use std::time::{Duration, Instant};

use crate::support::https::{Answer, Authority};
use crate::support::issuer::{AUTHORITY, Issuer, by, key};
use crate::support::process::{Ended, realmgate, run};
use crate::support::{corp, http};

use super::{impatient, refusal};
use crate::support::gate::Setup;
use crate::support::series::loads;

/// The line of a start that is refused for the keys of `url`; nothing else may refuse it.
fn refused(ended: &Ended, setup: &str, url: &str) -> String {
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(78), ""), "{ended:?}");
    let lines = ended.stderr.lines().filter(|line| line.starts_with(setup));
    let [line] = *lines.collect::<Vec<_>>() else { panic!("{}", ended.stderr) };
    let start = format!("{setup}:1: {}", refusal(url));
    assert!(line.starts_with(&start), "{start} {line}");
    line[start.len()..].to_owned()
}

/// Starts it, and says why that is refused.
fn cause(setup: Setup, url: &str) -> String {
    let file = setup.config_file().display().to_string();
    refused(&impatient(setup).run_to_end(), &file, url)
}

#[test]
fn keys_are_fetched_before_the_service_is_ready() {
    let (old, stranger) = (key("a"), key("a"));
    let issuer = Issuer::publishing([&old]);
    let gate = issuer.setup().start();
    assert_eq!(issuer.fetches(), 1);
    assert_eq!(gate.metric(&loads("corp", "startup", "changed")), 1);
    assert_eq!(gate.metric(r#"realmgate_jwks_keys{realm="corp"}"#), 1);
    assert_eq!(http::get(gate.http(), "/readyz").status, 200);
    assert!(gate.caller().check(&by(&old)).is_allow());
    assert_eq!(gate.caller().check(&by(&stranger)).outcome(), (401, "signature_invalid"));
}

#[test]
fn a_proxy_of_the_environment_is_not_asked() {
    let good = key("a");
    let issuer = Issuer::publishing([&good]);
    let names = ["ALL_PROXY", "HTTPS_PROXY", "https_proxy"];
    // Nobody listens there.
    let set = |setup: Setup, name| setup.environment(name, "http://127.0.0.1:1");
    let gate = names.into_iter().fold(issuer.setup(), set).environment("NO_PROXY", "").start();
    assert!(gate.caller().check(&by(&good)).is_allow());
    assert_eq!(issuer.fetches(), 1);
}

#[test]
fn a_url_that_brings_no_keys_refuses_the_start_with_its_line_and_the_cause() {
    std::thread::scope(|scope| {
        for fault in Issuer::publishing([]).faults() {
            scope.spawn(move || {
                let issuer = Issuer::publishing([]);
                issuer.answer([fault.answer]);
                let why = cause(issuer.setup(), &issuer.url());
                assert!(why.contains(fault.said), "{}: {why}", fault.name);
            });
        }
    });
}

#[test]
fn a_url_that_nobody_answers_refuses_the_start() {
    let issuer = Issuer::publishing([]);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/keys", nobody.local_addr().unwrap());
    drop(nobody);
    let why = cause(issuer.setup_at(&url), &url);
    assert!(why.contains("there is no connection"), "{why}");
    assert_eq!(issuer.fetches(), 0);
}

#[test]
fn a_start_tries_no_longer_than_it_may_and_a_load_is_no_excuse() {
    let issuer = Issuer::publishing([&key("a")]);
    issuer.hold();
    let setup = issuer.setup().set(&corp::setting("http.socket_timeout"), "1m");
    let begun = Instant::now();
    let why = cause(setup, &issuer.url());
    // A load by itself may take ten.
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert_eq!(why, "there was no answer within [realmgate.jwks.startup_timeout]");
}

#[test]
fn what_could_be_a_token_in_a_url_is_not_printed() {
    let issuer = Issuer::publishing([]);
    let url = issuer.url();
    let setup = impatient(issuer.setup_at(&format!("{url}?token=hunter2")));
    let file = setup.config_file().display().to_string();
    let ended = setup.run_to_end();
    let why = refused(&ended, &file, &format!("{url}?\u{2026}"));
    assert_eq!(why, format!("Get [{url}?\u{2026}] failed, status [404], reason [Not Found]."));
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
}

#[test]
fn an_issuer_that_another_authority_vouches_for_refuses_the_start() {
    let issuer = Issuer::publishing([&key("a")]);
    let foreign = Authority::new("another").pem();
    let why = cause(issuer.setup().file(AUTHORITY, foreign), &issuer.url());
    assert!(why.contains("TLS failed"), "{why}");
    assert_eq!(issuer.fetches(), 0);
}

#[test]
fn a_url_that_is_mended_while_the_start_tries_is_taken() {
    let good = key("a");
    let issuer = Issuer::publishing([]);
    let published = Answer::ok(crate::support::issuer::set([&good]));
    issuer.answer([Answer::new("503 Service Unavailable", &[], ""), published]);
    let gate = issuer.setup().start();
    assert_eq!(issuer.fetches(), 2);
    assert!(gate.caller().check(&by(&good)).is_allow());
    assert_eq!(gate.metric(&loads("corp", "startup", "error")), 1);
    assert_eq!(gate.metric(&loads("corp", "startup", "changed")), 1);
}

#[test]
fn a_check_of_the_configuration_fetches_the_keys_as_a_start_does_unless_it_is_offline() {
    let issuer = Issuer::publishing([&key("a")]);
    let setup = impatient(issuer.setup());
    setup.write();
    let file = setup.config_file().display().to_string();
    let check =
        |options: &[&str]| run(realmgate([&["check", "--config", &file], options].concat()));
    assert_eq!(check(&[]).status, Some(0));
    assert_eq!(issuer.fetches(), 1);

    issuer.answer([Answer::new("404 Not Found", &[], "")]);
    let ended = check(&[]);
    let why = refused(&ended, &file, &issuer.url());
    assert_eq!(why, format!("Get [{}] failed, status [404], reason [Not Found].", issuer.url()));

    let before = issuer.fetches();
    let ended = check(&["--offline"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(!ended.stderr.contains(&corp::setting("pkc_jwkset_path")), "{ended:?}");
    assert_eq!(issuer.fetches(), before);
}
