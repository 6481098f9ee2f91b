//! When a source of keys is loaded: a machine that decides, and does nothing itself.
//!
//! The one rule: one load at a time, whoever asks for it, and of those that a signature asks for no
//! more than a bucket is good for.

use super::Brake;
use crate::engine::Monotonic;
use crate::engine::crypto::Fingerprint;
use crate::observe::Trigger;
use std::sync::Arc;
use std::time::Duration;

/// The most checks that may wait for one source.
pub(super) const MAX_WAITING: usize = 512;

/// What a source's loads have come to.
#[derive(Debug)]
pub(super) struct Reloads {
    brake: Brake,
    /// When the bucket is full again.
    full_at: Monotonic,
    /// How many loads have begun.
    begun: u64,
    flight: Option<Flight>,
    waiting: usize,
    /// The keys that the last good load brought.
    version: Option<Fingerprint>,
}

/// A load under way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flight {
    /// Its number; the first one's is 1.
    pub(super) number: u64,
    /// What began it.
    pub(super) trigger: Trigger,
    /// The realms whose checks wait for it, each once.
    pub(super) realms: Vec<Arc<str>>,
}

/// What becomes of a request for other keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// There are others already.
    Newer,
    /// The load of this number has to begin; whoever asked waits for it.
    Begin(u64),
    /// Whoever asked waits for the load of this number, which is under way.
    Join(u64),
    /// Nothing is loaded now: the keys at hand decide.
    Braked,
}

impl Reloads {
    /// Those of a source that has the keys `version`, if any, and a full bucket.
    pub(super) fn new(brake: Brake, version: Option<Fingerprint>) -> Self {
        let full_at = Monotonic::default();
        Self { brake, full_at, begun: 0, flight: None, waiting: 0, version }
    }

    /// The bucket is another one from `now` on, from which as many loads are missing as were.
    pub(super) fn set_brake(&mut self, brake: Brake, now: Monotonic) {
        if brake.interval != self.brake.interval {
            let missing = self.full_at.since(now).div_duration_f64(self.brake.interval);
            let seconds = brake.interval.as_secs_f64() * missing;
            let regained = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
            self.full_at = now.after(regained);
        }
        self.brake = brake;
    }

    /// A check of `realm` asks at `now` for other keys than `used`.
    pub(super) fn ask(
        &mut self,
        used: Option<Fingerprint>,
        realm: &Arc<str>,
        now: Monotonic,
    ) -> Answer {
        if self.version != used {
            return Answer::Newer;
        }
        if self.flight.is_some() && self.waiting >= MAX_WAITING {
            return Answer::Braked;
        }
        if let Some(flight) = &mut self.flight {
            if !flight.realms.contains(realm) {
                flight.realms.push(Arc::clone(realm));
            }
            self.waiting += 1;
            return Answer::Join(flight.number);
        }
        if !self.pay(now) {
            return Answer::Braked;
        }
        self.waiting += 1;
        Answer::Begin(self.take_off(Trigger::SignatureFailure, vec![Arc::clone(realm)]))
    }

    /// Whoever waited waits no more.
    pub(super) fn leave(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
    }

    /// The number of a load that has to begin; none where one is under way.
    pub(super) fn begin(&mut self, trigger: Trigger) -> Result<u64, u64> {
        match &self.flight {
            Some(flight) => Err(flight.number),
            None => Ok(self.take_off(trigger, Vec::new())),
        }
    }

    /// The load under way has ended; a good one brought `version`.
    pub(super) fn land(&mut self, version: Option<Fingerprint>) -> Option<Flight> {
        let flight = self.flight.take()?;
        self.version = version.or(self.version);
        Some(flight)
    }

    fn take_off(&mut self, trigger: Trigger, realms: Vec<Arc<str>>) -> u64 {
        self.begun += 1;
        self.flight = Some(Flight { number: self.begun, trigger, realms });
        self.begun
    }

    /// Takes one load from the bucket, if there is one in it.
    fn pay(&mut self, now: Monotonic) -> bool {
        let Brake { burst, interval } = self.brake;
        // What would be missing then; of intervals that are too long to add up, one is all there is.
        let missing = self.full_at.since(now).checked_add(interval);
        if missing.is_none_or(|missing| missing > interval.saturating_mul(burst)) {
            return false;
        }
        self.full_at = self.full_at.max(now).after(interval);
        true
    }
}

#[cfg(test)]
mod tests;
