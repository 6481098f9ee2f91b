//! The settings under `xpack.security.` that are no realm's, and every key that stands under no
//! known root.
//!
//! The one rule: what Elasticsearch knows and has no meaning here is listed, so that it is taken
//! with one warning, and a misspelt key is not.

use super::document::{Document, Entry, Value};
use super::nearest::did_you_mean;
use super::problems::{Place, Problems, Read};
use super::section::Standing::Served;
use super::section::{Section, Table, row};
use super::service;
use super::values::boolean;
use std::collections::BTreeMap;

/// What stands before every setting of Elasticsearch's security.
pub(super) const PREFIX: &str = "xpack.security.";

const RUN_AS: &str = "authc.run_as.enabled";

/// What is acted on.
pub(super) const TABLE: Table =
    &[row(RUN_AS, Served, "true", "Whether a user who may can act as another.")];

/// What is read elsewhere.
const REALMS: &str = "authc.realms.*";

/// What has no meaning here: it is about Elasticsearch's own listeners, its own users and other ways
/// to authenticate, or what a user may do there. Some of it restricts who reaches those listeners;
/// here Envoy's stand in their place, and nothing of this reaches them.
const WITHOUT_MEANING: [&str; 37] = [
    "audit.*",
    "authc.anonymous.*",
    "authc.api_key.*",
    "authc.cluster_state_role_mappings.*",
    "authc.domains.*",
    "authc.native_roles.*",
    "authc.native_users.*",
    "authc.password_hashing.*",
    "authc.reserved_realm.*",
    "authc.service_token.*",
    "authc.service_token_hashing.*",
    "authc.success_cache.*",
    "authc.token.*",
    "authz.*",
    "autoconfiguration.*",
    "automata.*",
    "crypto.*",
    "dls.*",
    "dls_fls.*",
    "enabled",
    "encryption.*",
    "encryption_key.*",
    "enrollment.*",
    "filter.*",
    "fips_mode.*",
    "hide_settings",
    "http.filter.*",
    "http.ssl.*",
    "operator_privileges.*",
    "remote_cluster.filter.*",
    "remote_cluster_client.ssl.*",
    "remote_cluster_server.ssl.*",
    "reserved_roles.*",
    "ssl.diagnose.*",
    "transport.filter.*",
    "transport.ssl.*",
    "user",
];

const NO_MEANING: &str = "the setting has no meaning here: it is about Elasticsearch itself";

/// How alike a key's beginning must be to a known one, in percent, to be taken for it.
/// Elasticsearch's own measure.
const ALIKE: usize = 70;

/// Whether users may act as others. Every key that no realm and no table of ours reads is recorded.
pub(super) fn run_as(document: &Document, problems: &mut Problems) -> Read<bool> {
    let known = check_keys(document, problems);
    let section = Section::new(PREFIX, document, TABLE);
    let enabled = section.value(RUN_AS, problems, boolean)?;
    known?;
    Ok(enabled.unwrap_or(true))
}

fn check_keys(document: &Document, problems: &mut Problems) -> Read<()> {
    let mut checked = Ok(());
    // Each setting or group of them, and its first line.
    let mut without_meaning: BTreeMap<&str, usize> = BTreeMap::new();
    let mut met = |group: &'static str, line: usize| {
        let first = without_meaning.entry(group).or_insert(line);
        *first = line.min(*first);
    };
    for entry in &document.entries {
        match known(entry) {
            Known::Read => {}
            Known::WithoutMeaning(group) => met(group, entry.line),
            Known::Not if matches!(entry.value, Value::Broken(_)) => {}
            Known::Not => {
                let what = unknown(&entry.key, problems);
                checked = Err(problems.report(Place::Line(entry.line), Some(&entry.key), what));
            }
        }
    }
    for (key, line) in &document.groups {
        if let Some(group) = key.strip_prefix(PREFIX).and_then(|suffix| without(suffix, true)) {
            met(group, *line);
        }
    }
    for (group, line) in without_meaning {
        problems.warn(Place::Line(line), &format!("{PREFIX}{group}"), NO_MEANING);
    }
    checked
}

enum Known {
    /// Here or elsewhere.
    Read,
    /// The setting's suffix, or its group's.
    WithoutMeaning(&'static str),
    Not,
}

fn known(Entry { key, value, .. }: &Entry) -> Known {
    let group = format!("{key}.");
    let is_ours = key.starts_with(service::PREFIX) || group == service::PREFIX;
    // A mapping without members, where others have some.
    let is_group = |known: &str| format!("{PREFIX}{known}").starts_with(&group);
    if is_ours || (*value == Value::Empty && all().any(is_group)) {
        return Known::Read;
    }
    let Some(suffix) = key.strip_prefix(PREFIX) else { return Known::Not };
    if suffix == RUN_AS || is_under(REALMS, suffix) {
        return Known::Read;
    }
    without(suffix, false).map_or(Known::Not, Known::WithoutMeaning)
}

/// The setting without meaning that this is, or the group in which it is; with `is_group` also the
/// group that it is.
fn without(suffix: &str, is_group: bool) -> Option<&'static str> {
    WITHOUT_MEANING.into_iter().find_map(|known| match known.strip_suffix(".*") {
        Some(group) if is_under(known, suffix) || (is_group && suffix == group) => Some(group),
        None if suffix == known => Some(known),
        _ => None,
    })
}

/// Every setting and group that there is.
fn all() -> impl Iterator<Item = &'static str> {
    WITHOUT_MEANING.into_iter().chain([RUN_AS, REALMS])
}

fn is_under(group: &str, suffix: &str) -> bool {
    suffix.starts_with(group.trim_end_matches('*'))
}

/// What is wrong with a key that nobody reads.
fn unknown(key: &str, problems: &mut Problems) -> String {
    let nearest = match key.strip_prefix(PREFIX) {
        Some(suffix) => {
            let first = |key: &'static str| key.split('.').next();
            let begins = |key: &&'static str| suffix.split('.').next() == first(key);
            // A key that begins as others do is one of theirs, and not of a group that is like it.
            let has_kin = all().any(|key| begins(&key));
            let kin = all().filter(|key| !has_kin || begins(key));
            let nearest = problems.nearest(suffix, kin, ALIKE);
            did_you_mean(nearest.map(|suffix| format!("{PREFIX}{suffix}")).as_deref())
        }
        None => match problems.nearest(key, ["xpack.security.*", "realmgate.*"], ALIKE) {
            Some(nearest) => did_you_mean(Some(&nearest)),
            None => ": only [xpack.security.*] and [realmgate.*] are read here".to_owned(),
        },
    };
    format!("unknown setting [{key}]{nearest}")
}

#[cfg(test)]
mod tests;
