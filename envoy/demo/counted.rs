//! What Realmgate has counted: its own word on why it turned a request away.
//!
//! Rule: only the metrics are read, as any operator can; a client is never told a reason code.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::Failure;
use crate::kit::http::Request;

const CHECKS: &str = "realmgate_checks_total{";

/// The counts of one moment.
pub(crate) struct Counted {
    http: SocketAddr,
    counts: BTreeMap<String, String>,
}

impl Counted {
    /// Reads them.
    pub(crate) fn now(http: SocketAddr) -> Result<Self, Failure> {
        let answer = Request::get("/metrics").send(http);
        let answer = answer.map_err(|why| Failure::Io { what: "reading the metrics", why })?;
        let text = answer.text();
        let series = text.lines().filter(|line| line.starts_with(CHECKS));
        let pairs = series.filter_map(|line| line.rsplit_once(' '));
        let counts = pairs.map(|(name, count)| (name.to_owned(), count.to_owned())).collect();
        Ok(Self { http, counts })
    }

    /// The reason that was counted since this was last asked.
    pub(crate) fn moved(&mut self) -> Result<Option<String>, Failure> {
        let before = std::mem::replace(self, Self::now(self.http)?);
        let mut moved =
            self.counts.iter().filter(|(name, count)| before.counts.get(*name) != Some(count));
        Ok(moved.next().and_then(|(name, _)| reason(name)).map(str::to_owned))
    }

    /// Every line that is not zero.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        let moved = self.counts.iter().filter(|(_, count)| *count != "0");
        moved.map(|(name, count)| format!("{name} {count}"))
    }

    /// Where they were read.
    pub(crate) const fn http(&self) -> SocketAddr {
        self.http
    }
}

fn reason(series: &str) -> Option<&str> {
    series.split_once("reason=\"")?.1.split('"').next()
}
