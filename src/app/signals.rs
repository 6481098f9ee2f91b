//! What the process does when it gets a signal.

use super::{Reloads, Shutdown};
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT begin the drain, and SIGHUP has the configuration looked at.
pub(super) fn follow(shutdown: Shutdown, reloads: Option<Reloads>) -> io::Result<()> {
    let runtime = super::control::runtime()?;
    let entered = runtime.enter();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let hang_up = signal(SignalKind::hangup())?;
    drop(entered);
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
