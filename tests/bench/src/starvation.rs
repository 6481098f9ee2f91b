//! The measurement of starvation: how long cached checks take while others are expensive.
//! Rule: a ratio compares two turns of one round, and in one of them every other check is verified.

mod report;
mod setup;
mod tokens;

pub(crate) use report::{json, median_ratio, text};

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::load::{self, Framed, Source};
use crate::process::Process;
use crate::realmgate::{self, Binary};
use crate::rounds::{REQUEST, end_on_signals};
use setup::Setup;
use tokens::Tokens;

/// Connections and streams of the cached checks: each worker of a small machine has one, and the
/// machine has time left.
const CACHED: (usize, usize) = (2, 2);
/// Those of the flood: more in flight than threads that verify, so that these never rest.
const FLOOD: (usize, usize) = (4, 16);
/// Distinct tokens of the flood, many times more than are in flight: no two equal ones ever meet.
const TOKENS: u32 = 1024;

/// How to measure starvation.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Rounds, each of one turn without and one with the flood
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Cached checks in a turn
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1000..=10_000_000))]
    checks: u32,
    /// Fail where the median ratio is over this
    #[arg(long, value_name = "RATIO")]
    pub(crate) at_most: Option<f64>,
    #[command(flatten)]
    binary: Binary,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// What was found.
pub(crate) struct Figures {
    checks: u32,
    rounds: Vec<Round>,
}

/// One turn of each kind.
struct Round {
    without: Latency,
    with: Latency,
    /// Checks of the flood that were answered in a second.
    flood: f64,
}

/// How long the cached checks of a turn took.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Latency {
    p50: Duration,
    p99: Duration,
}

impl Latency {
    /// `None` of no times.
    fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        Some(Self { p50: percentile(&times, 50)?, p99: percentile(&times, 99)? })
    }
}

/// The least of the sorted `times` that so many in a hundred of them do not exceed.
fn percentile(times: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (times.len() * percent).div_ceil(100);
    times.get(rank.checked_sub(1)?).copied()
}

/// Starts Realmgate with both realms, lets the turns follow each other, and stops it.
pub(crate) fn measure(options: &Options) -> Result<Figures, String> {
    let path = realmgate::root().join(REQUEST);
    let message = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let binary = options.binary.path()?;
    end_on_signals()?;
    let tokens = Tokens::new()?;
    let setup = Setup::write(&tokens.key_set())?;
    let server = setup.start(&binary)?;
    let flood = (0..TOKENS)
        .map(|number| Framed::new(&setup::with_token(&message, &tokens.token(number)?)?))
        .collect::<Result<Vec<_>, String>>()?;
    let cached = Framed::new(&message)?;
    let bench = Bench {
        cached_answer: allowed(&server, &cached)?,
        flood_answer: allowed(&server, &flood[0])?,
        server,
        cached,
        flood,
    };
    let rounds = (0..options.rounds).map(|index| bench.round(index, options.checks));
    Ok(Figures { checks: options.checks, rounds: rounds.collect::<Result<_, _>>()? })
}

/// The answer to a request, which must be let in.
fn allowed(server: &Process, request: &Framed) -> Result<Bytes, String> {
    let answer = load::first(server.grpc(), request)?;
    realmgate::must_allow(&answer)?;
    Ok(answer)
}

struct Bench {
    server: Process,
    cached: Framed,
    cached_answer: Bytes,
    flood: Vec<Framed>,
    flood_answer: Bytes,
}

impl Bench {
    /// Which kind is first alternates: neither always follows the other.
    fn round(&self, index: u32, checks: u32) -> Result<Round, String> {
        if index.is_multiple_of(2) {
            let without = self.without(checks)?;
            let (with, flood) = self.with(checks)?;
            Ok(Round { without, with, flood })
        } else {
            let (with, flood) = self.with(checks)?;
            Ok(Round { without: self.without(checks)?, with, flood })
        }
    }

    fn without(&self, checks: u32) -> Result<Latency, String> {
        self.cached(checks / 10)?;
        Latency::of(self.cached(checks)?).ok_or_else(|| "no checks".to_owned())
    }

    /// As without, while another thread's checks are as many as can be verified; how many those
    /// were in a second.
    fn with(&self, checks: u32) -> Result<(Latency, f64), String> {
        let flood = Source::endless(self.flood.clone(), &self.flood_answer);
        let (address, (connections, streams)) = (self.server.grpc(), FLOOD);
        thread::scope(|scope| {
            let flooding = scope.spawn(|| load::drive(address, &flood, connections, streams));
            let measured = self.beside(&flood, checks);
            flood.stop();
            load::joined(flooding)?;
            measured
        })
    }

    fn beside(&self, flood: &Source, checks: u32) -> Result<(Latency, f64), String> {
        self.cached(checks / 10)?;
        let (began, before) = (Instant::now(), flood.begun());
        let latency = Latency::of(self.cached(checks)?).ok_or("no checks")?;
        let (flooded, seconds) = (flood.begun() - before, began.elapsed().as_secs_f64());
        if flooded == 0 {
            return Err("no check of the flood was answered".to_owned());
        }
        let flooded = u32::try_from(flooded).map_err(|_| "too many checks")?;
        Ok((latency, f64::from(flooded) / seconds))
    }

    fn cached(&self, checks: u32) -> Result<Vec<Duration>, String> {
        let source = Source::of(&self.cached, &self.cached_answer, checks);
        load::drive(self.server.grpc(), &source, CACHED.0, CACHED.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_least_time_that_so_many_do_not_exceed() {
        let millis = |range: std::ops::RangeInclusive<u64>| -> Vec<Duration> {
            range.map(Duration::from_millis).collect()
        };
        for (times, percent, expected) in [
            (1..=100, 50, 50),
            (1..=100, 99, 99),
            (1..=100, 100, 100),
            (1..=200, 99, 198),
            (1..=101, 99, 100),
            (1..=3, 50, 2),
            (1..=2, 50, 1),
            (7..=7, 99, 7),
        ] {
            let found = percentile(&millis(times.clone()), percent);
            assert_eq!(found, Some(Duration::from_millis(expected)), "{percent} of {times:?}");
        }
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn times_need_not_come_in_order() {
        let times = [5, 1, 4, 2, 3].map(Duration::from_millis).to_vec();
        let (p50, p99) = (Duration::from_millis(3), Duration::from_millis(5));
        assert_eq!(Latency::of(times), Some(Latency { p50, p99 }));
        assert_eq!(Latency::of(Vec::new()), None);
    }
}
