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
        held.is_for(&self.reader.issuer).ok()?;
        Some(Arc::clone(&held.parsed.keys))
    }

    fn renewed(&self, used: Option<Fingerprint>, now: Monotonic) -> Wait<'_> {
        // Whoever sees nothing of what is held has tried all that is held.
        let foreign =
            self.source.document().filter(|held| held.is_for(&self.reader.issuer).is_err());
        let used = used.or_else(|| foreign.map(|held| held.parsed.keys.version()));
        Box::pin(self.source.renewed(&self.reader.realm, used, now))
    }
}
