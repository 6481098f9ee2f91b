//! The keystore: a folder in which each file is one secure setting, as a mounted Secret has them.
//!
//! The one rule: a value leaves here as a [`Secret`] only, and an entry is read only if a served
//! realm or `realmgate.*` asks for it.

use super::files;
use super::problems::{Place, Problems, Read};
use crate::engine::Secret;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The most that a secret may have, in bytes.
const SIZE: usize = 1 << 20;

/// The secure settings by their full keys.
#[derive(Default)]
pub(super) struct Keystore {
    entries: BTreeMap<String, Origin>,
}

enum Origin {
    File(PathBuf),
    Value(Secret),
}

/// A secret and how it was stored.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) secret: Secret,
    /// Whether the file ended in a newline, which is no part of the secret.
    pub(super) dropped_newline: bool,
}

impl Keystore {
    /// The folder's entries. Those that begin with a dot are a mount's own.
    pub(super) fn open(folder: &Path, problems: &mut Problems) -> Self {
        let names = fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
        let names: Vec<_> = names.unwrap_or_else(|error: io::Error| {
            problems.report(Place::Keystore, None, format!("the keystore cannot be read: {error}"));
            Vec::new()
        });
        // A name that is not UTF-8 is no setting's.
        let entries = names
            .into_iter()
            .map(|name: OsString| {
                (name.to_string_lossy().into_owned(), Origin::File(folder.join(&name)))
            })
            .filter(|(name, _)| !name.starts_with('.'));
        Self { entries: entries.collect() }
    }

    /// Secrets that are no files.
    pub(super) fn of(entries: &[(&str, &str)]) -> Self {
        let entries = entries.iter().map(|(key, value)| {
            let secret = Secret::new(value.as_bytes());
            ((*key).to_owned(), Origin::Value(secret))
        });
        Self { entries: entries.collect() }
    }

    /// All keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The keys that begin with `prefix`.
    pub(super) fn under<'k>(&'k self, prefix: &'k str) -> impl Iterator<Item = &'k str> {
        self.keys().filter(move |key| key.starts_with(prefix))
    }

    /// The secret of this full key. A blank one counts as absent.
    pub(super) fn secret(&self, key: &str, problems: &mut Problems) -> Read<Option<Stored>> {
        let stored = match self.entries.get(key) {
            None => return Ok(None),
            Some(Origin::Value(secret)) => {
                Stored { secret: secret.clone(), dropped_newline: false }
            }
            Some(Origin::File(path)) => stored(path)
                .map_err(|what| problems.report(Place::Secret(key.to_owned()), Some(key), what))?,
        };
        match std::str::from_utf8(stored.secret.expose()) {
            Ok(text) if text.trim().is_empty() => Ok(None),
            Ok(_) => Ok(Some(stored)),
            Err(_) => {
                let place = Place::Secret(key.to_owned());
                Err(problems.report(place, Some(key), "the value is not UTF-8 text"))
            }
        }
    }
}

fn stored(path: &Path) -> Result<Stored, String> {
    // Opening a pipe would wait for its other end.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err("the entry is not a file".into());
    }
    let mut bytes = files::bounded(path, SIZE)?;
    let dropped_newline = bytes.last() == Some(&b'\n');
    if dropped_newline {
        bytes.pop();
    }
    Ok(Stored { secret: Secret::new(bytes), dropped_newline })
}
