//! Files, within a bound.
//!
//! The one rule: no file, however large or endless, is read further than its bound.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The content of a file, or what is wrong with it.
pub(super) fn bounded(path: &Path, size: usize) -> Result<Vec<u8>, String> {
    let read = || -> io::Result<Vec<u8>> {
        let file = File::open(path)?;
        // In one piece where the length is known, so that no copy of a secret is left behind.
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        let mut bytes = Vec::with_capacity(length.min(size) + 1);
        file.take(u64::try_from(size).unwrap_or(u64::MAX) + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) if bytes.len() > size => Err(format!("the file is larger than {size} bytes")),
        Ok(bytes) => Ok(bytes),
        Err(error) => Err(format!("the file cannot be read: {error}")),
    }
}
