//! Ending: health says so first, checks are still answered, and the exit status tells how it went.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tonic_health::pb::health_check_response::ServingStatus;

use super::health::health;
use crate::support::caller::{Call, Caller};
use crate::support::folder::Folder;
use crate::support::gate::{Gate, Setup};
use crate::support::{corp, http, wait};

fn setup(grace: &str, timeout: &str) -> Setup {
    corp::setup()
        .set("realmgate.drain.grace", grace)
        .set("realmgate.drain.timeout", timeout)
        .set("realmgate.limits.deadline", "60s")
}

fn wait_until_not_serving(gate: &Gate) {
    wait::eventually("health says NOT_SERVING", || {
        (health(&gate.caller(), "") == Ok(ServingStatus::NotServing)).then_some(())
    });
}

fn drains_cleanly(mut gate: Gate, signal: &str, grace: Duration) {
    let caller = gate.caller();
    assert!(caller.check(&corp::good()).is_allow());
    let began = Instant::now();
    gate.signal(signal);
    wait_until_not_serving(&gate);
    let service = health(&gate.caller(), "envoy.service.auth.v3.Authorization");
    assert_eq!(service, Ok(ServingStatus::NotServing));
    assert_eq!(
        health(&gate.caller(), "realm/corp"),
        Ok(ServingStatus::Serving),
        "it still has its keys"
    );
    assert_eq!(http::get(gate.http(), "/readyz").status, 503);
    let verbose = http::get(gate.http(), "/readyz?verbose");
    assert_eq!(verbose.status, 503);
    assert!(verbose.body.lines().any(|line| line.starts_with("[-]drain: ")), "{}", verbose.body);
    assert_eq!(http::get(gate.http(), "/livez").status, 200);
    assert!(caller.check(&corp::good()).is_allow(), "on the old connection");
    assert!(gate.caller().check(&corp::good()).is_allow(), "on a new connection");
    let ended = gate.wait_exit();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(began.elapsed() >= grace, "{:?}", began.elapsed());
}

#[test]
fn sigterm_says_not_serving_first_and_answers_checks_for_the_grace() {
    let grace = Duration::from_secs(3);
    drains_cleanly(setup("3s", "30s").start(), "TERM", grace);
}

#[test]
fn sigint_is_sigterm() {
    let grace = Duration::from_secs(3);
    drains_cleanly(setup("3s", "30s").start(), "INT", grace);
}

#[test]
fn a_check_under_way_is_answered_before_the_end() {
    let setup = setup("0s", "30s").set("realmgate.limits.deadline", "1s");
    let mut gate = setup.start();
    let caller = gate.caller();
    let stalled = caller.begin(Call::frames(Vec::new()).stalled());
    in_flight(&gate);
    gate.terminate();
    let reply = stalled.reply().unwrap();
    let answer = crate::support::answer::Answer::read(reply.message());
    assert_eq!(answer.outcome(), (503, "deadline_exceeded"));
    assert_eq!(gate.wait_exit().status, Some(0));
}

#[test]
fn a_drain_that_is_cut_off_exits_with_one() {
    let mut gate = setup("0s", "500ms").start();
    let stalled = gate.caller().begin(Call::frames(Vec::new()).stalled());
    in_flight(&gate);
    gate.terminate();
    let ended = gate.wait_exit();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    stalled.give_up();
}

#[test]
fn idle_connections_do_not_keep_the_gate_alive() {
    let mut gate = setup("0s", "30s").start();
    let callers: Vec<Caller> = (0..5).map(|_| gate.caller()).collect();
    for caller in &callers {
        assert!(caller.check(&corp::good()).is_allow());
    }
    assert!(gate.is_running());
    let began = Instant::now();
    gate.terminate();
    assert_eq!(gate.wait_exit().status, Some(0));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(callers[0].try_call(Call::check(&corp::good().encode())).is_err());
}

#[test]
fn a_peer_that_never_speaks_keeps_no_drain_waiting() {
    let mut gate = setup("0s", "300s").start();
    let silent = TcpStream::connect(gate.grpc()).unwrap();
    let mut half = TcpStream::connect(gate.grpc()).unwrap();
    half.write_all(b"PRI * HTTP/2.0\r\n").unwrap();
    assert!(gate.caller().check(&corp::good()).is_allow(), "after both were accepted");
    gate.terminate();
    assert_eq!(gate.wait_exit().status, Some(0));
    drop((silent, half));
}

#[test]
fn a_grace_as_long_as_the_whole_drain_may_take_is_no_fault() {
    let mut gate = setup("500ms", "500ms").start();
    gate.terminate();
    assert_eq!(gate.wait_exit().status, Some(0));
}

#[test]
fn a_draining_gate_leaves_the_socket_of_its_successor_alone() {
    let folder = Folder::new();
    let socket = format!("unix:{}", folder.path().join("gate.sock").display());
    let at = |setup: Setup| setup.set("realmgate.grpc.address", socket.as_str()).start();
    let mut old = at(setup("0s", "300s"));
    let stalled = old.caller().begin(Call::frames(Vec::new()).stalled());
    in_flight(&old);
    old.terminate();
    wait::eventually("the socket is given up", || {
        (!folder.path().join("gate.sock").exists()).then_some(())
    });
    let new = at(setup("0s", "30s"));
    stalled.give_up();
    assert_eq!(old.wait_exit().status, Some(0));
    assert!(new.caller().check(&corp::good()).is_allow(), "after the old one has ended");
}

fn in_flight(gate: &Gate) {
    wait::eventually("a check is in flight", || {
        let metrics = http::get(gate.http(), "/metrics").body;
        http::sample(&metrics, "realmgate_checks_in_flight").filter(|count| *count >= 1.0)
    });
}
