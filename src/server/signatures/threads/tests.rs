//! Whose turn it is, who waits for what, and what becomes of work that ends badly.

use super::*;
use std::sync::mpsc;
use std::thread::ThreadId;

fn threads(count: usize) -> Threads<u32, u32> {
    Threads::start(NonZeroUsize::new(count).unwrap()).unwrap()
}

/// Work that has begun and ends when this is told its result.
struct Held<F> {
    tell: mpsc::Sender<u32>,
    result: F,
}

/// Keeps one of the threads, and returns when it does.
fn hold(
    threads: &Threads<u32, u32>,
    key: u32,
) -> Held<impl Future<Output = Result<u32, Lost>> + Send + use<>> {
    let (began, begins) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    let result = threads.run(key, Pace::Quick, move || {
        began.send(()).unwrap();
        told.recv().unwrap()
    });
    begins.recv().unwrap();
    Held { tell, result }
}

/// Where work says that it ran, or was dropped.
#[derive(Clone)]
struct Trace(mpsc::Sender<String>);

fn trace() -> (Trace, mpsc::Receiver<String>) {
    let (sender, receiver) = mpsc::channel();
    (Trace(sender), receiver)
}

impl Trace {
    /// Work that says that it runs; its result is `key`.
    fn work(&self, name: &str, key: u32) -> impl FnOnce() -> u32 + Send + 'static {
        let (trace, name) = (self.0.clone(), name.to_owned());
        move || {
            trace.send(name).unwrap();
            key
        }
    }
}

fn said(trace: Trace, said: &mpsc::Receiver<String>) -> Vec<String> {
    drop(trace);
    said.iter().collect()
}

#[tokio::test]
async fn quick_work_goes_first_each_kind_in_the_order_it_came() {
    let threads = threads(1);
    let (trace, ran) = trace();
    let held = hold(&threads, 0);
    let mut results = Vec::new();
    for (key, (name, pace)) in (1..).zip([
        ("slow 1", Pace::Slow),
        ("quick 1", Pace::Quick),
        ("slow 2", Pace::Slow),
        ("quick 2", Pace::Quick),
    ]) {
        results.push((key, threads.run(key, pace, trace.work(name, key))));
    }
    held.tell.send(0).unwrap();
    for (key, result) in results {
        assert_eq!(result.await, Ok(key));
    }
    assert_eq!(said(trace, &ran), ["quick 1", "quick 2", "slow 1", "slow 2"]);
}

#[tokio::test]
async fn slow_work_has_one_turn_in_sixteen_however_much_quick_work_waits() {
    let threads = threads(1);
    let (trace, ran) = trace();
    let held = hold(&threads, 0);
    let mut results = Vec::new();
    for key in 1..=40 {
        results.push(threads.run(key, Pace::Quick, trace.work("quick", key)));
    }
    for key in 41..=43 {
        results.push(threads.run(key, Pace::Slow, trace.work("slow", key)));
    }
    held.tell.send(0).unwrap();
    for result in results {
        result.await.unwrap();
    }
    let ran = said(trace, &ran);
    let slow: Vec<_> = (0..).zip(&ran).filter(|(_, name)| *name == "slow").collect();
    assert_eq!(slow.iter().map(|(at, _)| *at).collect::<Vec<i32>>(), [15, 31, 42]);
}

#[tokio::test]
async fn quick_work_of_the_past_gives_slow_work_no_turn() {
    let threads = threads(1);
    let (trace, ran) = trace();
    for key in 1..=40 {
        threads.run(key, Pace::Quick, || 0).await.unwrap();
    }
    let held = hold(&threads, 0);
    let slow = threads.run(1, Pace::Slow, trace.work("slow", 1));
    let quick = threads.run(2, Pace::Quick, trace.work("quick", 2));
    held.tell.send(0).unwrap();
    assert_eq!((slow.await, quick.await), (Ok(1), Ok(2)));
    assert_eq!(said(trace, &ran), ["quick", "slow"]);
}

#[tokio::test]
async fn equal_work_that_waits_or_runs_is_run_once_for_all() {
    let threads = threads(1);
    let held = hold(&threads, 0);
    let joined_running = threads.run(0, Pace::Quick, || panic!("it runs already"));
    let first = threads.run(1, Pace::Slow, || 11);
    let joined_waiting = threads.run(1, Pace::Slow, || panic!("it waits already"));
    held.tell.send(10).unwrap();
    assert_eq!((held.result.await, joined_running.await), (Ok(10), Ok(10)));
    assert_eq!((first.await, joined_waiting.await), (Ok(11), Ok(11)));
}

#[tokio::test]
async fn a_key_whose_result_is_out_is_new() {
    let threads = threads(1);
    for result in 0..100 {
        assert_eq!(threads.run(0, Pace::Quick, move || result).await, Ok(result));
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_no_shared_work_with_it() {
    let threads = threads(1);
    let held = hold(&threads, 0);
    let (first, second) = (threads.run(1, Pace::Quick, || 11), threads.run(1, Pace::Quick, || 12));
    drop(first);
    drop(held.result);
    let late = threads.run(0, Pace::Quick, || panic!("it runs on by itself"));
    held.tell.send(10).unwrap();
    assert_eq!((late.await, second.await), (Ok(10), Ok(11)));
}

#[tokio::test]
async fn a_caller_may_go_away_while_it_is_waiting() {
    let threads = threads(1);
    let held = hold(&threads, 0);
    let work = threads.run(1, Pace::Quick, || panic!("nobody waits for it"));
    let waiting = tokio::spawn(work);
    tokio::task::yield_now().await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    held.tell.send(0).unwrap();
    assert_eq!(threads.run(1, Pace::Quick, || 11).await, Ok(11));
}

#[tokio::test]
async fn work_that_nobody_waits_for_any_more_is_dropped_at_once() {
    let threads = threads(1);
    let held = hold(&threads, 0);
    for (pace, keys) in [(Pace::Quick, 1..1000), (Pace::Slow, 1000..2000)] {
        for key in keys {
            let (owned, dropped) = mpsc::channel::<()>();
            let one = threads.run(key, pace, move || owned.send(()).map_or(0, |()| 1));
            let other = threads.run(key, pace, || panic!("joined"));
            drop(one);
            assert_eq!(dropped.try_recv(), Err(mpsc::TryRecvError::Empty));
            drop(other);
            assert_eq!(dropped.try_recv(), Err(mpsc::TryRecvError::Disconnected));
        }
    }
    let board = threads.shared.lock();
    assert_eq!((board.jobs.len(), board.quick.len(), board.slow.len()), (1, 0, 0));
    drop(board);
    held.tell.send(0).unwrap();
}

#[tokio::test]
async fn who_leaves_finished_work_takes_nothing_from_new_work_of_its_key() {
    let threads = threads(1);
    let finished = threads.run(1, Pace::Quick, || 11);
    threads.run(2, Pace::Quick, || 12).await.unwrap();
    let held = hold(&threads, 0);
    let new = threads.run(1, Pace::Quick, || 13);
    drop(finished);
    held.tell.send(0).unwrap();
    assert_eq!(new.await, Ok(13));
}

#[tokio::test]
async fn a_panic_loses_the_results_of_its_waiters_and_no_thread() {
    let threads: Threads<u32, ThreadId> = Threads::start(NonZeroUsize::MIN).unwrap();
    let before = threads.run(0, Pace::Quick, || thread::current().id()).await;
    let panics = threads.run(0, Pace::Quick, || panic!("a bug, for the test"));
    assert_eq!(panics.await, Err(Lost));
    let after = threads.run(0, Pace::Quick, || thread::current().id()).await;
    assert!(before.is_ok());
    assert_eq!(before, after);
}

#[tokio::test]
async fn dropped_threads_finish_what_runs_and_lose_what_waits() {
    let threads = threads(1);
    let shared = Arc::downgrade(&threads.shared);
    let held = hold(&threads, 0);
    let waits = threads.run(1, Pace::Slow, || panic!("its threads are gone"));
    let dropping = thread::spawn(move || drop(threads));
    assert_eq!(waits.await, Err(Lost));
    held.tell.send(10).unwrap();
    assert_eq!(held.result.await, Ok(10));
    dropping.join().unwrap();
    assert!(shared.upgrade().is_none(), "a thread lives on");
}

#[tokio::test]
async fn idle_threads_end_when_they_are_dropped() {
    let threads = threads(3);
    let shared = Arc::downgrade(&threads.shared);
    threads.run(0, Pace::Quick, || 0).await.unwrap();
    drop(threads);
    assert!(shared.upgrade().is_none(), "a thread lives on");
}

#[tokio::test]
async fn the_threads_may_be_dropped_by_one_of_themselves() {
    let threads = threads(2);
    let (give, given) = mpsc::channel::<Threads<u32, u32>>();
    let result = threads.run(0, Pace::Quick, move || {
        drop(given.recv().unwrap());
        10
    });
    give.send(threads).unwrap();
    assert_eq!(result.await, Ok(10));
}

#[tokio::test]
async fn threads_have_names_and_run_side_by_side() {
    let threads: Threads<u32, Option<String>> =
        Threads::start(NonZeroUsize::new(2).unwrap()).unwrap();
    // Two that wait for each other can only end on two threads.
    let barrier = Arc::new(std::sync::Barrier::new(2));
    let name = || {
        let barrier = Arc::clone(&barrier);
        move || {
            barrier.wait();
            thread::current().name().map(ToOwned::to_owned)
        }
    };
    let (one, other) = (threads.run(0, Pace::Quick, name()), threads.run(1, Pace::Slow, name()));
    let mut names = [one.await.unwrap().unwrap(), other.await.unwrap().unwrap()];
    names.sort();
    assert_eq!(names, ["signatures-0", "signatures-1"]);
}

#[test]
fn a_thread_pauses_after_slow_work_and_after_so_much_quick_work() {
    let mut stint = Stint::default();
    let mut pauses = |micros| stint.ends_after(Duration::from_micros(micros));
    assert_eq!([278, 15, 249, 100, 278].map(&mut pauses), [true, false, true, false, true]);
    assert_eq!([50; 7].map(pauses), [false, false, false, false, true, false, false]);
}

#[test]
fn many_callers_at_once_each_get_what_their_key_stands_for() {
    let threads = threads(3);
    thread::scope(|scope| {
        for caller in 0..4_u32 {
            let threads = &threads;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                for round in 0..2000 {
                    let key = (round * 7 + caller) % 16;
                    let pace = if key % 3 == 0 { Pace::Slow } else { Pace::Quick };
                    let abandoned = threads.run(key, pace, move || key);
                    let awaited = threads.run((key + 5) % 16, pace, move || (key + 5) % 16);
                    drop(abandoned);
                    assert_eq!(runtime.block_on(awaited), Ok((key + 5) % 16));
                }
            });
        }
    });
    let shared = Arc::clone(&threads.shared);
    drop(threads);
    let board = shared.lock();
    assert_eq!((board.jobs.len(), board.quick.len(), board.slow.len()), (0, 0, 0));
}
