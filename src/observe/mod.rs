//! What the operator sees: metrics and logs, counted and written where a check ends.
//!
//! The one rule: a check is counted and logged once, from the one value that it ended with. No
//! token, secret or signature is ever written, and claims are not either.

mod decisions;
mod metrics;
pub mod tracing;

pub use decisions::{DecisionLog, Decisions};
pub use metrics::Metrics;

use crate::engine::request::RequestView;
use crate::engine::{ClientResult, Decision, Failure, RealmId, Step, Witness};
use metrics::Validation;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Counts and logs checks.
pub struct Observer {
    metrics: Arc<Metrics>,
    log: DecisionLog,
    /// Names of the realms, in the order of the chain.
    realms: Vec<String>,
    most_in_flight: i64,
    warned_of_filter: AtomicBool,
}

/// When a check came in, and what its transport says of it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When its first bytes were seen.
    pub at: Instant,
    /// The trace that it belongs to.
    pub trace: Option<String>,
}

impl Observer {
    /// Watches checks that `realms` decide, of which `most_in_flight` may be under way at once.
    pub fn new(
        metrics: Arc<Metrics>,
        log: DecisionLog,
        realms: Vec<String>,
        most_in_flight: usize,
    ) -> Self {
        let most_in_flight = i64::try_from(most_in_flight).unwrap_or(i64::MAX);
        let warned_of_filter = AtomicBool::new(false);
        Self { metrics, log, realms, most_in_flight, warned_of_filter }
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

    /// Counts and logs the end of a check. The only place where either happens.
    pub fn decided(&self, decision: &Decision<'_>, request: Option<&RequestView<'_>>, seen: &Seen) {
        let took = seen.at.elapsed();
        if request.is_some_and(|request| !request.shows_all_headers()) {
            self.warn_of_filter();
        }
        self.metrics.decided(decision, took);
        let realm = decision.established.realm.map(|realm| self.realms[realm.0].as_str());
        if !self.log.decided(decision, realm, request, seen, took) {
            self.metrics.log_line_dropped();
        }
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
    fn step(&mut self, realm: Option<RealmId>, step: Step, failure: Option<&Failure>) {
        if let Some(failure) = failure {
            let realm = realm.map(|realm| self.observer.realms[realm.0].as_str());
            let (reason, step) = (failure.reason.code(), step.name());
            ::tracing::debug!(realm, step, reason, detail = failure.detail, "step failed");
        }
        match (realm, step) {
            (Some(_), Step::ClientAuthentication) => {
                self.validation = failure.is_none().then(Instant::now);
            }
            (Some(realm), Step::Claims | Step::Signature) if failure.is_some() => {
                self.validated(realm, Validation::Invalid);
            }
            (Some(realm), Step::User) => {
                let outcome = failure.map_or(Validation::Valid, |_| Validation::Invalid);
                self.validated(realm, outcome);
            }
            (None, Step::RunAs) if failure.is_some() => self.observer.metrics.run_as_denied(),
            _ => {}
        }
    }

    fn client(&mut self, realm: RealmId, result: ClientResult) {
        self.observer.metrics.client(realm, result);
    }
}

impl CheckWitness<'_> {
    fn validated(&mut self, realm: RealmId, outcome: Validation) {
        if let Some(began) = self.validation.take() {
            self.observer.metrics.validated(realm, outcome, began.elapsed());
        }
    }
}
