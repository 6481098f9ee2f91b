//! The key sets that realms read from files.
//!
//! The one rule: a file is read once for a version, whoever names it; and what is wrong with one
//! that is in force already is no reason to refuse anything else.

use super::Settings;
use super::document;
use super::files::{FileFault, Reader};
use super::problems::{Problems, Read};
use super::realm::{self, JwtRealm};
use super::section::Section;
use crate::engine::crypto::Fingerprint;
use crate::engine::token::Algorithm;
use crate::jwks::{self, Document, Family, NotAKeySet, Parsed};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What was read of a key file.
#[derive(Debug)]
pub struct KeyFile {
    /// Whether a change is to be taken without being asked for.
    pub is_watched: bool,
    /// What it holds.
    pub read: Result<Arc<Document>, KeyFileFault>,
}

/// Why a file holds no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileFault {
    /// It is no JWK set.
    #[error(transparent)]
    NotAKeySet(#[from] NotAKeySet),
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

impl From<FileFault> for KeyFileFault {
    fn from(fault: FileFault) -> Self {
        Self::Unreadable(fault.to_string())
    }
}

/// Every key file of a version, by its path.
pub type KeyFiles = BTreeMap<PathBuf, KeyFile>;

/// Reads the key files of `realms` that are not among `files` yet, and adds them. One that no realm
/// wants to be watched is not remembered by `reader`, so that its change is nothing new, unless it is
/// broken: that may refuse a version, which is another one once it is mended.
pub(super) fn add<'r>(
    realms: impl IntoIterator<Item = &'r JwtRealm>,
    reader: &Reader,
    files: &mut KeyFiles,
) {
    let mut watched: BTreeMap<&Path, bool> = BTreeMap::new();
    for realm in realms {
        let Some(path) = realm.keys.file().filter(|path| !files.contains_key(*path)) else {
            continue;
        };
        *watched.entry(path).or_default() |= realm.key_reload.enabled;
    }
    for (path, is_watched) in watched {
        let own = Reader::default();
        let read = document(path, &own).map(Arc::new);
        if is_watched || read.is_err() {
            reader.add(own);
        }
        files.insert(path.to_owned(), KeyFile { is_watched, read });
    }
}

/// Reads the key file `path` once.
pub fn read_key_file(path: &Path) -> Result<Document, KeyFileFault> {
    document(path, &Reader::default())
}

fn document(path: &Path, reader: &Reader) -> Result<Document, KeyFileFault> {
    let text = reader.file(path, jwks::MAX_SIZE)?;
    let parsed = jwks::parse(&text, Family::Public)?;
    let text = Fingerprint::of(&text);
    Ok(Document { text, parsed, issuer: None, note: None, fresh_until: None })
}

/// Records what is wrong with the `files` of `settings`, which were made of `document`: a problem
/// where a file is not `in_force` yet, and otherwise nothing, since its keys stay. Besides, what of
/// the keys an operator should know.
pub(super) fn check(
    document: &document::Document,
    settings: &Settings,
    in_force: Option<&Settings>,
    files: &KeyFiles,
    problems: &mut Problems,
) -> Read<()> {
    let is_in_force = |path: &Path| {
        in_force.is_some_and(|settings| {
            settings.realms.iter().any(|realm| realm.keys.file() == Some(path))
        })
    };
    let mut checked = Ok(());
    for realm in &settings.realms {
        let Some(path) = realm.keys.file() else { continue };
        let Some(KeyFile { read, .. }) = files.get(path) else { continue };
        let prefix = format!("{}{}.", realm::PREFIX, realm.name);
        let section = Section::new(&prefix, document, realm::TABLE);
        match read {
            Ok(document) => warn(realm, &document.parsed, &section, problems),
            Err(_) if is_in_force(path) => {}
            Err(fault) => {
                checked = Err(section.wrong(PATH, sentence(&section, path, fault), problems));
            }
        }
    }
    checked
}

const PATH: &str = "pkc_jwkset_path";

/// Elasticsearch's sentence, and the cause.
fn sentence(section: &Section<'_>, path: &Path, fault: &KeyFileFault) -> String {
    let key = section.key(PATH);
    match fault {
        KeyFileFault::NotAKeySet(cause) => {
            format!("JWKSet parse failed for setting [{key}]: {cause}")
        }
        KeyFileFault::Unreadable(cause) => {
            let path = section.shown(PATH, &path.display());
            format!("Failed to read contents for setting [{key}] value [{path}]: {cause}")
        }
    }
}

/// What an operator should know of the realm's keys.
fn warn(realm: &JwtRealm, parsed: &Parsed, section: &Section<'_>, problems: &mut Problems) {
    for caution in jwks::cautions(parsed, &realm.token.allowed_algorithms) {
        problems.warn(section.place(PATH), &section.key(PATH), caution);
    }
    if !realm.has_usable_key(&parsed.keys) {
        realm::warn_of_no_usable_key(section, problems);
    }
}

/// The same of keys that were loaded without a look at the rest, for a realm that allows these
/// algorithms and may have a key for one of them: a line each.
pub fn key_warnings(
    realm: &str,
    allowed: &[Algorithm],
    has_usable_key: bool,
    parsed: &Parsed,
) -> Vec<String> {
    let cautions = jwks::cautions(parsed, allowed).into_iter();
    let mut warnings: Vec<_> =
        cautions.map(|caution| format!("{}{realm}.{PATH}: {caution}", realm::PREFIX)).collect();
    if !has_usable_key {
        warnings.push(format!("{}{realm}: {}", realm::PREFIX, realm::NO_USABLE_KEY));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Sources;
    use crate::settings::tests::{Folder, realm};
    use std::fs;

    /// Two realms that read the file `keys.json`, the second of which wants it watched as told.
    fn folder(name: &str, is_watched: [bool; 2]) -> Folder {
        let realms = (1..).zip(is_watched).map(|(order, is_watched)| {
            let more = format!(
                "  pkc_jwkset_path: keys.json\n  pkc_jwkset_reload.enabled: {is_watched}\n"
            );
            realm(&format!("r{order}"), order, &more)
        });
        Folder::new(name).with("gate.yml", realms.collect::<String>())
    }

    #[test]
    fn a_file_is_watched_if_one_of_its_realms_wants_that_and_a_broken_one_is_anyway() {
        let good = r#"{"keys":[]}"#;
        for (is_watched, content, looked_at) in [
            ([true, true], good, true),
            ([false, true], good, true),
            ([false, false], good, false),
            ([false, false], "{", true),
        ] {
            let folder = folder("key-files", is_watched).with("keys.json", content);
            let sources = Sources::new(&folder.0.join("gate.yml"), None);
            let version = sources.read(None);
            assert_eq!(version.made.is_ok(), content == good);
            assert!(version.reading.is_current());
            let file = version.key_files.values().next().unwrap();
            assert_eq!(file.is_watched, is_watched.contains(&true));
            fs::write(folder.0.join("keys.json"), r#"{"keys": []}"#).unwrap();
            assert_eq!(!version.reading.is_current(), looked_at, "{is_watched:?} {content}");
        }
    }

    #[test]
    fn a_broken_file_is_a_problem_of_each_realm_that_reads_it_unless_it_is_in_force() {
        let folder = folder("key-files-broken", [true, true]).with("keys.json", r#"{"keys":[]}"#);
        let sources = Sources::new(&folder.0.join("gate.yml"), None);
        let settings = sources.read(None).made.unwrap().settings;
        let path = folder.0.join("keys.json");
        for (content, why) in [
            (Some("<"), "JWKSet parse failed for setting"),
            (None, "Failed to read contents for setting"),
        ] {
            match content {
                Some(content) => fs::write(&path, content).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            let lines: Vec<_> = sources.read(None).made.unwrap_err().refusals().collect();
            assert_eq!(lines.len(), 2, "{lines:?}");
            for ((line, realm), number) in lines.iter().zip(["r1", "r2"]).zip([7, 15]) {
                let key = format!("xpack.security.authc.realms.jwt.{realm}.pkc_jwkset_path");
                assert!(
                    line.contains(&format!("gate.yml:{number}: {key}: {why} [{key}]")),
                    "{line}"
                );
            }
            let version = sources.read(Some(&settings));
            assert!(version.made.is_ok());
            assert!(version.key_files[&path].read.is_err());
        }
    }

    #[test]
    fn the_warnings_of_keys_name_the_realm_and_the_setting() {
        let folder = folder("key-files-warnings", [true, true]).with("keys.json", r#"{"keys":[]}"#);
        let sources = Sources::new(&folder.0.join("gate.yml"), None);
        let settings = sources.read(None).made.unwrap().settings;
        let text = r#"{"keys":[{"kty":"oct","kid":"k"}]}"#;
        let parsed = jwks::parse(text.as_bytes(), Family::Public).unwrap();
        let algorithms = &settings.realms[1].token.allowed_algorithms;
        let warnings = key_warnings("r2", algorithms, false, &parsed);
        let realm = "xpack.security.authc.realms.jwt.r2";
        let [key, none] = warnings.as_slice() else { panic!("{warnings:?}") };
        assert!(
            key.starts_with(&format!("{realm}.pkc_jwkset_path: the key with kid [k]")),
            "{key}"
        );
        assert!(none.starts_with(&format!("{realm}: no_usable_key: ")), "{none}");
    }
}
