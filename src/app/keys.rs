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

/// What the log calls a load of keys.
pub(super) const EVENT: &str = "jwks_reload";

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::crypto::Fingerprint;
    use crate::engine::realm::testing::Signer;
    use crate::jwks::{Family, parse};
    use crate::settings::KeyFileFault;
    use serde_json::json;

    /// A file that holds the first of the test's keys, by these names.
    fn file(names: &[&str]) -> KeyFile {
        let key = |kid: &&str| {
            let mut key = Signer::jwk(0);
            key["kid"] = json!(kid);
            key
        };
        let text = json!({ "keys": names.iter().map(key).collect::<Vec<_>>() }).to_string();
        let parsed = parse(text.as_bytes(), Family::Public).unwrap();
        let document = KeyDocument { text: Fingerprint::of(text.as_bytes()), parsed };
        KeyFile { is_watched: true, read: Ok(document) }
    }

    fn broken() -> KeyFile {
        KeyFile { is_watched: true, read: Err(KeyFileFault::Unreadable("gone".into())) }
    }

    fn names(sources: &KeySources, path: &str) -> Option<Vec<String>> {
        let keys = sources.get(Path::new(path))?.current();
        Some(keys.iter().map(|key| key.kid().unwrap().to_owned()).collect())
    }

    #[test]
    fn a_source_takes_what_its_file_holds_and_keeps_it_while_the_file_is_broken() {
        let files = KeyFiles::from([("a".into(), file(&["1"]))]);
        let sources = KeySources::new(&files, &KeySources::default());
        for (file, result, now) in [
            (file(&["1"]), KeyLoad::Unchanged, vec!["1"]),
            (file(&["2", "1"]), KeyLoad::Changed, vec!["2", "1"]),
            (broken(), KeyLoad::Error, vec!["2", "1"]),
            (file(&["2", "1"]), KeyLoad::Unchanged, vec!["2", "1"]),
            (file(&[]), KeyLoad::Changed, vec![]),
        ] {
            assert_eq!(sources.take(Path::new("a"), &file), Some(result));
            assert_eq!(names(&sources, "a").unwrap(), now);
        }
        assert_eq!(sources.take(Path::new("b"), &file(&["1"])), None, "nobody reads it");
    }

    #[test]
    fn a_source_outlives_its_version_and_a_new_one_holds_what_was_read() {
        let files = KeyFiles::from([("a".into(), file(&["1"])), ("b".into(), file(&["2"]))]);
        let before = KeySources::new(&files, &KeySources::default());
        // What the first file holds by now is not yet taken.
        let files = KeyFiles::from([("a".into(), broken()), ("c".into(), file(&["3"]))]);
        let sources = KeySources::new(&files, &before);
        assert_eq!(names(&sources, "a").unwrap(), ["1"]);
        assert_eq!(names(&sources, "c").unwrap(), ["3"]);
        assert_eq!(names(&sources, "b"), None, "nobody reads it any more");
        // Realms that were made before see the same source.
        sources.take(Path::new("a"), &file(&["4"]));
        assert_eq!(names(&before, "a").unwrap(), ["4"]);
    }
}
