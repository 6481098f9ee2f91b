//! Times as Elasticsearch writes and reads them, and how long they last.
//!
//! The one rule: a time never wraps; what is longer than anybody waits is a century.

use super::{Written, Wrong};
use std::fmt;
use std::time::Duration;

/// The longest that anything lasts, so that it can be added to any clock.
const CENTURY: u64 = 36_525 * 24 * 60 * 60;

/// A time as Elasticsearch writes it: it may be minus one, and need not be whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::settings) struct Time {
    count: i64,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Nanos,
    Micros,
    Millis,
    Seconds,
    Minutes,
    Hours,
    Days,
}

impl Unit {
    /// Each suffix, longer ones before those that they end in. Case counts for `m` alone.
    const SUFFIXES: [(&'static str, Self); 7] = [
        ("nanos", Self::Nanos),
        ("micros", Self::Micros),
        ("ms", Self::Millis),
        ("s", Self::Seconds),
        ("m", Self::Minutes),
        ("h", Self::Hours),
        ("d", Self::Days),
    ];

    const fn nanos(self) -> i128 {
        match self {
            Self::Nanos => 1,
            Self::Micros => 1_000,
            Self::Millis => 1_000_000,
            Self::Seconds => 1_000_000_000,
            Self::Minutes => 60_000_000_000,
            Self::Hours => 3_600_000_000_000,
            Self::Days => 86_400_000_000_000,
        }
    }
}

impl Time {
    /// Reads a time.
    pub(in crate::settings) fn parse(key: &str, text: Written<'_>) -> Result<Self, Wrong> {
        let lower = text.trim().to_lowercase();
        let suffix = Unit::SUFFIXES.into_iter().find(|(suffix, unit)| {
            // A capital `M` could mean months.
            let written = if *unit == Unit::Minutes { text.trim() } else { lower.as_str() };
            written.ends_with(suffix)
        });
        match suffix {
            Some((suffix, unit)) => {
                let count = lower[..lower.len() - suffix.len()].trim();
                Self::counted(key, text, count, unit)
            }
            None if is_digits(&lower, "0", "0") => Ok(Self { count: 0, unit: Unit::Millis }),
            None if lower.starts_with('-') && is_digits(&lower[1..], "0", "1") => {
                Ok(Self { count: -1, unit: Unit::Millis })
            }
            None => Err(format!(
                "failed to parse setting [{key}] with value [{text}] as a time value: \
                 unit is missing or unrecognized"
            )),
        }
    }

    fn counted(key: &str, text: Written<'_>, count: &str, unit: Unit) -> Result<Self, Wrong> {
        match count.parse::<i64>() {
            Ok(count) if count < -1 => Err(format!(
                "failed to parse setting [{key}] with value [{text}] as a time value: \
                 negative durations are not supported"
            )),
            Ok(count) => Ok(Self { count, unit }),
            Err(_) if count.parse::<f64>().is_ok() => {
                Err(format!("failed to parse [{text}], fractional time values are not supported"))
            }
            Err(_) => Err(format!("failed to parse [{text}]")),
        }
    }

    const fn nanos(self) -> i128 {
        // 64 bits times 47 fit.
        self.count as i128 * self.unit.nanos()
    }

    /// Whole seconds, truncated towards zero.
    pub(in crate::settings) fn seconds(self) -> i64 {
        let seconds = self.nanos() / Unit::Seconds.nanos();
        i64::try_from(seconds).unwrap_or(i64::MAX)
    }

    /// A time that is written in seconds, as our defaults are.
    pub(in crate::settings) const fn of_seconds(count: i64) -> Self {
        Self { count, unit: Unit::Seconds }
    }

    /// A time that is written in milliseconds.
    pub(in crate::settings) const fn of_millis(count: i64) -> Self {
        Self { count, unit: Unit::Millis }
    }

    /// Whole milliseconds, truncated towards zero.
    pub(in crate::settings) fn millis(self) -> i64 {
        let millis = self.nanos() / Unit::Millis.nanos();
        i64::try_from(millis).unwrap_or(i64::MAX)
    }

    /// How long it lasts: not at all if it is negative, and a century at most.
    pub(in crate::settings) fn duration(self) -> Duration {
        let nanos = u128::try_from(self.nanos()).unwrap_or_default();
        let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX);
        if seconds >= CENTURY {
            return Duration::from_secs(CENTURY);
        }
        let rest = u32::try_from(nanos % 1_000_000_000).unwrap_or_default();
        Duration::new(seconds, rest)
    }

    /// A time of at least `least`.
    pub(in crate::settings) fn at_least(
        least: Self,
    ) -> impl FnOnce(&str, Written<'_>) -> Result<Self, Wrong> {
        move |key, text| {
            let time = Self::parse(key, text)?;
            if time.nanos() >= least.nanos() {
                return Ok(time);
            }
            Err(format!("failed to parse value [{text}] for setting [{key}], must be >= [{least}]"))
        }
    }
}

/// As Elasticsearch prints one: in the largest unit of which there is one, with one decimal.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.nanos();
        if nanos < 0 {
            return write!(f, "{}", self.count);
        }
        let units = Unit::SUFFIXES.into_iter();
        let fits = units.filter(|(_, unit)| nanos >= unit.nanos());
        let Some((suffix, unit)) = fits.max_by_key(|(_, unit)| unit.nanos()) else {
            return f.write_str("0s");
        };
        let tenths = nanos * 10 / unit.nanos();
        match tenths % 10 {
            0 => write!(f, "{}{suffix}", tenths / 10),
            tenth => write!(f, "{}.{tenth}{suffix}", tenths / 10),
        }
    }
}

/// Whether `text` is any number of `fill` and then `last`.
fn is_digits(text: &str, fill: &str, last: &str) -> bool {
    text.strip_suffix(last).is_some_and(|rest| rest.replace(fill, "").is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<i128> {
        Time::parse("k", text.into()).ok().map(|time| time.nanos() / Unit::Millis.nanos())
    }

    fn time(text: &str) -> Time {
        Time::parse("k", text.into()).unwrap()
    }

    #[test]
    fn a_time_lasts_no_longer_than_a_century_and_never_less_than_nothing() {
        for (text, expected) in [
            ("-1", Duration::ZERO),
            ("-1d", Duration::ZERO),
            ("0", Duration::ZERO),
            ("1500ms", Duration::from_millis(1500)),
            ("1nanos", Duration::from_nanos(1)),
            ("36525d", Duration::from_secs(CENTURY)),
            ("9223372036854775807d", Duration::from_secs(CENTURY)),
        ] {
            assert_eq!(time(text).duration(), expected, "{text}");
        }
    }

    #[test]
    fn milliseconds_are_truncated_towards_zero_and_never_wrap() {
        for (text, expected) in [
            ("-1", -1),
            ("-1s", -1000),
            ("500ms", 500),
            ("999999nanos", 0),
            ("9223372036854775807d", i64::MAX),
        ] {
            assert_eq!(time(text).millis(), expected, "{text}");
        }
    }

    #[test]
    fn a_time_is_printed_as_elasticsearch_prints_it() {
        for (text, expected) in [
            ("-1", "-1"),
            ("0", "0s"),
            ("0d", "0s"),
            ("60m", "1h"),
            ("90m", "1.5h"),
            ("61s", "1m"),
            ("5d", "5d"),
            ("7nanos", "7nanos"),
            ("1999micros", "1.9ms"),
        ] {
            assert_eq!(time(text).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn bounds_are_told_in_elasticsearchs_words() {
        let read = |text: &str| Time::at_least(Time::of_seconds(1))("k", text.into());
        assert_eq!(read("1s"), Ok(Time::of_seconds(1)));
        for text in ["0", "-1", "999ms"] {
            let wrong = format!("failed to parse value [{text}] for setting [k], must be >= [1s]");
            assert_eq!(read(text), Err(wrong));
        }
    }

    #[test]
    fn times_are_read_as_elasticsearch_reads_them() {
        for (text, expected) in [
            ("0", 0),
            ("000", 0),
            ("0s", 0),
            ("1s", 1_000),
            ("1m", 60_000),
            ("1h", 3_600_000),
            ("1d", 86_400_000),
            ("500ms", 500),
            ("1500000nanos", 1),
            ("2500micros", 2),
            ("60S", 60_000),
            ("1H", 3_600_000),
            ("1D", 86_400_000),
            ("5MS", 5),
            (" 2 m ", 120_000),
            ("-1", -1),
            ("-001", -1),
            ("-1s", -1_000),
            ("36500d", 3_153_600_000_000),
        ] {
            assert_eq!(millis(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_in_elasticsearchs_words() {
        let unit = |text: &str| {
            format!(
                "failed to parse setting [k] with value [{text}] as a time value: \
                 unit is missing or unrecognized"
            )
        };
        for (text, expected) in [
            ("", unit("")),
            (" ", unit(" ")),
            ("-2", unit("-2")),
            ("10", unit("10")),
            ("1w", unit("1w")),
            ("1M", unit("1M")),
            ("1y", unit("1y")),
            ("1.0", unit("1.0")),
            ("--1", unit("--1")),
            ("-", unit("-")),
            ("s", "failed to parse [s]".into()),
            ("xs", "failed to parse [xs]".into()),
            ("1_0s", "failed to parse [1_0s]".into()),
            (
                "99999999999999999999s",
                "failed to parse [99999999999999999999s], fractional time values are not supported"
                    .into(),
            ),
            ("1.5s", "failed to parse [1.5s], fractional time values are not supported".into()),
            (
                "-2s",
                "failed to parse setting [k] with value [-2s] as a time value: \
                 negative durations are not supported"
                    .into(),
            ),
        ] {
            assert_eq!(Time::parse("k", text.into()), Err(expected), "{text}");
        }
    }

    #[test]
    fn seconds_are_truncated_towards_zero_and_never_wrap() {
        for (text, expected) in [
            ("-1", 0),
            ("999ms", 0),
            ("1999ms", 1),
            ("-1s", -1),
            ("-1m", -60),
            ("36500d", 3_153_600_000),
            ("9223372036854775807d", i64::MAX),
        ] {
            assert_eq!(Time::parse("k", text.into()).map(Time::seconds), Ok(expected), "{text}");
        }
    }
}
