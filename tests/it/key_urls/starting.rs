//! What a service says and does while its start still waits for keys.

use crate::support::caller::{Call, Pending};
use crate::support::gate::{Gate, Setup};
use crate::support::http::Page;
use crate::support::issuer::{Issuer, by, key};
use crate::support::{http, wait};

/// The set-up with addresses that are known before it is ready.
fn addressed(setup: Setup) -> Setup {
    let socket = format!("unix:{}", setup.folder().join("grpc").display());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    setup.set("realmgate.grpc.address", socket).set("realmgate.http.address", address)
}

/// A page of a gate that has just been launched.
fn page(gate: &Gate, path: &str) -> Page {
    let ask = || http::request(gate.http(), "GET", path).ok();
    wait::eventually("the HTTP listener answers", ask)
}

/// A check by this key, begun as soon as somebody listens.
fn begin(gate: &Gate, check: &crate::support::check::Check) -> Pending {
    let socket = gate.grpc().strip_prefix("unix:").unwrap().to_owned();
    let is_there = || std::path::Path::new(&socket).exists().then_some(());
    wait::eventually("the socket is bound", is_there);
    gate.caller().begin(Call::check(&check.encode()))
}

#[test]
fn a_start_that_waits_for_keys_is_alive_and_not_ready_and_answers_no_check() {
    let good = key("a");
    let issuer = Issuer::publishing([&good]);
    issuer.hold();
    let mut gate = addressed(issuer.setup()).launch();
    super::wait_for_fetch(&issuer, 0);
    assert_eq!(page(&gate, "/livez").status, 200);
    assert_eq!(page(&gate, "/readyz").status, 503);
    let verbose = page(&gate, "/readyz?verbose");
    assert_eq!(verbose.status, 503);
    assert!(verbose.body.contains("[-]realm/corp: "), "{}", verbose.body);
    assert_eq!(page(&gate, "/metrics").status, 200);

    let pending = begin(&gate, &by(&good));
    assert_eq!(page(&gate, "/readyz").status, 503);
    assert!(!pending.is_done(), "nothing is accepted yet");

    issuer.release();
    gate.wait_until_ready();
    assert_eq!(page(&gate, "/readyz").status, 200);
    let reply = pending.reply().unwrap();
    assert!(crate::support::answer::Answer::read(reply.message()).is_allow());
    assert_eq!(issuer.fetches(), 1);
}

#[test]
fn a_start_that_waits_for_keys_ends_by_a_signal() {
    let issuer = Issuer::publishing([&key("a")]);
    issuer.hold();
    let mut gate = addressed(issuer.setup()).launch();
    super::wait_for_fetch(&issuer, 0);
    assert_eq!(page(&gate, "/livez").status, 200);
    gate.terminate();
    let ended = gate.wait_exit();
    assert_eq!(
        (ended.status, ended.stdout.as_str()),
        (Some(0), ""),
        "it was never ready: {ended:?}"
    );
}
