//! `${NAME}` in a config file: the environment's values, put in line by line before the file is
//! parsed, as Elasticsearch does it.
//!
//! The one rule: what came from the environment is nobody's to read, so it is known of every line
//! and of every part of a key whether it holds any of it.

use super::{Lines, SIZE};
use crate::settings::problems::{Place, Problems, Read};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::ffi::OsString;
use std::ops::{Range, RangeInclusive};

/// What a name begins with. It ends before the next `}` of its line.
const OPEN: &str = "${";

/// A file's text with the environment's values in it. It has the lines that the file has.
pub(super) struct Replaced<'t> {
    text: Cow<'t, str>,
    /// What was put in, in the order of the text.
    values: Vec<Inserted>,
    /// The names that still stand in the text, since the environment has none of them.
    unset: HashSet<&'t str>,
}

struct Inserted {
    /// Where it stands in the text, in bytes.
    at: Range<usize>,
    line: usize,
}

/// Replaces every `${NAME}` in `text` that `environment` knows. A value that cannot be put in is
/// recorded, all of them before giving up.
pub(super) fn replace<'t>(
    text: &'t str,
    environment: &dyn Fn(&str) -> Option<OsString>,
    problems: &mut Problems,
) -> Read<Replaced<'t>> {
    if !text.contains(OPEN) {
        let unset = HashSet::new();
        return Ok(Replaced { text: Cow::Borrowed(text), values: Vec::new(), unset });
    }
    let lines = Lines::of(text.as_bytes());
    let mut replaced = String::with_capacity(text.len());
    let (mut values, mut unset) = (Vec::new(), HashSet::new());
    let mut wrong = Ok(());
    let mut copied = 0;
    for Placeholder { name, at } in placeholders(text) {
        let Some(value) = environment(name) else {
            unset.insert(name);
            continue;
        };
        let line = lines.at(at.start);
        replaced.push_str(&text[copied..at.start]);
        copied = at.end;
        let start = replaced.len();
        match insertable(name, value) {
            Ok(value) => replaced.push_str(&value),
            Err(what) => wrong = Err(problems.report(Place::Line(line), None, what)),
        }
        if replaced.len() > SIZE {
            let what = "the document is larger than 1 MiB with the environment's values in it";
            return Err(problems.report(Place::Line(line), None, what));
        }
        values.push(Inserted { at: start..replaced.len(), line });
    }
    replaced.push_str(&text[copied..]);
    wrong.map(|()| Replaced { text: Cow::Owned(replaced), values, unset })
}

/// A value that leaves each line a line, or what is wrong with it.
fn insertable(name: &str, value: OsString) -> Result<String, String> {
    let value = value.into_string().map_err(|_| {
        format!("the value of the environment's variable [{name}] is not UTF-8 text")
    })?;
    if value.contains(['\n', '\r']) {
        return Err(format!("the value of the environment's variable [{name}] has a line end"));
    }
    Ok(value)
}

struct Placeholder<'t> {
    name: &'t str,
    /// Where all of it stands, in bytes.
    at: Range<usize>,
}

fn placeholders(text: &str) -> impl Iterator<Item = Placeholder<'_>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + text[from..].find(OPEN)?;
            let name = start + OPEN.len();
            let end = name + text[name..].find(['}', '\n', '\r'])?;
            from = end + 1;
            if text[end..].starts_with('}') {
                return Some(Placeholder { name: &text[name..end], at: start..from });
            }
        }
    })
}

impl Replaced<'_> {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether nothing of the text came from the environment.
    pub(super) fn is_untouched(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether one of these lines, the first being 1, holds something from the environment.
    pub(super) fn touches(&self, lines: RangeInclusive<usize>) -> bool {
        let first = self.values.partition_point(|value| value.line < *lines.start());
        self.values.get(first).is_some_and(|value| value.line <= *lines.end())
    }

    /// The dotted parts of `key` that must not be printed. It stands in these lines, from the byte
    /// `start` on, if that is known; where it stands there in other letters, with escapes in it,
    /// no part of it can be printed.
    pub(super) fn hidden<'k>(
        &self,
        key: &'k str,
        lines: RangeInclusive<usize>,
        start: Option<usize>,
    ) -> Vec<&'k str> {
        if !self.touches(lines) {
            return Vec::new();
        }
        let is_here =
            |start: &usize| self.text.get(*start..).is_some_and(|written| written.starts_with(key));
        // As it is, or after a quote.
        let start = start.and_then(|start| [start, start + 1].into_iter().find(is_here));
        let mut end = 0;
        let parts = key.split('.').filter(|part| {
            let begin = end;
            end = begin + part.len() + 1;
            start.is_none_or(|start| self.came_from(start + begin..start + begin + part.len()))
        });
        parts.filter(|part| !part.is_empty()).collect()
    }

    /// Whether any of these bytes came from the environment.
    fn came_from(&self, bytes: Range<usize>) -> bool {
        let first = self.values.partition_point(|value| value.at.end <= bytes.start);
        let mut near = self.values[first..].iter().take_while(|value| value.at.start < bytes.end);
        near.any(|value| !value.at.is_empty())
    }

    /// What is wrong with a key's or a value's text that still holds `${`.
    pub(super) fn unresolved(&self, text: &str) -> BTreeSet<String> {
        if !text.contains(OPEN) {
            return BTreeSet::new();
        }
        let wrong = placeholders(text).filter(|placeholder| self.unset.contains(placeholder.name));
        let mut wrong: BTreeSet<_> = wrong.map(|placeholder| not_set(placeholder.name)).collect();
        if wrong.is_empty() {
            // It stood in a value of the environment, or behind an escape.
            wrong
                .insert(format!("[{OPEN}] must not be left after the environment's values are in"));
        }
        wrong
    }
}

fn not_set(name: &str) -> String {
    match name.split_once(':') {
        Some((name, _)) => format!(
            "Could not resolve placeholder '{name}': a default, as in [${{NAME:default}}], is not \
             supported"
        ),
        None => {
            format!("Could not resolve placeholder '{name}': the environment has no such variable")
        }
    }
}

#[cfg(test)]
mod tests;
