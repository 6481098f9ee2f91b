//! The series of each realm, which come and go with the configuration.
//!
//! The one rule: a realm that is configured has all of its series, and one that is not has none.

use super::{counters, histograms, opts, registered};
use crate::engine::{ClientResult, Reason};
use prometheus::{
    Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry,
};
use std::time::Duration;

/// How a realm's validation of a token ended.
#[derive(Clone, Copy, Debug)]
pub(in crate::observe) enum Validation {
    /// The token was found good before.
    Cached,
    /// The token is not good.
    Invalid,
    /// The token is good.
    Valid,
}

impl Validation {
    const ALL: [Self; 3] = [Self::Cached, Self::Invalid, Self::Valid];

    const fn code(self) -> &'static str {
        match self {
            Self::Cached => "cached",
            Self::Invalid => "invalid",
            Self::Valid => "valid",
        }
    }
}

/// What the series of all realms are made from.
pub(super) struct RealmSeries {
    checks: IntCounterVec,
    client: IntCounterVec,
    validation: HistogramVec,
    lookups: IntCounterVec,
    remembered: IntGaugeVec,
}

/// The series of one realm.
pub(in crate::observe) struct RealmMetrics {
    name: String,
    /// By reason.
    checks: Vec<IntCounter>,
    client: [IntCounter; ClientResult::ALL.len()],
    validation: [Histogram; Validation::ALL.len()],
    hits: IntCounter,
    misses: IntCounter,
    remembered: IntGauge,
}

/// The labels of looks into a cache.
const LOOKUPS: [&str; 2] = ["hit", "miss"];

impl RealmSeries {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let labels = ["decision", "reason", "realm"];
        let checks = counters(registry, "checks_total", "Checks decided.", &labels)?;
        let help = "Client authentications, by result.";
        let labels = ["realm", "result"];
        let client = counters(registry, "client_authentication_total", help, &labels)?;
        let help = "Time that a realm takes to validate a token of a client that it knows.";
        let labels = ["realm", "outcome"];
        let name = "jwt_validation_duration_seconds";
        let validation = histograms(registry, name, help, &labels)?;
        let help = "Looks for a token among those that were found good before.";
        let labels = ["realm", "result"];
        let lookups = counters(registry, "jwt_cache_requests_total", help, &labels)?;
        let options = opts("jwt_cache_entries", "Tokens that were found good and are remembered.");
        let remembered = registered(registry, IntGaugeVec::new(options, &["realm"])?)?;
        Ok(Self { checks, client, validation, lookups, remembered })
    }

    /// The counters of checks that `realm` decided, by reason; without a name, of those that none
    /// did.
    pub(super) fn checks(&self, realm: &str) -> Vec<IntCounter> {
        let labels = |reason: &Reason| [reason.status().decision(), reason.code(), realm];
        Reason::ALL.iter().map(|reason| self.checks.with_label_values(&labels(reason))).collect()
    }

    /// The series of the realm `name`, made if there are none.
    pub(super) fn of(&self, name: &str) -> RealmMetrics {
        RealmMetrics {
            name: name.to_owned(),
            checks: self.checks(name),
            client: ClientResult::ALL
                .map(|result| self.client.with_label_values(&[name, result.code()])),
            validation: Validation::ALL
                .map(|outcome| self.validation.with_label_values(&[name, outcome.code()])),
            hits: self.lookups.with_label_values(&[name, LOOKUPS[0]]),
            misses: self.lookups.with_label_values(&[name, LOOKUPS[1]]),
            remembered: self.remembered.with_label_values(&[name]),
        }
    }

    /// Drops the series of the realm `name`. A check that is under way counts into nothing.
    pub(super) fn forget(&self, name: &str) {
        // An error means that there is no such series, which is what is wanted.
        for reason in Reason::ALL {
            let labels = [reason.status().decision(), reason.code(), name];
            let _ = self.checks.remove_label_values(&labels);
        }
        for result in ClientResult::ALL {
            let _ = self.client.remove_label_values(&[name, result.code()]);
        }
        for outcome in Validation::ALL {
            let _ = self.validation.remove_label_values(&[name, outcome.code()]);
        }
        for result in LOOKUPS {
            let _ = self.lookups.remove_label_values(&[name, result]);
        }
        let _ = self.remembered.remove_label_values(&[name]);
    }
}

impl RealmMetrics {
    /// The realm's name.
    pub(in crate::observe) fn name(&self) -> &str {
        &self.name
    }

    /// The counters of checks that it decided, by reason.
    pub(super) fn checks(&self) -> &[IntCounter] {
        &self.checks
    }

    /// Counts how a client proved itself.
    pub(in crate::observe) fn client(&self, result: ClientResult) {
        self.client[result as usize].inc();
    }

    /// Counts a look for a token among those that were found good before.
    pub(in crate::observe) fn looked_up(&self, is_hit: bool) {
        if is_hit { self.hits.inc() } else { self.misses.inc() }
    }

    /// So many tokens are remembered now.
    pub(in crate::observe) fn remembered(&self, tokens: usize) {
        self.remembered.set(i64::try_from(tokens).unwrap_or(i64::MAX));
    }

    /// Counts a validation of a token.
    pub(in crate::observe) fn validated(&self, outcome: Validation, took: Duration) {
        self.validation[outcome as usize].observe(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_s_number_is_its_place_among_all() {
        for (place, result) in ClientResult::ALL.into_iter().enumerate() {
            assert_eq!(result as usize, place);
        }
        for (place, outcome) in Validation::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, place);
        }
    }

    #[test]
    fn a_realm_that_is_forgotten_leaves_no_series_behind() {
        let registry = Registry::new();
        let series = RealmSeries::new(&registry).unwrap();
        let text = || {
            let encoder = prometheus::TextEncoder::new();
            encoder.encode_to_string(&registry.gather()).unwrap()
        };
        let (kept, gone) = (series.of("kept"), series.of("gone"));
        gone.client(ClientResult::Current);
        kept.client(ClientResult::Current);
        assert!(text().contains("\"gone\""));
        series.forget("gone");
        assert!(!text().contains("\"gone\""), "{}", text());
        assert!(text().contains("{realm=\"kept\",result=\"current\"} 1"), "{}", text());
        gone.client(ClientResult::Current);
        assert!(!text().contains("\"gone\""), "a check that was under way makes none anew");
    }
}
