//! The figures, for people and for machines.
//! Rule: CPU time is user and system time, in seconds per 10,000 checks.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::load::{CONNECTIONS, STREAMS};
use crate::process::Cpu;
use crate::rounds::{Figures, Round};

/// The middle of some values, and their ends.
#[derive(Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// `None` of no values.
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len().is_multiple_of(2) {
            f64::midpoint(values[middle - 1], values[middle])
        } else {
            values[middle]
        };
        Some(Self { median, min, max })
    }

    pub(crate) fn json(&self) -> Value {
        // The clock has no more to tell than this.
        let rounded = |value: f64| (value * 1e6).round() / 1e6;
        let (median, min, max) = (rounded(self.median), rounded(self.min), rounded(self.max));
        json!({"median": median, "min": min, "max": max})
    }
}

impl Figures {
    fn per_10_000(&self, cpu_seconds: f64) -> f64 {
        cpu_seconds * 10_000.0 / f64::from(self.checks)
    }

    fn spread(&self, value: impl Fn(&Round) -> f64) -> Option<Spread> {
        Spread::of(self.rounds.iter().map(value))
    }
}

fn ratio(round: &Round) -> f64 {
    round.realmgate.total() / round.floor.total()
}

/// A table of the rounds, and the result in its last lines.
pub(crate) fn text(figures: &Figures) -> String {
    let mut text = format!(
        "{CONNECTIONS} connections × {STREAMS} streams, {} checks a turn, \
         request {} bytes, answer {} bytes\n\
         CPU seconds (user + system) per 10,000 checks\n\
         round    floor  realmgate  ratio\n",
        figures.checks, figures.request_len, figures.answer_len
    );
    let mut line = |name: &str, floor: f64, realmgate: f64, ratio: f64| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name:<6} {floor:>7.4}  {realmgate:>9.4}  {ratio:>5.2}");
    };
    for (index, round) in figures.rounds.iter().enumerate() {
        let floor = figures.per_10_000(round.floor.total());
        let realmgate = figures.per_10_000(round.realmgate.total());
        line(&(index + 1).to_string(), floor, realmgate, ratio(round));
    }
    let spreads = (
        figures.spread(|round| figures.per_10_000(round.floor.total())),
        figures.spread(|round| figures.per_10_000(round.realmgate.total())),
        figures.spread(ratio),
    );
    if let (Some(floor), Some(realmgate), Some(ratio)) = spreads {
        line("median", floor.median, realmgate.median, ratio.median);
        line("min", floor.min, realmgate.min, ratio.min);
        line("max", floor.max, realmgate.max, ratio.max);
    }
    text
}

/// The same as one object.
pub(crate) fn json(figures: &Figures) -> Value {
    let server = |cpu: fn(&Round) -> Cpu| {
        let part = |part: fn(Cpu) -> f64| {
            let spread = figures.spread(|round| figures.per_10_000(part(cpu(round))));
            spread.as_ref().map(Spread::json)
        };
        json!({
            "cpu_seconds_per_10000_checks": part(Cpu::total),
            "user": part(|cpu| cpu.user),
            "system": part(|cpu| cpu.system),
        })
    };
    json!({
        "connections": CONNECTIONS,
        "streams": STREAMS,
        "checks": figures.checks,
        "rounds": figures.rounds.len(),
        "request_bytes": figures.request_len,
        "answer_bytes": figures.answer_len,
        "floor": server(|round| round.floor),
        "realmgate": server(|round| round.realmgate),
        "ratio": figures.spread(ratio).as_ref().map(Spread::json),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_values_lies_between_the_middle_two() {
        let spread = Spread::of([4.0, 1.0, 2.0, 8.0].into_iter());
        assert_eq!(spread, Some(Spread { median: 3.0, min: 1.0, max: 8.0 }));
        assert_eq!(Spread::of(std::iter::empty()), None);
    }

    #[test]
    fn figures_are_per_ten_thousand_checks_and_the_ratio_is_of_the_same_round() {
        let cpu = |total| Cpu { user: total / 2.0, system: total / 2.0 };
        let round = |floor, realmgate| Round { floor: cpu(floor), realmgate: cpu(realmgate) };
        let rounds = vec![round(1.0, 2.0), round(2.0, 3.0), round(4.0, 4.0)];
        let figures = Figures { checks: 100_000, request_len: 600, answer_len: 900, rounds };
        let json = json(&figures);
        assert_eq!(json["ratio"], json!({"median": 1.5, "min": 1.0, "max": 2.0}));
        assert_eq!(json["floor"]["cpu_seconds_per_10000_checks"]["median"], json!(0.2));
        assert!(text(&figures).contains("median  0.2000     0.3000   1.50"));
    }
}
