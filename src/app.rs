//! The composition root: settings become parts, and the parts run until they are drained.
//!
//! The one rule: nothing but this file and its folder knows all the parts, and each is made by one
//! function.

mod build;
mod control;
mod keys;
mod reload;
mod reports;
mod signals;

pub use keys::KeySources;
use keys::LoadThread;
pub use reload::{Pace, Reloads};
pub use signals::Signals;

use crate::engine::{Snapshot, crypto};
use crate::http::{Readiness, routes};
use crate::observe::tracing::Format;
use crate::observe::{self, KeyLoad, Metrics, Trigger};
use crate::server::clock::Clock;
use crate::server::ext_authz::Checks;
use crate::server::health::RealmHealth;
use crate::server::listen;
use crate::server::workers::Connections;
use crate::settings::{
    self, Drain, GrpcAddress, KeyFiles, KeyUrls, Loaded, LogFormat, Problems, Settings, Watch,
};
use control::Control;
use reload::{Order, Reloader};
use reports::KeyReports;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;
use std::time::Duration;
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
    /// Keys cannot be loaded: what is wrong, and where it is written.
    #[error("{0}")]
    Keys(Problems),
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
    starting: Option<Starting>,
    /// What lives as long as the service.
    serving: Option<Serving>,
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

/// What is served, and where it is written.
pub struct Configured {
    /// What is served.
    pub settings: Settings,
    /// The key files that it names.
    pub key_files: KeyFiles,
    /// Where the key sets that it fetches are written; `None` where it is written nowhere.
    pub key_urls: Option<KeyUrls>,
    /// Notices when it is written anew, and how often to look. Without it nothing is reloaded.
    pub watch: Option<(Watch, Pace)>,
    /// What checks are decided and keys are fetched by.
    pub clock: Clock,
}

impl From<Settings> for Configured {
    /// Settings that are written nowhere.
    fn from(settings: Settings) -> Self {
        Self {
            settings,
            key_files: KeyFiles::new(),
            key_urls: None,
            watch: None,
            clock: Clock::start(),
        }
    }
}

/// What of a configuration is followed beside the checks.
#[derive(Clone, Debug)]
struct Live {
    is_ready: bool,
    realms: Vec<RealmHealth>,
    drain: Drain,
}

/// Starts a service. When it returns, checks are answered, or the start was stopped.
pub fn start(configured: impl Into<Configured>) -> Result<App, StartError> {
    let mut app = launch(configured)?;
    app.until_ready()?;
    Ok(app)
}

/// Begins the start of a service: everything is bound, and the HTTP listener answers.
pub fn launch(configured: impl Into<Configured>) -> Result<App, StartError> {
    let Configured { settings, key_files, key_urls, watch, clock } = configured.into();
    if !crypto::self_test() {
        return Err(StartError::Crypto);
    }
    let Parts { metrics, reports, keys, checks, readiness } =
        Parts::of(&settings, &key_files, &clock)?;
    let (realms, drain) = (Vec::new(), settings.drain.clone());
    let (live, followed) = watch::channel(Live { is_ready: false, realms, drain });
    let live = Arc::new(live);
    reports.show_in(&checks, Arc::clone(&readiness), Arc::clone(&live));
    let http = bind_http(settings.http_address)?;
    let http_address = http.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let (open, opened) = watch::channel(false);
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
        open: opened,
        stopped,
    };
    let (grpc, control) = match &settings.grpc_address {
        GrpcAddress::Tcp(address) => parts.serve_tcp(*address)?,
        GrpcAddress::Unix(path) => parts.serve_unix(path)?,
    };
    let (refused, shutdown) = (None, Shutdown(stop));
    let (reloads, orders) = watch.as_ref().map(|_| Reloads::new()).unzip();
    let reloader = watch.map(|(watch, pace)| Reloader {
        watch,
        pace,
        settings: settings.clone(),
        keys: keys.clone(),
        checks,
        shutdown: shutdown.clone(),
        clock,
        metrics,
        readiness,
        reports: Arc::clone(&reports),
        live,
        refused,
        lacks_keys: false,
    });
    let starting =
        Starting { settings, keys, key_urls, reports, open, reloader: reloader.zip(orders) };
    Ok(App {
        grpc,
        http: http_address,
        shutdown,
        control,
        reloads,
        starting: Some(starting),
        serving: None,
    })
}

/// What decides, counts and tells, before anything is bound.
struct Parts {
    metrics: Arc<Metrics>,
    reports: Arc<KeyReports>,
    keys: KeySources,
    checks: Arc<Checks>,
    readiness: Arc<Readiness>,
}

impl Parts {
    fn of(settings: &Settings, key_files: &KeyFiles, clock: &Clock) -> Result<Self, StartError> {
        let metrics = Arc::new(Metrics::new()?);
        metrics.configured(clock.unix_seconds());
        let reports = Arc::new(KeyReports::new(Arc::clone(&metrics), clock.clone()));
        let keys = KeySources::none(Arc::clone(&reports))?.next(settings, key_files);
        let checks = Arc::new(Checks::new(build::first(settings, &keys, &metrics)?, clock.clone()));
        // Read already; what is fetched counts when it is.
        for realm in settings.realms.iter().filter(|realm| realm.keys.file().is_some()) {
            metrics.keys_loaded(&realm.name, Trigger::Startup, KeyLoad::Changed, Duration::ZERO);
            metrics.keys_confirmed(&realm.name, clock.unix_seconds());
        }
        let readiness = Arc::new(Readiness::default());
        Ok(Self { metrics, reports, keys, checks, readiness })
    }
}

/// What a service goes on with until it ends.
struct Serving {
    _open: watch::Sender<bool>,
    _loads: Arc<LoadThread>,
}

/// What is left to do for a start.
struct Starting {
    settings: Settings,
    keys: KeySources,
    key_urls: Option<KeyUrls>,
    reports: Arc<KeyReports>,
    open: watch::Sender<bool>,
    reloader: Option<(Reloader, Receiver<Order>)>,
}

impl App {
    /// Waits until every source of keys has been loaded, as long as the settings say, and then has
    /// checks answered, unless what there is to say of the keys refuses the start.
    pub fn until_ready(&mut self) -> Result<Started, StartError> {
        let Some(starting) = self.starting.take() else { return Ok(Started::Before) };
        let Starting { settings, keys, key_urls, reports, open, reloader } = starting;
        let settings::Jwks { startup_timeout, start_degraded, .. } = settings.jwks;
        if !keys.load_first(startup_timeout, &self.shutdown) {
            return Ok(Started::Stopped);
        }
        let said = key_urls.map(|urls| keys.judge(&urls, &settings, start_degraded));
        if let Some(problems) = said.as_ref().filter(|said| said.refusals().next().is_some()) {
            return Err(StartError::Keys(problems.clone()));
        }
        keys.poll_new(None);
        reports.started();
        open.send_replace(true);
        if let Some((reloader, orders)) = reloader {
            reloader.spawn(orders)?;
        }
        self.serving = Some(Serving { _open: open, _loads: keys.thread() });
        Ok(Started::Ready(said))
    }
}

/// How a start ended.
#[derive(Debug)]
pub enum Started {
    /// Before this was asked.
    Before,
    /// Checks are answered. What there is to know of the keys that were fetched, if any were.
    Ready(Option<Problems>),
    /// By a drain: no check was ever answered.
    Stopped,
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
    keys.load_first(startup_timeout, &Shutdown(watch::Sender::new(false)));
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

fn bind_http(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = listen::tcp(address);
    bound.map_err(|source| StartError::Bind { address: address.to_string(), source })
}
