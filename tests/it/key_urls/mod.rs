//! Key sets that are fetched from an https URL: at the start, when a signature is not good, and
//! without being asked for; shared, braked, and while the issuer is out of order.
//!
//! Rule: the issuer is a real https server, and what a test waits for is seen in the metrics or in
//! what the issuer was asked.

mod brake;
mod cache;
mod configuration;
mod degraded;
mod discovery;
mod offline;
mod outage;
mod poll;
mod rotation;
mod sharing;
mod start;
mod starting;

use std::net::SocketAddr;

use crate::support::gate::Setup;
use crate::support::issuer::Issuer;
use crate::support::series::asked;
use crate::support::{corp, http, wait};

/// How often other keys were asked for: those that began a load, joined one, and were braked.
fn requests(http: SocketAddr, realm: &str) -> [i64; 3] {
    ["started", "coalesced", "suppressed"].map(|result| http::metric(http, &asked(realm, result)))
}

/// A realm that is polled every second.
fn polled(setup: Setup, setting: impl Fn(&str) -> String) -> Setup {
    setup
        .set(&setting("pkc_jwkset_reload.url_interval_min"), "1s")
        .set(&setting("pkc_jwkset_reload.url_interval_max"), "1s")
}

/// A start that tries for a second.
fn impatient(setup: Setup) -> Setup {
    setup.set("realmgate.jwks.startup_timeout", "1s")
}

/// How the refusal of the keys of `url` begins, for the realm of [`corp`].
fn refusal(url: &str) -> String {
    let key = corp::setting("pkc_jwkset_path");
    format!("{key}: Can't get contents for setting [{key}] value [{url}]: ")
}

/// Waits until the issuer was asked more often than `before`.
fn wait_for_fetch(issuer: &Issuer, before: usize) {
    let is = || (issuer.fetches() > before).then_some(());
    wait::eventually("the issuer is asked", is);
}
