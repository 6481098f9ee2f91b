//! The settings under `realmgate.identity.`, and `realmgate.forward_credentials`: what the
//! upstream is told, and what is taken away.
//!
//! The one rule: no name can be configured that the proxy or the protocol needs, or that carries a
//! credential, in any spelling that an upstream could take for it.

use super::keystore::Keystore;
use super::problems::{Place, Problems, Read, Reported};
use super::section::Section;
use super::values::{GrpcAddress, Written, Wrong, boolean, choice};
use crate::engine::header::{CLIENT_AUTHENTICATION, CREDENTIALS, RUN_AS, folded, is_token};
use crate::engine::identity::{
    DynamicMetadata, Forward, HeaderNames, IdentitySettings, Preset, Remove,
};
use crate::engine::{Secret, header};

const PRESET: &str = "identity.preset";
const METADATA: &str = "identity.metadata";
const FORWARD: &str = "forward_credentials";
const AUTHORIZATION: &str = "identity.elasticsearch.authorization";

#[derive(Clone, Copy)]
enum PresetName {
    Headers,
    ElasticsearchRunAs,
}

/// Reads all of it. `grpc_address` is where the answers can be had.
pub(super) fn read(
    section: &Section<'_>,
    keystore: &Keystore,
    grpc_address: &Read<GrpcAddress>,
    problems: &mut Problems,
) -> Read<IdentitySettings> {
    let presets = [
        ("headers", PresetName::Headers),
        ("elasticsearch_run_as", PresetName::ElasticsearchRunAs),
    ];
    let preset = section.value(PRESET, problems, choice(&presets));
    let names = header_names(section, problems);
    let metadata = section.value(METADATA, problems, boolean);
    let remove = remove(section, problems);
    let amounts = [
        ("full", DynamicMetadata::Full),
        ("decision", DynamicMetadata::Decision),
        ("none", DynamicMetadata::None),
    ];
    let dynamic = section.value("identity.dynamic_metadata", problems, choice(&amounts));
    let forward = forward(section, problems);
    let preset = match preset?.unwrap_or(PresetName::Headers) {
        PresetName::Headers => {
            warn_of_unused_credential(section, keystore, problems);
            names.map(Preset::Headers)
        }
        PresetName::ElasticsearchRunAs => {
            let alone = alone(section, grpc_address, problems);
            let authorization = authorization(section, keystore, problems);
            alone.and(
                authorization.map(|authorization| Preset::ElasticsearchRunAs { authorization }),
            )
        }
    };
    Ok(IdentitySettings {
        preset: preset?,
        metadata: metadata?.unwrap_or(false),
        remove: remove?,
        dynamic_metadata: dynamic?.unwrap_or(DynamicMetadata::Full),
        forward: forward?,
    })
}

/// The name of each header: given, default, or none where the given one is empty.
fn header_names(section: &Section<'_>, problems: &mut Problems) -> Read<HeaderNames> {
    let mut names = HeaderNames::default();
    let mut read: Read<()> = Ok(());
    for (property, name) in properties(&mut names) {
        let suffix = format!("identity.headers.{property}");
        match section.value(&suffix, problems, header) {
            Ok(Some(given)) => *name = Some(given).filter(|given| !given.is_empty()),
            Ok(None) => {}
            Err(reported) => read = Err(reported),
        }
    }
    read?;
    let mut seen: Vec<(&str, String)> = Vec::new();
    for (property, name) in properties(&mut names) {
        let Some(name) = name else { continue };
        let folded = folded(name);
        if let Some((first, _)) = seen.iter().find(|(_, seen)| *seen == folded) {
            // One of the two is a default, at most.
            let written = [property, first].map(|property| format!("identity.headers.{property}"));
            let suffix = written.iter().find(|suffix| section.has(suffix)).unwrap_or(&written[0]);
            let name = section.text(suffix, problems)?.unwrap_or(name.as_str().into());
            let what = format!("the header [{name}] has another property's value already");
            read = Err(section.wrong(suffix, what, problems));
        }
        seen.push((property, folded));
    }
    read.map(|()| names)
}

/// Each property and its header.
fn properties(names: &mut HeaderNames) -> [(&'static str, &mut Option<String>); 10] {
    [
        ("username", &mut names.username),
        ("authenticated_user", &mut names.authenticated_user),
        ("realm", &mut names.realm),
        ("lookup_realm", &mut names.lookup_realm),
        ("roles", &mut names.roles),
        ("groups", &mut names.groups),
        ("full_name", &mut names.full_name),
        ("email", &mut names.email),
        ("dn", &mut names.dn),
        ("metadata", &mut names.metadata),
    ]
}

/// The name of a header of ours in lower case; an empty one is none.
fn header(_key: &str, text: Written<'_>) -> Result<String, Wrong> {
    if text.text().is_empty() {
        return Ok(String::new());
    }
    let name = token(text)?;
    if folded(&name) == "es-secondary-authorization" {
        return Err(format!("the header [{text}] carries a credential"));
    }
    Ok(name)
}

fn remove(section: &Section<'_>, problems: &mut Problems) -> Read<Vec<Remove>> {
    const SUFFIX: &str = "identity.remove";
    let names = section.list(SUFFIX, problems)?.unwrap_or_default();
    let removed = names
        .into_iter()
        .map(|name| removed(name).map_err(|what| section.wrong(SUFFIX, what, problems)));
    // All of them are looked at, so that each wrong one is named.
    let removed: Vec<_> = removed.collect();
    removed.into_iter().collect()
}

/// An exact name, or a prefix where it ends in `*`.
fn removed(name: Written<'_>) -> Result<Remove, Wrong> {
    let Some(prefix) = name.text().strip_suffix('*') else {
        return token(name).map(Remove::Exact);
    };
    if !prefix.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return Err(format!("the prefix of [{name}] has no letter"));
    }
    if prefix.contains('*') {
        return Err(format!("[{name}] is neither a name nor a prefix that ends in [*]"));
    }
    if !prefix.bytes().all(is_token) {
        return Err(format!("[{name}] is no header name"));
    }
    let lower = prefix.to_ascii_lowercase();
    let needed = NEEDED.into_iter().find(|needed| needed.starts_with(&folded(&lower)));
    match needed {
        Some(needed) => Err(format!("[{name}] would remove the header [{needed}]")),
        None => Ok(Remove::Prefix(lower)),
    }
}

/// Headers of one hop, or without which there is no request.
const NEEDED: [&str; 12] = [
    "connection",
    "content-length",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A header name in lower case that we may set or remove.
fn token(name: Written<'_>) -> Result<String, Wrong> {
    // A token may hold it, but whoever writes it means any text.
    if name.text().contains('*') {
        return Err(format!("[{name}] is neither a name nor a prefix that ends in [*]"));
    }
    if name.text().is_empty() || !name.text().bytes().all(is_token) {
        return Err(format!("[{name}] is no header name"));
    }
    let lower = name.text().to_ascii_lowercase();
    let folded = folded(&lower);
    if NEEDED.contains(&folded.as_str()) {
        return Err(format!("the header [{name}] belongs to the connection or the message"));
    }
    if CREDENTIALS.contains(&folded.as_str()) {
        return Err(format!("the header [{name}] carries a credential"));
    }
    Ok(lower)
}

fn forward(section: &Section<'_>, problems: &mut Problems) -> Read<Forward> {
    let mut forward = Forward::default();
    let mut read: Read<()> = Ok(());
    for name in section.list(FORWARD, problems)?.unwrap_or_default() {
        match name.text().to_ascii_lowercase().as_str() {
            header::AUTHORIZATION => forward.authorization = true,
            CLIENT_AUTHENTICATION => forward.client_authentication = true,
            RUN_AS => forward.run_as = true,
            _ => {
                let what = format!(
                    "Invalid value [{name}] for [{}], allowed values are [{}]",
                    section.key(FORWARD),
                    CREDENTIALS.join(","),
                );
                read = Err(section.wrong(FORWARD, what, problems));
            }
        }
    }
    read.map(|()| forward)
}

/// What cannot stand beside a service credential: it must reach the upstream alone, and nobody but
/// Envoy may be able to ask for it.
fn alone(
    section: &Section<'_>,
    grpc_address: &Read<GrpcAddress>,
    problems: &mut Problems,
) -> Read<()> {
    let preset = format!("[{}] is [elasticsearch_run_as]", section.key(PRESET));
    let mut read: Read<()> = Ok(());
    let beside = |suffix: &str, problems: &mut Problems| -> Reported {
        let what = format!("Setting [{}] is not supported, because {preset}", section.key(suffix));
        section.wrong(suffix, what, problems)
    };
    for (property, _) in properties(&mut HeaderNames::default()) {
        let suffix = format!("identity.headers.{property}");
        if section.has(&suffix) {
            read = Err(beside(&suffix, problems));
        }
    }
    for suffix in [METADATA, FORWARD] {
        if section.has(suffix) {
            read = Err(beside(suffix, problems));
        }
    }
    if let Ok(address) = grpc_address
        && !address.is_local()
    {
        let what = format!(
            "the address must be a loopback address or unix:PATH, because {preset}: \
             whoever can reach it could read the credential"
        );
        read = Err(section.wrong("grpc.address", what, problems));
    }
    read
}

/// A credential that is there was meant to be used.
fn warn_of_unused_credential(section: &Section<'_>, keystore: &Keystore, problems: &mut Problems) {
    let key = section.key(AUTHORIZATION);
    if keystore.keys().any(|name| name == key) {
        let what = format!(
            "it has no effect unless setting [{}] is [elasticsearch_run_as]",
            section.key(PRESET)
        );
        problems.warn(Place::Secret(key.clone()), &key, what);
    }
}

fn authorization(
    section: &Section<'_>,
    keystore: &Keystore,
    problems: &mut Problems,
) -> Read<Secret> {
    let key = section.key(AUTHORIZATION);
    let Some(stored) = keystore.secret(&key, problems)? else {
        let what = format!(
            "Missing setting for [{key}]. \
             It is required when setting [{}] is [elasticsearch_run_as]",
            section.key(PRESET),
        );
        return Err(problems.report(section.place(PRESET), Some(&key), what));
    };
    if is_service_credential(stored.secret.expose()) {
        return Ok(stored.secret);
    }
    let what = "the value must begin with `Basic ` or `ApiKey `, and be visible ASCII after it";
    Err(problems.report(Place::Secret(key.clone()), Some(&key), what))
}

/// Elasticsearch takes run-as from these two schemes only.
fn is_service_credential(value: &[u8]) -> bool {
    let credential = value.strip_prefix(b"Basic ").or_else(|| value.strip_prefix(b"ApiKey "));
    credential.is_some_and(|rest| !rest.is_empty() && rest.iter().all(u8::is_ascii_graphic))
}

#[cfg(test)]
mod tests;
