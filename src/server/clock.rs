//! The two clocks of a check.
//!
//! The one rule: whoever measures what a check is decided by reads this clock, so that a moment of
//! a reload can be compared with one of a check.

use crate::engine::{Monotonic, Now, UnixTime};
use std::time::{Duration, Instant, SystemTime};

/// The wall clock, and one that counts from the process's start.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that begins to count now.
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// The time of what is decided now.
    pub fn now(&self) -> Now {
        Now { unix: UnixTime::new(since_epoch()), monotonic: Monotonic::new(self.start.elapsed()) }
    }

    /// Whole seconds since 1970, for people.
    pub fn unix_seconds(&self) -> i64 {
        i64::try_from(since_epoch().as_secs()).unwrap_or(i64::MAX)
    }
}

fn since_epoch() -> Duration {
    // A clock before 1970 is as good as none: then every token is from the future.
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
