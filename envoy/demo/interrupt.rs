//! Ctrl-C: whatever the demo is doing, its children end, and then the demo does.
//!
//! Rule: the play runs in a thread of its own, and the values that hold what it started are
//! dropped there, whether it ends, is interrupted or panics.

use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::INTERRUPTED;
use crate::kit::children;

/// The status of a program that panicked.
const PANICKED: u8 = 101;
/// Nothing that the play waits for outlives its children by that much.
const GOODBYE: Duration = Duration::from_secs(5);

enum Event {
    Ended(Option<u8>),
    Interrupted,
}

/// Runs `play` to its end, or to an interruption, of which its argument hears.
pub(crate) fn run(play: impl FnOnce(&Receiver<()>) -> u8 + Send + 'static) -> ExitCode {
    let (events, inbox) = channel();
    let (interrupt, interrupted) = channel();
    if let Err(why) = listen(events.clone()) {
        eprintln!("cannot listen for Ctrl-C: {why}");
        return ExitCode::FAILURE;
    }
    std::thread::spawn(move || {
        let guard = std::panic::AssertUnwindSafe(|| play(&interrupted));
        let status = std::panic::catch_unwind(guard).ok();
        // Nobody hears it only when the process is ending anyway.
        let _ = events.send(Event::Ended(status));
    });
    let status = match inbox.recv() {
        Ok(Event::Ended(status)) => status.unwrap_or(PANICKED),
        Ok(Event::Interrupted) => wind_up(&inbox, &interrupt),
        Err(_) => PANICKED,
    };
    ExitCode::from(status)
}

/// A play that waited to be interrupted ends with its own status; any other was cut short.
fn wind_up(inbox: &Receiver<Event>, interrupt: &Sender<()>) -> u8 {
    eprintln!("\nending what was started");
    let _ = interrupt.send(());
    children::end_all();
    match inbox.recv_timeout(GOODBYE) {
        Ok(Event::Ended(Some(status))) => status,
        Ok(Event::Ended(None) | Event::Interrupted) | Err(_) => INTERRUPTED,
    }
}

fn listen(events: Sender<Event>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    drop(entered);
    std::thread::spawn(move || {
        loop {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hang_up.recv() => {}
                }
            });
            if events.send(Event::Interrupted).is_err() {
                return;
            }
        }
    });
    Ok(())
}
