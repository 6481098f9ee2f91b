//! Realmgate gone, or silent: 503, and nobody is let in.
//!
//! Rule: the shipped configuration decides this, so it is the one that is tried.

use std::net::{Ipv4Addr, TcpListener};

use super::kit::bootstrap::Bootstrap;
use super::kit::upstream::Upstream;
use super::scene::good;
use crate::support::gate::Gate;

#[test]
fn nobody_is_let_in_when_realmgate_has_gone() {
    let gate = Gate::quickstart();
    let upstream = Upstream::start().unwrap();
    let bootstrap = Bootstrap::shipped(gate.grpc().parse().unwrap(), upstream.address());
    let envoy = super::envoy(&bootstrap);
    assert_eq!(good("/").send(envoy.address()).unwrap().status, 200);
    drop(gate);
    assert_eq!(good("/").send(envoy.address()).unwrap().status, 503);
    assert_eq!(upstream.hits(), 1);
}

#[test]
fn nobody_is_let_in_when_realmgate_was_never_there() {
    // Bound and closed again: nobody answers there.
    let nowhere = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let upstream = Upstream::start().unwrap();
    let envoy = super::envoy(&Bootstrap::shipped(nowhere, upstream.address()));
    assert_eq!(good("/").send(envoy.address()).unwrap().status, 503);
    assert_eq!(upstream.hits(), 0);
}

#[test]
fn nobody_is_let_in_when_realmgate_does_not_answer() {
    // The system takes connections for it, and nothing ever reads them.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let upstream = Upstream::start().unwrap();
    let bootstrap = Bootstrap::shipped(silent.local_addr().unwrap(), upstream.address());
    let envoy = super::envoy(&bootstrap.edit("timeout: 2s", "timeout: 0.3s"));
    assert_eq!(good("/").send(envoy.address()).unwrap().status, 503);
    assert_eq!(upstream.hits(), 0);
}
