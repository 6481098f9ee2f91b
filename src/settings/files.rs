//! Files, within a bound, and what was read of them.
//!
//! Two rules. No file, however large or endless, is read further than its bound. And everything
//! that a configuration is made of is read here, so that a later look can tell whether it would
//! still be made the same.

use crate::engine::crypto::Fingerprint;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Reads files and folders and remembers what it saw.
#[derive(Debug, Default)]
pub(super) struct Reader {
    seen: RefCell<BTreeMap<What, Saw>>,
}

/// Everything that one reader has read. Equal ones were made of the same bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading(BTreeMap<What, Saw>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    File(PathBuf, usize),
    Folder(PathBuf),
}

/// What was seen. Why something cannot be read is told to people, and is the same or not.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Saw {
    Content(Fingerprint),
    Names(Vec<OsString>),
    Failure(String),
}

/// Files that a configuration names.
#[derive(Clone, Copy)]
pub(super) struct Files<'r> {
    /// What relative paths stand in.
    pub(super) folder: &'r Path,
    /// What reads them.
    pub(super) reader: &'r Reader,
}

/// Why there is no content.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileFault {
    /// There is more of it than this many bytes.
    #[error("the file is larger than {0} bytes")]
    TooLarge(usize),
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(io::Error),
}

impl Reader {
    /// The content of a file of at most `size` bytes, or what is wrong with it. It may be a secret,
    /// so it is wiped when it is dropped.
    pub(super) fn file(&self, path: &Path, size: usize) -> Result<Zeroizing<Vec<u8>>, FileFault> {
        let content = file(path, size);
        let saw = content.as_ref().map(|bytes| Saw::Content(Fingerprint::of(bytes)));
        self.saw(What::File(path.to_owned(), size), saw.map_err(ToString::to_string));
        content
    }

    /// The names of what a folder holds, in the order of their bytes. Those that begin with a dot are
    /// passed over: they are a mount's own, or an editor's, and come and go.
    pub(super) fn folder(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let names = folder(path);
        let saw = names.as_ref().map(|names| Saw::Names(names.clone()));
        self.saw(What::Folder(path.to_owned()), saw.map_err(ToString::to_string));
        names
    }

    /// Remembers what `other` saw, too.
    pub(super) fn add(&self, other: Self) {
        self.seen.borrow_mut().extend(other.seen.into_inner());
    }

    /// What was read so far.
    pub(super) fn reading(&self) -> Reading {
        Reading(self.seen.borrow().clone())
    }

    fn saw(&self, what: What, saw: Result<Saw, String>) {
        let saw = saw.unwrap_or_else(Saw::Failure);
        self.seen.borrow_mut().insert(what, saw);
    }
}

impl Reading {
    /// Whether everything could be read again and would be the same.
    pub fn is_current(&self) -> bool {
        let again = Reader::default();
        for what in self.0.keys() {
            // What is read or not is what the reader remembers.
            match what {
                What::File(path, size) => drop(again.file(path, *size)),
                What::Folder(path) => drop(again.folder(path)),
            }
        }
        *self == again.reading()
    }
}

/// More than a reader wants to have free when it looks whether there is more to read, in bytes.
const ROOM: usize = 64;

fn file(path: &Path, size: usize) -> Result<Zeroizing<Vec<u8>>, FileFault> {
    let read = || -> io::Result<Zeroizing<Vec<u8>>> {
        // Opening a pipe would wait for its other end.
        let metadata = fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        // In one piece where the length is known, with room to find the end in, so that no copy of a
        // secret is left behind.
        let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        let mut bytes = Zeroizing::new(Vec::with_capacity(length.min(size) + ROOM));
        let most = u64::try_from(size).unwrap_or(u64::MAX);
        File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) if bytes.len() > size => Err(FileFault::TooLarge(size)),
        Ok(bytes) => Ok(bytes),
        Err(error) => Err(FileFault::Unreadable(error)),
    }
}

fn folder(path: &Path) -> io::Result<Vec<OsString>> {
    let names = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name()));
    let mut names = names.collect::<io::Result<Vec<_>>>()?;
    names.retain(|name| !name.as_encoded_bytes().starts_with(b"."));
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::Folder;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_reading_is_current_until_something_of_it_changes() {
        type Change = fn(&Path);
        let changes: [(&str, Change); 6] = [
            ("another content of the same length", |at| fs::write(at.join("a"), "two").unwrap()),
            ("the file is gone", |at| fs::remove_file(at.join("a")).unwrap()),
            ("a file that was missed is there", |at| fs::write(at.join("b"), "").unwrap()),
            ("a folder has an entry more", |at| fs::write(at.join("keystore/c"), "").unwrap()),
            ("the link points elsewhere", |at| {
                symlink("keystore", at.join("new")).unwrap();
                fs::rename(at.join("new"), at.join("link")).unwrap();
            }),
            ("the file is a folder now", |at| {
                fs::remove_file(at.join("a")).unwrap();
                fs::create_dir(at.join("a")).unwrap();
            }),
        ];
        for (name, change) in changes {
            let folder = Folder::new("current").with("a", "one");
            let at = &folder.0;
            fs::create_dir(at.join("first")).unwrap();
            fs::write(at.join("first/d"), "").unwrap();
            symlink("first", at.join("link")).unwrap();
            let reader = Reader::default();
            assert_eq!(reader.file(&at.join("a"), 10).unwrap().as_slice(), b"one");
            assert!(reader.file(&at.join("b"), 10).is_err());
            assert!(reader.folder(&at.join("keystore")).unwrap().is_empty());
            assert_eq!(reader.folder(&at.join("link")).unwrap(), ["d"]);
            let reading = reader.reading();
            assert!(reading.is_current(), "before: {name}");
            // What nobody read is nothing to this reading.
            fs::write(at.join("unread"), "x").unwrap();
            fs::write(at.join("keystore/.lock"), "x").unwrap();
            assert!(reading.is_current(), "before: {name}");
            change(at);
            assert!(!reading.is_current(), "{name}");
        }
    }

    #[test]
    fn a_file_is_read_up_to_its_bound() {
        let folder = Folder::new("bound").with("a", "four");
        let reader = Reader::default();
        assert_eq!(reader.file(&folder.0.join("a"), 4).unwrap().as_slice(), b"four");
        let larger = reader.file(&folder.0.join("a"), 3).unwrap_err();
        assert_eq!(larger.to_string(), "the file is larger than 3 bytes");
        let folder_as_file = reader.file(&folder.0, 3).unwrap_err();
        assert_eq!(folder_as_file.to_string(), "the file cannot be read: it is not a file");
        assert!(reader.file(Path::new("/dev/zero"), 3).is_err(), "endless");
    }
}
