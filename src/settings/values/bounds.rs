//! Times and numbers within Elasticsearch's bounds, and what a time amounts to.
//!
//! The one rule: a time never wraps; what is longer than anybody waits is a century.

use super::{Time, Unit, Written, Wrong, integer};
use std::fmt;
use std::time::Duration;

/// The longest that anything lasts, so that it can be added to any clock.
const CENTURY: u64 = 36_525 * 24 * 60 * 60;

impl Time {
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

/// A whole number of at least `least`.
pub(in crate::settings) fn integer_of_at_least(
    least: i32,
) -> impl FnOnce(&str, Written<'_>) -> Result<i32, Wrong> {
    move |key, text| match integer(key, text)? {
        number if number >= least => Ok(number),
        _ => Err(format!("Failed to parse value [{text}] for setting [{key}] must be >= {least}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let read = |text: &str| integer_of_at_least(0)("k", text.into());
        assert_eq!(read("0"), Ok(0));
        let wrong = "Failed to parse value [-1] for setting [k] must be >= 0";
        assert_eq!(read("-1"), Err(wrong.into()));
        for text in ["", "100_000", "NaN", "2147483648", "1.0"] {
            let wrong = format!("Failed to parse value [{text}] for setting [k]");
            assert_eq!(read(text), Err(wrong));
        }
    }
}
