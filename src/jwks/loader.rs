//! What a source of keys is loaded by, and what a load brings.
//!
//! The one rule: a load that brings no set of keys is a fault that can be told, and changes nothing.

use super::Parsed;
use crate::engine::crypto::Fingerprint;
use std::pin::Pin;
use std::sync::Arc;

/// Loads one document, whenever it is asked to.
pub trait Loader: Send + Sync {
    /// Loads it, for realms of these `issuers`. `is_conditional` says that to hear that nothing has
    /// changed since the load before will do. A fault is one line that may be printed.
    fn load<'l>(&'l self, issuers: &'l [String], is_conditional: bool) -> Loading<'l>;
}

/// A load under way, which ends when it is dropped.
pub type Loading<'l> = Pin<Box<dyn Future<Output = Result<Loaded, String>> + Send + 'l>>;

/// What a load brought.
#[derive(Debug)]
pub enum Loaded {
    /// A set of keys.
    Document(Arc<Document>),
    /// Nothing else than the load before.
    NotModified {
        /// When it wants to be asked again, in seconds since 1970.
        fresh_until: Option<i64>,
    },
}

/// A set of keys, and what came with it.
#[derive(Debug)]
pub struct Document {
    /// Tells the text from every other.
    pub text: Fingerprint,
    /// The keys.
    pub parsed: Parsed,
    /// The only issuer whose keys they are, where that was said.
    pub issuer: Option<String>,
    /// What an operator should know of how they were found: a sentence.
    pub note: Option<String>,
    /// When it wants to be asked again, in seconds since 1970.
    pub fresh_until: Option<i64>,
}

impl Document {
    /// Whether these are keys for tokens of `issuer`; if not, why not: one line.
    pub fn is_for(&self, issuer: &str) -> Result<(), String> {
        match &self.issuer {
            Some(other) if other != issuer => {
                Err(format!("it is the discovery document of the issuer [{other}]"))
            }
            _ => Ok(()),
        }
    }
}
