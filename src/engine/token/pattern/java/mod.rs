//! Java's regular expressions, which say what part of a claim's value is taken.
//!
//! The one rule: what is accepted means what it means in Java, as its version 25 reads it, except
//! that `$` and `\Z` match at the very end only. The rest is refused by name.

mod class;
mod escape;
mod parser;
mod property;
mod quantifier;
mod symbols;

use std::fmt;

use regex::Regex;

use super::{PatternError, compile};

/// A pattern that takes a part of a value. Equal if written alike.
#[derive(Clone)]
pub struct ClaimPattern {
    text: String,
    regex: Regex,
}

impl ClaimPattern {
    /// Reads a pattern. One without a capture group is an error, since it never takes anything.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let regex = compile(&parser::parse(text)?, false)?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// What the first capture group holds where the pattern is first found within `value`.
    /// Nothing if it is not found, or if the group took no part or is empty: such a value is
    /// dropped.
    pub fn extract<'v>(&self, value: &'v str) -> Option<&'v str> {
        let group = self.regex.captures(value)?.get(1)?.as_str();
        (!group.is_empty()).then_some(group)
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for ClaimPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for ClaimPattern {}

impl fmt::Debug for ClaimPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClaimPattern").field(&self.text).finish()
    }
}

#[cfg(test)]
mod tests;
