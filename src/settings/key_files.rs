//! The key sets that realms read from files.
//!
//! The one rule: a file is read once for a version, whoever names it; and what is wrong with one
//! that is in force already is no reason to refuse anything else.

use super::Settings;
use super::document::Document;
use super::files::Reader;
use super::problems::{Problems, Read};
use super::realm::{self, JwtRealm};
use super::section::Section;
use crate::engine::crypto::Fingerprint;
use crate::jwks::{self, Family, NotAKeySet, Parsed};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What was read of a key file.
#[derive(Debug)]
pub struct KeyFile {
    /// Whether a change is to be taken without being asked for.
    pub is_watched: bool,
    /// What it holds.
    pub read: Result<KeyDocument, KeyFileFault>,
}

/// A JWK set and the text that it was parsed from.
#[derive(Debug)]
pub struct KeyDocument {
    /// Tells the text from every other.
    pub text: Fingerprint,
    /// What it says.
    pub parsed: Parsed,
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

/// Every key file of a version, by its path.
pub type KeyFiles = BTreeMap<PathBuf, KeyFile>;

/// Reads the key files of `realms`. One that no realm wants to be watched is not remembered by
/// `reader`, so that its change is nothing new.
pub(super) fn read<'r>(
    realms: impl IntoIterator<Item = &'r JwtRealm>,
    reader: &Reader,
) -> KeyFiles {
    let mut watched: BTreeMap<&Path, bool> = BTreeMap::new();
    for realm in realms {
        let Some(path) = realm.keys.file() else { continue };
        *watched.entry(path).or_default() |= realm.key_reload.enabled;
    }
    let files = watched.into_iter().map(|(path, is_watched)| {
        let reader = if is_watched { Some(reader) } else { None };
        (path.to_owned(), KeyFile { is_watched, read: document(path, reader) })
    });
    files.collect()
}

/// Reads the key files of `settings` at once, also those that are not watched.
pub fn read_key_files(settings: &Settings) -> KeyFiles {
    read(&settings.realms, &Reader::default())
}

fn document(path: &Path, reader: Option<&Reader>) -> Result<KeyDocument, KeyFileFault> {
    let unwatched = Reader::default();
    let text = reader.unwrap_or(&unwatched).file(path, jwks::MAX_SIZE);
    let text = text.map_err(KeyFileFault::Unreadable)?;
    let parsed = jwks::parse(&text, Family::Public)?;
    Ok(KeyDocument { text: Fingerprint::of(&text), parsed })
}

/// Records what is wrong with the `files` of `settings`, which were made of `document`: a problem
/// where a file is not `in_force` yet, and otherwise nothing, since its keys stay. Besides, what of
/// the keys an operator should know.
pub(super) fn check(
    document: &Document,
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
            Ok(KeyDocument { parsed, .. }) => warn(realm, parsed, &section, problems),
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
