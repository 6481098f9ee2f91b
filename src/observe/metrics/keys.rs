//! The series of each realm's public keys.
//!
//! The one rule: a realm that is configured has all of its series, also those of loads that its kind
//! of source never makes, so that one rule of alerts fits every realm.

use super::{counters, opts, registered};
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Registry};
use std::time::Duration;

/// What made a source of keys load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The service started, or the source is new.
    Startup,
    /// A signature was not found good.
    SignatureFailure,
    /// It was time.
    Interval,
    /// The file has changed.
    FileChange,
    /// Somebody asked.
    Signal,
}

impl Trigger {
    const ALL: [Self; 5] =
        [Self::Startup, Self::SignatureFailure, Self::Interval, Self::FileChange, Self::Signal];

    /// The name as it stands in metrics and logs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::FileChange => "file_change",
            Self::Interval => "interval",
            Self::Signal => "signal",
            Self::SignatureFailure => "signature_failure",
            Self::Startup => "startup",
        }
    }
}

/// What became of a load of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLoad {
    /// Other keys are in force.
    Changed,
    /// There is no set of keys to be had; those before stay.
    Error,
    /// The keys are the same.
    Unchanged,
}

impl KeyLoad {
    const ALL: [Self; 3] = [Self::Changed, Self::Error, Self::Unchanged];

    /// The name as it stands in metrics and logs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Error => "error",
            Self::Unchanged => "unchanged",
        }
    }
}

/// What became of a request for other keys than those that did not verify a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRequest {
    /// It began a load.
    Started,
    /// It joined one, or there were others already.
    Coalesced,
    /// The brake answered it.
    Suppressed,
}

impl KeyRequest {
    const ALL: [Self; 3] = [Self::Started, Self::Coalesced, Self::Suppressed];

    /// The name as it stands in metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Coalesced => "coalesced",
            Self::Started => "started",
            Self::Suppressed => "suppressed",
        }
    }
}

/// What the series of all realms are made from.
pub(super) struct KeySeries {
    loads: IntCounterVec,
    requests: IntCounterVec,
    duration: HistogramVec,
    keys: IntGaugeVec,
    last_success: IntGaugeVec,
}

impl KeySeries {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let labels = ["realm", "trigger", "result"];
        let help = "Loads of key sets, by what made them and what became of them.";
        let loads = counters(registry, "jwks_reload_total", help, &labels)?;
        let help = "Requests for other keys than those that did not verify a signature, by what \
                    became of them: together they are all of them.";
        let requests =
            counters(registry, "jwks_reload_requests_total", help, &["realm", "result"])?;
        let duration = HistogramOpts::from(opts(
            "jwks_reload_duration_seconds",
            "How long loads of key sets took, by what became of them.",
        ));
        let duration = HistogramVec::new(duration.buckets(DURATIONS.into()), &["realm", "result"])?;
        let duration = registered(registry, duration)?;
        let gauge =
            |name, help| registered(registry, IntGaugeVec::new(opts(name, help), &["realm"])?);
        let keys = gauge("jwks_keys", "Keys that can verify a token of the realm.")?;
        let help = "When the realm's keys were last loaded.";
        let last_success = gauge("jwks_last_success_timestamp_seconds", help)?;
        Ok(Self { loads, requests, duration, keys, last_success })
    }

    /// Makes the series of `realm`, if there are none.
    pub(super) fn make(&self, realm: &str) {
        for (trigger, result) in loads() {
            self.loads.with_label_values(&[realm, trigger, result]);
        }
        for request in KeyRequest::ALL {
            self.requests.with_label_values(&[realm, request.code()]);
        }
        for result in KeyLoad::ALL {
            self.duration.with_label_values(&[realm, result.code()]);
        }
        self.keys.with_label_values(&[realm]);
        self.last_success.with_label_values(&[realm]);
    }

    /// Drops the series of `realm`.
    pub(super) fn forget(&self, realm: &str) {
        // An error means that there is no such series, which is what is wanted.
        for (trigger, result) in loads() {
            let _ = self.loads.remove_label_values(&[realm, trigger, result]);
        }
        for request in KeyRequest::ALL {
            let _ = self.requests.remove_label_values(&[realm, request.code()]);
        }
        for result in KeyLoad::ALL {
            let _ = self.duration.remove_label_values(&[realm, result.code()]);
        }
        let _ = self.keys.remove_label_values(&[realm]);
        let _ = self.last_success.remove_label_values(&[realm]);
    }

    /// Counts a load of the keys of `realm`.
    pub(super) fn loaded(&self, realm: &str, trigger: Trigger, result: KeyLoad, took: Duration) {
        self.loads.with_label_values(&[realm, trigger.code(), result.code()]).inc();
        self.duration.with_label_values(&[realm, result.code()]).observe(took.as_secs_f64());
    }

    /// Counts a request for other keys of `realm`.
    pub(super) fn asked(&self, realm: &str, request: KeyRequest) {
        self.requests.with_label_values(&[realm, request.code()]).inc();
    }

    /// The keys of `realm` were those of its source at `unix` (seconds since 1970).
    pub(super) fn confirmed(&self, realm: &str, unix: i64) {
        self.last_success.with_label_values(&[realm]).set(unix);
    }

    /// So many keys can verify a token of `realm` from now on.
    pub(super) fn in_force(&self, realm: &str, keys: usize) {
        let keys = i64::try_from(keys).unwrap_or(i64::MAX);
        self.keys.with_label_values(&[realm]).set(keys);
    }
}

/// The buckets of a load, in seconds: from a file's to the longest that is allowed.
const DURATIONS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

/// The labels of every kind of load.
fn loads() -> impl Iterator<Item = (&'static str, &'static str)> {
    Trigger::ALL
        .into_iter()
        .flat_map(|trigger| KeyLoad::ALL.map(|result| (trigger.code(), result.code())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_realm_has_all_of_its_series_until_it_is_forgotten() {
        let registry = Registry::new();
        let series = KeySeries::new(&registry).unwrap();
        let text = || prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        let count = |realm: &str| text().lines().filter(|line| line.contains(realm)).count();
        // A line a counter and gauge; a histogram has its buckets, the last one, a sum and a count.
        let loads = Trigger::ALL.len() * KeyLoad::ALL.len();
        let durations = KeyLoad::ALL.len() * (DURATIONS.len() + 3);
        let all = loads + durations + KeyRequest::ALL.len() + 2;
        for realm in ["gone", "kept"] {
            series.make(realm);
            assert_eq!(count(realm), all);
        }
        for realm in ["gone", "kept"] {
            let took = Duration::from_millis(20);
            series.loaded(realm, Trigger::FileChange, KeyLoad::Changed, took);
            series.asked(realm, KeyRequest::Coalesced);
            series.confirmed(realm, 7);
            series.in_force(realm, 3);
        }
        // Made once more it goes on to count.
        series.make("kept");
        for line in [
            r#"reload_total{realm="kept",result="changed",trigger="file_change"} 1"#,
            r#"duration_seconds_bucket{realm="kept",result="changed",le="0.01"} 0"#,
            r#"duration_seconds_bucket{realm="kept",result="changed",le="0.025"} 1"#,
            r#"requests_total{realm="kept",result="coalesced"} 1"#,
            r#"last_success_timestamp_seconds{realm="kept"} 7"#,
            r#"jwks_keys{realm="kept"} 3"#,
        ] {
            assert!(text().contains(line), "{line} in {}", text());
        }
        series.forget("gone");
        assert_eq!(count("gone"), 0);
        assert_eq!(count("kept"), all);
    }
}
