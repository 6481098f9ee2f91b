//! Loads a key set from its file, whenever it is asked to.
//!
//! The one rule: a file system that never answers costs one thread, however often it is asked.

use crate::jwks::{Loaded, Loader, Loading};
use crate::settings;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Reads a file once and takes it if it is a set of keys.
pub(super) struct FileLoader {
    path: PathBuf,
    /// Held as long as somebody reads.
    turn: Arc<Semaphore>,
}

impl FileLoader {
    /// A loader of what `path` holds. Nothing is read yet.
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), turn: Arc::new(Semaphore::new(1)) }
    }
}

impl Loader for FileLoader {
    fn load<'l>(&'l self, _: &'l [String], _: bool) -> Loading<'l> {
        Box::pin(async move {
            let turn = Arc::clone(&self.turn).try_acquire_owned();
            let turn = turn.map_err(|_| "the file system still keeps an earlier load waiting")?;
            let path = self.path.clone();
            let read = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                settings::read_key_file(&path)
            });
            let document = read.await.map_err(|error| error.to_string())?;
            let document = document.map_err(|fault| fault.to_string())?;
            Ok(Loaded::Document(Arc::new(document)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::Folder;

    #[tokio::test]
    async fn a_file_is_read_by_one_at_a_time_and_a_read_that_hangs_is_told() {
        let folder = Folder::new("file-loader").with("keys.json", r#"{"keys":[]}"#);
        let loader = FileLoader::new(&folder.0.join("keys.json"));
        let hangs = Arc::clone(&loader.turn).try_acquire_owned().unwrap();
        let fault = loader.load(&[], false).await.unwrap_err();
        assert!(fault.contains("keeps an earlier load waiting"), "{fault}");
        drop(hangs);
        for _ in 0..2 {
            assert!(matches!(loader.load(&[], false).await, Ok(Loaded::Document(_))));
        }
    }
}
