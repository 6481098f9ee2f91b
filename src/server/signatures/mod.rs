//! Where signatures of public-key algorithms are verified: on threads of their own, so that a check
//! whose token is remembered never waits for another's signature.
//!
//! The one rule: a signature that takes many times as long as most waits until no other does.

mod threads;

use crate::engine::{Key, Lost, Work, WorkId};
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

    /// Does `work` and tells which key verified, if any did.
    pub(super) async fn verify(&self, work: Work) -> Result<Option<Arc<Key>>, Lost> {
        let pace = if work.is_slow() { Pace::Slow } else { Pace::Quick };
        let result = self.0.run(work.id(), pace, move || work.run());
        result.await.map_err(|threads::Lost| Lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::realm::testing::{Changing, Says, Signer, Spec, ask_of, at, chain};
    use crate::engine::{Inline, Wait, Waits};
    use futures_util::FutureExt;
    use std::pin::pin;
    use std::sync::{Mutex, mpsc};

    /// Keeps the work that it is given.
    #[derive(Default)]
    struct Taken(Mutex<Vec<Work>>);

    impl Waits for Taken {
        async fn verify(&self, work: Work) -> Result<Option<Arc<Key>>, Lost> {
            self.0.lock().unwrap().push(work);
            Err(Lost)
        }

        async fn in_time(&self, wait: Wait<'_>) -> Option<()> {
            Inline.in_time(wait).await
        }
    }

    /// The work of a check of `says` in a realm that has these keys, each by itself.
    fn work(says: &str, keys: &[(usize, Option<&str>)]) -> Work {
        let keys = keys.iter().map(|(which, kid)| Signer::public(*which, *kid, None)).collect();
        let chain = chain(&[Spec { public: Some(Changing::new(keys)), ..Spec::default() }]);
        let taken = Taken::default();
        ask_of(&chain, &taken, says, None, at(0));
        taken.0.into_inner().unwrap().pop().unwrap()
    }

    #[test]
    fn work_is_equal_for_the_same_token_and_the_same_keys_only() {
        let token = Says::default().token();
        let again = Says::default().token();
        let id = work(&token, &[(0, None)]).id();
        assert!(id == work(&token, &[(0, None)]).id(), "of another set, whose keys are equal");
        for (what, other) in [
            ("another signature", work(&again, &[(0, None)])),
            ("another key", work(&token, &[(1, None)])),
            ("another name", work(&token, &[(0, Some("a"))])),
            ("more keys", work(&token, &[(0, None), (1, None)])),
        ] {
            assert!(id != other.id(), "{what}");
        }
    }

    #[tokio::test]
    async fn equal_tokens_that_come_together_are_verified_once_whoever_goes_away() {
        let threads = SignatureThreads(Threads::start(NonZeroUsize::MIN).unwrap());
        let token = Says::default().token();
        for first_goes_away in [false, true] {
            // Nothing begins before all of them are there.
            let (begin, begins) = mpsc::channel::<()>();
            let other = work(&Says { subject: "other", ..Says::default() }.token(), &[(0, None)]);
            let held = threads.0.run(other.id(), Pace::Quick, move || {
                let _: Result<(), _> = begins.recv();
                None
            });
            let [first, second, third] = [0; 3].map(|_| work(&token, &[(0, None)]));
            let mut first = Box::pin(threads.verify(first));
            let (mut second, mut third) =
                (pin!(threads.verify(second)), pin!(threads.verify(third)));
            assert!(first.as_mut().now_or_never().is_none());
            assert!(second.as_mut().now_or_never().is_none());
            assert!(third.as_mut().now_or_never().is_none());
            let first = (!first_goes_away).then_some(first);
            drop(begin);
            let (second, third) = tokio::join!(second, third);
            let (second, third) = (second.unwrap().unwrap(), third.unwrap().unwrap());
            // Each came with a key of its own, which is equal: there was one verification.
            assert!(Arc::ptr_eq(&second, &third));
            if let Some(first) = first {
                assert!(Arc::ptr_eq(&second, &first.await.unwrap().unwrap()));
            }
            assert!(held.await.unwrap().is_none());
        }
        // Later it is new work again.
        let later = threads.verify(work(&token, &[(1, None)])).await;
        assert!(later.unwrap().is_none());
    }
}
