//! The reload thread: it looks at the configuration and puts new versions in force.
//!
//! The one rule: a version is taken whole or not at all, and as long as what is written is not what
//! is in force, log, metrics and readiness say why.

mod schedule;

use super::Live;
use super::build::{self, Before};
use super::keys::{self, KeySources};
use crate::http::Readiness;
use crate::observe::{KeyLoad, Metrics, Reload, Trigger};
use crate::server::clock::Clock;
use crate::server::ext_authz::Checks;
use crate::settings::{
    self, JwtRealm, KeyDocument, KeyFiles, Loaded, Look, Problems, Settings, Version, Watch,
    key_warnings,
};
pub use schedule::Pace;
use schedule::Schedule;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Instant;
use tokio::sync::watch;

enum Order {
    /// Look now, and tell what became of it.
    Look(Sender<Reload>),
    Stop,
}

/// Asks for looks, from wherever.
#[derive(Clone, Debug)]
pub struct Reloads(Sender<Order>);

impl Reloads {
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
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
    pub(super) readiness: Arc<Readiness>,
    pub(super) live: watch::Sender<Live>,
    /// Why what is written is not in force, if it is not: one line.
    pub(super) refused: Option<String>,
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
    /// Looks until it is stopped.
    pub(super) fn spawn(self) -> io::Result<Reloads> {
        let (orders, received) = mpsc::channel();
        let thread = std::thread::Builder::new().name("reload".to_owned());
        thread.spawn(move || self.run(&received))?;
        Ok(Reloads(orders))
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
            schedule.settled(Instant::now());
            if let Some(result) = result {
                self.metrics.reloaded(result, self.clock.unix_seconds());
                for answer in asking.drain(..) {
                    // Who asked may have gone.
                    let _: Result<(), _> = answer.send(result);
                }
            }
        }
    }

    fn look(&mut self, is_asked: bool) -> Turn {
        match self.watch.look(&self.settings) {
            Look::Unsettled => Turn::Unsettled,
            Look::Known => {
                self.show();
                if !is_asked {
                    return Turn::Quiet;
                }
                self.take_keys_anew();
                self.show_keys();
                Turn::Done(self.known())
            }
            Look::New(version) => {
                let Version { made, key_files, reading: _ } = *version;
                let result = match made {
                    Ok(loaded) => self.take(loaded, &key_files),
                    Err(problems) => self.refuse(&problems),
                };
                self.take_new_keys(&key_files, is_asked);
                self.show_keys();
                Turn::Done(result)
            }
        }
    }

    /// Takes the keys of a new version's `files`. Of a file that nobody watches they are taken only
    /// where somebody asked for them.
    fn take_new_keys(&self, files: &KeyFiles, is_asked: bool) {
        for (path, file) in files.iter().filter(|(_, file)| file.is_watched || is_asked) {
            let trigger = if file.is_watched { Trigger::FileChange } else { Trigger::Signal };
            // Those that are as they were are no loads, since nobody asked for them by name.
            match self.keys.take(path, file) {
                Some(KeyLoad::Unchanged) | None => {}
                Some(result) => self.loaded(path, trigger, result),
            }
        }
    }

    /// Counts the keys of `files` that are new to realms of `settings`. Every one of them waited for a
    /// source that was not there `before`.
    fn count_new_keys(&self, settings: &Settings, files: &KeyFiles, before: &KeySources) {
        for realm in &settings.realms {
            let Some(path) = realm.keys.file() else { continue };
            if before.get(path).is_none() {
                self.metrics.keys_loaded(&realm.name, Trigger::Startup, KeyLoad::Changed);
            }
            let is_known = self
                .settings
                .realms
                .iter()
                .any(|was| was.name == realm.name && was.keys.file() == Some(path));
            let is_good = files.get(path).is_some_and(|file| file.read.is_ok());
            if !is_known && is_good {
                self.metrics.keys_confirmed(&realm.name, self.clock.unix_seconds());
            }
        }
    }

    /// Loads every key file anew.
    fn take_keys_anew(&self) {
        for (path, file) in &settings::read_key_files(&self.settings) {
            let Some(result) = self.keys.take(path, file) else { continue };
            self.loaded(path, Trigger::Signal, result);
            if let (KeyLoad::Changed, Ok(KeyDocument { parsed, .. })) = (result, &file.read) {
                let warnings = self.readers(path).flat_map(|realm| key_warnings(realm, parsed));
                log_each(warnings, |warning| {
                    tracing::warn!(event = keys::EVENT, warning, "of the new keys");
                });
            }
        }
    }

    /// The realms that read the file `path`, in order.
    fn readers(&self, path: &Path) -> impl Iterator<Item = &JwtRealm> {
        self.settings.realms.iter().filter(move |realm| realm.keys.file() == Some(path))
    }

    /// Nobody waited for these keys, so the load counts once.
    fn loaded(&self, path: &Path, trigger: Trigger, result: KeyLoad) {
        if let Some(first) = self.readers(path).next() {
            self.metrics.keys_loaded(&first.name, trigger, result);
        }
        if result != KeyLoad::Error {
            for realm in self.readers(path) {
                self.metrics.keys_confirmed(&realm.name, self.clock.unix_seconds());
            }
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

    fn take(&mut self, Loaded { settings, warnings }: Loaded, files: &KeyFiles) -> Reload {
        self.refused = None;
        let result = if settings == self.settings {
            self.show();
            self.known()
        } else {
            self.apply(settings, files)
        };
        log_each(warnings.lines(), |line| {
            let warning = line.trim_start_matches("warning: ");
            tracing::warn!(event = EVENT, warning, "of the new version");
        });
        result
    }

    fn apply(&mut self, settings: Settings, files: &KeyFiles) -> Reload {
        let in_force = self.checks.in_force();
        let keys = KeySources::new(files, &self.keys);
        let before = Before { settings: &self.settings, in_force: &in_force };
        let next = build::next(&settings, &keys, before, self.clock.now().monotonic);
        let before = std::mem::replace(&mut self.keys, keys);
        self.count_new_keys(&settings, files, &before);
        let generation = next.snapshot().generation;
        // Together: the settings are those of what is in force.
        self.checks.replace(next);
        let before = std::mem::replace(&mut self.settings, settings);
        let realms = build::names(&self.settings);
        for gone in build::names(&before).iter().filter(|realm| !realms.contains(realm)) {
            self.metrics.forget_realm(gone);
        }
        self.show();
        self.show_keys();
        let result = Reload::Applied;
        tracing::info!(event = EVENT, result = result.code(), generation, "a new configuration");
        if before.log != self.settings.log {
            super::set_log(&self.settings.log);
        }
        result
    }

    fn refuse(&mut self, problems: &Problems) -> Reload {
        let result = Reload::Refused;
        let lines: Vec<_> = problems.refusals().collect();
        let first = lines.first().cloned().unwrap_or_default();
        let more = match lines.len() {
            0 | 1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        self.refused = Some(format!("{first}{more}"));
        log_each(lines.into_iter(), |problem| {
            tracing::error!(event = EVENT, result = result.code(), problem, "refused");
        });
        self.show();
        result
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
        self.readiness.configured(build::names(&self.settings), Some(problem.to_owned()));
    }

    /// Has health and metrics say which keys are in force.
    fn show_keys(&self) {
        let realms = keys::count(&self.checks.in_force(), &self.metrics);
        self.live.send_replace(Live { realms, drain: self.settings.drain.clone() });
    }

    /// Has readiness say what is in force, and why it is not what is written.
    fn show(&self) {
        self.readiness.configured(build::names(&self.settings), self.refused.clone());
    }
}

const EVENT: &str = "config_reload";

/// The most lines that one version is worth in the log.
const LINES: usize = 20;

/// Logs some lines, and how many there were besides.
fn log_each(mut lines: impl Iterator<Item = String>, log: impl Fn(&str)) {
    lines.by_ref().take(LINES).for_each(|line| log(&line));
    match lines.count() {
        0 => {}
        more => log(&format!("and {more} more")),
    }
}

#[cfg(test)]
mod tests;
