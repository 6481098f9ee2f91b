//! The settings under `realmgate.` that say how the service itself runs.
//!
//! The one rule: every setting of ours stands in the table, built or not.

use super::problems::{Problems, Read};
use super::section::Standing::{NoEffect, NotYet, Secure, Served};
use super::section::{Section, Table, row};
use super::values::{GrpcAddress, Time, Written, choice, number_within, size_within, tcp_address};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use tracing::Level;

/// What stands before every setting of ours.
pub(super) const PREFIX: &str = "realmgate.";

/// Every setting of ours.
pub(super) const TABLE: Table = &[
    row("grpc.address", Served, "", ""),
    row("grpc.tls.certificate", NotYet, "", ""),
    row("grpc.tls.key", NotYet, "", ""),
    row("grpc.tls.client_authorities", NotYet, "", ""),
    row("grpc.tls.client_names", NotYet, "", ""),
    row("grpc.reflection", NoEffect, "", ""),
    row("grpc.max_connection_age", NoEffect, "", ""),
    row("grpc.max_concurrent_streams", NoEffect, "", ""),
    row("http.address", Served, "", ""),
    row("http.security_api", NoEffect, "", ""),
    row("role_mappings.path", NoEffect, "", ""),
    row("roles.path", NoEffect, "", ""),
    row("users.path", NoEffect, "", ""),
    row("file_realm.users", NoEffect, "", ""),
    row("file_realm.users_roles", NoEffect, "", ""),
    row("rules", NotYet, "", ""),
    row("allow_cors_preflight", NoEffect, "", ""),
    row("identity.preset", Served, "", ""),
    row("identity.headers.username", Served, "", ""),
    row("identity.headers.authenticated_user", Served, "", ""),
    row("identity.headers.realm", Served, "", ""),
    row("identity.headers.lookup_realm", Served, "", ""),
    row("identity.headers.roles", Served, "", ""),
    row("identity.headers.groups", Served, "", ""),
    row("identity.headers.full_name", Served, "", ""),
    row("identity.headers.email", Served, "", ""),
    row("identity.headers.dn", Served, "", ""),
    row("identity.headers.metadata", Served, "", ""),
    row("identity.metadata", Served, "", ""),
    row("identity.remove", Served, "", ""),
    row("identity.dynamic_metadata", Served, "", ""),
    row("identity.elasticsearch.authorization", Secure, "", ""),
    row("forward_credentials", Served, "", ""),
    row("limits.token_size", Served, "", ""),
    row("limits.identity_size", Served, "", ""),
    row("limits.deadline", Served, "", ""),
    row("limits.checks_in_flight", Served, "", ""),
    row("jwks.reload_burst", NoEffect, "", ""),
    row("jwks.reload_interval", NoEffect, "", ""),
    row("jwks.startup_timeout", NoEffect, "", ""),
    row("jwks.start_degraded", NoEffect, "", ""),
    row("drain.grace", Served, "", ""),
    row("drain.timeout", Served, "", ""),
    row("log.level", Served, "", ""),
    row("log.format", Served, "", ""),
    row("log.decisions", Served, "", ""),
    row("log.lines_per_second", Served, "", ""),
];

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
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads `limits.*`.
pub(super) fn limits(section: &Section<'_>, problems: &mut Problems) -> Read<Limits> {
    let size = || size_within(KIB, KIB * KIB);
    let token_size = section.value("limits.token_size", problems, size());
    let identity_size = section.value("limits.identity_size", problems, size());
    let deadline = Time::within(Duration::from_millis(1), Duration::from_secs(60 * 60));
    let deadline = section.value("limits.deadline", problems, deadline);
    let in_flight = section.value("limits.checks_in_flight", problems, number_within(1, 1_000_000));
    Ok(Limits {
        token_size: token_size?.unwrap_or(16 * KIB),
        identity_size: identity_size?.unwrap_or(8 * KIB),
        deadline: deadline?.unwrap_or(Duration::from_secs(5)),
        // Bounded above, so it fits any `usize` of today.
        checks_in_flight: usize::try_from(in_flight?.unwrap_or(10_000)).unwrap_or(usize::MAX),
    })
}

/// Reads `drain.*`.
pub(super) fn drain(section: &Section<'_>, problems: &mut Problems) -> Read<Drain> {
    let grace = section.value("drain.grace", problems, Time::within(Duration::ZERO, DAY));
    let timeout = section.value("drain.timeout", problems, Time::within(Duration::ZERO, DAY));
    Ok(Drain {
        grace: grace?.unwrap_or(Duration::from_secs(5)),
        timeout: timeout?.unwrap_or(Duration::from_secs(30)),
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
