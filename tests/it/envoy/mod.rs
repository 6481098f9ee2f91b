//! The tests through a real Envoy: clients in front of it, Realmgate beside it, an upstream behind.
//!
//! Rule: what a test asserts is what a client got or what the upstream received, never what
//! Realmgate answered: that Envoy does with the answer what we mean is the thing to be shown.

#[path = "../../../envoy/kit/mod.rs"]
#[allow(dead_code, reason = "shared with the demo, which uses what the tests do not")]
mod kit;

mod behind;
mod captures;
#[cfg(feature = "system-tests")]
mod clients;
mod denials;
mod files;
mod finding;
mod grpc;
mod logs;
#[cfg(feature = "system-tests")]
mod openid;
mod outage;
mod recorder;
mod scene;
mod spoof;
mod websocket;

use std::path::Path;
use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

use kit::bootstrap::Bootstrap;
use kit::find::{Found, NotFound};
use kit::run::Envoy;

/// Drives what speaks gRPC here; it outlives every test.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());

/// The one Envoy binary of this run: fetched once, whichever test comes first.
fn binary() -> &'static Path {
    static FOUND: LazyLock<Result<Found, NotFound>> =
        LazyLock::new(|| kit::find::find(&|what| eprintln!("{what}")));
    match &*FOUND {
        Ok(found) => &found.path,
        Err(why) => panic!("{why}"),
    }
}

/// Runs Envoy with this configuration.
fn envoy(bootstrap: &Bootstrap) -> Envoy {
    Envoy::start(binary(), bootstrap).unwrap_or_else(|why| panic!("{why}\n{}", bootstrap.text()))
}
