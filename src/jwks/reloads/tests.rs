//! The machine's rules one by one.

mod model;

use super::*;
use std::time::Duration;

const BRAKE: Brake = Brake { burst: 3, interval: Duration::from_secs(10) };

fn at(seconds: u64) -> Monotonic {
    Monotonic::new(Duration::from_secs(seconds))
}

#[expect(clippy::unnecessary_wraps, reason = "as the machine takes it")]
fn version(number: u8) -> Option<Fingerprint> {
    Some(Fingerprint::of(&[number]))
}

fn realm(name: &str) -> Arc<str> {
    name.into()
}

/// The answer to a check of the realm `r` that used the first version.
fn ask(reloads: &mut Reloads, seconds: u64) -> Answer {
    reloads.ask(version(1), &realm("r"), at(seconds))
}

/// Ends the load under way, which brings `version`.
fn land(reloads: &mut Reloads, version: Option<Fingerprint>) -> Flight {
    reloads.land(version).expect("a load is under way")
}

#[test]
fn who_used_older_keys_waits_for_nothing() {
    let mut reloads = Reloads::new(BRAKE, version(1));
    for used in [None, version(2)] {
        assert_eq!(reloads.ask(used, &realm("r"), at(0)), Answer::Newer);
    }
    assert_eq!(ask(&mut reloads, 0), Answer::Begin(1));
    // While a load is under way, too.
    assert_eq!(reloads.ask(version(2), &realm("r"), at(0)), Answer::Newer);
    land(&mut reloads, version(2));
    assert_eq!(ask(&mut reloads, 0), Answer::Newer);
}

#[test]
fn all_who_ask_while_a_load_is_under_way_share_it() {
    let mut reloads = Reloads::new(BRAKE, version(1));
    assert_eq!(ask(&mut reloads, 0), Answer::Begin(1));
    for name in ["r", "s", "r", "s"] {
        let answer = reloads.ask(version(1), &realm(name), at(0));
        assert_eq!(answer, Answer::Join(1));
    }
    assert_eq!(reloads.begin(Trigger::Interval), Err(1));
    let flight = land(&mut reloads, version(2));
    let realms = vec![realm("r"), realm("s")];
    let expected = Flight { number: 1, trigger: Trigger::SignatureFailure, realms };
    assert_eq!(flight, expected, "each realm once");
    assert_eq!(reloads.land(version(3)), None);
}

#[test]
fn who_asks_while_a_poll_is_under_way_joins_it_and_pays_nothing() {
    let mut reloads = Reloads::new(BRAKE, version(1));
    for number in 1..=10 {
        assert_eq!(reloads.begin(Trigger::Interval), Ok(number));
        assert_eq!(ask(&mut reloads, 0), Answer::Join(number));
        assert_eq!(land(&mut reloads, None).trigger, Trigger::Interval);
    }
    assert_eq!(ask(&mut reloads, 0), Answer::Begin(11));
}

#[test]
fn loads_on_demand_are_paid_from_a_bucket_that_fills_up_again() {
    let mut reloads = Reloads::new(BRAKE, version(1));
    let mut begins = |seconds| {
        let begins = matches!(ask(&mut reloads, seconds), Answer::Begin(_));
        reloads.land(None);
        begins
    };
    // Seconds, and how many of some requests at that time begin a load.
    for (seconds, loads) in [(0, 3), (9, 0), (10, 1), (19, 0), (35, 2), (1000, 3), (1000, 0)] {
        let begun = (0..10).filter(|_| begins(seconds)).count();
        assert_eq!(begun, loads, "after {seconds} s");
    }
}

#[test]
fn a_bucket_of_one_is_full_after_one_interval() {
    let mut reloads = Reloads::new(Brake { burst: 1, ..BRAKE }, version(1));
    for (seconds, answer) in [
        (5, Answer::Begin(1)),
        (14, Answer::Braked),
        (15, Answer::Begin(2)),
        // A check that began earlier asks later.
        (3, Answer::Braked),
        (24, Answer::Braked),
        (25, Answer::Begin(3)),
    ] {
        assert_eq!(ask(&mut reloads, seconds), answer, "after {seconds} s");
        reloads.land(None);
    }
}

#[test]
fn another_brake_takes_over_what_was_spent() {
    let mut reloads = Reloads::new(BRAKE, version(1));
    for number in 1..=3 {
        assert_eq!(ask(&mut reloads, 0), Answer::Begin(number));
        reloads.land(None);
    }
    reloads.set_brake(Brake { burst: 5, ..BRAKE }, at(0));
    for answer in [Answer::Begin(4), Answer::Begin(5), Answer::Braked] {
        assert_eq!(ask(&mut reloads, 0), answer);
        reloads.land(None);
    }
    reloads.set_brake(Brake { burst: 1, ..BRAKE }, at(0));
    assert_eq!(ask(&mut reloads, 49), Answer::Braked);
    assert_eq!(ask(&mut reloads, 50), Answer::Begin(6));
}

#[test]
fn what_is_missing_is_regained_at_the_pace_of_the_new_brake() {
    for (interval, regained) in [(1, 1), (10, 10), (3600, 3600)] {
        let mut reloads = Reloads::new(BRAKE, version(1));
        for number in 1..=3 {
            assert_eq!(ask(&mut reloads, 0), Answer::Begin(number));
            reloads.land(None);
        }
        // Half of one is regained already.
        let other = Brake { interval: Duration::from_secs(2 * interval), ..BRAKE };
        reloads.set_brake(other, at(5));
        assert_eq!(ask(&mut reloads, 5 + regained - 1), Answer::Braked, "{interval}");
        assert_eq!(ask(&mut reloads, 5 + regained), Answer::Begin(4), "{interval}");
        reloads.land(None);
        assert_eq!(ask(&mut reloads, 5 + 3 * regained - 1), Answer::Braked, "{interval}");
        assert_eq!(ask(&mut reloads, 5 + 3 * regained), Answer::Begin(5), "{interval}");
    }
}

#[test]
fn an_interval_beyond_all_measure_does_not_open_the_brake() {
    let mut reloads = Reloads::new(Brake { burst: 1000, interval: Duration::MAX }, version(1));
    for answer in [Answer::Begin(1), Answer::Braked, Answer::Braked] {
        assert_eq!(ask(&mut reloads, 7), answer);
        reloads.land(None);
    }
}

#[test]
fn another_brake_finds_a_full_bucket_full() {
    let mut reloads = Reloads::new(BRAKE, version(1));
    reloads.set_brake(Brake { burst: 2, interval: Duration::from_secs(86_400) }, at(100));
    for answer in [Answer::Begin(1), Answer::Begin(2), Answer::Braked] {
        assert_eq!(ask(&mut reloads, 100), answer);
        reloads.land(None);
    }
    reloads.set_brake(Brake { burst: 2, interval: Duration::from_secs(1) }, at(100));
    assert!(matches!(ask(&mut reloads, 102), Answer::Begin(_)));
}

#[test]
fn no_more_than_so_many_wait_and_whoever_leaves_makes_room() {
    let mut reloads = Reloads::new(BRAKE, version(1));
    assert_eq!(ask(&mut reloads, 0), Answer::Begin(1));
    for _ in 1..MAX_WAITING {
        assert_eq!(ask(&mut reloads, 0), Answer::Join(1));
    }
    assert_eq!(ask(&mut reloads, 0), Answer::Braked);
    reloads.leave();
    assert_eq!(ask(&mut reloads, 0), Answer::Join(1));
    assert_eq!(ask(&mut reloads, 0), Answer::Braked);
    // A load that nobody waits for yet cannot be kept from beginning by those of the one before.
    land(&mut reloads, None);
    assert_eq!(ask(&mut reloads, 0), Answer::Begin(2));
}

#[test]
fn a_failed_load_keeps_the_version() {
    let mut reloads = Reloads::new(BRAKE, None);
    assert_eq!(reloads.ask(None, &realm("r"), at(0)), Answer::Begin(1));
    land(&mut reloads, None);
    assert_eq!(reloads.ask(None, &realm("r"), at(0)), Answer::Begin(2));
    land(&mut reloads, version(1));
    assert_eq!(reloads.ask(None, &realm("r"), at(0)), Answer::Newer);
    assert_eq!(ask(&mut reloads, 0), Answer::Begin(3));
    land(&mut reloads, None);
    assert_eq!(reloads.ask(None, &realm("r"), at(0)), Answer::Newer);
}
