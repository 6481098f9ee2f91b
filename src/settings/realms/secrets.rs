//! What the keystore holds beside the secrets of the served realms and of `realmgate.*`.
//!
//! The one rule: a Secret may serve Elasticsearch too, so what nobody here asks for refuses
//! nothing, unless it is so like something that is asked for that it was hardly meant otherwise.

use super::found::is_of_a_realm;
use crate::settings::keystore::Keystore;
use crate::settings::nearest::did_you_mean;
use crate::settings::problems::{Place, Problems, Read};
use crate::settings::realm;
use crate::settings::section::Table;
use crate::settings::service;

/// How alike two full keys must be, in percent, for the one to be taken for the other. Much of a
/// full key is the same in most of them.
const ALIKE: usize = 85;

/// Warns of every entry that is neither of a realm with one of the `served` prefixes nor of
/// `realmgate.*`, and records those that misspell one which is.
pub(super) fn check_others(
    keystore: &Keystore,
    served: &[&str],
    problems: &mut Problems,
) -> Read<()> {
    let mut checked = Ok(());
    let known = known(served);
    let is_ours = |key: &str| {
        key.starts_with(service::PREFIX) || served.iter().any(|own| key.starts_with(own))
    };
    for key in keystore.keys().filter(|key| !is_ours(key)) {
        let place = Place::Secret(key.to_owned());
        let nearest = if is_of_a_realm(key) {
            None // Of a realm that is not served, or is not there.
        } else {
            problems.nearest(key, known.iter().map(String::as_str), ALIKE)
        };
        if nearest.is_some() {
            let nearest = did_you_mean(nearest.as_deref());
            let what = format!("unknown secure setting [{key}]{nearest}");
            checked = Err(problems.report(place, Some(key), what));
        } else {
            let what = "no served realm has this secure setting; it has no effect";
            problems.warn(place, key, what);
        }
    }
    checked
}

/// The full keys of every secret that is asked for.
fn known(served: &[&str]) -> Vec<String> {
    let of = |prefix: &str, table: Table| -> Vec<String> {
        let secure = table.iter().filter(|known| known.is_secure);
        secure.map(|known| format!("{prefix}{}", known.suffix)).collect()
    };
    let realms = served.iter().flat_map(|prefix| of(prefix, realm::TABLE));
    realms.chain(of(service::PREFIX, service::TABLE)).collect()
}
