//! The settings under `realmgate.` that say how the service itself runs.
//!
//! The one rule: a value that is taken is within its bounds, so that nobody asks again.

mod table;

pub(super) use table::TABLE;

use super::problems::{Problems, Read};
use super::section::Section;
use super::values::{
    GrpcAddress, Time, Written, Wrong, boolean, choice, number_within, size_within, tcp_address,
};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tracing::Level;

/// What stands before every setting of ours.
pub(super) const PREFIX: &str = "realmgate.";

/// How the gRPC listener treats its connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grpc {
    /// Its TLS.
    pub tls: GrpcTls,
    /// Whether it tells its services and messages.
    pub reflection: bool,
    /// When a connection is ended; at least a second.
    pub max_connection_age: Duration,
    /// How many checks one connection may have under way; at least one.
    pub max_concurrent_streams: u32,
}

/// The TLS settings of the gRPC listener, each by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrpcTls {
    /// The PEM file of its certificate.
    pub certificate: Option<PathBuf>,
    /// The PEM file of its key.
    pub key: Option<PathBuf>,
    /// The PEM files of those who sign clients' certificates.
    pub client_authorities: Vec<PathBuf>,
    /// Names of which a client's certificate must have one; of none, any will do.
    pub client_names: Vec<String>,
}

/// What holds of all sources of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwks {
    /// How many reloads on signature failure a source is good for at once; at least one.
    pub reload_burst: u32,
    /// How long it takes to regain one of them; at least a second.
    pub reload_interval: Duration,
    /// How long a start tries to fetch keys.
    pub startup_timeout: Duration,
    /// Whether a start goes on without keys that cannot be fetched.
    pub start_degraded: bool,
}

/// Where users and roles are told, besides tokens: files, or folders of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryPaths {
    /// Role mappings.
    pub role_mappings: Option<PathBuf>,
    /// Roles.
    pub roles: Option<PathBuf>,
    /// Native users.
    pub users: Option<PathBuf>,
    /// The file realm's users, if the file is named.
    pub file_realm_users: Option<PathBuf>,
    /// The roles of the file realm's users, if the file is named.
    pub file_realm_users_roles: Option<PathBuf>,
}

/// What one check may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most that a bearer value may have, in bytes.
    pub token_size: usize,
    /// The most that all identity headers may have, in bytes.
    pub identity_size: usize,
    /// How long a check may take at most.
    pub deadline: Duration,
    /// How many checks may be under way at once.
    pub checks_in_flight: usize,
}

/// How the service ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drain {
    /// How long checks are still answered after the health service says that it is over.
    pub grace: Duration,
    /// When what is still under way is cut off.
    pub timeout: Duration,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Lines below this level are left out.
    pub level: Level,
    /// The shape of a line.
    pub format: LogFormat,
    /// Which decisions have a line.
    pub decisions: Decisions,
    /// How many lines of denials a second may have, of each kind.
    pub lines_per_second: u32,
}

/// The shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object.
    Json,
    /// For people.
    Text,
}

/// Which decisions are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decisions {
    /// Denials.
    Denied,
    /// Denials, and whoever acts as somebody else.
    RunAs,
    /// All of them.
    All,
    /// None of them.
    None,
}

/// Where the gRPC listener stands. A relative path of a socket stands in `folder`.
pub(super) fn grpc_address(
    section: &Section<'_>,
    folder: &Path,
    problems: &mut Problems,
) -> Read<GrpcAddress> {
    let parse = |key: &str, text: Written<'_>| GrpcAddress::parse(folder, key, text);
    let address = section.value("grpc.address", problems, parse)?;
    Ok(address.unwrap_or(GrpcAddress::Tcp((Ipv4Addr::LOCALHOST, 9191).into())))
}

/// Where the HTTP listener stands.
pub(super) fn http_address(section: &Section<'_>, problems: &mut Problems) -> Read<SocketAddr> {
    let address = section.value("http.address", problems, tcp_address)?;
    Ok(address.unwrap_or((Ipv4Addr::LOCALHOST, 9192).into()))
}

const KIB: usize = 1024;
const NOTHING: Time = Time::of_seconds(0);
const SECOND: Time = Time::of_seconds(1);

/// Reads what is left of `grpc.*`. Relative paths stand in `folder`.
pub(super) fn grpc(section: &Section<'_>, folder: &Path, problems: &mut Problems) -> Read<Grpc> {
    let tls = tls(section, folder, problems);
    let reflection = section.value("grpc.reflection", problems, boolean);
    let age = section.value("grpc.max_connection_age", problems, Time::at_least(SECOND));
    let streams = number_within(1, 1_000_000);
    let streams = section.value("grpc.max_concurrent_streams", problems, streams);
    Ok(Grpc {
        tls: tls?,
        reflection: reflection?.unwrap_or(false),
        max_connection_age: age?.map_or(Duration::from_secs(30 * 60), Time::duration),
        max_concurrent_streams: streams?.unwrap_or(1000),
    })
}

fn tls(section: &Section<'_>, folder: &Path, problems: &mut Problems) -> Read<GrpcTls> {
    const AUTHORITIES: &str = "grpc.tls.client_authorities";
    const NAMES: &str = "grpc.tls.client_names";
    let certificate = section.value("grpc.tls.certificate", problems, path_in(folder));
    let key = section.value("grpc.tls.key", problems, path_in(folder));
    let authorities = section.list(AUTHORITIES, problems).and_then(|paths| {
        let Some(paths) = paths else { return Ok(None) };
        let paths = paths.into_iter().map(|path| path_in(folder)(&section.key(AUTHORITIES), path));
        let paths = paths.collect::<Result<Vec<_>, _>>();
        paths.map(Some).map_err(|what| section.wrong(AUTHORITIES, what, problems))
    });
    let names = section.list(NAMES, problems)?;
    let authorities = authorities?;
    for (suffix, is_empty) in [
        (AUTHORITIES, authorities.as_ref().is_some_and(Vec::is_empty)),
        (NAMES, names.as_ref().is_some_and(Vec::is_empty)),
    ] {
        if is_empty {
            let what = format!("Invalid empty list for [{}].", section.key(suffix));
            return Err(section.wrong(suffix, what, problems));
        }
    }
    Ok(GrpcTls {
        certificate: certificate?,
        key: key?,
        client_authorities: authorities.unwrap_or_default(),
        client_names: names.into_iter().flatten().map(|name| name.text().to_owned()).collect(),
    })
}

/// A path; a relative one stands in `folder`.
fn path_in(folder: &Path) -> impl Fn(&str, Written<'_>) -> Result<PathBuf, Wrong> {
    move |key, text| match text.text() {
        path if path.is_empty() || path.contains('\0') => {
            Err(format!("Invalid value [{text}] for [{key}], expected a path"))
        }
        path => Ok(folder.join(path)),
    }
}

/// Reads `jwks.*`.
pub(super) fn jwks(section: &Section<'_>, problems: &mut Problems) -> Read<Jwks> {
    let burst = section.value("jwks.reload_burst", problems, number_within(1, 1000));
    let interval = section.value("jwks.reload_interval", problems, Time::at_least(SECOND));
    let startup = section.value("jwks.startup_timeout", problems, Time::at_least(NOTHING));
    let degraded = section.value("jwks.start_degraded", problems, boolean);
    Ok(Jwks {
        reload_burst: burst?.unwrap_or(5),
        reload_interval: interval?.map_or(Duration::from_secs(10), Time::duration),
        startup_timeout: startup?.map_or(Duration::from_secs(30), Time::duration),
        start_degraded: degraded?.unwrap_or(false),
    })
}

/// Reads where users and roles are told. Relative paths stand in `folder`.
pub(super) fn directory_paths(
    section: &Section<'_>,
    folder: &Path,
    problems: &mut Problems,
) -> Read<DirectoryPaths> {
    let mut path = |suffix| section.value(suffix, problems, path_in(folder));
    let role_mappings = path("role_mappings.path");
    let roles = path("roles.path");
    let users = path("users.path");
    let file_realm_users = path("file_realm.users");
    let file_realm_users_roles = path("file_realm.users_roles");
    Ok(DirectoryPaths {
        role_mappings: role_mappings?,
        roles: roles?,
        users: users?,
        file_realm_users: file_realm_users?,
        file_realm_users_roles: file_realm_users_roles?,
    })
}

/// Whether tokens can be tried at the HTTP listener: by default if nobody else can reach it.
pub(super) fn security_api(
    section: &Section<'_>,
    http_address: &Read<SocketAddr>,
    problems: &mut Problems,
) -> Read<bool> {
    const SUFFIX: &str = "http.security_api";
    let written = section.value(SUFFIX, problems, boolean)?;
    let is_local = http_address.as_ref().is_ok_and(|address| address.ip().is_loopback());
    if written == Some(true) && http_address.is_ok() && !is_local {
        let what = "whoever can reach the HTTP address can try tokens there";
        problems.warn(section.place(SUFFIX), &section.key(SUFFIX), what);
    }
    Ok(written.unwrap_or(is_local))
}

/// Whether a preflight passes without credentials.
pub(super) fn allow_cors_preflight(section: &Section<'_>, problems: &mut Problems) -> Read<bool> {
    let allowed = section.value("allow_cors_preflight", problems, boolean)?;
    Ok(allowed.unwrap_or(false))
}

/// Reads `limits.*`.
pub(super) fn limits(section: &Section<'_>, problems: &mut Problems) -> Read<Limits> {
    let size = || size_within(KIB, KIB * KIB);
    let token_size = section.value("limits.token_size", problems, size());
    let identity_size = section.value("limits.identity_size", problems, size());
    let deadline = section.value("limits.deadline", problems, Time::at_least(Time::of_millis(1)));
    let in_flight = section.value("limits.checks_in_flight", problems, number_within(1, 1_000_000));
    Ok(Limits {
        token_size: token_size?.unwrap_or(16 * KIB),
        identity_size: identity_size?.unwrap_or(8 * KIB),
        deadline: deadline?.map_or(Duration::from_secs(5), Time::duration),
        // Bounded above, so it fits any `usize` of today.
        checks_in_flight: usize::try_from(in_flight?.unwrap_or(10_000)).unwrap_or(usize::MAX),
    })
}

/// Reads `drain.*`.
pub(super) fn drain(section: &Section<'_>, problems: &mut Problems) -> Read<Drain> {
    let grace = section.value("drain.grace", problems, Time::at_least(NOTHING));
    let timeout = section.value("drain.timeout", problems, Time::at_least(NOTHING));
    Ok(Drain {
        grace: grace?.map_or(Duration::from_secs(5), Time::duration),
        timeout: timeout?.map_or(Duration::from_secs(30), Time::duration),
    })
}

/// Reads `log.*`.
pub(super) fn log(section: &Section<'_>, problems: &mut Problems) -> Read<Log> {
    let levels = [
        ("error", Level::ERROR),
        ("warn", Level::WARN),
        ("info", Level::INFO),
        ("debug", Level::DEBUG),
        ("trace", Level::TRACE),
    ];
    let level = section.value("log.level", problems, choice(&levels));
    let formats = [("json", LogFormat::Json), ("text", LogFormat::Text)];
    let format = section.value("log.format", problems, choice(&formats));
    let decisions = [
        ("denied", Decisions::Denied),
        ("run_as", Decisions::RunAs),
        ("all", Decisions::All),
        ("none", Decisions::None),
    ];
    let decisions = section.value("log.decisions", problems, choice(&decisions));
    let lines = section.value("log.lines_per_second", problems, number_within(0, 1_000_000));
    Ok(Log {
        level: level?.unwrap_or(Level::INFO),
        format: format?.unwrap_or(LogFormat::Json),
        decisions: decisions?.unwrap_or(Decisions::Denied),
        lines_per_second: lines?.unwrap_or(100),
    })
}

#[cfg(test)]
mod tests;
