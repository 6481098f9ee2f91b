//! The reload thread: it looks at the configuration and puts new versions in force.
//!
//! The one rule: a version is taken whole or not at all, and as long as what is written is not what
//! is in force, log, metrics and readiness say why.

mod schedule;
mod version;

use super::keys::KeySources;
use super::reports::KeyReports;
use super::{Live, Shutdown};
use crate::http::Readiness;
use crate::observe::{Metrics, Reload};
use crate::server::clock::Clock;
use crate::server::ext_authz::Checks;
use crate::settings::{JwtRealm, KeyFile, KeyFiles, Look, Settings, Version, Watch};
pub use schedule::Pace;
use schedule::Schedule;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use version::Retry;

pub(super) enum Order {
    /// Look now, and tell what became of it.
    Look(Sender<Reload>),
    Stop,
}

/// Asks for looks, from wherever.
#[derive(Clone, Debug)]
pub struct Reloads(Sender<Order>);

impl Reloads {
    /// Orders, and where they are received.
    pub(super) fn new() -> (Self, Receiver<Order>) {
        let (orders, received) = mpsc::channel();
        (Self(orders), received)
    }

    /// Has the configuration looked at now. What comes out of it can be received, once.
    pub fn look(&self) -> Receiver<Reload> {
        let (answer, answered) = mpsc::channel();
        // An error means that the service is at its end; the receiver learns it too.
        let _ = self.0.send(Order::Look(answer));
        answered
    }

    /// Ends the thread, as soon as the file system lets it.
    pub(super) fn stop(&self) {
        // An error means that it has ended.
        let _ = self.0.send(Order::Stop);
    }
}

/// Looks, and puts in force.
pub(super) struct Reloader {
    pub(super) watch: Watch,
    pub(super) pace: Pace,
    pub(super) settings: Settings,
    pub(super) keys: KeySources,
    pub(super) checks: Arc<Checks>,
    pub(super) shutdown: Shutdown,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
    pub(super) readiness: Arc<Readiness>,
    pub(super) reports: Arc<KeyReports>,
    pub(super) live: Arc<watch::Sender<Live>>,
    /// Why what is written is not in force, if it is not: one line.
    pub(super) refused: Option<String>,
    /// Set where it is for nothing but keys that could not be fetched.
    pub(super) retry: Option<Retry>,
}

/// What a look came to.
enum Turn {
    /// Nothing is new, and nobody asked.
    Quiet,
    /// Something is new, and has to be seen again.
    Unsettled,
    /// This became of it.
    Done(Reload),
    /// It met a bug of ours.
    Panicked,
}

impl Reloader {
    /// Looks until it is ordered to stop.
    pub(super) fn spawn(self, orders: Receiver<Order>) -> io::Result<()> {
        let thread = std::thread::Builder::new().name("reload".to_owned());
        thread.spawn(move || self.run(&orders)).map(drop)
    }

    fn run(mut self, orders: &Receiver<Order>) {
        let mut asking = Vec::new();
        let mut schedule = Schedule::new(self.pace, Instant::now());
        loop {
            match orders.recv_timeout(schedule.due().saturating_duration_since(Instant::now())) {
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Order::Look(answer)) => {
                    asking.push(answer);
                    schedule.asked(Instant::now());
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            // A bug in a look must not end looking for good.
            let look = AssertUnwindSafe(|| self.look(!asking.is_empty()));
            let turn = std::panic::catch_unwind(look).unwrap_or(Turn::Panicked);
            let result = match turn {
                Turn::Quiet => None,
                Turn::Unsettled => {
                    if schedule.unsettled(Instant::now()) {
                        self.keeps_changing();
                    }
                    continue;
                }
                Turn::Done(result) => Some(result),
                Turn::Panicked => Some(self.panicked()),
            };
            schedule.settled(Instant::now(), self.file_interval());
            if let Some(result) = result {
                self.metrics.reloaded(result, self.clock.unix_seconds());
                for answer in asking.drain(..) {
                    // Who asked may have gone.
                    let _: Result<(), _> = answer.send(result);
                }
            }
        }
    }

    /// How long the realms that have their key files watched want between two looks at most.
    fn file_interval(&self) -> Option<Duration> {
        let watched = |realm: &&JwtRealm| realm.keys.file().is_some() && realm.key_reload.enabled;
        let realms = self.settings.realms.iter().filter(watched);
        realms.map(|realm| realm.key_reload.file_interval).min()
    }

    fn look(&mut self, is_asked: bool) -> Turn {
        match self.watch.look(&self.settings) {
            Look::Unsettled => Turn::Unsettled,
            // They may be there by now.
            Look::Known if self.retry_is_due(is_asked) => self.look_again(),
            Look::Known => {
                self.show();
                if !is_asked {
                    return Turn::Quiet;
                }
                self.keys.load_all_but(&[]);
                Turn::Done(self.known())
            }
            Look::New(version) => {
                let Version { made, key_files, reading } = *version;
                let tried = self.retry.take().is_some_and(|retry| retry.reading == reading);
                let turn = match made {
                    Ok(loaded) if tried && !is_asked => self.retry(loaded, &key_files, reading),
                    Ok(loaded) => self.take(loaded, &key_files, reading),
                    Err(problems) => Turn::Done(self.refuse(&problems)),
                };
                if !matches!(turn, Turn::Unsettled) {
                    self.load_keys(&key_files, is_asked);
                }
                turn
            }
        }
    }

    fn retry_is_due(&self, is_asked: bool) -> bool {
        self.retry.as_ref().is_some_and(|retry| is_asked || retry.due <= Instant::now())
    }

    /// Loads what became new with a version: the watched `files` that are not what their sources hold;
    /// and where somebody asked for a look, everything else, too.
    fn load_keys(&self, files: &KeyFiles, is_asked: bool) {
        let is_new = |path: &Path, file: &KeyFile| file.is_watched && self.keys.differs(path, file);
        let new: Vec<_> = files.iter().filter(|(path, file)| is_new(path, file)).collect();
        self.keys.take_files(&new);
        if is_asked {
            self.keys.load_all_but(&new);
        }
    }

    /// What is written was judged before.
    fn known(&self) -> Reload {
        if let Some(problem) = &self.refused {
            let result = Reload::Refused;
            tracing::error!(event = EVENT, result = result.code(), problem, "refused");
            return result;
        }
        let result = Reload::Unchanged;
        tracing::info!(event = EVENT, result = result.code(), "in force already");
        result
    }

    fn look_again(&mut self) -> Turn {
        self.watch.forget();
        Turn::Unsettled
    }

    /// Nobody knows what is written, so it is looked at again.
    fn panicked(&mut self) -> Reload {
        self.watch.forget();
        let (result, problem) = (Reload::Refused, "a bug: what is written could not be judged");
        tracing::error!(event = EVENT, result = result.code(), problem, "refused");
        self.refused = Some(problem.to_owned());
        self.show();
        result
    }

    fn keeps_changing(&self) {
        let problem = "the configuration keeps changing: two looks in a row must see the same";
        tracing::warn!(event = EVENT, problem);
        self.readiness.configured(Some(problem.to_owned()));
    }

    /// Has readiness say what is in force, and why it is not what is written.
    fn show(&self) {
        self.readiness.configured(self.refused.clone());
    }
}

const EVENT: &str = "config_reload";

#[cfg(test)]
mod tests;
