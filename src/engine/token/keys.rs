//! Keys that verify signatures, as a set of which each token finds those that are for it.
//!
//! The one rule: no key work is done to find them.

use super::Algorithm;
use crate::engine::crypto::HmacKey;
use std::sync::Arc;

/// A key of a set.
#[derive(Debug)]
pub struct Key(HmacKey);

/// The keys of a source, in their order.
#[derive(Debug)]
pub struct KeySet(Vec<Arc<Key>>);

impl KeySet {
    /// A set of this one key.
    pub fn of(key: HmacKey) -> Self {
        Self(vec![Arc::new(Key(key))])
    }

    /// Whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether some key could verify a token of `algorithm`.
    pub fn serves(&self, algorithm: Algorithm) -> bool {
        self.0.iter().any(|key| key.0.serves(algorithm))
    }

    /// The keys that may have signed a token of `algorithm` whose header names the key `_kid`.
    pub fn candidates(&self, algorithm: Algorithm, _kid: Option<&str>) -> Vec<Arc<Key>> {
        self.0.iter().filter(|key| key.0.serves(algorithm)).cloned().collect()
    }
}

impl Key {
    /// Whether `signature` is this key's over `message`.
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.0.verifies(algorithm, message, signature) == Some(true)
    }

    /// Whether a verification takes many times as long as most.
    pub fn is_slow(&self, _algorithm: Algorithm) -> bool {
        false
    }
}
