//! The keystore: a folder in which each file is one secure setting, as a mounted Secret has them.
//!
//! The one rule: a value leaves here as a [`Secret`] only, and an entry is read only if a served
//! realm or `realmgate.*` asks for it.

use super::files::Reader;
use super::problems::{Place, Problems, Read};
use crate::engine::Secret;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use zeroize::Zeroizing;

/// The most that a secret may have, in bytes.
const SIZE: usize = 1 << 20;

/// The secure settings by their full keys.
#[derive(Default)]
pub(super) struct Keystore {
    entries: BTreeMap<String, Origin>,
    reader: Rc<Reader>,
}

enum Origin {
    File(PathBuf),
    /// A file's content.
    Content(Secret),
}

/// A secret and how it was stored.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) secret: Secret,
    /// Whether the file ended in a newline, which is no part of the secret.
    pub(super) dropped_newline: bool,
}

impl Stored {
    /// The secret of a file's content: `None` of a blank one, which counts as absent.
    fn of(mut content: Zeroizing<Vec<u8>>) -> Result<Option<Self>, String> {
        let dropped_newline = content.last() == Some(&b'\n');
        if dropped_newline {
            content.pop();
        }
        let secret = Secret::new(std::mem::take(&mut *content));
        match std::str::from_utf8(secret.expose()) {
            Ok(text) if text.trim().is_empty() => Ok(None),
            Ok(_) => Ok(Some(Self { secret, dropped_newline })),
            Err(_) => Err("the value is not UTF-8 text".into()),
        }
    }
}

impl Keystore {
    /// The entries of a folder that holds these `names`, which `reader` will read.
    pub(super) fn open(
        folder: &Path,
        names: io::Result<Vec<OsString>>,
        reader: &Rc<Reader>,
        problems: &mut Problems,
    ) -> Self {
        let names = names.unwrap_or_else(|error| {
            problems.report(Place::Keystore, None, format!("the keystore cannot be read: {error}"));
            Vec::new()
        });
        // A name that is not UTF-8 is no setting's.
        let entries = names
            .into_iter()
            .map(|name| (name.to_string_lossy().into_owned(), Origin::File(folder.join(&name))));
        Self { entries: entries.collect(), reader: Rc::clone(reader) }
    }

    /// A folder that is nowhere: its entries by their names, with their contents.
    pub(super) fn of<C: AsRef<[u8]>>(entries: &[(&str, C)]) -> Self {
        let counted = entries.iter().filter(|(name, _)| !name.starts_with('.'));
        let entries = counted.map(|(name, content)| {
            ((*name).to_owned(), Origin::Content(Secret::new(content.as_ref())))
        });
        Self { entries: entries.collect(), reader: Rc::default() }
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
            Some(Origin::Content(content)) => Stored::of(content.expose().to_vec().into()),
            Some(Origin::File(path)) => {
                let content = self.reader.file(path, SIZE).map_err(|fault| fault.to_string());
                content.and_then(Stored::of)
            }
        };
        let place = Place::Secret(key.to_owned());
        let stored = stored.map_err(|what| problems.report(place.clone(), Some(key), what))?;
        if stored.as_ref().is_some_and(|stored| stored.secret.expose().ends_with(b"\r")) {
            let what = "the value ends in a carriage return, which is taken as a part of it";
            problems.warn(place, key, what);
        }
        Ok(stored)
    }
}
