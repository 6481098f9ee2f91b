//! The composition root: settings become parts, and the parts run until they are drained.
//!
//! The one rule: nothing but this file knows all the parts, and each is made by one function.

use crate::engine::crypto::{DigestKey, HmacKey};
use crate::engine::identity::{Identity, IdentitySettings};
use crate::engine::realm::jwt::JwtRealm;
use crate::engine::token::claims::TokenRules;
use crate::engine::user::UserClaims;
use crate::engine::{ClientAuthentication, Snapshot};
use crate::http::{Readiness, routes};
use crate::observe::{DecisionLog, Decisions, Metrics, Observer};
use crate::server::edge::Edge;
use crate::server::ext_authz::Checks;
use crate::server::health::Health;
use crate::server::listen::{self, Acceptor};
use crate::server::workers::Workers;
use crate::settings::{self, Drain, GrpcAddress, Settings};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

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
    /// The metrics contradict each other.
    #[error("cannot register metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The system gives no random bytes.
    #[error("cannot draw a random key")]
    Random,
    /// The system gives no thread or no runtime.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every connection ended by itself.
    Clean,
    /// `drain.timeout` passed before.
    CutOff,
}

/// A running service.
pub struct App {
    grpc: GrpcAddress,
    http: SocketAddr,
    shutdown: Shutdown,
    control: JoinHandle<Drained>,
}

/// Begins a drain, from wherever.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Sender<bool>);

impl Shutdown {
    /// Begins the drain; a second call changes nothing.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Begins the drain when the process gets SIGTERM or SIGINT.
    pub fn on_signals(&self) -> io::Result<()> {
        let runtime = control_runtime()?;
        let entered = runtime.enter();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        drop(entered);
        let shutdown = self.clone();
        let wait = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            });
            shutdown.begin();
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
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

    /// Waits until the service has been drained.
    pub fn wait(self) -> Drained {
        // A control thread that panicked drained nothing.
        self.control.join().unwrap_or(Drained::CutOff)
    }
}

/// Starts the service of `settings`. When it returns, checks are answered.
pub fn start(settings: &Settings) -> Result<App, StartError> {
    let realms: Vec<String> = settings.realms.iter().map(|realm| realm.name.clone()).collect();
    let metrics = Arc::new(Metrics::new(&realms)?);
    let observer = observer(settings, &metrics, &realms);
    let checks = Checks::new(snapshot(settings)?, Arc::new(observer), settings.limits.deadline);
    let readiness = Arc::new(Readiness::new(realms.clone()));
    let http = bind_http(settings.http_address)?;
    let http_address = http.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let parts = Control {
        runtime: control_runtime()?,
        http,
        routes: routes(metrics, Arc::clone(&readiness)),
        readiness,
        realms,
        checks: Arc::new(checks),
        drain: settings.drain.clone(),
        stopped,
    };
    let (grpc, control) = match &settings.grpc_address {
        GrpcAddress::Tcp(address) => parts.serve_tcp(*address)?,
        GrpcAddress::Unix(path) => parts.serve_unix(path)?,
    };
    Ok(App { grpc, http: http_address, shutdown: Shutdown(stop), control })
}

fn observer(settings: &Settings, metrics: &Arc<Metrics>, realms: &[String]) -> Observer {
    let decisions = match settings.log.decisions {
        settings::Decisions::All => Decisions::All,
        settings::Decisions::Denied => Decisions::Denied,
        settings::Decisions::None => Decisions::None,
        settings::Decisions::RunAs => Decisions::RunAs,
    };
    let log = DecisionLog::new(decisions, settings.log.lines_per_second);
    Observer::new(Arc::clone(metrics), log, realms.to_vec(), settings.limits.checks_in_flight)
}

/// Everything that a check is decided by, out of the settings.
pub fn snapshot(settings: &Settings) -> Result<Snapshot, StartError> {
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| StartError::Random)?;
    let digest_key = DigestKey::new(&random);
    let identity = &settings.identity;
    Ok(Snapshot {
        realms: settings.realms.iter().map(|realm| jwt_realm(realm, &digest_key)).collect(),
        identity: Identity::new(IdentitySettings {
            preset: identity.preset.clone(),
            metadata: identity.metadata,
            remove: identity.remove.clone(),
            dynamic_metadata: identity.dynamic_metadata,
            forward: identity.forward,
            size: settings.limits.identity_size,
        }),
        token_size: settings.limits.token_size,
        digest_key,
    })
}

fn jwt_realm(realm: &settings::JwtRealm, key: &DigestKey) -> JwtRealm {
    JwtRealm {
        name: realm.name.clone(),
        client_authentication: ClientAuthentication::new(realm.client_secret.as_ref(), key),
        rules: TokenRules {
            issuer: realm.allowed_issuer.clone(),
            audiences: realm.allowed_audiences.clone(),
            subjects: realm.allowed_subjects.clone(),
            algorithms: realm.allowed_algorithms.clone(),
            clock_skew: realm.clock_skew_seconds,
        },
        key: HmacKey::new(&realm.hmac_key),
        user: UserClaims {
            principal: realm.principal_claim.clone(),
            groups: realm.groups_claim.clone(),
            dn: realm.dn_claim.clone(),
            mail: realm.mail_claim.clone(),
            name: realm.name_claim.clone(),
            populate_metadata: realm.populate_user_metadata,
        },
    }
}

fn bind_http(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = listen::tcp(address);
    bound.map_err(|source| StartError::Bind { address: address.to_string(), source })
}

/// One thread is enough beside the workers: a scrape of metrics cannot hurt a check.
fn control_runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// What the control thread runs: the acceptor, the HTTP listener and the drain.
struct Control {
    runtime: Runtime,
    http: TcpListener,
    routes: axum::Router,
    readiness: Arc<Readiness>,
    realms: Vec<String>,
    checks: Arc<Checks>,
    drain: Drain,
    stopped: watch::Receiver<bool>,
}

type Serving = Result<(GrpcAddress, JoinHandle<Drained>), StartError>;

impl Control {
    fn serve_tcp(self, address: SocketAddr) -> Serving {
        let bind = |source| StartError::Bind { address: address.to_string(), source };
        let listener = listen::tcp(address).map_err(bind)?;
        let bound = GrpcAddress::Tcp(listener.local_addr()?);
        let entered = self.runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        drop(entered);
        Ok((bound, self.spawn(listener, || ())?))
    }

    fn serve_unix(self, path: &std::path::Path) -> Serving {
        let bind =
            |source| StartError::Bind { address: format!("unix:{}", path.display()), source };
        let listener: UnixListener = listen::unix(path).map_err(bind)?;
        let entered = self.runtime.enter();
        let listener = tokio::net::UnixListener::from_std(listener)?;
        drop(entered);
        let file = path.to_owned();
        let remove = move || {
            if let Err(error) = std::fs::remove_file(&file) {
                tracing::warn!(%error, "cannot remove the socket file");
            }
        };
        Ok((GrpcAddress::Unix(path.to_owned()), self.spawn(listener, remove)?))
    }

    /// Starts the workers, and the thread that feeds them. `after` runs when all have ended.
    fn spawn<A: Acceptor>(
        self,
        listener: A,
        after: impl FnOnce() + Send + 'static,
    ) -> io::Result<JoinHandle<Drained>> {
        let (health, health_routes) = self.runtime.block_on(Health::serving(&self.realms));
        let edge = Edge::new(Arc::clone(&self.checks), health_routes);
        let (end, ended) = watch::channel(false);
        let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers = Workers::start(count, &edge, &ended)?;
        let entered = self.runtime.enter();
        let http = tokio::net::TcpListener::from_std(self.http)?;
        drop(entered);
        let run = Run {
            readiness: self.readiness,
            drain: self.drain,
            stopped: self.stopped,
            health,
            end,
        };
        let (runtime, routes) = (self.runtime, self.routes);
        std::thread::Builder::new().name("control".to_owned()).spawn(move || {
            let drained = runtime.block_on(async {
                let http = tokio::spawn(async { axum::serve(http, routes).await });
                let drained = run.until_drained(listener, workers).await;
                http.abort();
                drained
            });
            after();
            // A worker that was cut off may hold its thread for as long as it likes.
            runtime.shutdown_background();
            drained
        })
    }
}

/// The service while it runs.
struct Run {
    readiness: Arc<Readiness>,
    drain: Drain,
    stopped: watch::Receiver<bool>,
    health: Health,
    end: watch::Sender<bool>,
}

impl Run {
    /// Accepts until the drain begins, goes on for `drain.grace`, then lets connections end.
    /// All of the drain may take `drain.timeout`.
    async fn until_drained<A: Acceptor>(
        mut self,
        listener: A,
        mut workers: Workers<A::Socket>,
    ) -> Drained {
        tokio::select! {
            // An error means that nobody is left to begin the drain.
            _ = self.stopped.wait_for(|stopped| *stopped) => {}
            () = accept(&listener, &mut workers) => {}
        }
        let cut_off = Instant::now() + self.drain.timeout;
        tracing::info!(event = "drain", "draining: health says NOT_SERVING");
        self.readiness.drain();
        self.health.drain().await;
        let grace = self.drain.grace.min(self.drain.timeout);
        // Elapsing is what this waits for: callers notice, and go elsewhere.
        let _ = timeout(grace, accept(&listener, &mut workers)).await;
        drop(listener);
        self.end.send_replace(true);
        self.health.end_watches().await;
        let threads = workers.into_threads();
        let joined =
            tokio::task::spawn_blocking(|| threads.into_iter().all(|thread| thread.join().is_ok()));
        if matches!(timeout_at(cut_off, joined).await, Ok(Ok(true))) {
            return Drained::Clean;
        }
        tracing::warn!(event = "drain", "cut off by drain.timeout");
        Drained::CutOff
    }
}

/// Accepts and deals out connections, for good.
async fn accept<A: Acceptor>(listener: &A, workers: &mut Workers<A::Socket>) {
    loop {
        match listener.accept().await {
            Ok(socket) => workers.deal(socket),
            Err(error) => {
                // Out of file descriptors, most likely: to try again at once would only burn.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
