//! The realms of a configuration: which there are, which are served, and in which order.
//!
//! The one rule: names and orders are unique among the enabled realms of all types, and there is at
//! least one that authenticates.

mod found;
mod secrets;

use super::document::Document;
use super::files::Files;
use super::keystore::Keystore;
use super::problems::{Place, Problems, Read};
use super::realm::{self, JwtRealm};
use super::section::Standing::Served;
use super::section::{Checked, Section, Table, row};
use super::values::{boolean, integer};
use crate::engine::token::keys::KeySet;
use found::{Found, REALMS};
use std::collections::BTreeMap;

const JWT: &str = "jwt";

/// Of which type there is at most one realm, and the name of the one that stands first in the chain
/// where none is configured.
const LOOK_UP: [(&str, &str); 2] = [("file", "default_file"), ("native", "default_native")];

/// What is read of a realm whose type is not served.
const OTHER: Table = &[row("order", Served, "", ""), row("enabled", Served, "", "")];

/// Reads all realms. Every secret of no served realm is recorded too.
pub(super) fn read(
    document: &Document,
    keystore: &Keystore,
    files: Files<'_>,
    problems: &mut Problems,
) -> Read<Vec<JwtRealm>> {
    let found = found::find(document, problems);
    let mut chain = Chain::new(&found);
    for realm in &found {
        let checked = chain.add(realm, keystore, files, problems);
        chain.checked = chain.checked.and(checked);
    }
    let delegated = chain.check_delegation(problems);
    let served: Vec<_> = chain.jwt.iter().map(|jwt| jwt.section.prefix()).collect();
    let known = secrets::check_others(keystore, &served, problems);
    if !chain.authenticates {
        let key = REALMS.trim_end_matches('.');
        let what = "no realm that authenticates is configured and enabled";
        return Err(problems.report(Place::File, Some(key), what));
    }
    chain.checked.and(delegated).and(known)?;
    chain.warn_of_unusable_keys(problems);
    let mut realms = chain.jwt.into_iter().map(|jwt| jwt.realm).collect::<Read<Vec<_>>>()?;
    realms.sort_by_key(|realm| realm.order);
    Ok(realms)
}

/// A JWT realm that is enabled.
struct Jwt<'d> {
    section: Section<'d>,
    realm: Read<JwtRealm>,
}

struct Chain<'d> {
    jwt: Vec<Jwt<'d>>,
    /// Whether a realm that authenticates is configured and enabled, be it right or wrong.
    authenticates: bool,
    /// Who had each order first.
    orders: BTreeMap<i32, &'d str>,
    /// Who has each name: types, the first one's first.
    names: BTreeMap<&'d str, Vec<&'d str>>,
    /// How many realms there are of each type, disabled ones too.
    kinds: BTreeMap<&'d str, usize>,
    checked: Read<()>,
}

impl<'d> Chain<'d> {
    fn new(found: &[Found<'d>]) -> Self {
        let stands = |kind: &str| found.iter().all(|realm| realm.kind != kind);
        let defaults = LOOK_UP.into_iter().filter(|(kind, _)| stands(kind));
        Self {
            jwt: Vec::new(),
            authenticates: false,
            orders: BTreeMap::new(),
            names: defaults.map(|(kind, name)| (name, vec![kind])).collect(),
            kinds: BTreeMap::new(),
            checked: Ok(()),
        }
    }

    fn add(
        &mut self,
        found: &Found<'d>,
        keystore: &Keystore,
        files: Files<'_>,
        problems: &mut Problems,
    ) -> Read<()> {
        let is_jwt = found.kind == JWT;
        let section = found.section(if is_jwt { realm::TABLE } else { OTHER });
        let alone = self.check_kind(found, &section, problems);
        let is_enabled = is_enabled(&section, problems);
        self.authenticates |= is_jwt && is_enabled;
        let alone = alone.and(check_name(found.name, &section, problems));
        if is_enabled {
            let unique = self.check_unique(found, &section, problems);
            let order = self.order(found.name, &section, problems);
            if is_jwt {
                let realm = realm::read(found.name, order, &section, keystore, files, problems);
                self.jwt.push(Jwt { section, realm });
                return alone.and(unique);
            }
            return alone.and(unique).and(order).and(not_served(found, &section, problems));
        }
        if is_jwt { alone.and(section.check_keys(Checked::NamesOnly, problems)) } else { alone }
    }

    /// Elasticsearch counts disabled ones too.
    fn check_kind(
        &mut self,
        Found { kind, .. }: &Found<'d>,
        section: &Section<'_>,
        problems: &mut Problems,
    ) -> Read<()> {
        let count = self.kinds.entry(kind).or_default();
        *count += 1;
        if *count == 1 || LOOK_UP.iter().all(|(only, _)| only != kind) {
            return Ok(());
        }
        let what = format!(
            "multiple [{kind}] realms are configured. [{kind}] is an internal realm and therefore \
             there can only be one such realm configured"
        );
        Err(section.wrong("", what, problems))
    }

    fn check_unique(
        &mut self,
        found: &Found<'d>,
        section: &Section<'_>,
        problems: &mut Problems,
    ) -> Read<()> {
        let name = found.name;
        if name.starts_with('_') {
            let what = format!("Found realm name with reserved prefix [_]: [{}].", found.key());
            problems.warn(section.place(""), &found.key(), what);
        }
        let kinds = self.names.entry(name).or_default();
        kinds.push(found.kind);
        if kinds.len() == 1 {
            return Ok(());
        }
        let keys: Vec<_> = kinds.iter().map(|kind| format!("{REALMS}{kind}.{name}")).collect();
        let what = format!(
            "Found multiple realms configured with the same name: {name}: [{}]",
            keys.join(", ")
        );
        Err(section.wrong("", what, problems))
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
        let first = *self.orders.entry(order).or_insert(name);
        if first == name {
            return Ok(order);
        }
        let what = format!(
            "Found multiple realms configured with the same order: {}: [{first}, {name}]",
            section.shown("order", &order),
        );
        Err(section.wrong("order", what, problems))
    }

    /// Checks that every realm in which users are looked up is there, is served, and looks them up
    /// itself.
    fn check_delegation(&self, problems: &mut Problems) -> Read<()> {
        let mut checked = Ok(());
        for Jwt { section, realm } in &self.jwt {
            let Ok(realm) = realm else { continue };
            for name in &realm.authorization_realms {
                let shown = section.shown(AUTHORIZATION_REALMS, name);
                if let Some(what) = self.no_look_up(name, &shown) {
                    checked = Err(section.wrong(AUTHORIZATION_REALMS, what, problems));
                }
            }
        }
        checked
    }

    /// Names the realms that deny whoever comes to them for want of a key. What public keys there
    /// are is known when they are read.
    fn warn_of_unusable_keys(&self, problems: &mut Problems) {
        let none = KeySet::default();
        for Jwt { section, realm } in &self.jwt {
            let Ok(realm) = realm else { continue };
            if realm.keys.public.is_none() && !realm.has_usable_key(&none) {
                realm::warn_of_no_usable_key(section, problems);
            }
        }
    }

    /// Why no user can be looked up in the realm `name`, if so; `shown` is what may be printed of
    /// that.
    fn no_look_up(&self, name: &str, shown: &str) -> Option<String> {
        let Some(kind) = self.names.get(name).and_then(|kinds| kinds.first()) else {
            let what = "does not exist (or is not enabled)";
            return Some(format!("configured authorization realm [{shown}] {what}"));
        };
        if LOOK_UP.iter().any(|(look_up, _)| look_up == kind) {
            return None;
        }
        if *kind != JWT {
            return Some(format!(
                "configured authorization realm [{shown}] is of type [{kind}], which is not served"
            ));
        }
        let target = self.jwt.iter().find_map(|jwt| {
            let realm = jwt.realm.as_ref().ok().filter(|realm| realm.name == name)?;
            Some((&jwt.section, &realm.authorization_realms))
        });
        let (section, others) = target.filter(|(_, others)| !others.is_empty())?;
        let others = section.shown(AUTHORIZATION_REALMS, &others.join(", "));
        Some(format!(
            "cannot use realm [{kind}/{shown}] as an authorization realm - it is already \
             delegating authorization to [[{others}]]"
        ))
    }
}

const AUTHORIZATION_REALMS: &str = "authorization_realms";

fn check_name(name: &str, section: &Section<'_>, problems: &mut Problems) -> Read<()> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !name.is_empty() && name.bytes().all(is_allowed) {
        return Ok(());
    }
    let what = format!("realm name [{name}] must consist of A-Z, a-z, 0-9, [_] and [-]");
    Err(section.wrong("", what, problems))
}

/// Says once that a realm of another type does nothing here.
fn not_served(found: &Found<'_>, section: &Section<'_>, problems: &mut Problems) -> Read<()> {
    let (key, kind) = (found.key(), found.kind);
    if section.has("") {
        return Err(section.wrong("", format!("unknown setting [{key}]"), problems));
    }
    let what = format!("the realm has no effect: realms of type [{kind}] are not served");
    problems.warn(section.place(""), &key, what);
    Ok(())
}

/// A realm is enabled unless it says otherwise, and in order that all problems are found also
/// where it says nothing that can be read.
fn is_enabled(section: &Section<'_>, problems: &mut Problems) -> bool {
    !matches!(section.value("enabled", problems, boolean), Ok(Some(false)))
}

#[cfg(test)]
mod tests;
