//! A running Realmgate: the real binary with a configuration of the test's own, on free ports.
//!
//! Rule: a gate listens on loopback port 0 (or on a socket in its own folder) and is gone,
//! process and folder, when it is dropped.

mod setup;

pub(crate) use setup::Setup;

use std::net::SocketAddr;

use serde_json::Value;

use super::caller::Caller;
use super::process::{Ended, Running};
use super::series::reloads;
use super::{http, wait};

/// A running gate.
#[derive(Debug)]
pub(crate) struct Gate {
    process: Running,
    grpc: String,
    http: SocketAddr,
    // Last, so that the process is gone before its folder. `None` only while it is changed.
    setup: Option<Setup>,
}

/// The two addresses of the ready line.
fn addresses(line: &str) -> (String, SocketAddr) {
    let mut words = line.split_whitespace().skip(2);
    let mut next = |name: &str| {
        let word = words.next().and_then(|word| word.strip_prefix(name));
        word.unwrap_or_else(|| panic!("no {name} in {line:?}")).to_owned()
    };
    let grpc = next("grpc=");
    let http = next("http=");
    (grpc, http.parse().unwrap())
}

impl Gate {
    /// The embedded quickstart.
    pub(crate) fn quickstart() -> Self {
        Setup::quickstart().start()
    }

    /// The gRPC address, as the ready line names it: `127.0.0.1:PORT` or `unix:/path`.
    pub(crate) fn grpc(&self) -> &str {
        &self.grpc
    }

    /// The HTTP address.
    pub(crate) fn http(&self) -> SocketAddr {
        self.http
    }

    /// What it was started with, or last changed to.
    pub(crate) fn setup(&self) -> &Setup {
        self.setup.as_ref().unwrap()
    }

    /// Writes the files anew, changed so.
    pub(crate) fn change(&mut self, change: impl FnOnce(Setup) -> Setup) {
        Setup::rewrite(&mut self.setup, change);
    }

    /// A series of the metrics.
    pub(crate) fn metric(&self, series: &str) -> i64 {
        http::metric(self.http(), series)
    }

    /// All metrics.
    pub(crate) fn scrape(&self) -> String {
        http::get(self.http(), "/metrics").body
    }

    /// Waits until a series has this value: a check is counted when it is answered, or just after.
    pub(crate) fn wait_for_metric(&self, series: &str, wanted: i64) {
        let found = wait::poll(wait::PATIENCE, || (self.metric(series) == wanted).then_some(()));
        let is = self.metric(series);
        assert!(found.is_some(), "{series} is {is} and not {wanted}:\n{}", self.log());
    }

    /// How many reloads ended so.
    pub(crate) fn reloads(&self, result: &str) -> i64 {
        self.metric(&reloads(result))
    }

    /// Waits until one more reload has ended so than `before`.
    pub(crate) fn wait_for_reload(&self, result: &str, before: i64) {
        self.wait_for_metric(&reloads(result), before + 1);
    }

    /// Writes the files anew, changed so, and waits until the real poll has taken that as `result`:
    /// a signal besides could count a second time.
    pub(crate) fn reload(&mut self, result: &str, change: impl FnOnce(Setup) -> Setup) {
        let before = self.reloads(result);
        self.change(change);
        self.wait_for_reload(result, before);
    }

    /// A client of the gRPC listener, with a connection of its own.
    pub(crate) fn caller(&self) -> Caller {
        Caller::to(&self.grpc)
    }

    /// Waits until one that was launched is ready.
    pub(crate) fn wait_until_ready(&mut self) {
        let line = self.process.wait_for_stdout("realmgate: ready ");
        let line = line.unwrap_or_else(|ended| panic!("the gate did not start: {ended:#?}"));
        assert_eq!(addresses(&line), (self.grpc.clone(), self.http));
    }

    /// Everything on stderr so far.
    pub(crate) fn log(&self) -> String {
        self.process.stderr()
    }

    /// The log lines so far that are JSON objects.
    pub(crate) fn log_objects(&self) -> Vec<Value> {
        let lines = self.process.stderr_lines();
        lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The first line on stderr for which `predicate` holds, waited for.
    pub(crate) fn wait_for_log(&self, predicate: impl Fn(&str) -> bool) -> String {
        let probe = || self.process.stderr_lines().into_iter().find(|line| predicate(line));
        wait::poll(wait::PATIENCE, probe)
            .unwrap_or_else(|| panic!("no such line on stderr:\n{}", self.log()))
    }

    /// The first JSON log line for which `predicate` holds, waited for.
    pub(crate) fn wait_for_event(&self, predicate: impl Fn(&Value) -> bool) -> Value {
        let line =
            self.wait_for_log(|line| serde_json::from_str(line).is_ok_and(|v| predicate(&v)));
        serde_json::from_str(&line).unwrap()
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        self.process.signal("TERM");
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Whether the process still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// Waits until the process has ended by itself.
    pub(crate) fn wait_exit(&mut self) -> Ended {
        self.process.wait_end()
    }
}
