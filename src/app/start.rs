//! The start: what is configured becomes a running service.
//!
//! The one rule: everything is bound before anything is waited for, and no check is answered before
//! every source of keys is there, unless the settings say so.

use super::control::{self, Control};
use super::keys::KeySources;
use super::reload::{Order, Pace, Reloader, Reloads};
use super::reports::KeyReports;
use super::{App, Live, Serving, Shutdown, build};
use crate::engine::crypto;
use crate::http::{Readiness, routes};
use crate::observe::{KeyLoad, Metrics, Trigger};
use crate::server::clock::Clock;
use crate::server::ext_authz::Checks;
use crate::server::listen;
use crate::server::workers::Connections;
use crate::settings::{self, GrpcAddress, KeyFiles, KeyUrls, Problems, Settings, Watch};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;
use tokio::sync::watch;

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
    /// Tells the time that checks are decided by.
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
        retry: None,
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
        keys.set_terms(settings, clock.now().monotonic);
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

/// What is left to do for a start.
pub(super) struct Starting {
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
        if !keys.load_first(startup_timeout, self.shutdown.begun()) {
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

fn bind_http(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = listen::tcp(address);
    bound.map_err(|source| StartError::Bind { address: address.to_string(), source })
}
