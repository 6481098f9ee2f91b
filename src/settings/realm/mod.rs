//! One JWT realm's settings: each read, checked by itself and then against the others.
//!
//! The one rule: names, defaults and words are Elasticsearch's. What it knows and we do not act
//! on yet is read and checked all the same, and then refused or warned about by name.

mod back_channel;
mod claims;
mod client;
mod keys;
mod table;
mod token;
mod url;

pub use claims::{Claim, ClaimSettings};
pub use client::ClientSettings;
pub use keys::{HmacKeys, KeyReload, KeySources, PublicKeys};
pub(super) use table::TABLE;
pub use token::{ClockSkew, TokenSettings};

use super::files::Files;
use super::keystore::Keystore;
use super::problems::{Problems, Read, Reported};
use super::section::{Checked, Section};
use super::values::{Time, Written, Wrong, integer_of_at_least};
use crate::engine::token::keys::KeySet;
use crate::jwks::BackChannel;
use std::time::Duration;

/// What stands before a realm's name.
pub(super) const PREFIX: &str = "xpack.security.authc.realms.jwt.";

/// A JWT realm that passed every check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtRealm {
    /// Unique, of letters, digits, `_` and `-`.
    pub name: String,
    /// Unique; the chain's order.
    pub order: i32,
    /// Which tokens are taken.
    pub token: TokenSettings,
    /// What becomes of their claims.
    pub claims: ClaimSettings,
    /// What a client must present.
    pub client: ClientSettings,
    /// What verifies the tokens.
    pub keys: KeySources,
    /// When public keys are looked at again.
    pub key_reload: KeyReload,
    /// How verified tokens are remembered; nothing if they are not.
    pub cache: Option<CacheSettings>,
    /// How public keys are fetched from a URL. Where they come from none, the PEM files that are named
    /// for it are not looked at, and it is as if there were none.
    pub back_channel: BackChannel,
    /// The realms that the user is looked up in, in this order; if there are none the user is made
    /// of the claims.
    pub authorization_realms: Vec<String>,
}

impl JwtRealm {
    /// The whole key of the setting `suffix` of this realm.
    pub fn key(&self, suffix: &str) -> String {
        format!("{PREFIX}{}.{suffix}", self.name)
    }

    /// Whether `other` is the same realm but for what its clients present.
    pub fn is_same_but_for_client_secret(&self, other: &Self) -> bool {
        let secret = other.client.secret.clone();
        let client = ClientSettings { secret, ..self.client.clone() };
        client.secret.is_some() == self.client.secret.is_some()
            && Self { client, ..self.clone() } == *other
    }

    /// Whether some allowed algorithm has a usable key, given the public ones.
    pub(super) fn has_usable_key(&self, public: &KeySet) -> bool {
        let hmac = self.keys.hmac.as_ref().map(HmacKeys::key_set);
        let serves = |keys: &KeySet| {
            self.token.allowed_algorithms.iter().any(|algorithm| keys.serves(*algorithm))
        };
        hmac.is_some_and(|keys| serves(&keys)) || serves(public)
    }
}

/// Nobody can come in for want of a key.
pub(super) const NO_USABLE_KEY: &str = "no_usable_key: no allowed algorithm has a usable key, so authentication will fail until this \
     is fixed";

/// Warns that the realm of this section denies whoever comes to it for want of a key.
pub(super) fn warn_of_no_usable_key(section: &Section<'_>, problems: &mut Problems) {
    problems.warn(section.place(""), &section.key(""), NO_USABLE_KEY);
}

/// How verified tokens are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheSettings {
    /// How long; never nothing.
    pub ttl: Duration,
    /// How many; never none.
    pub size: u32,
}

/// Reads the realm `name`, whose place in the chain is known, from its section. All
/// that is wrong is recorded before giving up.
pub(super) fn read(
    name: &str,
    order: Read<i32>,
    section: &Section<'_>,
    keystore: &Keystore,
    files: Files<'_>,
    problems: &mut Problems,
) -> Read<JwtRealm> {
    let known = section.check_keys(Checked::All, problems);
    let known = known.and(section.check_secrets(keystore, problems));
    let token = token::read(name, section, problems);
    let claims = claims::read(section, problems);
    let client = client::read(section, keystore, known, problems);
    let keys = keys::sources(section, keystore, files.folder, known, problems);
    let key_reload = keys::reload(section, &keys, problems);
    let cache = cache(section, problems);
    let fetches = keys.as_ref().is_ok_and(|keys| keys.url().is_some());
    let pem_files = fetches.then_some(files);
    let back_channel = back_channel::read(section, keystore, pem_files, problems);
    let realms = section.list("authorization_realms", problems);
    known?;
    Ok(JwtRealm {
        name: name.to_owned(),
        order: order?,
        token: token?,
        claims: claims?,
        client: client?,
        keys: keys?,
        key_reload: key_reload?,
        cache: cache?,
        back_channel: back_channel?,
        authorization_realms: owned(realms?.unwrap_or_default()),
    })
}

/// Neither a time nor a size of zero remembers anything.
fn cache(section: &Section<'_>, problems: &mut Problems) -> Read<Option<CacheSettings>> {
    let ttl = section.value("jwt.cache.ttl", problems, Time::parse);
    let size = section.value("jwt.cache.size", problems, integer_of_at_least(0));
    let ttl = ttl?.map_or(Duration::from_secs(20 * 60), Time::duration);
    let size = u32::try_from(size?.unwrap_or(100_000)).unwrap_or_default();
    Ok((!ttl.is_zero() && size > 0).then_some(CacheSettings { ttl, size }))
}

/// A list without empty elements.
fn texts(
    suffix: &str,
    section: &Section<'_>,
    problems: &mut Problems,
) -> Read<Option<Vec<String>>> {
    let Some(texts) = section.list(suffix, problems)? else { return Ok(None) };
    if texts.iter().any(|text| text.text().is_empty()) {
        return Err(empty_value(suffix, section, problems));
    }
    Ok(Some(owned(texts)))
}

fn owned(texts: Vec<Written<'_>>) -> Vec<String> {
    texts.into_iter().map(|text| text.text().to_owned()).collect()
}

fn not_empty(key: &str, text: Written<'_>) -> Result<String, Wrong> {
    let text = text.text();
    if text.is_empty() { Err(invalid_empty(key)) } else { Ok(text.to_owned()) }
}

fn empty_value(suffix: &str, section: &Section<'_>, problems: &mut Problems) -> Reported {
    section.wrong(suffix, invalid_empty(&section.key(suffix)), problems)
}

fn invalid_empty(key: &str) -> String {
    format!("Invalid empty value for [{key}].")
}

#[cfg(test)]
mod tests;
