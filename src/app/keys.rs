//! The public keys of files: one source for each file, which outlives what is in force.
//!
//! The one rule: a file that cannot be read, or holds no set of keys, changes nothing.

use crate::engine::token::signature::KeySource;
use crate::jwks::HeldKeys;
use crate::observe::{KeyLoad, Metrics};
use crate::server::ext_authz::InForce;
use crate::server::health::RealmHealth;
use crate::settings::{KeyDocument, KeyFile, KeyFiles};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The sources of the files that are in force, by their paths.
#[derive(Default)]
pub(super) struct KeySources(BTreeMap<PathBuf, Arc<HeldKeys>>);

impl KeySources {
    /// The sources of `files`: a file that had one `before` keeps it, whatever it holds by now.
    pub(super) fn new(files: &KeyFiles, before: &Self) -> Self {
        let source = |path: &PathBuf, file: &KeyFile| {
            if let Some(held) = before.0.get(path) {
                return Some(Arc::clone(held));
            }
            // A new one that cannot be read has refused the version.
            let KeyDocument { text, parsed } = file.read.as_ref().ok()?;
            Some(Arc::new(HeldKeys::new(*text, Arc::clone(&parsed.keys))))
        };
        Self(
            files
                .iter()
                .filter_map(|(path, file)| Some((path.clone(), source(path, file)?)))
                .collect(),
        )
    }

    /// The source of the file `path`.
    pub(super) fn get(&self, path: &Path) -> Option<Arc<dyn KeySource>> {
        self.0.get(path).map(|source| Arc::clone(source) as Arc<dyn KeySource>)
    }

    /// Puts what `file` holds in the place of what its source held. `None` if it has no source.
    pub(super) fn take(&self, path: &Path, file: &KeyFile) -> Option<KeyLoad> {
        let source = self.0.get(path)?;
        let path = path.display();
        Some(match &file.read {
            Ok(KeyDocument { text, parsed }) if source.replace(*text, &parsed.keys) => {
                let (result, keys) = (KeyLoad::Changed, parsed.keys.len());
                tracing::info!(event = EVENT, result = result.code(), %path, keys, "new keys");
                result
            }
            Ok(_) => KeyLoad::Unchanged,
            Err(problem) => {
                let result = KeyLoad::Error;
                tracing::error!(
                    event = EVENT, result = result.code(), %path, %problem,
                    "the keys before stay in force"
                );
                result
            }
        })
    }
}

const EVENT: &str = "jwks_reload";

/// Counts the keys that each realm has in force and the tokens that it remembers, and tells which
/// realms have keys.
pub(super) fn count(in_force: &InForce, metrics: &Metrics) -> Vec<RealmHealth> {
    let realms = in_force.snapshot().realms.iter();
    let health = realms.map(|realm| {
        let keys = realm.authenticator.usable_keys();
        metrics.keys_in_force(&realm.name, keys);
        metrics.tokens_remembered(&realm.name, realm.authenticator.remembered());
        RealmHealth { name: realm.name.clone(), has_keys: keys > 0 }
    });
    health.collect()
}
