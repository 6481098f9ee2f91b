//! What the process does when it gets a signal.
//!
//! The one rule: a signal that comes while the service starts is not lost, and does not end it.

use super::{App, Reloads};
use std::io;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals of the process, caught from the moment that this is made.
pub struct Signals {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Catches SIGTERM, SIGINT and SIGHUP from now on.
    pub fn catch() -> io::Result<Self> {
        let runtime = super::control::runtime()?;
        let entered = runtime.enter();
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        let hang_up = signal(SignalKind::hangup())?;
        drop(entered);
        Ok(Self { runtime, terminate, interrupt, hang_up })
    }

    /// SIGTERM and SIGINT begin the drain of `app`, and SIGHUP has its configuration looked at.
    pub fn follow(self, app: &App) -> io::Result<()> {
        let Self { runtime, mut terminate, mut interrupt, hang_up } = self;
        let (shutdown, reloads) = (app.shutdown(), app.reloads());
        let wait = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                    () = look(hang_up, reloads) => {}
                }
            });
            shutdown.begin();
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
    }
}

/// Looks at each SIGHUP, for good.
async fn look(mut hang_up: Signal, reloads: Option<Reloads>) {
    while hang_up.recv().await.is_some() {
        if let Some(reloads) = &reloads {
            // The reload thread says what becomes of it.
            drop(reloads.look());
        } else {
            tracing::info!(event = "config_reload", "nothing to look at: no files");
        }
    }
    std::future::pending::<()>().await;
}
