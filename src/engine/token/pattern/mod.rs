//! The two pattern languages of a realm's settings: Lucene's, which says whom to admit, and
//! Java's, which says what part of a claim to take.
//!
//! The one rule: a pattern is read once, into a tree of ours, and written anew for one matcher,
//! whose time is linear in the value. What that matcher cannot do as the original does is refused
//! when settings are read; it is never done nearly.

mod java;
mod lucene;
mod node;

pub use java::ClaimPattern;
pub use lucene::LucenePattern;

use regex::{Regex, RegexBuilder};

use node::Node;

/// The most characters of an expression. Wildcards need no bound.
const MAX_LENGTH: usize = 65_536;

/// How deep groups and classes may be nested in each other.
const MAX_DEPTH: usize = 100;

/// The largest count in `{…}`.
const MAX_COUNT: u32 = 10_000;

/// How many characters, classes and assertions a pattern may hold with its repetitions written out.
const MAX_WEIGHT: u64 = 100_000;

/// Bytes that a compiled pattern may take.
const MAX_SIZE: usize = 4 << 20;

/// Why a pattern is refused. No part of the pattern is repeated, since it may have come from a
/// place that is not to be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The end of Elasticsearch's own sentence, which begins with `invalid pattern [<pattern>]. `.
    #[error(
        "patterns starting with '/' indicate regular expression pattern and therefore must also \
         end with '/'. other patterns (those that do not start with '/') will be treated as \
         simple wildcard patterns"
    )]
    NotClosed,
    /// Something in it is wrong or cannot be matched in linear time.
    #[error("{what} (character {at} of the pattern)")]
    At {
        /// What is wrong.
        what: &'static str,
        /// Where, counted in characters from 1.
        at: usize,
    },
    /// A claim pattern that could never take anything.
    #[error(
        "the pattern has no capture group, so it could never take a value: put what is to be \
         taken between ( and )"
    )]
    NoCaptureGroup,
    /// As it stands or with its repetitions written out, it is more than a matcher should hold.
    #[error("the pattern is too large, or its repetitions are too many")]
    TooLarge,
    /// The matcher has a limit of its own that the checks here do not know.
    #[error("the pattern cannot be compiled")]
    NotCompiled,
}

/// The matcher of a tree. `whole` ties it to both ends of the value.
fn compile(node: &Node, whole: bool) -> Result<Regex, PatternError> {
    if node.weight() > MAX_WEIGHT {
        return Err(PatternError::TooLarge);
    }
    let body = node.written();
    let text = if whole { format!(r"\A(?:{body})\z") } else { body };
    // The bound on nesting is ours: see `MAX_DEPTH`.
    RegexBuilder::new(&text).size_limit(MAX_SIZE).nest_limit(10_000).build().map_err(|error| {
        match error {
            regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
            _ => PatternError::NotCompiled,
        }
    })
}

#[cfg(test)]
mod tests;
