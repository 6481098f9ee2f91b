//! The composition root: settings become parts, and the parts run until they are drained.
//!
//! The one rule: nothing but this file and its folder knows all the parts, and each is made by one
//! function.

mod build;
mod control;
mod keys;
mod reload;
mod signals;

pub use build::snapshot;
pub use reload::{Pace, Reloads};
pub use signals::Signals;

use crate::engine::crypto;
use crate::http::{Readiness, routes};
use crate::observe::tracing::Format;
use crate::observe::{self, KeyLoad, Metrics, Trigger};
use crate::server::clock::Clock;
use crate::server::ext_authz::Checks;
use crate::server::health::RealmHealth;
use crate::server::listen;
use crate::server::workers::Connections;
use crate::settings::{self, Drain, GrpcAddress, KeyFiles, LogFormat, Settings, Watch};
use control::Control;
use keys::KeySources;
use reload::Reloader;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::watch;
use tracing::level_filters::LevelFilter;

/// Why the service could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener's address cannot be had.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address as it was configured.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// The cryptography of this build does not verify what it should, or more than that.
    #[error("the cryptography of this build fails its self-test")]
    Crypto,
    /// The metrics contradict each other.
    #[error("cannot register metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The system gives no random bytes.
    #[error("cannot draw a random key")]
    Random,
    /// The system refuses something else that a start needs.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

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
}

/// Begins a drain, from wherever.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Sender<bool>);

impl Shutdown {
    /// Begins the drain; a second call changes nothing.
    pub fn begin(&self) {
        self.0.send_replace(true);
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

/// What is served, and where it is written.
pub struct Configured {
    /// What is served.
    pub settings: Settings,
    /// The key files that it names.
    pub key_files: KeyFiles,
    /// Notices when it is written anew, and how often to look. Without it nothing is reloaded.
    pub watch: Option<(Watch, Pace)>,
}

impl From<Settings> for Configured {
    /// Settings that are written nowhere.
    fn from(settings: Settings) -> Self {
        Self { settings, key_files: KeyFiles::new(), watch: None }
    }
}

/// What of a configuration is followed beside the checks.
#[derive(Clone, Debug)]
struct Live {
    realms: Vec<RealmHealth>,
    drain: Drain,
}

/// Starts a service. When it returns, checks are answered.
pub fn start(configured: impl Into<Configured>) -> Result<App, StartError> {
    let Configured { settings, key_files, watch } = configured.into();
    if !crypto::self_test() {
        return Err(StartError::Crypto);
    }
    let clock = Clock::start();
    let metrics = Arc::new(Metrics::new()?);
    metrics.configured(clock.unix_seconds());
    let keys = KeySources::new(&key_files, &KeySources::default());
    let checks = Arc::new(Checks::new(build::first(&settings, &keys, &metrics)?, clock));
    let readiness = Arc::new(Readiness::new(build::names(&settings)));
    let realms = keys::count(&checks.in_force(), &metrics);
    for realm in settings.realms.iter().filter(|realm| realm.keys.public.is_some()) {
        metrics.keys_loaded(&realm.name, Trigger::Startup, KeyLoad::Changed);
        metrics.keys_confirmed(&realm.name, clock.unix_seconds());
    }
    let http = bind_http(settings.http_address)?;
    let http_address = http.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let (live, followed) = watch::channel(Live { realms, drain: settings.drain.clone() });
    let parts = Control {
        runtime: control::runtime()?,
        http,
        routes: routes(Arc::clone(&metrics), Arc::clone(&readiness), &checks),
        readiness: Arc::clone(&readiness),
        live: followed,
        checks: Arc::clone(&checks),
        connections: Connections {
            max_age: settings.grpc.max_connection_age,
            max_streams: settings.grpc.max_concurrent_streams,
        },
        stopped,
    };
    let (grpc, control) = match &settings.grpc_address {
        GrpcAddress::Tcp(address) => parts.serve_tcp(*address)?,
        GrpcAddress::Unix(path) => parts.serve_unix(path)?,
    };
    let refused = None;
    let reloads = watch.map(|(watch, pace)| {
        let parts = Reloader {
            watch,
            pace,
            settings,
            keys,
            checks,
            clock,
            metrics,
            readiness,
            live,
            refused,
        };
        parts.spawn()
    });
    let shutdown = Shutdown(stop);
    Ok(App { grpc, http: http_address, shutdown, control, reloads: reloads.transpose()? })
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

fn bind_http(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = listen::tcp(address);
    bound.map_err(|source| StartError::Bind { address: address.to_string(), source })
}
