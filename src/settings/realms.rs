//! The realms of a configuration: which there are, which are served, and in which order.
//!
//! The one rule: names and orders are unique among the enabled realms, and there is at least one
//! that authenticates.

use super::document::{Document, Entry, Value};
use super::keystore::Keystore;
use super::problems::{Place, Problems, Read};
use super::realm::{self, JwtRealm};
use super::section::{Checked, NOT_YET, Section};
use super::service;
use super::values::{boolean, integer};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What stands before every realm's type.
const REALMS: &str = "xpack.security.authc.realms.";

/// Elasticsearch's other realm types.
const OTHER_TYPES: [&str; 8] =
    ["active_directory", "file", "kerberos", "ldap", "native", "oidc", "pki", "saml"];

/// Reads all realms. What stands under neither root, and every secret of no served realm, is
/// recorded too.
pub(super) fn read(
    document: &Document,
    keystore: &Keystore,
    folder: &Path,
    problems: &mut Problems,
) -> Read<Vec<JwtRealm>> {
    let mut chain = Chain::default();
    for name in names(document, problems) {
        let prefix = format!("{}{name}.", realm::PREFIX);
        let section = Section::new(&prefix, document, realm::TABLE);
        if !is_name(name) {
            let what = format!("realm name [{name}] must consist of A-Z, a-z, 0-9, [_] and [-]");
            chain.realms.push(Err(section.wrong("", what, problems)));
        } else if is_enabled(&section, problems) {
            chain.add(name, &section, keystore, folder, problems);
            chain.served.push(prefix);
        } else if let Err(reported) = section.check_keys(Checked::NamesOnly, problems) {
            chain.realms.push(Err(reported));
        }
    }
    chain.warn_of_other_secrets(keystore, problems);
    if chain.realms.is_empty() {
        let key = REALMS.trim_end_matches('.');
        let what = "no realm that authenticates is configured and enabled";
        return Err(problems.report(Place::File, Some(key), what));
    }
    let mut realms = chain.realms.into_iter().collect::<Read<Vec<_>>>()?;
    realms.sort_by_key(|realm| realm.order);
    Ok(realms)
}

#[derive(Default)]
struct Chain<'d> {
    realms: Vec<Read<JwtRealm>>,
    /// Who has each order.
    orders: BTreeMap<i32, &'d str>,
    /// The prefixes of the realms that are served.
    served: Vec<String>,
}

impl<'d> Chain<'d> {
    fn add(
        &mut self,
        name: &'d str,
        section: &Section<'_>,
        keystore: &Keystore,
        folder: &Path,
        problems: &mut Problems,
    ) {
        let order = self.order(name, section, problems);
        self.realms.push(realm::read(name, order, section, keystore, folder, problems));
    }

    fn order(
        &mut self,
        name: &'d str,
        section: &Section<'_>,
        problems: &mut Problems,
    ) -> Read<i32> {
        let Some(order) = section.value("order", problems, integer)? else {
            let what = format!(
                "'order' is a mandatory parameter for realm config. \
                 Found invalid config for realm: '{name}'"
            );
            return Err(section.wrong("order", what, problems));
        };
        match self.orders.insert(order, name) {
            None => Ok(order),
            Some(other) => {
                let what = format!(
                    "Found multiple realms configured with the same order: \
                     [{other}] and [{name}] with [{order}]"
                );
                Err(section.wrong("order", what, problems))
            }
        }
    }

    /// A Secret may serve Elasticsearch too, so what nobody here asks for refuses nothing.
    fn warn_of_other_secrets(&self, keystore: &Keystore, problems: &mut Problems) {
        let is_ours = |key: &str| {
            key.starts_with(service::PREFIX) || self.served.iter().any(|own| key.starts_with(own))
        };
        for key in keystore.keys().filter(|key| !is_ours(key)) {
            let what = "no served realm has this secure setting; it has no effect";
            problems.warn(Place::Secret(key.to_owned()), key, what);
        }
    }
}

/// The names of the JWT realms. Every key that stands elsewhere is recorded.
fn names<'d>(document: &'d Document, problems: &mut Problems) -> Vec<&'d str> {
    let mut seen = BTreeSet::new();
    let mut names = Vec::new();
    for entry in &document.entries {
        let key = entry.key.as_str();
        if let Some(rest) = key.strip_prefix(realm::PREFIX) {
            let name = rest.split('.').next().unwrap_or_default();
            // A realm without settings is none, in Elasticsearch too.
            if (rest != name || entry.value != Value::Empty) && seen.insert(name) {
                names.push(name);
            }
        } else if let Some(what) = elsewhere(entry) {
            problems.report(Place::Line(entry.line), Some(key), what);
        }
    }
    names
}

/// What is wrong with a setting of no JWT realm, if it is none of `realmgate.*` either: those the
/// service's own table judges.
fn elsewhere(Entry { key, value, .. }: &Entry) -> Option<String> {
    let group = format!("{key}.");
    let is_ours = key.starts_with(service::PREFIX) || group == service::PREFIX;
    let is_empty_root = *value == Value::Empty && realm::PREFIX.starts_with(&group);
    let is_other_type = |rest: &str| OTHER_TYPES.contains(&rest.split('.').next().unwrap_or(rest));
    if is_ours || is_empty_root {
        None
    } else if key.strip_prefix(REALMS).is_some_and(is_other_type) {
        Some(NOT_YET.to_owned())
    } else {
        Some(format!("unknown setting [{key}]"))
    }
}

fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !name.is_empty() && name.bytes().all(is_allowed)
}

/// A realm is enabled unless it says otherwise, and in order that all problems are found also
/// where it says nothing that can be read.
fn is_enabled(section: &Section<'_>, problems: &mut Problems) -> bool {
    !matches!(section.value("enabled", problems, boolean), Ok(Some(false)))
}
