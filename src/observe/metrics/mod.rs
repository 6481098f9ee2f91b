//! Every metric, by its public name, with verbs to count with.
//!
//! The one rule: a label is an enum of ours or a configured name, never a caller's text. Handles
//! are looked up once, when a configuration is taken, and every series exists from the first scrape.

mod keys;
mod realms;

pub use keys::{KeyLoad, KeyRequest, Trigger};
pub(super) use realms::{RealmMetrics, Validation};

use crate::engine::{Decision, Status};
use keys::KeySeries;
use prometheus::core::Collector;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};
use realms::RealmSeries;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What became of a look at the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// A new version is in force.
    Applied,
    /// What is written is what is in force.
    Unchanged,
    /// A new version is broken, and the one before it stays in force.
    Refused,
}

impl Reload {
    const ALL: [Self; 3] = [Self::Applied, Self::Unchanged, Self::Refused];

    /// The name as it stands in metrics and logs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

/// All metrics of the process.
pub struct Metrics {
    registry: Registry,
    /// Those that no realm decided, by reason.
    checks: Vec<IntCounter>,
    check_duration: ByDecision,
    realms: RealmSeries,
    keys: KeySeries,
    reloads: [IntCounter; Reload::ALL.len()],
    last_reload: IntGauge,
    run_as_denied: IntCounter,
    in_flight: IntGauge,
    log_lines_dropped: IntCounter,
    /// How many of the log's lost lines are in `log_lines_dropped` by now.
    lost_and_counted: AtomicU64,
    handled: IntCounter,
    handling: Histogram,
}

struct ByDecision {
    allow: Histogram,
    deny: Histogram,
    error: Histogram,
}

impl Metrics {
    /// Makes every series that no realm has.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let run_as = counters(&registry, "run_as_total", "Run-as requests.", &["result"])?;
        let in_flight = IntGauge::with_opts(opts("checks_in_flight", "Checks under way."))?;
        let dropped = IntCounter::with_opts(opts(
            "log_lines_dropped_total",
            "Log lines not written: over the limit, or nobody read them in time.",
        ))?;
        registry.register(Box::new(in_flight.clone()))?;
        registry.register(Box::new(dropped.clone()))?;
        build_info(&registry)?;
        #[cfg(target_os = "linux")]
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        let (handled, handling) = grpc(&registry)?;
        let reloads = counters(
            &registry,
            "config_reloads_total",
            "Looks at a configuration that was changed or asked for, by what became of it.",
            &["result"],
        )?;
        let last_reload = IntGauge::with_opts(opts(
            "config_last_reload_success_timestamp_seconds",
            "When a configuration was last taken, or confirmed to be in force where that was asked.",
        ))?;
        let realms = RealmSeries::new(&registry)?;
        Ok(Self {
            keys: KeySeries::new(&registry)?,
            checks: realms.checks(""),
            check_duration: ByDecision::new(&registry)?,
            realms,
            reloads: Reload::ALL.map(|result| reloads.with_label_values(&[result.code()])),
            last_reload: registered(&registry, last_reload)?,
            run_as_denied: run_as.with_label_values(&["denied"]),
            in_flight,
            log_lines_dropped: dropped,
            lost_and_counted: AtomicU64::new(0),
            handled,
            handling,
            registry,
        })
    }

    /// A check began. How many are under way, it included.
    pub(super) fn entered(&self) -> i64 {
        self.in_flight.inc();
        self.in_flight()
    }

    /// How many checks are under way.
    pub(super) fn in_flight(&self) -> i64 {
        self.in_flight.get()
    }

    /// A check ended.
    pub(super) fn left(&self) {
        self.in_flight.dec();
    }

    /// The series of the realm `name`, which exist from now on.
    pub(super) fn realm(&self, name: &str) -> RealmMetrics {
        self.keys.make(name);
        self.realms.of(name)
    }

    /// Counts a load of the keys of `realm`.
    pub fn keys_loaded(&self, realm: &str, trigger: Trigger, result: KeyLoad, took: Duration) {
        self.keys.loaded(realm, trigger, result, took);
    }

    /// Counts a request of `realm` for other keys.
    pub fn keys_asked(&self, realm: &str, request: KeyRequest) {
        self.keys.asked(realm, request);
    }

    /// The keys of `realm` were those of its source at `unix` (seconds since 1970).
    pub fn keys_confirmed(&self, realm: &str, unix: i64) {
        self.keys.confirmed(realm, unix);
    }

    /// So many keys can verify a token of `realm` from now on.
    pub fn keys_in_force(&self, realm: &str, keys: usize) {
        self.keys.in_force(realm, keys);
    }

    /// Drops the series of a realm that is configured no more.
    pub fn forget_realm(&self, name: &str) {
        self.keys.forget(name);
        self.realms.forget(name);
    }

    /// So many tokens are remembered by `realm` now.
    pub fn tokens_remembered(&self, realm: &str, tokens: usize) {
        self.realms.of(realm).remembered(tokens);
    }

    /// Counts what became of a look at the configuration at `unix` (seconds since 1970).
    pub fn reloaded(&self, result: Reload, unix: i64) {
        self.reloads[result as usize].inc();
        if result != Reload::Refused {
            self.last_reload.set(unix);
        }
    }

    /// The configuration is in force since `unix` (seconds since 1970).
    pub fn configured(&self, unix: i64) {
        self.last_reload.set(unix);
    }

    /// Counts the end of a check that took this long, and that `realm` decided if any did.
    pub(super) fn decided(
        &self,
        decision: &Decision<'_>,
        realm: Option<&RealmMetrics>,
        took: Duration,
    ) {
        let checks = realm.map_or(self.checks.as_slice(), RealmMetrics::checks);
        checks[decision.reason() as usize].inc();
        let seconds = took.as_secs_f64();
        let duration = match decision.reason().status() {
            Status::Ok => &self.check_duration.allow,
            Status::BadRequest | Status::Unauthorized | Status::Forbidden => {
                &self.check_duration.deny
            }
            Status::Unavailable => &self.check_duration.error,
        };
        duration.observe(seconds);
        self.handled.inc();
        self.handling.observe(seconds);
    }

    /// Counts a run-as header that was refused.
    pub(super) fn run_as_denied(&self) {
        self.run_as_denied.inc();
    }

    /// Counts a log line that was not written.
    pub(super) fn log_line_dropped(&self) {
        self.log_lines_dropped.inc();
    }

    /// All metrics in Prometheus' text format, and its media type.
    pub fn scrape(&self) -> Result<(String, String), prometheus::Error> {
        let lost = super::tracing::lost();
        let counted = self.lost_and_counted.fetch_max(lost, Ordering::Relaxed);
        self.log_lines_dropped.inc_by(lost.saturating_sub(counted));
        let encoder = TextEncoder::new();
        let text = encoder.encode_to_string(&self.registry.gather())?;
        Ok((text, encoder.format_type().to_owned()))
    }
}

/// Buckets of a whole check, in seconds. 0.18 and 1.8 are what a check may take behind an Envoy
/// timeout of 200 ms and of 2 s.
const CHECK_BUCKETS: [f64; 17] = [
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025,
    0.05, 0.1, 0.18, 0.5, 1.8, 2.5,
];

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("realmgate_{name}"), help)
}

fn registered<C: Collector + Clone + 'static>(
    registry: &Registry,
    collector: C,
) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn counters(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntCounterVec, prometheus::Error> {
    registered(registry, IntCounterVec::new(opts(name, help), labels)?)
}

fn histograms(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<HistogramVec, prometheus::Error> {
    let options = HistogramOpts::from(opts(name, help)).buckets(CHECK_BUCKETS.to_vec());
    registered(registry, HistogramVec::new(options, labels)?)
}

impl ByDecision {
    fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Time from a check's first bytes to its answer.";
        let all = histograms(registry, "check_duration_seconds", help, &["decision"])?;
        Ok(Self {
            allow: all.with_label_values(&["allow"]),
            deny: all.with_label_values(&["deny"]),
            error: all.with_label_values(&["error"]),
        })
    }
}

/// The metrics that gRPC servers go by in existing dashboards. Every check is answered with OK.
fn grpc(registry: &Registry) -> Result<(IntCounter, Histogram), prometheus::Error> {
    const LABELS: [&str; 3] = ["grpc_type", "grpc_service", "grpc_method"];
    const VALUES: [&str; 3] = ["unary", "envoy.service.auth.v3.Authorization", "Check"];
    let options = Opts::new("grpc_server_handled_total", "RPCs completed on the server.");
    let labels = [&LABELS[..], &["grpc_code"]].concat();
    let handled = registered(registry, IntCounterVec::new(options, &labels)?)?;
    let options = HistogramOpts::new(
        "grpc_server_handling_seconds",
        "Time from an RPC's first bytes to its answer.",
    );
    let options = options.buckets(CHECK_BUCKETS.to_vec());
    let handling = registered(registry, HistogramVec::new(options, &LABELS)?)?;
    let values = [&VALUES[..], &["OK"]].concat();
    Ok((handled.with_label_values(&values), handling.with_label_values(&VALUES)))
}

fn build_info(registry: &Registry) -> Result<(), prometheus::Error> {
    let labels = ["version", "revision", "rustc"];
    let info = IntGaugeVec::new(opts("build_info", "What is running."), &labels)?;
    let values = [env!("CARGO_PKG_VERSION"), env!("REALMGATE_COMMIT"), env!("REALMGATE_RUSTC")];
    registered(registry, info)?.with_label_values(&values).set(1);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_s_number_is_its_place_among_all() {
        for (place, result) in Reload::ALL.into_iter().enumerate() {
            assert_eq!(result as usize, place);
        }
        for (place, reason) in crate::engine::Reason::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, place);
        }
    }
}
