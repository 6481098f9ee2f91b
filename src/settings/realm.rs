//! One JWT realm's settings: each read, checked by itself and then against the others.
//!
//! The one rule: names, defaults and words are Elasticsearch's. What it knows and we do not act
//! on yet stands in the table and is refused by name.

use super::keystore::Keystore;
use super::problems::{Place, Problems, Read, Reported};
use super::section::Standing::{NoEffect, NotYet, Refused, Secure, SecureNotYet, Served};
use super::section::{Checked, NOT_YET, Section, Table, row};
use super::values::{Time, Written, Wrong, boolean, choice};
use crate::engine::Secret;
use crate::engine::token::Algorithm;
use std::time::Duration;

/// What stands before a realm's name.
pub(super) const PREFIX: &str = "xpack.security.authc.realms.jwt.";

const STORES: &str = "key stores are not supported: name PEM files in [ssl.certificate_authorities], \
                      [ssl.certificate] and [ssl.key]";
const SUITES: &str = "cipher suites cannot be chosen";
const PASSPHRASE: &str = "a passphrase is a secret: it belongs into the keystore, as \
                          [ssl.secure_key_passphrase]";

/// Every setting of a JWT realm.
pub(super) const TABLE: Table = &[
    row("order", Served, "", "Place in the chain; mandatory and unique."),
    row("enabled", Served, "true", "Whether the realm exists at all."),
    row("token_type", Served, "id_token", "`id_token` or `access_token`."),
    row("allowed_issuer", Served, "", "What `iss` must be; mandatory."),
    row("allowed_audiences", Served, "", "What `aud` must name one of; mandatory."),
    row("allowed_subjects", Served, "any", "What `sub` must be one of."),
    row(
        "allowed_subject_patterns",
        NotYet,
        "none",
        "Or what it must match: wildcards, or `/expressions/` in Lucene's syntax.",
    ),
    row(
        "allowed_signature_algorithms",
        Served,
        "RS256",
        "What `alg` must be one of: HS, RS, PS and ES with 256, 384 and 512.",
    ),
    row("allowed_clock_skew", Served, "60s", "How far clocks may differ."),
    row("pkc_jwkset_path", NotYet, "none", "Public keys: a file, or an https URL."),
    row(
        "pkc_jwkset_reload.enabled",
        NoEffect,
        "true",
        "Whether they are looked at again without being asked for.",
    ),
    row("pkc_jwkset_reload.file_interval", NoEffect, "5m", "How often, where they are a file."),
    row(
        "pkc_jwkset_reload.url_interval_min",
        NoEffect,
        "1h",
        "At most how often, where they are a URL.",
    ),
    row("pkc_jwkset_reload.url_interval_max", NoEffect, "5d", "At least how often."),
    row("hmac_jwkset", SecureNotYet, "none", "HMAC keys: a JWK set."),
    row("hmac_key", Secure, "none", "An HMAC key: the bytes of a text."),
    row(
        "fallback_claims.sub",
        NotYet,
        "sub",
        "What stands in for an absent `sub` of an access token.",
    ),
    row(
        "fallback_claims.aud",
        NotYet,
        "aud",
        "What stands in for an absent `aud` of an access token.",
    ),
    row("required_claims.*", NotYet, "none", "What the claim of this name must be, or be one of."),
    row("claims.principal", Served, "", "The claim that names the user; mandatory."),
    row("claims.groups", Served, "none", "The claim of the user's groups."),
    row("claims.dn", Served, "none", "The claim of the user's distinguished name."),
    row("claims.mail", Served, "none", "The claim of the user's e-mail address."),
    row("claims.name", Served, "none", "The claim of the user's full name."),
    row(
        "claim_patterns.principal",
        NotYet,
        "none",
        "A Java expression: its first group is what is taken of the claim.",
    ),
    row("claim_patterns.groups", NotYet, "none", "The same for groups."),
    row("claim_patterns.dn", NotYet, "none", "The same for the distinguished name."),
    row("claim_patterns.mail", NotYet, "none", "The same for the e-mail address."),
    row("claim_patterns.name", NotYet, "none", "The same for the full name."),
    row(
        "populate_user_metadata",
        Served,
        "true",
        "Whether the token's claims become the user's metadata.",
    ),
    row(
        "client_authentication.type",
        Served,
        "shared_secret",
        "How clients prove themselves: `shared_secret` or `none`.",
    ),
    row(
        "client_authentication.shared_secret",
        Secure,
        "",
        "What they present; mandatory with `shared_secret`.",
    ),
    row(
        "client_authentication.rotation_grace_period",
        Served,
        "1m",
        "How long the previous secret still holds after a change.",
    ),
    row("authorization_realms", NotYet, "none", "Realms that the user is looked up in."),
    row("jwt.cache.ttl", NoEffect, "20m", "How long a verified token is remembered."),
    row("jwt.cache.size", NoEffect, "100000", "How many are."),
    row("http.connect_timeout", NoEffect, "5s", "How long a connection to the issuer may take."),
    row(
        "http.connection_read_timeout",
        NoEffect,
        "5s",
        "How long to wait for a connection of the pool.",
    ),
    row("http.socket_timeout", NoEffect, "5s", "How long the issuer may be silent."),
    row("http.max_connections", NoEffect, "200", "How many connections there may be."),
    row("http.max_endpoint_connections", NoEffect, "200", "How many to one endpoint."),
    row("http.proxy.host", NoEffect, "none", "The proxy for fetching keys."),
    row("http.proxy.port", NoEffect, "80", "Its port."),
    row("http.proxy.scheme", NoEffect, "http", "How it is spoken to."),
    row("ssl.key", NoEffect, "none", "The client key for fetching keys: a PEM file."),
    row("ssl.key_passphrase", Refused(PASSPHRASE), "", ""),
    row("ssl.secure_key_passphrase", SecureNotYet, "none", "Its passphrase."),
    row("ssl.certificate", NoEffect, "none", "Its certificate: a PEM file."),
    row(
        "ssl.certificate_authorities",
        NoEffect,
        "the system's",
        "Whom to trust when keys are fetched: PEM files.",
    ),
    row("ssl.keystore.path", Refused(STORES), "", ""),
    row("ssl.keystore.type", Refused(STORES), "", ""),
    row("ssl.keystore.password", Refused(STORES), "", ""),
    row("ssl.keystore.secure_password", SecureNotYet, "", ""),
    row("ssl.keystore.key_password", Refused(STORES), "", ""),
    row("ssl.keystore.secure_key_password", SecureNotYet, "", ""),
    row("ssl.truststore.path", Refused(STORES), "", ""),
    row("ssl.truststore.type", Refused(STORES), "", ""),
    row("ssl.truststore.password", Refused(STORES), "", ""),
    row("ssl.truststore.secure_password", SecureNotYet, "", ""),
    row("ssl.verification_mode", NoEffect, "full", "`full`, `certificate` or `none`."),
    row("ssl.supported_protocols", NoEffect, "TLSv1.3, TLSv1.2", "Versions of TLS."),
    row("ssl.cipher_suites", Refused(SUITES), "", ""),
];

/// A JWT realm that passed every check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtRealm {
    /// Unique, of letters, digits, `_` and `-`.
    pub name: String,
    /// Unique; the chain's order.
    pub order: i32,
    /// Compared with the token's `iss` byte for byte; never empty.
    pub allowed_issuer: String,
    /// The token's `aud` must name one of these; never empty.
    pub allowed_audiences: Vec<String>,
    /// If there is a list it is not empty, and `sub` must be in it.
    pub allowed_subjects: Option<Vec<String>>,
    /// The token's `alg` must be one of these; never empty.
    pub allowed_algorithms: Vec<Algorithm>,
    /// How far clocks may differ; may be negative.
    pub clock_skew_seconds: i64,
    /// The claim that names the user.
    pub principal_claim: String,
    /// The claim of the user's groups.
    pub groups_claim: Option<String>,
    /// The claim of the user's distinguished name.
    pub dn_claim: Option<String>,
    /// The claim of the user's e-mail address.
    pub mail_claim: Option<String>,
    /// The claim of the user's full name.
    pub name_claim: Option<String>,
    /// Whether the token's claims become the user's metadata.
    pub populate_user_metadata: bool,
    /// What a client must present; without it every client is taken.
    pub client_secret: Option<Secret>,
    /// How long the previous secret still holds after a change.
    pub rotation_grace_period: Duration,
    /// What verifies the tokens.
    pub hmac_key: Secret,
}

impl JwtRealm {
    /// Whether `other` is the same realm but for what its clients present.
    pub fn is_same_but_for_client_secret(&self, other: &Self) -> bool {
        let client_secret = other.client_secret.clone();
        client_secret.is_some() == self.client_secret.is_some()
            && Self { client_secret, ..self.clone() } == *other
    }
}

/// Reads the realm `name`, whose place in the chain is known, from its section. All that is wrong
/// is recorded before giving up.
pub(super) fn read(
    name: &str,
    order: Read<i32>,
    section: &Section<'_>,
    keystore: &Keystore,
    problems: &mut Problems,
) -> Read<JwtRealm> {
    let known = section.check_keys(Checked::All, problems);
    let known = known.and(section.check_secrets(keystore, problems));
    let token_type = token_type(section, problems);
    let issuer = issuer(section, problems);
    let audiences = audiences(section, problems);
    let subjects = subjects(section, problems);
    let algorithms = algorithms(section, problems);
    let skew = section.value("allowed_clock_skew", problems, Time::parse);
    let principal = principal(section, problems);
    let groups = section.value("claims.groups", problems, claim);
    let dn = section.value("claims.dn", problems, claim);
    let mail = section.value("claims.mail", problems, claim);
    let full_name = section.value("claims.name", problems, claim);
    let metadata = section.value("populate_user_metadata", problems, boolean);
    let client_secret = client_secret(section, keystore, known, problems);
    let grace = section.value(GRACE, problems, Time::parse);
    let hmac_key = hmac_key(section, keystore, known, problems);
    known.and(token_type)?;
    Ok(JwtRealm {
        name: name.to_owned(),
        order: order?,
        allowed_issuer: issuer?,
        allowed_audiences: audiences?,
        allowed_subjects: subjects?,
        allowed_algorithms: algorithms?,
        clock_skew_seconds: skew?.map_or(60, Time::seconds),
        principal_claim: principal?,
        groups_claim: groups?,
        dn_claim: dn?,
        mail_claim: mail?,
        name_claim: full_name?,
        populate_user_metadata: metadata?.unwrap_or(true),
        client_secret: client_secret?,
        rotation_grace_period: grace?.map_or(Duration::from_secs(60), Time::duration),
        hmac_key: hmac_key?,
    })
}

const GRACE: &str = "client_authentication.rotation_grace_period";

/// Only ID tokens are judged yet; taken for one, an access token would be judged by other checks.
fn token_type(section: &Section<'_>, problems: &mut Problems) -> Read<()> {
    let types = [("id_token", true), ("access_token", false)];
    match section.value("token_type", problems, choice(&types))? {
        None | Some(true) => Ok(()),
        Some(false) => {
            Err(section.wrong("token_type", format!("[access_token] is {NOT_YET}"), problems))
        }
    }
}

fn issuer(section: &Section<'_>, problems: &mut Problems) -> Read<String> {
    let issuer = section.value("allowed_issuer", problems, not_empty)?;
    issuer.ok_or_else(|| empty_value("allowed_issuer", section, problems))
}

fn audiences(section: &Section<'_>, problems: &mut Problems) -> Read<Vec<String>> {
    match texts("allowed_audiences", section, problems)? {
        Some(audiences) if !audiences.is_empty() => Ok(audiences),
        Some(_) | None => {
            let what = format!("Invalid empty list for [{}].", section.key("allowed_audiences"));
            Err(section.wrong("allowed_audiences", what, problems))
        }
    }
}

/// A list that was written and holds nothing would let everybody in, and was hardly meant to.
fn subjects(section: &Section<'_>, problems: &mut Problems) -> Read<Option<Vec<String>>> {
    let subjects = texts("allowed_subjects", section, problems)?;
    if subjects.as_ref().is_some_and(Vec::is_empty) {
        let what = format!(
            "One of either [{}] or [{}] must be specified and not be empty.",
            section.key("allowed_subjects"),
            section.key("allowed_subject_patterns"),
        );
        return Err(section.wrong("allowed_subjects", what, problems));
    }
    Ok(subjects)
}

fn algorithms(section: &Section<'_>, problems: &mut Problems) -> Read<Vec<Algorithm>> {
    const SUFFIX: &str = "allowed_signature_algorithms";
    let Some(names) = section.list(SUFFIX, problems)? else { return Ok(vec![Algorithm::Rs256]) };
    if names.is_empty() && section.is_empty_text(SUFFIX) {
        return Ok(vec![Algorithm::Rs256]);
    }
    let key = section.key(SUFFIX);
    let all: Vec<_> = Algorithm::ALL.into_iter().map(Algorithm::name).collect();
    let allowed = format!("for [{key}]. Allowed values are [{}].", all.join(", "));
    if names.is_empty() {
        return Err(section.wrong(SUFFIX, format!("Invalid empty list {allowed}"), problems));
    }
    let algorithms = names.into_iter().map(|name| match Algorithm::parse(name.text()) {
        Some(algorithm) => Ok(algorithm),
        None if name.text().is_empty() => Err(empty_value(SUFFIX, section, problems)),
        None => Err(section.wrong(SUFFIX, format!("Invalid value [{name}] {allowed}"), problems)),
    });
    // All of them are looked at, so that each wrong one is named.
    let algorithms: Vec<_> = algorithms.collect();
    algorithms.into_iter().collect()
}

fn principal(section: &Section<'_>, problems: &mut Problems) -> Read<String> {
    section.value("claims.principal", problems, claim)?.ok_or_else(|| {
        let what = format!("Setting [{}] is required", section.key("claims.principal"));
        section.wrong("claims.principal", what, problems)
    })
}

/// The name of a claim. One that begins with `/` will be a JSON pointer: as a name it would find
/// nothing, and mean something else one day.
fn claim(key: &str, name: Written<'_>) -> Result<String, Wrong> {
    if name.text().is_empty() {
        Err(format!("Invalid null or empty claim name for [{key}]."))
    } else if name.text().starts_with('/') {
        Err(format!("Invalid value [{name}] for [{key}]: a JSON pointer is {NOT_YET}"))
    } else {
        Ok(name.text().to_owned())
    }
}

fn client_secret(
    section: &Section<'_>,
    keystore: &Keystore,
    known: Read<()>,
    problems: &mut Problems,
) -> Read<Option<Secret>> {
    const TYPE: &str = "client_authentication.type";
    const SECRET: &str = "client_authentication.shared_secret";
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
            Err(problems.report(section.place(TYPE), Some(&key), what))
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

fn hmac_key(
    section: &Section<'_>,
    keystore: &Keystore,
    known: Read<()>,
    problems: &mut Problems,
) -> Read<Secret> {
    let key = section.key("hmac_key");
    let hmac_jwkset = section.key("hmac_jwkset");
    let place = Place::Secret(key.clone());
    if let Some(stored) = keystore.secret(&key, problems)? {
        if stored.dropped_newline {
            problems.warn(place, &key, "the newline at the end is not taken as a part of the key");
        }
        return Ok(stored.secret);
    }
    if ["hmac_key", "pkc_jwkset_path"].into_iter().any(|source| section.has(source))
        || keystore.has(&hmac_jwkset)
    {
        known?; // There is a source, but none that can be used, which was said.
    }
    let what = format!(
        "At least one of [{key}] or [{hmac_jwkset}] or [{}] must be set",
        section.key("pkc_jwkset_path"),
    );
    Err(problems.report(section.place("hmac_key"), Some(&key), what))
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
    Ok(Some(texts.into_iter().map(|text| text.text().to_owned()).collect()))
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
