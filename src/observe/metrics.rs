//! Every metric, by its public name, with verbs to count with.
//!
//! The one rule: a label is an enum of ours or a configured name, never a caller's text. Handles
//! are looked up once, when a series is made, and every series exists from the first scrape.

use crate::engine::{ClientResult, Decision, RealmId, Reason, Status};
use prometheus::core::Collector;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How a realm's validation of a token ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Validation {
    /// The token is not good.
    Invalid,
    /// The token is good.
    Valid,
}

/// All metrics of the process.
pub struct Metrics {
    registry: Registry,
    /// By reason, then by realm, of which the first is none.
    checks: Vec<Vec<IntCounter>>,
    check_duration: ByDecision,
    realms: Vec<RealmMetrics>,
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

struct RealmMetrics {
    client: [IntCounter; ClientResult::ALL.len()],
    valid: Histogram,
    invalid: Histogram,
}

impl Metrics {
    /// Makes every series of a service with these `realms`, in the order of the chain.
    pub fn new(realms: &[String]) -> Result<Self, prometheus::Error> {
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
        Ok(Self {
            checks: checks(&registry, realms)?,
            check_duration: ByDecision::new(&registry)?,
            realms: RealmMetrics::all(&registry, realms)?,
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

    /// Counts the end of a check that took this long.
    pub(super) fn decided(&self, decision: &Decision<'_>, took: Duration) {
        let realm = decision.established.realm.map_or(0, |realm| realm.0 + 1);
        self.checks[decision.reason() as usize][realm].inc();
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

    /// Counts how a client proved itself to `realm`.
    pub(super) fn client(&self, realm: RealmId, result: ClientResult) {
        self.realms[realm.0].client[result as usize].inc();
    }

    /// Counts a validation of a token by `realm`.
    pub(super) fn validated(&self, realm: RealmId, outcome: Validation, took: Duration) {
        let realm = &self.realms[realm.0];
        let duration = match outcome {
            Validation::Invalid => &realm.invalid,
            Validation::Valid => &realm.valid,
        };
        duration.observe(took.as_secs_f64());
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

/// A series of every reason, without a realm and of each realm.
fn checks(
    registry: &Registry,
    realms: &[String],
) -> Result<Vec<Vec<IntCounter>>, prometheus::Error> {
    let labels = ["decision", "reason", "realm"];
    let all = counters(registry, "checks_total", "Checks decided.", &labels)?;
    let series = |reason: &Reason, realm: &str| {
        let decision = reason.status().decision();
        all.with_label_values(&[decision, reason.code(), realm])
    };
    let by_realm = |reason: &Reason| {
        let names = std::iter::once("").chain(realms.iter().map(String::as_str));
        names.map(|realm| series(reason, realm)).collect()
    };
    Ok(Reason::ALL.iter().map(by_realm).collect())
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

impl RealmMetrics {
    fn all(registry: &Registry, realms: &[String]) -> Result<Vec<Self>, prometheus::Error> {
        let help = "Time that a realm takes to validate a token of a client that it knows.";
        let labels = ["realm", "outcome"];
        let validation = histograms(registry, "jwt_validation_duration_seconds", help, &labels)?;
        let help = "Client authentications, by result.";
        let labels = ["realm", "result"];
        let client = counters(registry, "client_authentication_total", help, &labels)?;
        let of = |realm: &String| Self {
            client: by_result(|code| client.with_label_values(&[realm.as_str(), code])),
            valid: validation.with_label_values(&[realm.as_str(), "valid"]),
            invalid: validation.with_label_values(&[realm.as_str(), "invalid"]),
        };
        Ok(realms.iter().map(of).collect())
    }
}

/// One series for each result, at the place that the result has as a number.
fn by_result(series: impl Fn(&'static str) -> IntCounter) -> [IntCounter; ClientResult::ALL.len()] {
    ClientResult::ALL.map(|result| series(result.code()))
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
        for (place, result) in ClientResult::ALL.into_iter().enumerate() {
            assert_eq!(result as usize, place);
        }
        for (place, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, place);
        }
    }
}
