//! Where signatures of public-key algorithms are verified: on threads of their own, so that a check
//! whose token is remembered never waits for another's signature.
//!
//! The one rule: a signature that takes many times as long as most waits until no other does.

mod threads;

use crate::engine::{Key, Lost, Signatures, Work, WorkId};
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use threads::{Pace, Threads};

/// The threads. Dropped, they end.
pub struct SignatureThreads(Threads<WorkId, Option<Arc<Key>>>);

impl SignatureThreads {
    /// Starts as many as may verify beside the checks: all cores but one, and one at least.
    pub fn start() -> io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let count = NonZeroUsize::new(cores - 1).unwrap_or(NonZeroUsize::MIN);
        Threads::start(count).map(Self)
    }
}

impl Signatures for SignatureThreads {
    async fn verify(&self, work: Work) -> Result<Option<Arc<Key>>, Lost> {
        let pace = if work.is_slow() { Pace::Slow } else { Pace::Quick };
        let result = self.0.run(work.id(), pace, move || work.run());
        result.await.map_err(|threads::Lost| Lost)
    }
}
