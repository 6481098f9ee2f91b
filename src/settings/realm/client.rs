//! What a client must present to a realm, before any token of its users is looked at.
//!
//! The one rule: a secret and the type `shared_secret` belong together, and neither stands alone.

use crate::engine::Secret;
use crate::settings::keystore::Keystore;
use crate::settings::problems::{Place, Problems, Read};
use crate::settings::section::Section;
use crate::settings::values::{Time, choice};
use std::time::Duration;

/// What a client must present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSettings {
    /// The shared secret; without it every client is taken.
    pub secret: Option<Secret>,
    /// How long the previous secret still holds after a change; nothing if it ends at once.
    pub rotation_grace_period: Duration,
}

const TYPE: &str = "client_authentication.type";
const SECRET: &str = "client_authentication.shared_secret";

/// Reads `client_authentication.*`. `known` tells whether a secret was found in the wrong place.
pub(super) fn read(
    section: &Section<'_>,
    keystore: &Keystore,
    known: Read<()>,
    problems: &mut Problems,
) -> Read<ClientSettings> {
    const GRACE: &str = "client_authentication.rotation_grace_period";
    let grace = section.value(GRACE, problems, Time::parse);
    let secret = secret(section, keystore, known, problems);
    let grace = grace?.map_or(Duration::from_secs(60), Time::duration);
    Ok(ClientSettings { secret: secret?, rotation_grace_period: grace })
}

fn secret(
    section: &Section<'_>,
    keystore: &Keystore,
    known: Read<()>,
    problems: &mut Problems,
) -> Read<Option<Secret>> {
    let types = [("none", false), ("shared_secret", true)];
    let needs_secret = section.value(TYPE, problems, choice(&types));
    let key = section.key(SECRET);
    let stored = keystore.secret(&key, problems)?;
    let type_key = section.key(TYPE);
    match (needs_secret?.unwrap_or(true), stored) {
        (true, Some(stored)) => Ok(Some(stored.secret)),
        (true, None) => {
            if section.has(SECRET) {
                known?; // It stands in the wrong place, which was said.
            }
            let what = format!(
                "Missing setting for [{key}]. \
                 It is required when setting [{type_key}] is [shared_secret]"
            );
            Err(problems.report(section.place(SECRET), Some(&key), what))
        }
        (false, Some(_)) => {
            let what =
                format!("Setting [{key}] is not supported, because setting [{type_key}] is [none]");
            Err(problems.report(Place::Secret(key.clone()), Some(&key), what))
        }
        (false, None) => {
            let what = format!(
                "Setting [{type_key}] value [none] may not be secure. \
                 Unauthorized clients may be able to submit JWTs from the same issuer."
            );
            problems.warn(section.place(TYPE), &type_key, what);
            Ok(None)
        }
    }
}
