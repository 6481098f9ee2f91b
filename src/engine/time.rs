//! The time of a check, as an argument: the engine reads no clock.

use std::time::Duration;

/// When a check is decided.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The wall clock, which tokens are judged by.
    pub unix: UnixTime,
    /// The clock that never goes back, which what expires is measured by.
    pub monotonic: Monotonic,
}

/// A moment of a clock that never goes back, as the time since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// The moment `since_start` after the clock's start.
    pub const fn new(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// How long after `earlier` it is; nothing if it is before.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment `duration` later.
    #[must_use]
    pub const fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

/// A moment of the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnixTime {
    seconds: i64,
    nanos: u32,
}

impl UnixTime {
    /// The moment `since_epoch` after 1970-01-01T00:00:00Z.
    pub fn new(since_epoch: Duration) -> Self {
        Self {
            seconds: i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX),
            nanos: since_epoch.subsec_nanos(),
        }
    }

    /// Whether this moment lies strictly before the start of the second `seconds`.
    pub fn is_before(self, seconds: i64) -> bool {
        self.seconds < seconds
    }

    /// Whether this moment lies strictly after the start of the second `seconds`.
    pub fn is_after(self, seconds: i64) -> bool {
        self.seconds > seconds || (self.seconds == seconds && self.nanos > 0)
    }

    /// Whether this moment lies strictly before the one `millis` milliseconds after the epoch.
    pub fn is_before_millis(self, millis: i64) -> bool {
        // Rounded down, for a moment within a millisecond is not before its start.
        i128::from(self.seconds) * 1000 + i128::from(self.nanos / 1_000_000) < millis.into()
    }

    /// Whole seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.seconds
    }

    /// Whole milliseconds since the epoch.
    pub fn millis(self) -> i64 {
        self.seconds.saturating_mul(1000).saturating_add(i64::from(self.nanos / 1_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_whole_seconds_or_milliseconds() {
        for (since_epoch, seconds, millis) in [
            (Duration::new(7, 4_999_999), 7, 7_004),
            (Duration::new(7, 999_999_999), 7, 7_999),
            (Duration::MAX, i64::MAX, i64::MAX),
        ] {
            let moment = UnixTime::new(since_epoch);
            assert_eq!((moment.seconds(), moment.millis()), (seconds, millis));
        }
    }

    #[test]
    fn a_moment_is_compared_with_its_fraction() {
        let whole = UnixTime::new(Duration::from_secs(10));
        let later = UnixTime::new(Duration::new(10, 1));
        for (second, before, after, later_before, later_after) in [
            (9, false, true, false, true),
            (10, false, false, false, true),
            (11, true, false, true, false),
        ] {
            assert_eq!((whole.is_before(second), whole.is_after(second)), (before, after));
            assert_eq!(
                (later.is_before(second), later.is_after(second)),
                (later_before, later_after)
            );
        }
    }
    /// As a remembered token ends: `exp`, shifted by the clock skew.
    #[test]
    fn a_moment_is_before_an_end_in_milliseconds_to_the_nanosecond() {
        let almost = Duration::from_nanos(1);
        for (exp, skew, end) in [
            (10, 0, Duration::from_secs(10)),
            (10, 60_000, Duration::from_secs(70)),
            (10, 500, Duration::from_millis(10_500)),
            (10, 1, Duration::from_millis(10_001)),
            (10, -1, Duration::from_millis(9_999)),
            (10, -500, Duration::from_millis(9_500)),
            (-10, 10_001, Duration::from_millis(1)),
            (i64::MAX / 1000, 0, Duration::from_secs(i64::MAX.unsigned_abs() / 1000)),
            (i64::MAX / 1000, i64::MAX, Duration::from_millis(i64::MAX.unsigned_abs())),
            (10, i64::MAX, Duration::from_millis(i64::MAX.unsigned_abs())),
        ] {
            let millis = i64::saturating_add(exp * 1000, skew);
            let is_before = |now| UnixTime::new(now).is_before_millis(millis);
            assert!(is_before(end.saturating_sub(almost)), "{exp} {skew}: before");
            assert!(!is_before(end), "{exp} {skew}: at the end");
            assert!(!is_before(end + almost), "{exp} {skew}: after");
            assert!(!is_before(Duration::MAX), "{exp} {skew}: at the end of time");
        }
    }

    #[test]
    fn no_moment_is_before_an_end_that_lies_at_or_before_the_epoch() {
        for millis in [0, -1, -1_000, i64::MIN] {
            assert!(!UnixTime::new(Duration::ZERO).is_before_millis(millis), "{millis}");
        }
    }
}
