//! The threads on which signatures are verified, so that none delays a check that needs none.
//!
//! The one rule: work belongs to the threads, and runs at most once for all who wait for it. A
//! caller that goes away takes no work with it that another one waits for, and no thread begins
//! work that nobody waits for any more.
//!
//! What waits here is bounded by whoever calls: every caller is a check in flight, and those are
//! counted and limited where they come in.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long a piece of work takes, as far as that is known before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// It goes before all that is slow.
    Quick,
    /// It has one turn in [`Board::TURN_OF_SLOW`] while something quick waits.
    Slow,
}

/// The work ended without a result: it panicked, or its threads are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the work ended without a result")]
pub(super) struct Lost;

/// Runs work on a few threads of its own. Dropped, it ends them: what runs is run to its end, and
/// what waits is lost.
pub(super) struct Threads<K, T> {
    shared: Arc<Shared<K, T>>,
    threads: Vec<JoinHandle<()>>,
}

impl<K, T> Threads<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// Starts `count` threads.
    pub(super) fn start(count: NonZeroUsize) -> io::Result<Self> {
        let mut threads = Self { shared: Arc::default(), threads: Vec::new() };
        for number in 0..count.get() {
            let shared = Arc::clone(&threads.shared);
            let thread = thread::Builder::new().name(format!("signatures-{number}"));
            threads.threads.push(thread.spawn(move || shared.work_until_closed())?);
        }
        Ok(threads)
    }

    /// Has `work` run, and waits for its result. Where work of an equal key waits or runs already,
    /// that one's result is waited for, so a key names all that its work depends on. Once a result
    /// is out, its key is new again.
    ///
    /// The work has its place from the call on, not only from when the result is first waited for.
    pub(super) fn run<W>(
        &self,
        key: K,
        pace: Pace,
        work: W,
    ) -> impl Future<Output = Result<T, Lost>> + Send + use<K, T, W>
    where
        W: FnOnce() -> T + Send + 'static,
    {
        let waiter = self.shared.place(key, pace, Box::new(work));
        async move { waiter.result().await }
    }
}

impl<K, T> Drop for Threads<K, T> {
    fn drop(&mut self) {
        let dropped = self.shared.lock().close();
        self.shared.more.notify_all();
        drop(dropped);
        for thread in self.threads.drain(..) {
            // Work may own what owns the threads, and then this is one of them.
            if thread.thread().id() != thread::current().id() {
                // A thread that panicked has ended as well.
                let _ = thread.join();
            }
        }
    }
}

/// What the threads and those who wait for them have in common.
struct Shared<K, T> {
    /// Held for a few instructions; work is run, results are told, and work is dropped without it.
    board: Mutex<Board<K, T>>,
    /// Told to one idle thread for each piece of work, and to all when the board is closed.
    more: Condvar,
}

impl<K, T> Default for Shared<K, T> {
    fn default() -> Self {
        Self { board: Mutex::default(), more: Condvar::new() }
    }
}

impl<K, T> Shared<K, T> {
    fn lock(&self) -> MutexGuard<'_, Board<K, T>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash, T: Clone> Shared<K, T> {
    fn place(self: &Arc<Self>, key: K, pace: Pace, work: Work<T>) -> Waiter<K, T> {
        let mut board = self.lock();
        let (number, report) = match board.join(&key) {
            // What this work owns is dropped with the arguments: once the board is free again.
            Some(joined) => joined,
            None => board.add(key.clone(), pace, work),
        };
        let wake = board.idle > 0;
        drop(board);
        if wake {
            self.more.notify_one();
        }
        Waiter { shared: Arc::clone(self), key, number, report }
    }

    fn work_until_closed(&self) {
        let mut stint = Stint::default();
        while let Some((key, work)) = self.next() {
            let began = Instant::now();
            let result = catch_unwind(AssertUnwindSafe(work));
            // First the key is new again, then the result is out: whoever has a result and comes
            // back with the same key must not be given the same result.
            let job = self.lock().jobs.remove(&key);
            if let (Some(job), Ok(result)) = (job, result) {
                job.report.send_replace(Some(result));
            }
            if stint.ends_after(began.elapsed()) {
                thread::yield_now();
            }
        }
    }

    fn next(&self) -> Option<(K, Work<T>)> {
        let mut board = self.lock();
        loop {
            if let Some(next) = board.next() {
                return Some(next);
            }
            if board.closed {
                return None;
            }
            board.idle += 1;
            board = self.more.wait(board).unwrap_or_else(PoisonError::into_inner);
            board.idle -= 1;
        }
    }
}

/// What a thread has worked since it last let others have its core.
///
/// Without such a pause the kernel lets a thread that never rests run on for some milliseconds while
/// one that serves checks waits for the same core. A lower priority would do as much, but it would
/// also stand back behind every other process that is busy.
#[derive(Default)]
struct Stint(Duration);

impl Stint {
    /// About the time of one signature by ES512: a serving thread may have to wait for that anyway.
    const LENGTH: Duration = Duration::from_micros(250);

    /// Whether it is over with work that took this long, and then a new one begins.
    fn ends_after(&mut self, took: Duration) -> bool {
        self.0 = self.0.saturating_add(took);
        let ends = self.0 >= Self::LENGTH;
        if ends {
            *self = Self::default();
        }
        ends
    }
}

/// A caller that waits for one piece of work.
struct Waiter<K: Eq + Hash, T> {
    shared: Arc<Shared<K, T>>,
    key: K,
    number: u64,
    report: watch::Receiver<Option<T>>,
}

impl<K: Eq + Hash, T: Clone> Waiter<K, T> {
    async fn result(mut self) -> Result<T, Lost> {
        // An error means that whoever would have told the result is gone.
        let result = self.report.wait_for(Option::is_some).await.map(|result| result.clone());
        result.ok().flatten().ok_or(Lost)
    }
}

impl<K: Eq + Hash, T> Drop for Waiter<K, T> {
    fn drop(&mut self) {
        let abandoned = self.shared.lock().leave(&self.key, self.number);
        // What the work owns is dropped once the board is free again.
        drop(abandoned);
    }
}

type Work<T> = Box<dyn FnOnce() -> T + Send>;

/// A job's number, and where its result will be.
type Joined<T> = (u64, watch::Receiver<Option<T>>);

/// One piece of work, from when it is asked for until its result is out.
struct Job<T> {
    /// Grows from one to the next: the order in which work came, and what tells a job from a later
    /// one of the same key.
    number: u64,
    waiters: usize,
    /// `None` while it runs.
    waiting: Option<(Pace, Work<T>)>,
    report: watch::Sender<Option<T>>,
}

/// All work that waits or runs, and whose turn it is.
struct Board<K, T> {
    jobs: HashMap<K, Job<T>>,
    quick: BTreeMap<u64, K>,
    slow: BTreeMap<u64, K>,
    /// Turns that quick work has had in a row while slow work waited.
    passed_over: u32,
    last: u64,
    idle: usize,
    closed: bool,
}

impl<K, T> Default for Board<K, T> {
    fn default() -> Self {
        Self {
            jobs: HashMap::new(),
            quick: BTreeMap::new(),
            slow: BTreeMap::new(),
            passed_over: 0,
            last: 0,
            idle: 0,
            closed: false,
        }
    }
}

impl<K, T> Board<K, T> {
    /// Turns until slow work has its own although quick work waits. Slow work takes about five
    /// (ES512 beside ES256) to twenty times (beside RS256) as long as quick work, so each kind has
    /// a quarter at the least of a thread that never rests. By turns and not by time, so that the
    /// order depends on nothing but what was asked for.
    const TURN_OF_SLOW: u32 = 16;

    fn queue(&mut self, pace: Pace) -> &mut BTreeMap<u64, K> {
        match pace {
            Pace::Quick => &mut self.quick,
            Pace::Slow => &mut self.slow,
        }
    }

    /// Takes no more turns; what waited, to be dropped.
    fn close(&mut self) -> Vec<Job<T>> {
        self.closed = true;
        self.quick.clear();
        self.slow.clear();
        self.jobs.extract_if(|_, job| job.waiting.is_some()).map(|(_, job)| job).collect()
    }
}

impl<K: Eq + Hash, T> Board<K, T> {
    /// Joins the work of this key that waits or runs.
    fn join(&mut self, key: &K) -> Option<Joined<T>> {
        let job = self.jobs.get_mut(key)?;
        job.waiters += 1;
        Some((job.number, job.report.subscribe()))
    }

    /// Puts work that cannot be joined at its queue's end.
    fn add(&mut self, key: K, pace: Pace, work: Work<T>) -> Joined<T>
    where
        K: Clone,
    {
        self.last += 1;
        let number = self.last;
        let (report, result) = watch::channel(None);
        self.queue(pace).insert(number, key.clone());
        self.jobs.insert(key, Job { number, waiters: 1, waiting: Some((pace, work)), report });
        (number, result)
    }

    /// One waiter fewer; the work, if it has not begun and that was the last one.
    fn leave(&mut self, key: &K, number: u64) -> Option<Job<T>> {
        let job = self.jobs.get_mut(key).filter(|job| job.number == number)?;
        job.waiters -= 1;
        let (pace, _) = job.waiting.as_ref().filter(|_| job.waiters == 0)?;
        let pace = *pace;
        self.queue(pace).remove(&number);
        self.jobs.remove(key)
    }

    /// The next work to run.
    fn next(&mut self) -> Option<(K, Work<T>)> {
        let pace = self.turn()?;
        let (_, key) = self.queue(pace).pop_first()?;
        let (_, work) = self.jobs.get_mut(&key)?.waiting.take()?;
        Some((key, work))
    }

    fn turn(&mut self) -> Option<Pace> {
        let (quick, slow) = (!self.quick.is_empty(), !self.slow.is_empty());
        let is_due = self.passed_over + 1 >= Self::TURN_OF_SLOW;
        let pace = match (quick, slow) {
            (false, false) => return None,
            (true, true) if !is_due => Pace::Quick,
            (true, false) => Pace::Quick,
            (_, true) => Pace::Slow,
        };
        self.passed_over =
            if quick && slow && pace == Pace::Quick { self.passed_over + 1 } else { 0 };
        Some(pace)
    }
}

#[cfg(test)]
mod tests;
