//! The composition root: settings become parts, and the parts run until they are drained.
//!
//! The one rule: nothing but this file and its folder knows all the parts, and each is made by one
//! function.

mod build;
mod control;
mod file_loader;
mod keys;
mod reload;
mod reports;
mod signals;
mod start;

pub use keys::KeySources;
pub use reload::{Pace, Reloads};
pub use signals::Signals;
pub use start::{Configured, StartError, Started, launch, start};

use crate::engine::Snapshot;
use crate::observe;
use crate::observe::tracing::Format;
use crate::server::health::RealmHealth;
use crate::settings::{self, Drain, GrpcAddress, KeyFiles, Loaded, LogFormat, Problems, Settings};
use keys::LoadThread;
use start::Starting;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::watch;
use tracing::level_filters::LevelFilter;

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every connection ended by itself.
    Clean,
    /// `drain.timeout` passed before, or a worker had failed.
    CutOff,
}

/// A running service.
pub struct App {
    grpc: GrpcAddress,
    http: SocketAddr,
    shutdown: Shutdown,
    control: JoinHandle<Drained>,
    reloads: Option<Reloads>,
    starting: Option<Starting>,
    /// What lives as long as the service.
    serving: Option<Serving>,
}

/// What a service goes on with until it ends.
struct Serving {
    _open: watch::Sender<bool>,
    _loads: Arc<LoadThread>,
}

/// Begins a drain, from wherever.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Sender<bool>);

impl Shutdown {
    /// Begins the drain; a second call changes nothing.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Ends when the drain has begun.
    async fn begun(&self) {
        // An error is impossible: the sender is this one.
        let _ = self.0.subscribe().wait_for(|stop| *stop).await;
    }
}

impl App {
    /// Where checks are served, as it was bound.
    pub fn grpc(&self) -> &GrpcAddress {
        &self.grpc
    }

    /// Where metrics and readiness are served, as it was bound.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// A handle that begins the drain.
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Asks for looks at the configuration; `None` where it is written nowhere.
    pub fn reloads(&self) -> Option<Reloads> {
        self.reloads.clone()
    }

    /// Waits until the service has been drained.
    pub fn wait(self) -> Drained {
        // A control thread that panicked drained nothing.
        let drained = self.control.join().unwrap_or(Drained::CutOff);
        // Not waited for: it may be reading files that a dead mount never gives.
        if let Some(reloads) = self.reloads {
            reloads.stop();
        }
        drained
    }
}

/// What of a configuration is followed beside the checks.
#[derive(Clone, Debug)]
struct Live {
    is_ready: bool,
    realms: Vec<RealmHealth>,
    drain: Drain,
}

/// The sources of what is configured, without a service. `files` are the key files that it names; what
/// it fetches is fetched as at a start, unless this is `offline`. Besides, what is to be said of that.
pub fn key_sources(
    loaded: &Loaded,
    files: &KeyFiles,
    offline: bool,
) -> Result<(KeySources, Problems), StartError> {
    let Loaded { settings, key_urls, .. } = loaded;
    let keys = KeySources::of(settings, files)?;
    if offline {
        return Ok((keys, key_urls.nothing()));
    }
    let settings::Jwks { startup_timeout, start_degraded, .. } = settings.jwks;
    keys.load_first(startup_timeout, std::future::pending());
    let said = keys.judge(key_urls, settings, start_degraded);
    Ok((keys, said))
}

/// Everything that one decision takes, out of settings and the sources of their keys.
pub fn snapshot(settings: &Settings, keys: &KeySources) -> Result<Snapshot, StartError> {
    build::snapshot(settings, keys)
}

/// Begins to log as `log` says, as far as the environment does not say otherwise.
pub fn install_log(log: &settings::Log) -> observe::tracing::Log {
    observe::tracing::install(log_format(log), LevelFilter::from_level(log.level))
}

const fn log_format(log: &settings::Log) -> Format {
    match log.format {
        LogFormat::Json => Format::Json,
        LogFormat::Text => Format::Text,
    }
}

/// Logs as `log` says from now on, as far as the environment does not say otherwise.
fn set_log(log: &settings::Log) {
    observe::tracing::set(log_format(log), LevelFilter::from_level(log.level));
}
