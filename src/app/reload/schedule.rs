//! When the configuration is looked at.
//!
//! The one rule: two looks that have to agree keep their distance, whoever asks for one.

use std::time::{Duration, Instant};

/// How often the configuration is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two looks that nobody asked for.
    pub poll: Duration,
    /// Between the two looks that have to agree.
    pub settle: Duration,
    /// Between two tries of a version that lacks nothing but keys.
    pub retry: Duration,
}

impl Default for Pace {
    /// A change is in force within five seconds, time to read it included.
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(2),
            settle: Duration::from_millis(250),
            retry: Duration::from_secs(30),
        }
    }
}

/// How many looks in a row may see something new before somebody is told.
const PATIENCE: u32 = 20;

/// When to look next.
#[derive(Debug)]
pub(super) struct Schedule {
    pace: Pace,
    due: Instant,
    /// How many looks in a row have seen something new.
    unsettled: u32,
}

impl Schedule {
    /// The first look is one of those that nobody asks for.
    pub(super) fn new(pace: Pace, now: Instant) -> Self {
        Self { pace, due: now + pace.poll, unsettled: 0 }
    }

    /// When the next look is due.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// Somebody asks for a look.
    pub(super) fn asked(&mut self, now: Instant) {
        if self.unsettled == 0 {
            self.due = now;
        }
    }

    /// A look has seen something new. True when that has gone on for long.
    pub(super) fn unsettled(&mut self, now: Instant) -> bool {
        self.due = now + self.pace.settle;
        self.unsettled = self.unsettled.saturating_add(1);
        self.unsettled == PATIENCE
    }

    /// A look has seen what it knows, or the same as the one before. The next one comes within
    /// `longest`, if that is shorter than the pace.
    pub(super) fn settled(&mut self, now: Instant, longest: Option<Duration>) {
        let poll = self.pace.poll;
        self.due = now + longest.map_or(poll, |longest| longest.min(poll));
        self.unsettled = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_in_force_within_five_seconds_and_never_at_one_look() {
        let start = Instant::now();
        let mut schedule = Schedule::new(Pace::default(), start);
        // It changes right after a look.
        let first = schedule.due();
        schedule.unsettled(first);
        let second = schedule.due();
        assert!(second - first >= Duration::from_millis(250));
        assert!(second - start < Duration::from_secs(4), "and there is time to read");
    }

    #[test]
    fn who_asks_is_served_at_once_unless_a_look_is_being_settled() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut schedule = Schedule::new(Pace::default(), start);
        assert_eq!(schedule.due(), at(2000));
        schedule.asked(at(100));
        assert_eq!(schedule.due(), at(100));
        assert!(!schedule.unsettled(at(110)));
        schedule.asked(at(120));
        assert_eq!(schedule.due(), at(360), "the second look keeps its distance");
        schedule.settled(at(360), None);
        assert_eq!(schedule.due(), at(2360));
        schedule.asked(at(400));
        assert_eq!(schedule.due(), at(400));
    }

    #[test]
    fn an_interval_of_the_settings_can_only_shorten_the_pace() {
        let start = Instant::now();
        let mut schedule = Schedule::new(Pace::default(), start);
        for (seconds, due) in [(1, 1), (2, 2), (300, 2)] {
            schedule.settled(start, Some(Duration::from_secs(seconds)));
            assert_eq!(schedule.due(), start + Duration::from_secs(due));
        }
    }

    #[test]
    fn what_keeps_changing_is_told_once() {
        let start = Instant::now();
        let mut schedule = Schedule::new(Pace::default(), start);
        let told = (0..100).filter(|_| schedule.unsettled(start)).count();
        assert_eq!(told, 1);
        schedule.settled(start, None);
        let told = (0..PATIENCE).filter(|_| schedule.unsettled(start)).count();
        assert_eq!(told, 1, "and anew after it has settled");
    }
}
