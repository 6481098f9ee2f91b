//! What becomes of the loads of keys: counted, logged, and shown in health and readiness.
//!
//! The one rule: what is shown is what the realms in force have, whoever loaded it and when.

use super::Live;
use crate::engine::Monotonic;
use crate::engine::realm::jwt::JwtRealm;
use crate::http::{Readiness, RealmReadiness};
use crate::jwks::{Report, Reports};
use crate::observe::{KeyLoad, KeyRequest, Metrics, Trigger};
use crate::server::clock::Clock;
use crate::server::ext_authz::Checks;
use crate::server::health::RealmHealth;
use crate::settings::key_warnings;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// Hears of all loads of a process.
pub(super) struct KeyReports {
    metrics: Arc<Metrics>,
    clock: Clock,
    /// Where what is in force is shown, as soon as something is.
    shown: Mutex<Option<Shown>>,
    /// The faults that the log has told of, and when: of sources in force, and of others.
    told: Mutex<BTreeMap<(String, bool), (String, Monotonic)>>,
}

/// What is in force, and who is told what its realms have.
struct Shown {
    checks: Weak<Checks>,
    readiness: Arc<Readiness>,
    live: Arc<watch::Sender<Live>>,
    /// Whether the start is over, so that one realm with keys is enough to want requests.
    has_started: bool,
    /// Why the last load for a realm brought nothing.
    faults: BTreeMap<Arc<str>, String>,
}

impl KeyReports {
    pub(super) fn new(metrics: Arc<Metrics>, clock: Clock) -> Self {
        Self { metrics, clock, shown: Mutex::default(), told: Mutex::default() }
    }

    /// From now on what the realms of `checks` have is shown.
    pub(super) fn show_in(
        &self,
        checks: &Arc<Checks>,
        readiness: Arc<Readiness>,
        live: Arc<watch::Sender<Live>>,
    ) {
        let checks = Arc::downgrade(checks);
        let shown = Shown { checks, readiness, live, has_started: false, faults: BTreeMap::new() };
        *self.shown() = Some(shown);
        self.show();
    }

    /// The start is over: requests are wanted as soon as one realm has its keys.
    pub(super) fn started(&self) {
        if let Some(shown) = &mut *self.shown() {
            shown.has_started = true;
        }
        self.show();
    }

    /// What is in force is another configuration; `faults` says of each realm without keys why it has
    /// none.
    pub(super) fn adopt(&self, faults: BTreeMap<Arc<str>, String>) {
        if let Some(shown) = &mut *self.shown() {
            shown.faults = faults;
        }
        self.show();
    }

    /// Has health, readiness and metrics say what the realms in force have.
    pub(super) fn show(&self) {
        // Held all the while, so that no older state is shown after a newer one.
        let shown = self.shown();
        let Some((shown, checks)) = shown.as_ref().and_then(|to| Some((to, to.checks.upgrade()?)))
        else {
            return;
        };
        let in_force = checks.in_force();
        let realms = &in_force.snapshot().realms;
        if shown.has_started && realms.iter().any(|realm| realm.authenticator.has_loaded()) {
            shown.readiness.start();
        }
        shown.readiness.set_realms(realms.iter().map(|realm| shown.readiness_of(realm)).collect());
        let health = realms.iter().map(|realm| {
            let keys = realm.authenticator.usable_keys();
            self.metrics.keys_in_force(&realm.name, keys);
            self.metrics.tokens_remembered(&realm.name, realm.authenticator.remembered());
            RealmHealth { name: realm.name.clone(), has_keys: keys > 0 }
        });
        let (realms, is_ready) = (health.collect(), shown.readiness.is_ready());
        shown.live.send_modify(|live| {
            live.realms = realms;
            live.is_ready = is_ready;
        });
    }

    fn shown(&self) -> MutexGuard<'_, Option<Shown>> {
        // Whoever panicked left nothing half-done here.
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The realm in force of this name.
    fn with_realm(&self, name: &str, tell: impl FnOnce(&JwtRealm)) {
        let checks = self.shown().as_ref().and_then(|shown| shown.checks.upgrade());
        let Some(in_force) = checks.map(|checks| checks.in_force()) else { return };
        let realm = in_force.snapshot().realms.iter().find(|realm| realm.name == name);
        realm.map(tell).unwrap_or_default();
    }
}

impl Shown {
    fn readiness_of(&self, realm: &JwtRealm) -> RealmReadiness {
        let fault = if !realm.authenticator.has_loaded() {
            let fault = self.faults.get(realm.name.as_str()).map_or("", String::as_str);
            let why = format!("its keys have not been loaded yet: {fault}");
            Some(why.trim_end_matches(": ").to_owned())
        } else if realm.authenticator.usable_keys() == 0 {
            Some("it has no usable key".to_owned())
        } else {
            None
        };
        RealmReadiness { name: realm.name.clone(), fault }
    }
}

impl Reports for KeyReports {
    fn asked(&self, realm: &str, request: KeyRequest) {
        self.with_realm(realm, |_| self.metrics.keys_asked(realm, request));
    }

    fn loaded(&self, report: &Report<'_>) {
        let Report { trigger, waited, readers, result, took, .. } = report;
        self.log(report);
        if !report.is_in_force {
            return;
        }
        let counted: Vec<_> = match trigger {
            // Every one of them waits for its start.
            Trigger::Startup => readers.iter().collect(),
            _ if waited.is_empty() => readers.iter().take(1).collect(),
            _ => readers.iter().filter(|reader| waited.contains(&reader.realm)).collect(),
        };
        for reader in counted {
            let (realm, (result, _)) = (&reader.realm, report.for_reader(reader));
            self.with_realm(realm, |_| self.metrics.keys_loaded(realm, *trigger, result, *took));
        }
        for reader in *readers {
            let (realm, (_, fault)) = (&reader.realm, report.for_reader(reader));
            if fault.is_none() {
                let now = self.clock.unix_seconds();
                self.with_realm(realm, |_| self.metrics.keys_confirmed(realm, now));
            }
            if let Some(shown) = &mut *self.shown() {
                match fault {
                    Some(fault) => shown.faults.insert(Arc::clone(realm), fault),
                    None => shown.faults.remove(realm),
                };
            }
        }
        if *result != KeyLoad::Unchanged {
            self.show();
        }
        if *result == KeyLoad::Changed {
            self.warn(report);
        }
    }
}

impl KeyReports {
    /// Logs what an operator should know of new keys. Of those of a start, and of a file that is
    /// watched, it is said where they are judged with their settings.
    fn warn(&self, report: &Report<'_>) {
        let Some(document) = report
            .document
            .filter(|_| !matches!(report.trigger, Trigger::FileChange | Trigger::Startup))
        else {
            return;
        };
        for reader in report.readers {
            self.with_realm(&reader.realm, |realm| {
                let (allowed, has_usable_key) =
                    (&realm.authenticator.rules.algorithms, realm.authenticator.usable_keys() > 0);
                let warnings = key_warnings(&realm.name, allowed, has_usable_key, &document.parsed);
                let all = document.note.iter().cloned().chain(warnings);
                log_each(all, |warning| {
                    tracing::warn!(event = EVENT, warning, "of the new keys");
                });
            });
        }
    }
}

/// What the log calls a load of keys.
const EVENT: &str = "jwks_reload";

/// How long it is before a fault that goes on is an error in the log once more.
const SILENCE: Duration = Duration::from_secs(600);

impl KeyReports {
    /// One line: for people where it is news, for who looks for bugs where it is not.
    fn log(&self, report: &Report<'_>) {
        let Report { source, trigger, result, document, fault, .. } = report;
        let (trigger, result) = (trigger.code(), result.code());
        let names = report.readers.iter().map(|reader| &*reader.realm);
        let realms = names.collect::<Vec<_>>().join(",");
        let key = ((*source).to_owned(), report.is_in_force);
        if let Some(problem) = fault {
            let what = if report.has_keys {
                "no keys were loaded: those that were there before stay in force"
            } else {
                "no keys were loaded: there are none yet"
            };
            if self.is_news(key, problem) {
                tracing::error!(event = EVENT, trigger, result, realms, source, problem, "{what}");
            } else {
                tracing::debug!(event = EVENT, trigger, result, realms, source, problem, "{what}");
            }
            return;
        }
        let is_mended = self.told().remove(&key).is_some();
        if let (KeyLoad::Changed, Some(document)) = (report.result, document) {
            let keys = document.parsed.keys.len();
            tracing::info!(event = EVENT, trigger, result, realms, source, keys, "new keys");
        } else if is_mended {
            let what = "loads work again, and the keys are as they were";
            tracing::info!(event = EVENT, trigger, result, realms, source, "{what}");
        } else {
            let what = "the keys are as they were";
            tracing::debug!(event = EVENT, trigger, result, realms, source, "{what}");
        }
    }

    /// Whether the log has to tell of this `fault`: it is another one than before, or it is long since
    /// it was told.
    fn is_news(&self, source: (String, bool), fault: &str) -> bool {
        let now = self.clock.now().monotonic;
        let mut told = self.told();
        let is_told = told
            .get(&source)
            .is_some_and(|(before, at)| before == fault && now.since(*at) < SILENCE);
        if !is_told {
            told.insert(source, (fault.to_owned(), now));
        }
        !is_told
    }

    fn told(&self) -> MutexGuard<'_, BTreeMap<(String, bool), (String, Monotonic)>> {
        // Whoever panicked left nothing half-done here.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The most lines that one thing is worth in the log.
const LINES: usize = 20;

/// Logs some lines, and how many there were besides.
pub(super) fn log_each(mut lines: impl Iterator<Item = String>, log: impl Fn(&str)) {
    lines.by_ref().take(LINES).for_each(|line| log(&line));
    match lines.count() {
        0 => {}
        more => log(&format!("and {more} more")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Now, UnixTime};
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn a_fault_is_news_if_it_is_another_one_or_was_told_long_ago() {
        let seconds = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&seconds);
        let clock = Clock::telling(move || {
            let passed = Duration::from_secs(told.load(Ordering::SeqCst));
            Now { unix: UnixTime::new(passed), monotonic: Monotonic::new(passed) }
        });
        let reports = KeyReports::new(Arc::new(Metrics::new().unwrap()), clock);
        for (at, source, is_in_force, fault, is_news) in [
            (0, "a", true, "gone", true),
            (1, "a", true, "gone", false),
            (1, "b", true, "gone", true),
            (1, "a", false, "gone", true),
            (2, "a", true, "late", true),
            (3, "a", true, "gone", true),
            (602, "a", true, "gone", false),
            (603, "a", true, "gone", true),
            (604, "a", true, "gone", false),
        ] {
            seconds.store(at, Ordering::SeqCst);
            let news = reports.is_news((source.to_owned(), is_in_force), fault);
            assert_eq!(news, is_news, "{at} {source} {is_in_force} {fault}");
        }
    }

    #[test]
    fn one_thing_is_worth_so_many_lines_and_the_number_of_the_others() {
        for (count, last) in [(1, "0"), (LINES, "19"), (LINES + 5, "and 5 more")] {
            let logged = std::cell::RefCell::new(Vec::new());
            let lines = (0..count).map(|number| number.to_string());
            log_each(lines, |line| logged.borrow_mut().push(line.to_owned()));
            let logged = logged.into_inner();
            assert_eq!(logged.last().map(String::as_str), Some(last));
            assert_eq!(logged.len(), count.min(LINES + 1));
        }
    }
}
