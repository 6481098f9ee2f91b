//! Waiting: one poll on a level with one deadline, so that no test sleeps and hopes.

use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy two-core machine; reached only by a failing test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_millis(5);

/// Asks `probe` until it has something; `None` when `patience` is over.
pub(crate) fn poll<T>(patience: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = probe() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(POLL);
    }
}

/// Asks `probe` until it has something, and fails the test with `what` if it never has.
pub(crate) fn eventually<T>(what: &str, probe: impl FnMut() -> Option<T>) -> T {
    poll(PATIENCE, probe).unwrap_or_else(|| panic!("not within {PATIENCE:?}: {what}"))
}
