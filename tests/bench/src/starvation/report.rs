//! The figures of starvation, for people and for machines.
//! Rule: a latency is in µs, as the client saw it.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::{CACHED, FLOOD, Figures, Latency, Round};
use crate::report::Spread;

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// How many times as long the slowest hundredth takes under the flood.
fn ratio(round: &Round) -> f64 {
    micros(round.with.p99) / micros(round.without.p99)
}

impl Figures {
    fn spread(&self, value: impl Fn(&Round) -> f64) -> Option<Spread> {
        Spread::of(self.rounds.iter().map(value))
    }
}

/// The ratio of the round in the middle.
pub(crate) fn median_ratio(figures: &Figures) -> Option<f64> {
    figures.spread(ratio).map(|ratio| ratio.median)
}

/// A column: what stands over it, how wide it is, its decimals, its value.
type Column = (&'static str, usize, usize, fn(&Round) -> f64);

const COLUMNS: [Column; 6] = [
    ("p50 without", 11, 0, |round| micros(round.without.p50)),
    ("p99 without", 11, 0, |round| micros(round.without.p99)),
    ("p50 with", 8, 0, |round| micros(round.with.p50)),
    ("p99 with", 8, 0, |round| micros(round.with.p99)),
    ("p99 ratio", 9, 2, ratio),
    ("flood/s", 7, 0, |round| round.flood),
];

/// A table of the rounds, and the result in its last lines.
pub(crate) fn text(figures: &Figures) -> String {
    let mut text = format!(
        "{} connections × {} streams of cached checks, {} a turn, without and with a flood of\n\
         {} connections × {} streams of tokens by ES512 that are verified each; latency in µs\n",
        CACHED.0, CACHED.1, figures.checks, FLOOD.0, FLOOD.1
    );
    // Writing to a string does not fail.
    let mut line = |name: &str, cell: &dyn Fn(&Column) -> String| {
        let _ = write!(text, "{name:<6}");
        for column in &COLUMNS {
            let _ = write!(text, "  {:>width$}", cell(column), width = column.1);
        }
        text.push('\n');
    };
    line("round", &|column| column.0.to_owned());
    let cell = |column: &Column, value: f64| format!("{value:.decimals$}", decimals = column.2);
    for (index, round) in figures.rounds.iter().enumerate() {
        line(&(index + 1).to_string(), &|column| cell(column, (column.3)(round)));
    }
    let mut end = |name: &str, part: fn(&Spread) -> f64| {
        let of = |column: &Column| figures.spread(column.3).as_ref().map(part);
        line(name, &|column| of(column).map_or_else(String::new, |value| cell(column, value)));
    };
    end("median", |spread| spread.median);
    end("min", |spread| spread.min);
    end("max", |spread| spread.max);
    text
}

/// The same as one object.
pub(crate) fn json(figures: &Figures) -> Value {
    let spread = |value: &dyn Fn(&Round) -> f64| figures.spread(value).as_ref().map(Spread::json);
    let turn = |latency: fn(&Round) -> Latency| {
        json!({
            "p50_microseconds": spread(&|round| micros(latency(round).p50)),
            "p99_microseconds": spread(&|round| micros(latency(round).p99)),
        })
    };
    let load = |(connections, streams)| json!({"connections": connections, "streams": streams});
    json!({
        "cached": load(CACHED),
        "flood": load(FLOOD),
        "checks": figures.checks,
        "rounds": figures.rounds.len(),
        "without": turn(|round| round.without),
        "with": turn(|round| round.with),
        "flood_per_second": spread(&|round| round.flood),
        "ratios": figures.rounds.iter().map(ratio).collect::<Vec<_>>(),
        "ratio": spread(&ratio),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        let latency =
            |p50, p99| Latency { p50: Duration::from_micros(p50), p99: Duration::from_micros(p99) };
        let round = |without, with| Round {
            without: latency(50, without),
            with: latency(60, with),
            flood: 3000.4,
        };
        Figures { checks: 20_000, rounds: vec![round(100, 400), round(200, 300), round(400, 800)] }
    }

    #[test]
    fn the_ratio_is_of_the_same_round_and_its_median_counts() {
        assert_eq!(median_ratio(&figures()), Some(2.0));
        let json = json(&figures());
        assert_eq!(json["ratios"], json!([4.0, 1.5, 2.0]));
        assert_eq!(json["ratio"], json!({"median": 2.0, "min": 1.5, "max": 4.0}));
        assert_eq!(json["with"]["p99_microseconds"]["median"], json!(400.0));
        assert_eq!(json["without"]["p50_microseconds"]["max"], json!(50.0));
    }

    #[test]
    fn the_table_ends_with_the_median_and_the_ends() {
        let text = text(&figures());
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 9);
        assert_eq!(
            lines[2],
            "round   p50 without  p99 without  p50 with  p99 with  p99 ratio  flood/s"
        );
        assert_eq!(
            lines[3],
            "1                50          100        60       400       4.00     3000"
        );
        assert_eq!(
            lines[6],
            "median           50          200        60       400       2.00     3000"
        );
    }
}
