//! What becomes of a new version: taken whole, refused and told, or tried again.
//!
//! The one rule: what is in force changes in one place, and until then nothing that is in force knows
//! of the version that may take its place.

use super::{EVENT, Reloader, Turn};
use crate::app::build::{self, Before};
use crate::app::keys::{KeySources, NewKeys};
use crate::app::reports::log_each;
use crate::observe::{KeyLoad, Reload, Trigger};
use crate::settings::{KeyFiles, Loaded, Problems, Reading, Settings};
use std::time::{Duration, Instant};

/// Why a version was not taken.
enum NotTaken {
    /// It lacks keys.
    Lacks(Problems),
    /// The service ends, or another version is written.
    Overtaken,
}

/// A version that is tried again, since its keys may come.
pub(in crate::app) struct Retry {
    pub(super) due: Instant,
    pub(super) reading: Reading,
}

impl Reloader {
    /// Takes a version, or refuses it. `reading` is what it was made of.
    pub(super) fn take(&mut self, loaded: Loaded, files: &KeyFiles, reading: Reading) -> Turn {
        if loaded.settings == self.settings {
            self.refused = None;
            self.show();
            let result = self.known();
            warn_each(&loaded.warnings);
            return Turn::Done(result);
        }
        let patience = loaded.settings.jwks.startup_timeout;
        match self.take_with_keys(loaded, files, &reading, patience) {
            Ok(result) => Turn::Done(result),
            Err(NotTaken::Overtaken) => self.look_again(),
            Err(NotTaken::Lacks(problems)) => {
                self.try_again(reading);
                Turn::Done(self.refuse(&problems))
            }
        }
    }

    /// Takes a version that was refused for want of its keys, if they are there now. If not, nothing
    /// is new.
    pub(super) fn retry(&mut self, loaded: Loaded, files: &KeyFiles, reading: Reading) -> Turn {
        match self.take_with_keys(loaded, files, &reading, Duration::ZERO) {
            Ok(result) => Turn::Done(result),
            Err(NotTaken::Overtaken) => self.look_again(),
            Err(NotTaken::Lacks(problems)) => {
                self.try_again(reading);
                // It was told; readiness shows what is wrong by now.
                self.refused = Some(in_one_line(&problems));
                self.show();
                Turn::Quiet
            }
        }
    }

    fn try_again(&mut self, reading: Reading) {
        self.retry = Some(Retry { due: Instant::now() + self.pace.retry, reading });
    }

    /// Takes a version that is not in force, if its keys come within `patience`, as long as what is
    /// written is what it was made of.
    fn take_with_keys(
        &mut self,
        loaded: Loaded,
        files: &KeyFiles,
        reading: &Reading,
        patience: Duration,
    ) -> Result<Reload, NotTaken> {
        let Loaded { settings, warnings, key_urls } = loaded;
        let keys = self.keys.next(&settings, files);
        let overtaken = async {
            tokio::select! {
                () = self.shutdown.begun() => {}
                () = changed(reading, self.pace.poll) => {}
            }
        };
        if !keys.load_first(patience, overtaken) {
            return Err(NotTaken::Overtaken);
        }
        let said = keys.judge(&key_urls, &settings, settings.jwks.start_degraded);
        if said.refusals().next().is_some() {
            return Err(NotTaken::Lacks(said));
        }
        warn_each(&said);
        let result = self.apply(settings, keys);
        warn_each(&warnings);
        Ok(result)
    }

    fn apply(&mut self, settings: Settings, keys: KeySources) -> Reload {
        let in_force = self.checks.in_force();
        let before = Before { settings: &self.settings, keys: &self.keys, in_force: &in_force };
        let now = self.clock.now().monotonic;
        let next = build::next(&settings, &keys, before, now);
        let before = std::mem::replace(&mut self.keys, keys);
        self.keys.poll_new(Some(&before));
        self.count_new_keys(&settings, &before);
        let generation = next.snapshot().generation;
        // Together: the settings are those of what is in force.
        self.checks.replace(next);
        self.keys.set_terms(&settings, now);
        let before = std::mem::replace(&mut self.settings, settings);
        let realms = build::names(&self.settings);
        for gone in build::names(&before).iter().filter(|realm| !realms.contains(realm)) {
            self.metrics.forget_realm(gone);
        }
        self.refused = None;
        self.show();
        self.reports.adopt(self.keys.faults(&self.settings));
        self.live.send_modify(|live| live.drain = self.settings.drain.clone());
        let result = Reload::Applied;
        tracing::info!(event = EVENT, result = result.code(), generation, "a new configuration");
        if before.log != self.settings.log {
            crate::app::set_log(&self.settings.log);
        }
        result
    }

    /// Refuses a version and tells why.
    pub(super) fn refuse(&mut self, problems: &Problems) -> Reload {
        let result = Reload::Refused;
        self.refused = Some(in_one_line(problems));
        log_each(problems.refusals(), |problem| {
            tracing::error!(event = EVENT, result = result.code(), problem, "refused");
        });
        self.show();
        result
    }

    /// Counts the keys that are new to realms of `settings`. Every one of them waited for a source that
    /// was not there `before`.
    fn count_new_keys(&self, settings: &Settings, before: &KeySources) {
        for realm in &settings.realms {
            let was = self.settings.realms.iter().find(|was| was.name == realm.name);
            let Some(new) = self.keys.new_to(realm, before, was) else { continue };
            if let NewKeys::Loaded(took) = new {
                self.metrics.keys_loaded(&realm.name, Trigger::Startup, KeyLoad::Changed, took);
            }
            self.metrics.keys_confirmed(&realm.name, self.clock.unix_seconds());
        }
    }
}

/// The first of what refuses a version, and how many others there are.
fn in_one_line(problems: &Problems) -> String {
    let mut lines = problems.refusals();
    let first = lines.next().unwrap_or_default();
    match lines.count() {
        0 => first,
        more => format!("{first} (and {more} more)"),
    }
}

/// Ends when what is written is not `reading` any more.
async fn changed(reading: &Reading, poll: Duration) {
    while reading.is_current() {
        tokio::time::sleep(poll).await;
    }
}

/// Logs the warnings of a new version.
fn warn_each(warnings: &Problems) {
    log_each(warnings.lines(), |line| {
        let warning = line.trim_start_matches("warning: ");
        tracing::warn!(event = EVENT, warning, "of the new version");
    });
}
