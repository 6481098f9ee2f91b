//! A set of public keys that is replaced while checks go on.
//!
//! The one rule: who asks gets one version, whole.

use crate::engine::crypto::Fingerprint;
use crate::engine::token::keys::KeySet;
use crate::engine::token::signature::KeySource;
use arc_swap::ArcSwap;
use std::sync::Arc;

/// The keys of one source, and which text they were parsed from.
pub struct HeldKeys(ArcSwap<Version>);

struct Version {
    text: Fingerprint,
    keys: Arc<KeySet>,
}

impl HeldKeys {
    /// Holds `keys`, which were parsed from `text`.
    pub fn new(text: Fingerprint, keys: Arc<KeySet>) -> Self {
        Self(ArcSwap::from_pointee(Version { text, keys }))
    }

    /// Holds these from now on. False if they are of the text that it holds already.
    pub fn replace(&self, text: Fingerprint, keys: &Arc<KeySet>) -> bool {
        if self.0.load().text == text {
            return false;
        }
        self.0.store(Arc::new(Version { text, keys: Arc::clone(keys) }));
        true
    }
}

impl KeySource for HeldKeys {
    fn current(&self) -> Arc<KeySet> {
        Arc::clone(&self.0.load().keys)
    }
}
