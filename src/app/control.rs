//! The control thread: it accepts connections, serves the HTTP listener and drains.
//!
//! The one rule: nothing that is served is cut off before callers have had `drain.grace` to notice
//! and `drain.timeout` to finish.

use super::{Drained, Live, StartError};
use crate::http::Readiness;
use crate::server::edge::Edge;
use crate::server::ext_authz::Checks;
use crate::server::health::Health;
use crate::server::listen::{self, Acceptor};
use crate::server::workers::{Connections, Workers};
use crate::settings::GrpcAddress;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// A runtime of one thread, which is enough beside the workers: a scrape cannot hurt a check.
pub(super) fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Between two looks at what is under way.
const LOOK: Duration = Duration::from_millis(500);

/// What connections have to end in, however short `drain.timeout` is.
const LEAST_TO_END: Duration = Duration::from_secs(2);

/// What the control thread runs: the acceptor, the HTTP listener and the drain.
pub(super) struct Control {
    pub(super) runtime: Runtime,
    pub(super) http: TcpListener,
    pub(super) routes: axum::Router,
    pub(super) readiness: Arc<Readiness>,
    pub(super) live: watch::Receiver<Live>,
    pub(super) checks: Arc<Checks>,
    pub(super) connections: Connections,
    /// Whether connections are accepted yet.
    pub(super) open: watch::Receiver<bool>,
    pub(super) stopped: watch::Receiver<bool>,
}

type Serving = Result<(GrpcAddress, JoinHandle<Drained>), StartError>;

impl Control {
    pub(super) fn serve_tcp(self, address: SocketAddr) -> Serving {
        let bind = |source| StartError::Bind { address: address.to_string(), source };
        let listener = listen::tcp(address).map_err(bind)?;
        let bound = GrpcAddress::Tcp(listener.local_addr()?);
        let entered = self.runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        drop(entered);
        Ok((bound, self.spawn(listener, || ())?))
    }

    pub(super) fn serve_unix(self, path: &Path) -> Serving {
        let bind =
            |source| StartError::Bind { address: format!("unix:{}", path.display()), source };
        let listener = listen::unix(path).map_err(bind)?;
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

    /// Starts the workers, and the thread that feeds them. `closing` runs when the listener closes:
    /// later its address may be somebody else's.
    fn spawn<A: Acceptor>(
        self,
        listener: A,
        closing: impl FnOnce() + Send + 'static,
    ) -> io::Result<JoinHandle<Drained>> {
        let Live { is_ready, realms, .. } = self.live.borrow().clone();
        let (health, health_routes) = self.runtime.block_on(Health::new(is_ready, &realms));
        let edge = Edge::new(Arc::clone(&self.checks), health_routes);
        let (end, ended) = watch::channel(false);
        let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers = Workers::start(count, self.connections, &edge, &ended)?;
        let entered = self.runtime.enter();
        let http = tokio::net::TcpListener::from_std(self.http)?;
        drop(entered);
        let run = Run {
            checks: self.checks,
            readiness: self.readiness,
            live: self.live,
            open: self.open,
            stopped: self.stopped,
            health,
            end,
        };
        let (runtime, routes) = (self.runtime, self.routes);
        std::thread::Builder::new().name("control".to_owned()).spawn(move || {
            let drained = runtime.block_on(async {
                let http = tokio::spawn(async { axum::serve(http, routes).await });
                let drained = run.until_drained(listener, closing, workers).await;
                http.abort();
                drained
            });
            // A worker that was cut off may hold its thread for as long as it likes.
            runtime.shutdown_background();
            drained
        })
    }
}

/// The service while it runs.
struct Run {
    checks: Arc<Checks>,
    readiness: Arc<Readiness>,
    live: watch::Receiver<Live>,
    open: watch::Receiver<bool>,
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
        closing: impl FnOnce(),
        mut workers: Workers<A::Socket>,
    ) -> Drained {
        tokio::select! {
            // An error means that nobody is left to begin the drain.
            _ = self.stopped.wait_for(|stopped| *stopped) => {}
            () = accept_once_open(&mut self.open, &listener, &mut workers) => {}
            () = follow(&mut self.live, &mut self.health) => {}
        }
        let drain = self.live.borrow().drain.clone();
        let cut_off = Instant::now() + drain.timeout;
        tracing::info!(event = "drain", "draining: health says NOT_SERVING");
        self.readiness.drain();
        self.health.set_whole(false).await;
        let grace = drain.grace.min(drain.timeout);
        if *self.open.borrow() {
            // Elapsing is what this waits for: callers notice, and go elsewhere.
            let _ = timeout(grace, accept(&listener, &mut workers)).await;
        }
        closing();
        drop(listener);
        self.end.send_replace(true);
        self.health.end_watches().await;
        let threads = workers.into_threads();
        let joined =
            tokio::task::spawn_blocking(|| threads.into_iter().all(|thread| thread.join().is_ok()));
        let clean = tokio::select! {
            all = joined => matches!(all, Ok(true)),
            () = idle(&self.checks) => true,
            () = sleep_until(cut_off.max(Instant::now() + LEAST_TO_END)) => false,
        };
        if clean {
            return Drained::Clean;
        }
        tracing::warn!(
            event = "drain",
            "not drained clean: drain.timeout passed, or a worker had failed"
        );
        Drained::CutOff
    }
}

/// Tells the health service what is ready and which realms there are, for good.
async fn follow(live: &mut watch::Receiver<Live>, health: &mut Health) {
    loop {
        let Live { is_ready, realms, .. } = live.borrow_and_update().clone();
        health.set_whole(is_ready).await;
        health.set_realms(&realms).await;
        if live.changed().await.is_err() {
            // Nothing is reloaded.
            return std::future::pending().await;
        }
    }
}

/// Waits until no check is under way, twice in a row, so that answers have left. A connection that
/// carries none (a peer that never spoke, or reads no more) is nothing to wait for.
async fn idle(checks: &Checks) {
    let mut quiet_looks = 0;
    while quiet_looks < 2 {
        sleep(LOOK).await;
        quiet_looks = if checks.under_way() == 0 { quiet_looks + 1 } else { 0 };
    }
}

/// The same as [`accept`], as soon as it may.
async fn accept_once_open<A: Acceptor>(
    open: &mut watch::Receiver<bool>,
    listener: &A,
    workers: &mut Workers<A::Socket>,
) {
    if open.wait_for(|open| *open).await.is_err() {
        // The start was given up.
        return;
    }
    accept(listener, workers).await;
}

/// Accepts and deals out connections, for good.
async fn accept<A: Acceptor>(listener: &A, workers: &mut Workers<A::Socket>) {
    loop {
        match listener.accept().await {
            Ok(socket) => workers.deal(socket),
            Err(error) => {
                // Out of file descriptors, most likely: to try again at once would only burn.
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
