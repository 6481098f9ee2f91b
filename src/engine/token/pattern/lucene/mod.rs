//! Lucene's patterns: a wildcard, or a regular expression between slashes.
//!
//! The one rule: a pattern is always for the whole of a value, and letter case counts.

mod expression;
mod interval;
mod wildcard;

use std::fmt;

use regex::Regex;

use super::{PatternError, compile};
use expression::Caution;
use wildcard::Wildcard;

/// A pattern that says which values are admitted. Equal if written alike.
#[derive(Clone)]
pub struct LucenePattern {
    text: String,
    matcher: Matcher,
    cautions: Vec<Caution>,
}

#[derive(Clone)]
enum Matcher {
    Wildcard(Wildcard),
    Expression(Regex),
}

impl LucenePattern {
    /// Reads a pattern: what begins with `/` is a regular expression and must end with another
    /// `/`; anything else is a wildcard and never an error.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let (matcher, cautions) = match text.strip_prefix('/') {
            None => (Matcher::Wildcard(Wildcard::parse(text)), Vec::new()),
            Some(rest) => {
                let body = rest.strip_suffix('/').ok_or(PatternError::NotClosed)?;
                let (tree, cautions) = expression::parse(body, 2)?;
                (Matcher::Expression(compile(&tree, true)?), cautions)
            }
        };
        Ok(Self { text: text.to_owned(), matcher, cautions })
    }

    /// Whether the whole of `value` fits.
    pub fn matches(&self, value: &str) -> bool {
        match &self.matcher {
            Matcher::Wildcard(wildcard) => wildcard.matches(value),
            Matcher::Expression(regex) => regex.is_match(value),
        }
    }

    /// What whoever wrote the pattern may not have meant: a sentence for each kind of operator
    /// that is easily taken for a plain character. No part of the pattern is repeated.
    pub fn cautions(&self) -> impl Iterator<Item = String> {
        self.cautions.iter().map(ToString::to_string)
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for LucenePattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for LucenePattern {}

impl fmt::Debug for LucenePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LucenePattern").field(&self.text).finish()
    }
}

#[cfg(test)]
mod tests;
