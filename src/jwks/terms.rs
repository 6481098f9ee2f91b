//! What a source is told by those who read it, and what it tells them.
//!
//! The one rule: these are values; nothing here loads or waits.

use super::loader::Document;
use super::poll::Poll;
use crate::observe::{KeyLoad, KeyRequest, Trigger};
use std::sync::Arc;
use std::time::Duration;

/// How many loads a source is good for on demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brake {
    /// So many at once; at least one.
    pub burst: u32,
    /// How long it takes to regain one.
    pub interval: Duration,
}

/// A realm that reads a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Its name.
    pub realm: Arc<str>,
    /// The issuer whose keys it wants.
    pub issuer: String,
}

/// What a source is told by those who read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The realms, in the order of the chain.
    pub readers: Vec<Reader>,
    /// What loads on demand may cost.
    pub brake: Brake,
    /// How often it is looked at without being asked; nothing if never.
    pub poll: Option<Poll>,
}

/// Hears what becomes of requests and loads.
pub trait Reports: Send + Sync {
    /// A check of `realm` asked for other keys.
    fn asked(&self, realm: &str, request: KeyRequest);

    /// A load has ended.
    fn loaded(&self, report: &Report<'_>);
}

/// A load that has ended.
pub struct Report<'r> {
    /// What was loaded, as it may be printed.
    pub source: &'r str,
    /// What began it.
    pub trigger: Trigger,
    /// The realms whose checks waited for it.
    pub waited: &'r [Arc<str>],
    /// The realms that read the source.
    pub readers: &'r [Reader],
    /// What became of it.
    pub result: KeyLoad,
    /// What was loaded, if anything was.
    pub document: Option<&'r Document>,
    /// Why nothing was.
    pub fault: Option<&'r str>,
    /// Whether the source has keys, from this load or from one before.
    pub has_keys: bool,
    /// Whether the source is in force, and not only tried for a version that may be.
    pub is_in_force: bool,
    /// How long it took.
    pub took: Duration,
}

impl Report<'_> {
    /// What became of it for `reader`, and why it brought nothing, if it did not.
    pub fn for_reader(&self, reader: &Reader) -> (KeyLoad, Option<String>) {
        let foreign = self.document.and_then(|document| document.is_for(&reader.issuer).err());
        match (foreign, self.fault) {
            (Some(foreign), _) => (KeyLoad::Error, Some(foreign)),
            (None, fault) => (self.result, fault.map(str::to_owned)),
        }
    }
}
