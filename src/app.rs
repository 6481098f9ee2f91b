//! The composition root: settings become parts, and the parts run until they are drained.
//!
//! The one rule: nothing but this file knows all the parts, and each is made by one function.

mod control;

use crate::engine::crypto::{DigestKey, HmacKey};
use crate::engine::identity::Identity;
use crate::engine::realm::jwt::JwtRealm;
use crate::engine::token::claims::TokenRules;
use crate::engine::user::UserClaims;
use crate::engine::{ClientAuthentication, Secret, Snapshot};
use crate::http::{Readiness, routes};
use crate::observe::{DecisionLog, Decisions, Metrics, Observer};
use crate::server::ext_authz::Checks;
use crate::server::listen;
use crate::settings::{self, GrpcAddress, Settings};
use control::Control;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

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
        let runtime = control::runtime()?;
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
        runtime: control::runtime()?,
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
    Ok(Snapshot {
        realms: settings.realms.iter().map(|realm| jwt_realm(realm, &digest_key)).collect(),
        identity: Identity::new(settings.identity.clone(), settings.limits.identity_size),
        token_size: settings.limits.token_size,
        digest_key,
    })
}

fn jwt_realm(realm: &settings::JwtRealm, key: &DigestKey) -> JwtRealm {
    let settings::JwtRealm { token, claims, .. } = realm;
    let hmac_key = hmac_key(&realm.keys);
    if !token.allowed_algorithms.iter().any(|algorithm| hmac_key.serves(*algorithm)) {
        let realm = realm.name.as_str();
        tracing::warn!(
            event = "no_usable_key",
            realm,
            "no allowed algorithm has a key: authentication will fail until this is fixed"
        );
    }
    let name = |claim: &Option<settings::Claim>| claim.as_ref().map(|claim| claim.name.clone());
    JwtRealm {
        name: realm.name.clone(),
        client_authentication: ClientAuthentication::new(realm.client.secret.as_ref(), key),
        rules: TokenRules {
            issuer: token.allowed_issuer.clone(),
            audiences: token.allowed_audiences.clone(),
            subjects: token.allowed_subjects.as_ref().map(|subjects| subjects.exact.clone()),
            algorithms: token.allowed_algorithms.clone(),
            clock_skew: token.clock_skew.seconds,
        },
        key: hmac_key,
        user: UserClaims {
            principal: claims.principal.name.clone(),
            groups: name(&claims.groups),
            dn: name(&claims.dn),
            mail: name(&claims.mail),
            name: name(&claims.name),
            populate_metadata: claims.populate_user_metadata,
        },
    }
}

/// Without a key of its own a realm has one that serves no algorithm.
fn hmac_key(keys: &settings::KeySources) -> HmacKey {
    match &keys.hmac {
        Some(settings::HmacKeys::Key(key)) => HmacKey::new(key),
        Some(settings::HmacKeys::Set(_)) | None => HmacKey::new(&Secret::new([])),
    }
}

fn bind_http(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = listen::tcp(address);
    bound.map_err(|source| StartError::Bind { address: address.to_string(), source })
}
