//! Notices when a configuration is written anew.
//!
//! The one rule: a new version is taken only when two looks in a row saw the same, so that one that
//! is still being written is never taken for whole. Whoever looks decides when.

use super::files::Reading;
use super::{Loaded, Problems, Settings, Sources, Version};

/// Looks at a configuration again and again.
#[derive(Debug)]
pub struct Watch {
    sources: Sources,
    /// What the last version that was taken or refused was made of.
    known: Reading,
    /// What the last look saw, if that was something new.
    pending: Option<Reading>,
}

/// What a look has seen.
#[derive(Debug)]
pub enum Look {
    /// The version that is known.
    Known,
    /// Another one, which the next look has to see again.
    Unsettled,
    /// A new version.
    New(Box<Result<Loaded, Problems>>),
}

impl Watch {
    /// Watches `sources`, of which the version made of `known` is in force.
    pub fn new(sources: Sources, known: Reading) -> Self {
        Self { sources, known, pending: None }
    }

    /// Looks. A new version is held against what is `in_force`.
    pub fn look(&mut self, in_force: &Settings) -> Look {
        if self.known.is_current() {
            self.pending = None;
            return Look::Known;
        }
        let Version { made, reading } = self.sources.read(Some(in_force));
        if self.pending.as_ref() != Some(&reading) {
            self.pending = Some(reading);
            return Look::Unsettled;
        }
        self.pending = None;
        self.known = reading;
        Look::New(Box::new(made))
    }
}
