//! What the operator sees: metrics and logs, counted and written where a check ends.
//!
//! The one rule: a check is counted and logged once, from the one value that it ended with. No
//! token, secret or signature is ever written, and claims are not either.

mod decisions;
mod metrics;
pub mod tracing;

use decisions::Line;
pub use decisions::{DecisionLog, Decisions};
pub use metrics::{KeyLoad, KeyRequest, Metrics, Reload, Trigger};

use crate::engine::request::RequestView;
use crate::engine::{
    ClientResult, Decision, Ended, Established, RealmId, Reason, Skipped, Step, Witness,
};
use metrics::{RealmMetrics, Validation};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Counts and logs checks under one configuration.
pub struct Observer {
    metrics: Arc<Metrics>,
    log: DecisionLog,
    /// In the order of the chain.
    realms: Vec<RealmMetrics>,
    most_in_flight: i64,
    warned_of_filter: Arc<AtomicBool>,
}

/// When a check came in, and what its transport says of it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When its first bytes were seen.
    pub at: Instant,
    /// When it must be over.
    pub until: Instant,
    /// The trace that it belongs to.
    pub trace: Option<String>,
}

impl Observer {
    /// Watches checks that `realms` decide, of which `most_in_flight` may be under way at once.
    pub fn new(
        metrics: Arc<Metrics>,
        log: DecisionLog,
        realms: &[String],
        most_in_flight: usize,
    ) -> Self {
        let warned_of_filter = Arc::default();
        let realms = realms.iter().map(|realm| metrics.realm(realm)).collect();
        let most_in_flight = i64::try_from(most_in_flight).unwrap_or(i64::MAX);
        Self { metrics, log, realms, most_in_flight, warned_of_filter }
    }

    /// The same under another configuration: what was counted and logged so far still counts.
    #[must_use]
    pub fn reconfigured(
        &self,
        decisions: Decisions,
        lines_per_second: u32,
        realms: &[String],
        most_in_flight: usize,
    ) -> Self {
        let log = self.log.reconfigured(decisions, lines_per_second);
        let warned_of_filter = Arc::clone(&self.warned_of_filter);
        let metrics = Arc::clone(&self.metrics);
        Self { warned_of_filter, ..Self::new(metrics, log, realms, most_in_flight) }
    }

    /// Counts a check as under way until the guard is dropped; `None` if there are too many.
    pub fn enter(&self) -> Option<UnderWay<'_>> {
        let under_way = UnderWay(&self.metrics);
        (self.metrics.entered() <= self.most_in_flight).then_some(under_way)
    }

    /// How many checks are under way.
    pub fn under_way(&self) -> i64 {
        self.metrics.in_flight()
    }

    /// A witness of one check.
    pub fn witness(&self) -> CheckWitness<'_> {
        CheckWitness { observer: self, validation: None }
    }

    /// Counts and logs the end of a check. The only place where it is counted.
    pub fn decided(&self, decision: &Decision<'_>, request: Option<&RequestView<'_>>, seen: &Seen) {
        let took = seen.at.elapsed();
        if request.is_some_and(|request| !request.shows_all_headers()) {
            self.warn_of_filter();
        }
        let realm = decision.established.realm.map(|realm| self.realm(realm));
        self.metrics.decided(decision, realm, took);
        self.log(decision.reason(), &decision.established, request, seen, took);
    }

    /// Logs what somebody was answered who asked who they are: no check, so it is not counted.
    pub fn answered(
        &self,
        reason: Reason,
        established: &Established,
        request: Option<&RequestView<'_>>,
        seen: &Seen,
    ) {
        self.log(reason, established, request, seen, seen.at.elapsed());
    }

    fn log(
        &self,
        reason: Reason,
        established: &Established,
        request: Option<&RequestView<'_>>,
        seen: &Seen,
        took: Duration,
    ) {
        let realm = established.realm.map(|realm| self.realm(realm).name());
        let user = established.user.as_deref();
        let line = Line { reason, realm, user, request, seen, took };
        if !self.log.decided(&line) {
            self.metrics.log_line_dropped();
        }
    }

    fn realm(&self, realm: RealmId) -> &RealmMetrics {
        &self.realms[realm.0]
    }

    /// What Envoy does not show cannot be removed.
    fn warn_of_filter(&self) {
        if !self.warned_of_filter.swap(true, Ordering::Relaxed) {
            ::tracing::warn!(
                event = "filtered_headers",
                "checks do not show all headers: remove allowed_headers (Envoy Gateway: \
                 headersToExtAuth), or clients can send what Realmgate cannot remove"
            );
        }
    }
}

/// A check that is under way.
pub struct UnderWay<'m>(&'m Metrics);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.left();
    }
}

/// Hears the steps of one check: counts them, times validations, and tells the log at DEBUG.
pub struct CheckWitness<'o> {
    observer: &'o Observer,
    /// When the realm at hand began to validate the token.
    validation: Option<Instant>,
}

impl Witness for CheckWitness<'_> {
    fn step(&mut self, realm: Option<RealmId>, step: Step, ended: Ended<'_>) {
        if let Ended::Failed(refusal) = ended {
            let realm = realm.map(|realm| self.observer.realm(realm).name());
            let (reason, step) = (refusal.reason().code(), step.name());
            ::tracing::debug!(realm, step, reason, detail = %refusal, "step failed");
        }
        let passed = !matches!(ended, Ended::Failed(_));
        match (realm, step) {
            (Some(_), Step::ClientAuthentication) => {
                self.validation = passed.then(Instant::now);
            }
            (Some(realm), Step::Cache) => self.looked_up(realm, ended),
            (Some(realm), Step::Claims | Step::Signature) if !passed => {
                self.validated(realm, Validation::Invalid);
            }
            (Some(realm), Step::User) => {
                self.validated(realm, if passed { Validation::Valid } else { Validation::Invalid });
            }
            (None, Step::RunAs) if !passed => self.observer.metrics.run_as_denied(),
            _ => {}
        }
    }

    fn client(&mut self, realm: RealmId, result: ClientResult) {
        self.observer.realm(realm).client(result);
    }

    fn remembered(&mut self, realm: RealmId, tokens: usize) {
        self.observer.realm(realm).remembered(tokens);
    }
}

impl CheckWitness<'_> {
    fn looked_up(&mut self, realm: RealmId, ended: Ended<'_>) {
        match ended {
            Ended::Passed => {
                self.observer.realm(realm).looked_up(true);
                self.validated(realm, Validation::Cached);
            }
            Ended::Skipped(Skipped::NotRemembered) => self.observer.realm(realm).looked_up(false),
            Ended::Failed(_) | Ended::Skipped(Skipped::CacheOff | Skipped::DeclinedBefore) => {}
        }
    }

    fn validated(&mut self, realm: RealmId, outcome: Validation) {
        if let Some(began) = self.validation.take() {
            self.observer.realm(realm).validated(outcome, began.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_configuration_forgets_neither_lines_nor_warnings_nor_checks_under_way() {
        let log = DecisionLog::new(Decisions::Denied, 1);
        let metrics = Arc::new(Metrics::new().unwrap());
        let old = Observer::new(metrics, log, &["a".to_owned()], 2);
        let now = Instant::now();
        assert!(old.log.caps_allow(now));
        old.warned_of_filter.store(true, Ordering::Relaxed);
        let _under_way = old.enter().unwrap();
        let new = old.reconfigured(Decisions::All, 1, &["b".to_owned()], 1);
        assert!(!new.log.caps_allow(now), "the line of this second was written before");
        assert!(new.warned_of_filter.load(Ordering::Relaxed));
        assert!(new.enter().is_none(), "one is under way already");
        assert_eq!(new.realm(RealmId(0)).name(), "b");
    }
}
