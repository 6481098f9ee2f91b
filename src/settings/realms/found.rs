//! Which realms a document holds: each with its type, its name and what stands under it.
//!
//! The one rule: a realm's type is one of Elasticsearch's, or the key is misspelt.

use crate::settings::document::{Document, Entry, Value};
use crate::settings::nearest::{ALIKE, did_you_mean};
use crate::settings::problems::{Place, Problems};
use crate::settings::section::{Section, Table};
use std::collections::HashMap;

/// What stands before every realm's type.
pub(super) const REALMS: &str = "xpack.security.authc.realms.";

/// Elasticsearch's realm types.
const TYPES: [&str; 9] =
    ["active_directory", "file", "jwt", "kerberos", "ldap", "native", "oidc", "pki", "saml"];

/// A realm that has settings.
pub(super) struct Found<'d> {
    pub(super) kind: &'d str,
    pub(super) name: &'d str,
    entries: Vec<&'d Entry>,
    /// Its first line.
    line: usize,
}

impl<'d> Found<'d> {
    /// The full key of the realm.
    pub(super) fn key(&self) -> String {
        format!("{REALMS}{}.{}", self.kind, self.name)
    }

    /// Its settings.
    pub(super) fn section(&self, table: Table) -> Section<'d> {
        let prefix = format!("{}.", self.key());
        Section::of(prefix, self.entries.iter().copied(), Some(self.line), table)
    }
}

/// Every realm, in the order in which they begin. What stands under no known type is recorded.
pub(super) fn find<'d>(document: &'d Document, problems: &mut Problems) -> Vec<Found<'d>> {
    let mut realms: Vec<Found<'d>> = Vec::new();
    let mut places = HashMap::new();
    for entry in &document.entries {
        let Some(rest) = entry.key.strip_prefix(REALMS) else { continue };
        let Some((kind, name)) = realm(rest, entry, problems) else { continue };
        let place = *places.entry((kind, name)).or_insert_with(|| {
            realms.push(Found { kind, name, entries: Vec::new(), line: entry.line });
            realms.len() - 1
        });
        realms[place].entries.push(entry);
        realms[place].line = realms[place].line.min(entry.line);
    }
    for (key, line) in &document.groups {
        let names = key.strip_prefix(REALMS).and_then(|rest| rest.split_once('.'));
        let names = names.map(|(kind, rest)| (kind, first_part(rest)));
        if let Some(place) = names.and_then(|names| places.get(&names)) {
            realms[*place].line = realms[*place].line.min(*line);
        }
    }
    realms
}

/// The type and the name of the realm that a setting belongs to, if it does to one. `rest` is what
/// follows [`REALMS`].
fn realm<'d>(rest: &'d str, entry: &Entry, problems: &mut Problems) -> Option<(&'d str, &'d str)> {
    let kind = first_part(rest);
    let behind = rest[kind.len()..].strip_prefix('.');
    let what = match behind {
        _ if !TYPES.contains(&kind) => {
            let nearest = problems.nearest(kind, TYPES, ALIKE);
            let nearest = nearest.map(|known| format!("{REALMS}{known}{}", &rest[kind.len()..]));
            format!("unknown setting [{}]{}", entry.key, did_you_mean(nearest.as_deref()))
        }
        // A realm without settings is none, in Elasticsearch too.
        None if entry.value == Value::Empty => return None,
        Some(name) if entry.value == Value::Empty && !name.contains('.') => return None,
        Some(rest) => return Some((kind, first_part(rest))),
        None => format!("unknown setting [{}]", entry.key),
    };
    problems.report(Place::Line(entry.line), Some(&entry.key), what);
    None
}

/// Whether a full key could be a setting of a realm of some known type.
pub(super) fn is_of_a_realm(key: &str) -> bool {
    let parts = key.strip_prefix(REALMS).map(|rest| rest.splitn(3, '.').collect::<Vec<_>>());
    matches!(parts.as_deref(), Some([kind, _, _]) if TYPES.contains(kind))
}

fn first_part(text: &str) -> &str {
    text.split('.').next().unwrap_or(text)
}
