//! Every setting of a realm: value in, setting or exact words out; what is not built yet too, its
//! refusal apart.

mod between;
mod pem_files;
mod refused;
mod taken;

use super::*;
use crate::engine::Secret;
use crate::engine::token::Algorithm;
use crate::settings::section::Standing;
use crate::settings::tests::{lines_from_environment, parse, read as apart, refused};
use std::path::PathBuf;

const PREFIX: &str = "xpack.security.authc.realms.jwt.r1.";

/// Settings that are enough, secure ones apart.
const ENOUGH: [(&str, &str); 5] = [
    ("order", "1"),
    ("allowed_issuer", "iss"),
    ("allowed_audiences", "aud"),
    ("claims.principal", "sub"),
    ("client_authentication.type", "none"),
];

/// Suffixes and values; a value is YAML, and an empty one takes the setting out.
type Change<'c> = &'c [(&'c str, &'c str)];

/// A document of the settings that are enough, changed by `change`.
fn document(change: Change<'_>) -> String {
    let kept = ENOUGH.iter().filter(|(suffix, _)| change.iter().all(|(other, _)| other != suffix));
    let given = change.iter().filter(|(_, value)| !value.is_empty());
    let line = |(suffix, value): &(&str, &str)| format!("{PREFIX}{suffix}: {value}\n");
    kept.chain(given).map(line).collect()
}

/// The secure settings, by their suffixes.
fn with_keys<T>(secrets: Change<'_>, run: impl FnOnce(&[(&str, &str)]) -> T) -> T {
    let keys: Vec<_> =
        secrets.iter().map(|(suffix, value)| (format!("{PREFIX}{suffix}"), *value)).collect();
    run(&keys.iter().map(|(key, value)| (key.as_str(), *value)).collect::<Vec<_>>())
}

const KEY: [(&str, &str); 1] = [("hmac_key", "a-key-of-at-least-32-bytes-length")];

/// The realm that these settings make, the refusal of what is not built yet apart.
fn realm_with(change: Change<'_>, secrets: Change<'_>) -> JwtRealm {
    let settings = with_keys(secrets, |keys| apart(&document(change), keys));
    settings.unwrap_or_else(|lines| panic!("{change:?}: {lines:#?}")).realms.remove(0)
}

fn realm(change: Change<'_>) -> JwtRealm {
    realm_with(change, &KEY)
}

/// A line without place and key, the realm's prefix written `~`.
fn what(line: &str) -> String {
    let line = line.trim_start_matches("warning: ");
    line.splitn(3, ": ").nth(2).unwrap_or_default().replace(PREFIX, "~")
}

/// What is wrong, the refusal of what is not built yet included.
fn wrong(change: Change<'_>, secrets: Change<'_>) -> Vec<String> {
    let lines = with_keys(secrets, |keys| refused(&document(change), keys));
    lines.iter().map(|line| what(line)).collect()
}

/// The keys' suffixes and what is wrong with them, the refusal of what is not built yet apart.
fn faults(change: Change<'_>, secrets: Change<'_>) -> Vec<(String, String)> {
    let lines = with_keys(secrets, |keys| apart(&document(change), keys));
    let lines = lines.err().unwrap_or_default();
    let key = |line: &str| line.split(": ").nth(1).unwrap_or_default().replace(PREFIX, "");
    lines.iter().map(|line| (key(line), what(line))).collect()
}

/// The warnings, apart from those that a setting has no effect and that clients are not known.
fn warnings(change: Change<'_>) -> Vec<String> {
    let (_, lines) = with_keys(&KEY, |keys| parse(&document(change), keys));
    let said = |line: &String| {
        line != crate::settings::section::NO_EFFECT && !line.contains("submit JWTs")
    };
    lines.iter().map(|line| what(line)).filter(said).collect()
}

#[test]
fn every_known_setting_is_in_the_table_once() {
    let mut suffixes: Vec<_> = TABLE.iter().map(|known| known.suffix).collect();
    suffixes.sort_unstable();
    suffixes.dedup();
    assert_eq!(suffixes.len(), TABLE.len());
}

#[test]
fn every_documented_setting_has_one_sentence() {
    for known in TABLE {
        let is_taken = !matches!(known.standing, Standing::Refused(_));
        assert_eq!(is_taken, !known.meaning.is_empty(), "{}", known.suffix);
        assert!(!is_taken || known.meaning.ends_with('.'), "{}", known.suffix);
    }
}

#[test]
fn no_value_that_came_from_the_environment_is_printed() {
    let secret = "hunter2";
    for known in TABLE {
        let suffix = known.suffix.replace('*', "x");
        for value in
            ["hunter2", "/hunter2", "http://hunter2/", "https://u:hunter2@a", "[hunter2, '']"]
        {
            let text = document(&[("token_type", "access_token"), (&suffix, value)]);
            let lines = with_keys(&KEY, |keys| lines_from_environment(&text, keys));
            assert!(lines.iter().all(|line| !line.contains(secret)), "{suffix}: {lines:?}");
        }
    }
    let numbers = document(&[
        ("order", "7777"),
        ("pkc_jwkset_path", "https://a"),
        ("pkc_jwkset_reload.url_interval_min", "7777s"),
        ("pkc_jwkset_reload.url_interval_max", "7776s"),
        ("http.proxy.host", "'a b'"),
        ("http.proxy.port", "7777"),
    ]);
    let text = numbers.clone() + "xpack.security.authc.realms.jwt.r0.order: 7777\n";
    let lines = with_keys(&KEY, |keys| lines_from_environment(&text, keys));
    let told = |part: &str| lines.iter().any(|line| line.contains(part));
    assert!(told("same order") && told("reload intervals") && told("HTTP host"), "{lines:?}");
    assert!(!told("777") && !told("a b") && !told("2.1h"), "{lines:?}");
}
