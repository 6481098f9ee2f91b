//! What a realm remembers of the tokens that it found good.
//!
//! The one rule: a token is recalled only while it would be found good by its time and by its key:
//! it has not expired, and the key that verified it is still one of the realm's.

use super::cache::Cache;
use crate::engine::crypto::Fingerprint;
use crate::engine::time::{Monotonic, Now};
use crate::engine::token::keys::Thumbprint;
use crate::engine::token::signature::Keys;
use crate::engine::user::User;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How much is remembered, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct MemoryBounds {
    /// How long a token is remembered; never zero.
    pub ttl: Duration,
    /// How many tokens are; never none.
    pub size: u32,
    /// How long after its `exp` a token is still recalled, in milliseconds.
    pub skew_millis: i64,
}

/// The good tokens of one realm.
pub(super) struct Memory {
    cache: Cache<Remembered>,
    skew_millis: i64,
}

/// A token that was found good.
pub struct Remembered {
    user: Arc<User>,
    key: Thumbprint,
    /// Milliseconds since the epoch.
    until: i64,
    declined: Mutex<Vec<Declined>>,
}

/// A realm that found the signature not good, with the keys that it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declined {
    /// The realm's authenticator.
    pub(super) instance: Instance,
    /// Whether HMAC keys were tried.
    pub(super) is_hmac: bool,
    /// The set of keys, if there was one.
    pub(super) keys: Option<Fingerprint>,
}

/// Tells an authenticator from every other of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The snapshot that it was made for.
    pub generation: u64,
    /// Its place in that chain.
    pub place: usize,
}

impl Memory {
    pub(super) fn new(bounds: MemoryBounds) -> Self {
        Self { cache: Cache::new(bounds.ttl, bounds.size), skew_millis: bounds.skew_millis }
    }

    /// The token of this `text`, if it is still good at `now` with these `keys` and has what is
    /// wanted of its user.
    pub(super) fn recall(
        &self,
        text: &Fingerprint,
        now: Now,
        keys: &Keys,
        want_metadata: bool,
    ) -> Option<Arc<Remembered>> {
        let remembered = self.cache.get(text, now.monotonic)?;
        let is_complete = !want_metadata || remembered.user.metadata.is_some();
        let is_good = now.unix.is_before_millis(remembered.until) && keys.has(&remembered.key);
        (is_complete && is_good).then_some(remembered)
    }

    /// Remembers the token of this `text`, which expires at `exp` (seconds since the epoch).
    pub(super) fn keep(&self, text: Fingerprint, token: Good<'_>, now: Monotonic) {
        let Good { user, key, exp, declined } = token;
        let until = exp.saturating_mul(1000).saturating_add(self.skew_millis);
        let declined = Mutex::new(declined.to_vec());
        self.cache.put(text, Arc::new(Remembered { user, key, until, declined }), now);
    }

    /// How many tokens are remembered.
    pub(super) fn len(&self) -> usize {
        self.cache.len()
    }
}

/// A token that was found good just now.
pub(super) struct Good<'g> {
    pub(super) user: Arc<User>,
    /// What verified it.
    pub(super) key: Thumbprint,
    /// Seconds since the epoch.
    pub(super) exp: i64,
    /// The realms before that tried its signature too.
    pub(super) declined: &'g [Declined],
}

impl Remembered {
    /// Whom the token names.
    pub fn user(&self) -> &Arc<User> {
        &self.user
    }

    /// Whether this realm, with these keys, found its signature not good.
    pub(super) fn was_declined_by(&self, instance: Instance, keys: &Keys) -> bool {
        self.declined().iter().any(|declined| {
            declined.instance == instance && declined.keys == keys.version(declined.is_hmac)
        })
    }

    /// These realms tried its signature since.
    pub(super) fn set_declined(&self, declined: &[Declined]) {
        *self.declined() = declined.to_vec();
    }

    fn declined(&self) -> MutexGuard<'_, Vec<Declined>> {
        // A panic leaves the list as it was or as it is to be.
        self.declined.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
