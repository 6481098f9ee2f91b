//! A model of everything that can happen to a source.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What happens to a source, its issuer and those who wait.
#[derive(Clone, Debug)]
enum Event {
    /// A check uses the keys at hand, for a signature of the issuer's key of this age (0: the newest)
    /// or a forged one, and asks where they do not verify it.
    Check { age: Option<u8> },
    /// A check that used older keys asks: the joined-late case.
    Late { age: u8 },
    /// One of those who wait gives up.
    Gone(usize),
    /// The issuer signs with another key.
    Rotate,
    /// The issuer is out of reach, or back.
    Outage(bool),
    /// It is time to poll, or somebody asks, or a file changed.
    Due(Trigger),
    /// The load under way ends.
    Land,
    /// So many seconds pass.
    Pass(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let age = prop_oneof![2 => Just(None), 3 => (0..3_u8).prop_map(Some)];
    let due =
        prop_oneof![Just(Trigger::Interval), Just(Trigger::Signal), Just(Trigger::FileChange)];
    prop_oneof![
        8 => age.prop_map(|age| Event::Check { age }),
        2 => (1..3_u8).prop_map(|age| Event::Late { age }),
        1 => any::<usize>().prop_map(Event::Gone),
        2 => Just(Event::Rotate),
        1 => any::<bool>().prop_map(Event::Outage),
        1 => due.prop_map(Event::Due),
        5 => Just(Event::Land),
        3 => (0..25_u64).prop_map(Event::Pass),
    ]
}

/// A source, an issuer, and what is known of both.
struct World {
    reloads: Reloads,
    brake: Brake,
    now: u64,
    /// The issuer's key, and whether it can be reached.
    issued: u8,
    is_out: bool,
    /// The key that the source holds.
    held: u8,
    /// The load under way, and what of the issuer it has seen.
    flight: Option<(u64, Trigger)>,
    /// Those who wait: for which load, with which keys tried.
    waiting: Vec<(u64, u8)>,
    /// When loads on demand began.
    paid: Vec<u64>,
    asked: usize,
    answers: [usize; 3],
}

impl World {
    fn new(brake: Brake) -> Self {
        Self {
            reloads: Reloads::new(brake, version(0)),
            brake,
            now: 0,
            issued: 0,
            is_out: false,
            held: 0,
            flight: None,
            waiting: Vec::new(),
            paid: Vec::new(),
            asked: 0,
            answers: [0; 3],
        }
    }

    fn happen(&mut self, event: &Event) -> Result<(), TestCaseError> {
        match *event {
            Event::Check { age } => {
                let signed_by = age.map(|age| self.issued.wrapping_sub(age));
                if signed_by != Some(self.held) {
                    self.ask(self.held)?;
                }
            }
            Event::Late { age } => self.ask(self.held.wrapping_sub(age))?,
            Event::Gone(which) if !self.waiting.is_empty() => {
                self.waiting.swap_remove(which % self.waiting.len());
                self.reloads.leave();
            }
            Event::Gone(_) => {}
            Event::Rotate => self.issued = self.issued.wrapping_add(1),
            Event::Outage(is_out) => self.is_out = is_out,
            Event::Due(trigger) => match (self.reloads.begin(trigger), self.flight) {
                (Ok(number), None) => self.flight = Some((number, trigger)),
                (Err(number), Some((under_way, _))) => prop_assert_eq!(number, under_way),
                other => prop_assert!(false, "two loads at once, or none: {:?}", other),
            },
            Event::Land => self.land()?,
            Event::Pass(seconds) => self.now += seconds,
        }
        Ok(())
    }

    fn ask(&mut self, used: u8) -> Result<(), TestCaseError> {
        self.asked += 1;
        match self.reloads.ask(version(used), &realm("r"), at(self.now)) {
            Answer::Newer => {
                prop_assert_ne!(used, self.held, "there are no others");
                self.answers[1] += 1;
            }
            Answer::Join(number) => {
                prop_assert_eq!(used, self.held, "there are others already");
                prop_assert_eq!(Some(number), self.flight.map(|(number, _)| number));
                self.waiting.push((number, used));
                self.answers[1] += 1;
            }
            Answer::Begin(number) => {
                prop_assert_eq!(used, self.held, "there are others already");
                prop_assert_eq!(self.flight, None, "two loads at once");
                self.flight = Some((number, Trigger::SignatureFailure));
                self.paid.push(self.now);
                self.waiting.push((number, used));
                self.answers[0] += 1;
            }
            Answer::Braked => {
                prop_assert_eq!(used, self.held, "there are others already");
                prop_assert_eq!(self.flight, None, "a load could be joined");
                prop_assert!(!self.could_pay(), "one was left at {}: {:?}", self.now, self.paid);
                self.answers[2] += 1;
            }
        }
        prop_assert!(self.keeps_within_the_bucket(), "at {}: {:?}", self.now, self.paid);
        Ok(())
    }

    fn land(&mut self) -> Result<(), TestCaseError> {
        let Some((number, trigger)) = self.flight.take() else {
            prop_assert_eq!(self.reloads.land(version(self.issued)), None);
            return Ok(());
        };
        let brought = (!self.is_out).then_some(self.issued);
        let landed = self.reloads.land(brought.and_then(version));
        let landed = landed.map(|flight| (flight.number, flight.trigger));
        prop_assert_eq!(landed, Some((number, trigger)));
        // An outage changes nothing, and what the issuer has now is held from now on.
        self.held = brought.unwrap_or(self.held);
        for (waited_for, used) in std::mem::take(&mut self.waiting) {
            prop_assert_eq!(waited_for, number, "somebody was left waiting");
            // Whoever waited sees the version, and is not told to try the same keys again.
            let changed = self.held != used;
            prop_assert!(!changed || brought.is_some());
            self.reloads.leave();
        }
        Ok(())
    }

    /// Whether one load is left, by counting in the plainest way: one is regained each interval, never
    /// more than the burst.
    fn could_pay(&self) -> bool {
        let interval = self.brake.interval.as_secs();
        // The level in units of a second of regaining.
        let full = u64::from(self.brake.burst) * interval;
        let mut level = full;
        let mut then = 0;
        for paid in &self.paid {
            level = (level + (paid - then)).min(full);
            then = *paid;
            level -= interval;
        }
        (level + (self.now - then)).min(full) >= interval
    }

    /// Within any time no more loads on demand than the burst and what that time regains.
    fn keeps_within_the_bucket(&self) -> bool {
        let (burst, interval) = (self.brake.burst as usize, self.brake.interval.as_secs());
        self.paid.iter().enumerate().all(|(first, start)| {
            self.paid[first..].iter().enumerate().all(|(count, end)| {
                let regained = usize::try_from((end - start) / interval).unwrap();
                count < burst + regained
            })
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_loads_are_single_paid_for_and_seen_by_all_who_wait(
        burst in 1..5_u32,
        interval in 1..20_u64,
        events in vec(event(), 1..200),
    ) {
        let brake = Brake { burst, interval: Duration::from_secs(interval) };
        let mut world = World::new(brake);
        for event in &events {
            world.happen(event)?;
            prop_assert_eq!(world.reloads.waiting, world.waiting.len());
        }
        prop_assert_eq!(world.answers.iter().sum::<usize>(), world.asked);
        let waited_for: BTreeSet<_> = world.waiting.iter().map(|(number, _)| *number).collect();
        prop_assert!(waited_for.len() <= 1);
        // After it all: the issuer is back, one interval passes, and a flood does not keep a genuine
        // rotation from being noticed.
        world.happen(&Event::Land)?;
        world.happen(&Event::Outage(false))?;
        for _ in 0..2 * burst {
            world.happen(&Event::Check { age: None })?;
            world.happen(&Event::Land)?;
        }
        world.happen(&Event::Rotate)?;
        world.happen(&Event::Pass(interval))?;
        world.happen(&Event::Check { age: None })?;
        world.happen(&Event::Check { age: Some(0) })?;
        world.happen(&Event::Land)?;
        prop_assert_eq!(world.held, world.issued);
    }
}
