//! What verifies a realm's tokens, and when public keys are looked at again.
//!
//! The one rule: a realm has at least one source of keys and at most one of HMAC keys. What a file
//! or a URL holds is nobody's business here.

use super::url;
use crate::engine::Secret;
use crate::engine::token::keys::KeySet;
use crate::jwks::{self, Family, HttpsUrl};
use crate::settings::keystore::Keystore;
use crate::settings::problems::{Place, Problems, Read};
use crate::settings::section::Section;
use crate::settings::values::{Time, Written, Wrong, boolean};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What verifies the tokens: one of the two at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySources {
    /// Where public keys come from.
    pub public: Option<PublicKeys>,
    /// The HMAC keys.
    pub hmac: Option<HmacKeys>,
}

impl KeySources {
    /// The path of the file that public keys come from, if they come from one.
    pub fn file(&self) -> Option<&Path> {
        match &self.public {
            Some(PublicKeys::File(path)) => Some(path),
            Some(PublicKeys::Url(_)) | None => None,
        }
    }

    /// The URL that public keys come from, if they come from one.
    pub fn url(&self) -> Option<&HttpsUrl> {
        match &self.public {
            Some(PublicKeys::Url(url)) => Some(url),
            Some(PublicKeys::File(_)) | None => None,
        }
    }
}

/// Where public keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKeys {
    /// A file, by its full path.
    File(PathBuf),
    /// A URL.
    Url(HttpsUrl),
}

/// HMAC keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HmacKeys {
    /// One key: the bytes of a text.
    Key(Secret),
    /// A JWK set, which can be parsed.
    Set(Secret),
}

impl HmacKeys {
    /// The keys themselves.
    pub fn key_set(&self) -> Arc<KeySet> {
        match self {
            Self::Key(key) => Arc::new(KeySet::of_text(key)),
            Self::Set(text) => jwks::parse(text.expose(), Family::Hmac)
                .map_or_else(|_| Arc::default(), |parsed| parsed.keys),
        }
    }
}

/// When public keys are looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyReload {
    /// Whether they are, without being asked for. It is false only if that was written out.
    pub enabled: bool,
    /// How long between two looks at a file at most; at least a second.
    pub file_interval: Duration,
    /// How long between two looks at a URL at least; at least a second.
    pub url_interval_min: Duration,
    /// How long between two looks at a URL at most; not less than that.
    pub url_interval_max: Duration,
}

const PKC_JWKSET_PATH: &str = "pkc_jwkset_path";

/// Reads where keys come from. `known` tells whether a secret was found in the wrong place.
pub(super) fn sources(
    section: &Section<'_>,
    keystore: &Keystore,
    folder: &Path,
    known: Read<()>,
    problems: &mut Problems,
) -> Read<KeySources> {
    let parse = |_: &str, text: Written<'_>| public_keys(folder, text);
    let public = section.value(PKC_JWKSET_PATH, problems, parse);
    let hmac = hmac(section, keystore, problems);
    let (public, hmac) = (public?.flatten(), hmac?);
    if public.is_some() || hmac.is_some() {
        return Ok(KeySources { public, hmac });
    }
    if section.has("hmac_key") || section.has("hmac_jwkset") {
        known?; // It stands in the wrong place, which was said.
    }
    let key = section.key("hmac_key");
    let what = format!(
        "At least one of [{key}] or [{}] or [{}] must be set",
        section.key("hmac_jwkset"),
        section.key(PKC_JWKSET_PATH),
    );
    Err(problems.report(section.place("hmac_key"), Some(&key), what))
}

/// A blank path is none.
fn public_keys(folder: &Path, text: Written<'_>) -> Result<Option<PublicKeys>, Wrong> {
    let path = text.text();
    if path.trim().is_empty() {
        Ok(None)
    } else if path.starts_with("https") {
        url::https(text).map(|url| Some(PublicKeys::Url(url)))
    } else if path.starts_with("http") {
        Err(url::not_https(text))
    } else {
        Ok(Some(PublicKeys::File(folder.join(path))))
    }
}

fn hmac(
    section: &Section<'_>,
    keystore: &Keystore,
    problems: &mut Problems,
) -> Read<Option<HmacKeys>> {
    let (key, set) = (section.key("hmac_key"), section.key("hmac_jwkset"));
    let found = keystore.secret(&key, problems);
    let found_set = keystore.secret(&set, problems);
    match (found?, found_set?) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            let what = format!("Settings [{set}] and [{key}] are not allowed at the same time.");
            Err(problems.report(Place::Secret(set.clone()), Some(&set), what))
        }
        (Some(stored), None) => {
            if stored.dropped_newline {
                let what = "the newline at the end is not taken as a part of the key";
                problems.warn(Place::Secret(key.clone()), &key, what);
            }
            Ok(Some(HmacKeys::Key(stored.secret)))
        }
        (None, Some(stored)) => hmac_set(&set, stored.secret, problems).map(Some),
    }
}

fn hmac_set(key: &str, text: Secret, problems: &mut Problems) -> Read<HmacKeys> {
    let place = || Place::Secret(key.to_owned());
    match jwks::parse(text.expose(), Family::Hmac) {
        Ok(parsed) => {
            for passed_over in &parsed.passed_over {
                problems.warn(place(), key, passed_over.to_string());
            }
            Ok(HmacKeys::Set(text))
        }
        Err(cause) => {
            let what = format!("JWKSet parse failed for setting [{key}]: {cause}");
            Err(problems.report(place(), Some(key), what))
        }
    }
}

/// Reads `pkc_jwkset_reload.*`; `sources` says whether the longest interval counts.
pub(super) fn reload(
    section: &Section<'_>,
    sources: &Read<KeySources>,
    problems: &mut Problems,
) -> Read<KeyReload> {
    const SECOND: Time = Time::of_seconds(1);
    const MIN: &str = "pkc_jwkset_reload.url_interval_min";
    const MAX: &str = "pkc_jwkset_reload.url_interval_max";
    let enabled = section.value("pkc_jwkset_reload.enabled", problems, boolean);
    let file = section.value("pkc_jwkset_reload.file_interval", problems, Time::at_least(SECOND));
    let min = section.value(MIN, problems, Time::at_least(SECOND));
    let max = section.value(MAX, problems, Time::at_least(SECOND));
    let duration = |time: Option<Time>, default| time.unwrap_or(default).duration();
    let min = min?.unwrap_or(Time::of_seconds(60 * 60));
    let max = max?.unwrap_or(Time::of_seconds(5 * 24 * 60 * 60));
    let is_url = sources.as_ref().is_ok_and(|sources| sources.url().is_some());
    if is_url && max.duration() < min.duration() {
        let what = format!(
            "Invalid PKC JWK set URL reload intervals: max [{}] is less than min [{}]",
            section.shown(MAX, &max),
            section.shown(MIN, &min),
        );
        let suffix = if section.has(MAX) { MAX } else { MIN };
        return Err(section.wrong(suffix, what, problems));
    }
    Ok(KeyReload {
        enabled: enabled?.unwrap_or(true),
        file_interval: duration(file?, Time::of_seconds(5 * 60)),
        url_interval_min: min.duration(),
        url_interval_max: max.duration().max(min.duration()),
    })
}
