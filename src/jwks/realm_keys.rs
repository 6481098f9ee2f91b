//! What one realm sees of a source.
//!
//! The one rule: keys that were published for one issuer are nobody else's.

use super::source::Source;
use super::terms::Reader;
use crate::engine::Monotonic;
use crate::engine::crypto::Fingerprint;
use crate::engine::token::keys::KeySet;
use crate::engine::token::signature::{KeySource, Wait};
use std::sync::Arc;

/// One realm's view of a source.
pub struct RealmKeys {
    source: Arc<Source>,
    reader: Reader,
}

impl RealmKeys {
    /// What `reader` sees of `source`.
    pub fn new(source: Arc<Source>, reader: Reader) -> Self {
        Self { source, reader }
    }
}

impl KeySource for RealmKeys {
    fn current(&self) -> Option<Arc<KeySet>> {
        let held = self.source.document()?;
        let is_ours = held.issuer.as_ref().is_none_or(|issuer| *issuer == self.reader.issuer);
        is_ours.then(|| Arc::clone(&held.parsed.keys))
    }

    fn renewed(&self, used: Option<Fingerprint>, now: Monotonic) -> Wait<'_> {
        Box::pin(self.source.renewed(&self.reader.realm, used, now))
    }
}
