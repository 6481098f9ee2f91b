//! How long until a source is looked at again, without being asked for.
//!
//! The one rule: never sooner than the shortest interval and never later than the longest, whatever
//! the other side says; and sources that fail together do not come back together.

use std::time::Duration;

/// The intervals at which a source is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
}

/// How the last load went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// So many loads failed and none was good.
    NeverGood(u32),
    /// It was the first one.
    First,
    /// It was good, and what it brought is fresh until this second since 1970, if that was said.
    Good(Option<i64>),
    /// It failed, after good ones.
    Failed,
}

/// Between two looks at a source that has never been loaded, at first and at most.
const RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// How long to wait at `now` (seconds since 1970). `random` is a number within 0 and 1.
pub(super) fn delay(last: Last, poll: Poll, now: i64, random: f64) -> Duration {
    match last {
        Last::NeverGood(failed) => {
            let longest = RETRY.saturating_mul(1 << failed.min(16)).min(LONGEST_RETRY);
            between(RETRY / 2, longest, random)
        }
        Last::First | Last::Good(None) => poll.min,
        Last::Good(Some(until)) => {
            let fresh = Duration::from_secs(u64::try_from(until.saturating_sub(now)).unwrap_or(0));
            if fresh < poll.min {
                poll.min
            } else if fresh > poll.max {
                poll.max
            } else {
                // A hundredth to either side.
                let fresh = fresh.mul_f64(0.99 + 0.02 * random);
                fresh.clamp(poll.min, poll.max)
            }
        }
        Last::Failed => between(RETRY, poll.min, random),
    }
}

/// Anywhere between the two.
fn between(least: Duration, most: Duration, random: f64) -> Duration {
    least + most.saturating_sub(least).mul_f64(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fresh_is_left_alone_within_the_intervals() {
        let poll = Poll { min: Duration::from_secs(200), max: Duration::from_secs(1000) };
        let now = 5000;
        for (last, random, seconds) in [
            (Last::First, 0.0, 200.0),
            (Last::First, 1.0, 200.0),
            (Last::Good(None), 0.5, 200.0),
            (Last::Good(Some(i64::MIN)), 0.5, 200.0),
            (Last::Good(Some(4000)), 0.5, 200.0),
            (Last::Good(Some(5199)), 1.0, 200.0),
            (Last::Good(Some(5200)), 0.0, 200.0),
            (Last::Good(Some(5200)), 1.0, 202.0),
            (Last::Good(Some(5500)), 0.5, 500.0),
            (Last::Good(Some(5500)), 0.0, 495.0),
            (Last::Good(Some(5500)), 1.0, 505.0),
            (Last::Good(Some(6000)), 0.0, 990.0),
            (Last::Good(Some(6000)), 1.0, 1000.0),
            (Last::Good(Some(6001)), 0.0, 1000.0),
            (Last::Good(Some(i64::MAX)), 0.5, 1000.0),
        ] {
            let delay = delay(last, poll, now, random).as_secs_f64();
            assert!((delay - seconds).abs() < 1e-6, "{last:?} {random}: {delay}");
        }
    }

    #[test]
    fn a_failed_load_is_tried_again_at_any_time_within_the_shortest_interval() {
        let poll = Poll { min: Duration::from_secs(101), max: Duration::from_secs(1000) };
        for (random, seconds) in [(0.0, 1), (0.5, 51), (1.0, 101)] {
            assert_eq!(delay(Last::Failed, poll, 0, random), Duration::from_secs(seconds));
        }
        let shortest = Poll { min: RETRY, max: RETRY };
        assert_eq!(delay(Last::Failed, shortest, 0, 0.7), RETRY);
    }

    #[test]
    fn a_source_that_was_never_loaded_is_tried_less_and_less_often() {
        let poll = Poll { min: Duration::from_secs(3600), max: Duration::from_secs(3600) };
        let longest = |failed| delay(Last::NeverGood(failed), poll, 0, 1.0).as_secs();
        let all: Vec<_> = [0, 1, 2, 3, 4, 5, 6, u32::MAX].map(longest).into();
        assert_eq!(all, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(delay(Last::NeverGood(9), poll, 0, 0.0), Duration::from_millis(500));
    }
}
