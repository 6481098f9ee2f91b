//! The settings under one prefix, read by their suffixes: the table over the flat list.
//!
//! The one rule: a key has a standing before it has a value, so whatever no table knows is
//! refused. What is known and not built yet is refused too if it restricts, and else warned about.

mod check;

use super::Documented;
use super::document::{Document, Entry, Value};
use super::problems::{Place, Problems, Read, Reported};
use super::values::{Written, Wrong};
use std::collections::BTreeMap;

/// A setting that is known, and what the documentation says of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// The key without the section's prefix. One that ends in `*` stands for any that begins so.
    pub(super) suffix: &'static str,
    /// Whether its place is the keystore.
    pub(super) is_secure: bool,
    pub(super) standing: Standing,
    /// What holds where it is left out; empty where nothing does.
    pub(super) default: &'static str,
    /// What it does, in one sentence.
    pub(super) meaning: &'static str,
}

impl Setting {
    /// What is said of it to users; nothing of one that is never taken. `prefix` is the section's.
    pub(super) fn documented(&self, prefix: &str) -> Option<Documented> {
        let note = match (self.is_secure, self.standing) {
            (_, Standing::Refused(_)) => return None,
            (false, Standing::Served) => "",
            (true, Standing::Served) => " *Secret.*",
            (false, Standing::NotYet) => " *Not supported yet: refused.*",
            (true, Standing::NotYet) => " *Secret. Not supported yet: refused.*",
            (false, Standing::NoEffect) => " *No effect yet.*",
            (true, Standing::NoEffect) => " *Secret. No effect yet.*",
            (false, Standing::NeverEffect) => " *No effect.*",
            (true, Standing::NeverEffect) => " *Secret. No effect.*",
        };
        Some(Documented {
            key: format!("{prefix}{}", self.suffix),
            default: self.default,
            meaning: format!("{}{note}", self.meaning),
        })
    }
}

/// What becomes of a known setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Acted on.
    Served,
    /// Refused until it is built: without it more would be let in.
    NotYet,
    /// Taken without effect until it is built, which a warning says: its absence lets nobody in.
    NoEffect,
    /// Taken without effect for good, which a warning says: there is nothing that it could tune.
    NeverEffect,
    /// Refused for good, and why.
    Refused(&'static str),
}

/// One line of a table.
pub(super) const fn row(
    suffix: &'static str,
    standing: Standing,
    default: &'static str,
    meaning: &'static str,
) -> Setting {
    Setting { suffix, is_secure: false, standing, default, meaning }
}

/// One line of a table, of a secure setting.
pub(super) const fn secure(
    suffix: &'static str,
    standing: Standing,
    default: &'static str,
    meaning: &'static str,
) -> Setting {
    Setting { suffix, is_secure: true, standing, default, meaning }
}

/// What is wrong with a setting that restricts and is not built yet.
pub(super) const NOT_YET: &str = "not supported yet";

/// How much of a section counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// Names and values.
    All,
    /// The names alone: of a realm that is disabled.
    NamesOnly,
}

/// What is said of a setting that is taken and does nothing.
pub(super) const NO_EFFECT: &str = "the setting has no effect";

/// The settings of one prefix.
pub(super) type Table = &'static [Setting];

fn known(table: Table, suffix: &str) -> Option<&'static Setting> {
    let knows = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => suffix.len() > start.len() && suffix.starts_with(start),
        None => suffix == pattern,
    };
    table.iter().find(|known| knows(known.suffix))
}

/// Whether `suffix` is no setting itself but others begin with it and a dot.
fn is_group(table: Table, suffix: &str) -> bool {
    let begins =
        |pattern: &str| pattern.strip_prefix(suffix).is_some_and(|rest| rest.starts_with('.'));
    suffix.is_empty() || table.iter().any(|known| begins(known.suffix))
}

/// The settings under one prefix.
pub(super) struct Section<'d> {
    /// Ends in a dot.
    prefix: String,
    entries: BTreeMap<&'d str, &'d Entry>,
    /// The first line, if there is any.
    first: Option<usize>,
    table: Table,
}

impl<'d> Section<'d> {
    /// What stands under `prefix`, which ends in a dot, or at it.
    pub(super) fn new(prefix: &str, document: &'d Document, table: Table) -> Self {
        let here = |key: &str| key.starts_with(prefix) || prefix.strip_suffix('.') == Some(key);
        let entries: Vec<_> = document.entries.iter().filter(|entry| here(&entry.key)).collect();
        let groups = document.groups.iter().filter(|(key, _)| here(key));
        let lines = groups.map(|(_, line)| *line).chain(entries.iter().map(|entry| entry.line));
        let first = lines.min();
        Self::of(prefix.to_owned(), entries, first, table)
    }

    /// The entries under `prefix`, which ends in a dot, or at it; `first` is the first line.
    pub(super) fn of(
        prefix: String,
        entries: impl IntoIterator<Item = &'d Entry>,
        first: Option<usize>,
        table: Table,
    ) -> Self {
        let suffix = |entry: &'d Entry| entry.key.get(prefix.len()..).unwrap_or_default();
        let entries = entries.into_iter().map(|entry| (suffix(entry), entry)).collect();
        Self { prefix, entries, first, table }
    }

    /// What stands before every setting; ends in a dot.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The full key of the setting `suffix`; without one, of the section itself.
    pub(super) fn key(&self, suffix: &str) -> String {
        if suffix.is_empty() {
            return self.prefix.trim_end_matches('.').to_owned();
        }
        format!("{}{suffix}", self.prefix)
    }

    /// The suffixes of the settings that begin with `start`.
    pub(super) fn under<'s>(&'s self, start: &'s str) -> impl Iterator<Item = &'d str> + 's {
        self.entries.keys().copied().filter(move |suffix| suffix.starts_with(start))
    }

    /// Whether the setting stands in the file, whatever its value.
    pub(super) fn has(&self, suffix: &str) -> bool {
        self.entries.contains_key(suffix)
    }

    /// Whether the setting is written as an empty text.
    pub(super) fn is_empty_text(&self, suffix: &str) -> bool {
        let value = self.entries.get(suffix).map(|entry| &entry.value);
        matches!(value, Some(Value::Text(text)) if text.is_empty())
    }

    /// What may be printed of a value that the setting has.
    pub(super) fn shown(&self, suffix: &str, value: &impl ToString) -> String {
        let value = value.to_string();
        match self.entries.get(suffix) {
            Some(entry) => written(entry, &value).to_string(),
            None => value,
        }
    }

    /// Where the setting stands, or else where the section begins.
    pub(super) fn place(&self, suffix: &str) -> Place {
        let line = self.entries.get(suffix).map(|entry| entry.line).or(self.first);
        line.map_or(Place::File, Place::Line)
    }

    /// Records that the setting `suffix`, or its absence, is wrong.
    pub(super) fn wrong(
        &self,
        suffix: &str,
        what: impl Into<String>,
        problems: &mut Problems,
    ) -> Reported {
        problems.report(self.place(suffix), Some(&self.key(suffix)), what)
    }

    /// The text of a setting.
    pub(super) fn text(&self, suffix: &str, problems: &mut Problems) -> Read<Option<Written<'d>>> {
        debug_assert!(self.is_readable(suffix), "{suffix}");
        let Some(entry) = self.entries.get(suffix) else { return Ok(None) };
        match &entry.value {
            Value::Text(text) => Ok(Some(written(entry, text))),
            Value::Broken(reported) => Err(*reported),
            Value::List(_) | Value::Nested | Value::Empty => {
                Err(self.wrong(suffix, "expected a single value", problems))
            }
        }
    }

    /// The texts of a list: those of a YAML list as they are, those of a comma string trimmed.
    pub(super) fn list(
        &self,
        suffix: &str,
        problems: &mut Problems,
    ) -> Read<Option<Vec<Written<'d>>>> {
        debug_assert!(self.is_readable(suffix), "{suffix}");
        let Some(entry) = self.entries.get(suffix) else { return Ok(None) };
        match &entry.value {
            Value::Text(text) => {
                let whole = written(entry, text);
                Ok(Some(split(text).into_iter().map(|part| whole.part(part)).collect()))
            }
            Value::List(texts) => Ok(Some(texts.iter().map(|text| written(entry, text)).collect())),
            Value::Broken(reported) => Err(*reported),
            Value::Nested | Value::Empty => {
                Err(self.wrong(suffix, "expected a list of single values", problems))
            }
        }
    }

    /// A setting as `parse` reads it from its key and text.
    pub(super) fn value<T>(
        &self,
        suffix: &str,
        problems: &mut Problems,
        parse: impl FnOnce(&str, Written<'_>) -> Result<T, Wrong>,
    ) -> Read<Option<T>> {
        let Some(text) = self.text(suffix, problems)? else { return Ok(None) };
        let value = parse(&self.key(suffix), text);
        value.map(Some).map_err(|what| self.wrong(suffix, what, problems))
    }

    /// Whether the table has this setting as one of the file's.
    fn is_readable(&self, suffix: &str) -> bool {
        known(self.table, suffix).is_some_and(|known| !known.is_secure)
    }
}

fn written<'t>(entry: &Entry, text: &'t str) -> Written<'t> {
    if entry.from_environment { Written::from_environment(text) } else { text.into() }
}

/// The parts of a comma string. Java's `split` drops the empty ones at the end.
fn split(text: &str) -> Vec<&str> {
    let mut parts: Vec<_> = text.split(',').collect();
    while parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    parts.into_iter().map(str::trim).collect()
}
