//! The control thread: it accepts connections, serves the HTTP listener and drains.
//!
//! The one rule: nothing that is served is cut off before callers have had `drain.grace` to notice
//! and `drain.timeout` to finish.

use super::{Drained, StartError};
use crate::http::Readiness;
use crate::server::edge::Edge;
use crate::server::ext_authz::Checks;
use crate::server::health::Health;
use crate::server::listen::{self, Acceptor};
use crate::server::workers::Workers;
use crate::settings::{Drain, GrpcAddress};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

/// A runtime of one thread, which is enough beside the workers: a scrape cannot hurt a check.
pub(super) fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// What the control thread runs: the acceptor, the HTTP listener and the drain.
pub(super) struct Control {
    pub(super) runtime: Runtime,
    pub(super) http: TcpListener,
    pub(super) routes: axum::Router,
    pub(super) readiness: Arc<Readiness>,
    pub(super) realms: Vec<String>,
    pub(super) checks: Arc<Checks>,
    pub(super) drain: Drain,
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
        tracing::warn!(
            event = "drain",
            "not drained clean: drain.timeout passed, or a worker had failed"
        );
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
