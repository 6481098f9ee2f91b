//! Loads that no check asked for: the first one, those of a poll, and those that somebody wants.

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_first_load_is_tried_until_it_is_good_and_without_patience_once() {
    let moment = Duration::from_millis(1);
    for (patience, answer, is_loaded) in [
        (Duration::ZERO, Err("down".to_owned()), false),
        (Duration::ZERO, brings(0), true),
        (moment, Err("down".to_owned()), false),
        (HOUR, brings(0), true),
    ] {
        let world = World::new(false, None);
        world.give(answer);
        // A load too many ends at once, and is seen below.
        world.give(Err("asked again".to_owned()));
        world.source.load_first(patience).await;
        assert_eq!(world.source.document().is_some(), is_loaded);
        assert_eq!(world.begun.available_permits(), 1, "{patience:?} {is_loaded}");
    }
}

#[tokio::test]
async fn a_source_is_polled_as_often_as_its_terms_say_until_nobody_has_it() {
    let soon = Duration::from_millis(1);
    let poll = Poll { min: soon, max: soon };
    let world = World::new(true, Some(poll));
    world.source.poll();
    for which in [1, 0] {
        world.until_begun().await;
        world.give(brings(which));
    }
    world.until_begun().await;
    assert_eq!(world.heard(), ["interval changed []", "interval changed []"]);
    world.give(brings(0));
    // Not at all, and then again.
    world.source.set_terms(terms(None), now());
    world.source.until_ended(3).await;
    assert_eq!(world.source.until_next(None), None);
    world.source.set_terms(terms(Some(poll)), now());
    world.until_begun().await;
    world.give(brings(1));
    let World { source, dropped, .. } = world;
    drop(source);
    while dropped.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn another_interval_holds_at_once_and_not_when_the_one_before_is_over() {
    let world = World::new(true, Some(Poll { min: HOUR, max: HOUR }));
    world.source.poll();
    // Now it waits for an hour.
    tokio::task::yield_now().await;
    let soon = Duration::from_millis(1);
    world.source.set_terms(terms(Some(Poll { min: soon, max: soon })), now());
    world.until_begun().await;
}

#[tokio::test]
async fn a_source_that_was_never_loaded_is_tried_again_also_where_nothing_is_polled() {
    let world = World::new(false, None);
    assert!(world.source.until_next(None).is_some());
    world.give(Err("down".into()));
    world.source.load(Trigger::Startup).await;
    let retry = world.source.until_next(None).unwrap();
    assert!(retry <= Duration::from_secs(2), "{retry:?}");
    world.give(brings(0));
    world.source.load(Trigger::Startup).await;
    assert_eq!(world.source.until_next(None), None);
    let poll = Some(Poll { min: HOUR, max: 2 * HOUR });
    assert_eq!(world.source.until_next(poll), Some(HOUR));
}

#[tokio::test]
async fn only_a_poll_is_content_to_hear_that_nothing_has_changed() {
    let world = World::new(true, None);
    for trigger in [
        Trigger::Startup,
        Trigger::SignatureFailure,
        Trigger::Interval,
        Trigger::FileChange,
        Trigger::Signal,
    ] {
        world.give(brings(0));
        world.source.load(trigger).await;
    }
    let loads = world.loads.lock().unwrap();
    assert!(loads.iter().all(|(issuers, _)| issuers == "i j"), "{loads:?}");
    let conditional: Vec<_> = loads.iter().map(|(_, is_conditional)| *is_conditional).collect();
    assert_eq!(conditional, [false, false, true, false, false]);
}

#[tokio::test]
async fn other_terms_hold_from_the_next_load_on() {
    let world = World::new(true, None);
    let keys = world.view("a", "i");
    world.give(Err("down".to_owned()));
    keys.renewed(version(&keys), now()).await;
    let Terms { mut readers, brake, poll } = terms(None);
    readers.truncate(1);
    world.source.set_terms(Terms { readers, brake: Brake { burst: 1, ..brake }, poll }, now());
    keys.renewed(version(&keys), now()).await;
    assert_eq!(world.heard()[2..], ["a suppressed"], "one load is all there was");
    world.give(brings(1));
    world.source.load(Trigger::Signal).await;
    let loads = [("i j".to_owned(), false), ("i".to_owned(), false)];
    assert_eq!(*world.loads.lock().unwrap(), loads);
}

#[tokio::test]
async fn the_next_look_follows_from_how_the_last_load_went() {
    let good =
        |fresh_until| Ok(Loaded::Document(Document { fresh_until, ..document(0, None) }.into()));
    let same = |fresh_until| Ok(Loaded::NotModified { fresh_until });
    let down = || Err("down".to_owned());
    let world = World::new(false, None);
    for (answer, last) in [
        (down(), Last::NeverGood(1)),
        (down(), Last::NeverGood(2)),
        // A first set is looked at soon, whatever its server says.
        (good(Some(1)), Last::First),
        (good(Some(2)), Last::Good(Some(2))),
        (good(None), Last::Good(None)),
        (same(Some(3)), Last::Good(Some(3))),
        (down(), Last::Failed),
        (down(), Last::Failed),
        (same(None), Last::Good(None)),
        (down(), Last::Failed),
        (good(Some(4)), Last::Good(Some(4))),
    ] {
        let what = format!("{answer:?}");
        world.give(answer);
        world.source.load(Trigger::Interval).await;
        assert_eq!(world.source.state().last, last, "{what}");
    }
}

#[tokio::test]
async fn what_somebody_has_read_is_taken_like_a_load() {
    let world = World::new(true, None);
    let keys = world.view("a", "i");
    let read = |which| Ok(Arc::new(document(which, None)));
    for (read, result, heard) in [
        (read(1), KeyLoad::Changed, "file_change changed []"),
        (read(1), KeyLoad::Unchanged, "file_change unchanged []"),
        (Err("gone".to_owned()), KeyLoad::Error, "file_change error: gone []"),
    ] {
        assert_eq!(world.source.take(Trigger::FileChange, read).await, result);
        assert_eq!(world.heard(), [heard]);
        assert_eq!((version(&keys), world.source.took()), (version_of(1), Duration::ZERO));
    }
    world.give(brings(0));
    world.source.load(Trigger::Signal).await;
    assert!(world.source.took() > Duration::ZERO);
}

#[test]
fn a_random_number_is_within_0_and_1_and_seldom_the_same() {
    let numbers: Vec<_> = (0..100).map(|_| random()).collect();
    assert!(numbers.iter().all(|number| (0.0..=1.0).contains(number)), "{numbers:?}");
    assert!(numbers.iter().any(|number| *number < 0.5), "{numbers:?}");
    assert!(numbers.iter().any(|number| *number > 0.5), "{numbers:?}");
}
