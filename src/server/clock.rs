//! The two clocks of a check.
//!
//! The one rule: whoever measures what a check is decided by reads this clock, so that a moment of
//! a reload can be compared with one of a check.

use crate::engine::{Monotonic, Now, UnixTime};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// The wall clock, and one that counts from the process's start.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Now + Send + Sync>);

impl Clock {
    /// The machine's; the second begins to count now.
    pub fn start() -> Self {
        let start = Instant::now();
        Self::telling(move || Now {
            unix: UnixTime::new(since_epoch()),
            monotonic: Monotonic::new(start.elapsed()),
        })
    }

    /// Clocks that say what `tell` says.
    pub fn telling(tell: impl Fn() -> Now + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// The time of what is decided now.
    pub fn now(&self) -> Now {
        (self.0)()
    }

    /// Whole seconds since 1970, for people.
    pub fn unix_seconds(&self) -> i64 {
        self.now().unix.seconds()
    }
}

fn since_epoch() -> Duration {
    // A clock before 1970 is as good as none: then every token is from the future.
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
