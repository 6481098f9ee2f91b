//! `realmgate explain`: one request decided without a running service, and every step of it told.
//!
//! The one rule: it is the service's own line of decision that is walked, with its own keys, and
//! what is printed lets nobody in: no secret, no signature, no token.

mod claims;
mod explanation;
mod headers;
mod print;
mod request;
mod steps;

use super::places::{NO_CONFIG, Places};
use super::{Exit, say, tell};
use crate::app::{self, KeySources, StartError};
use crate::engine::realm::jwt::JwtRealm;
use crate::engine::{Inline, Monotonic, Now, Snapshot, UnixTime};
use crate::server::clock::Clock;
use crate::settings::{Problems, Version};
use clap::Args;
use explanation::Explanation;
use request::{Offline, Request};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// What to explain.
#[derive(Debug, Args)]
pub(super) struct Explain {
    #[command(flatten)]
    places: Places,
    /// A header of the request: 'Name: value', or @FILE or @- for a file or standard input with
    /// one header a line. May be repeated.
    // Read by hand, since what clap says of a value repeats it.
    #[arg(short = 'H', value_name = "HEADER")]
    headers: Vec<OsString>,
    /// The request's method.
    #[arg(long, default_value = "GET")]
    method: String,
    /// The request's path, with its query.
    #[arg(long, default_value = "/")]
    path: String,
    /// The request's host.
    #[arg(long, default_value = "localhost")]
    host: String,
    /// Judges as of this time, in seconds since 1970.
    #[arg(long, value_name = "UNIX")]
    now: Option<u64>,
    /// Leaves out what needs the network.
    #[arg(long)]
    offline: bool,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    /// Judges a token's payload alone, out of a file or, as -, of standard input: client
    /// authentication and signature are assumed to be good.
    #[arg(long, value_name = "FILE", requires = "realm")]
    #[arg(conflicts_with_all = ["headers", "method", "path", "host"])]
    claims: Option<PathBuf>,
    /// The realm that judges the payload.
    #[arg(long, value_name = "NAME", requires = "claims")]
    realm: Option<String>,
    // What a forgotten quotation mark leaves over may be a token, and clap would print it.
    #[arg(hide = true)]
    stray: Vec<OsString>,
}

/// What is to be explained, as far as the command line says.
enum Subject {
    Claims { payload: Vec<u8>, realm: String },
    Request(Request),
}

/// Why nothing is explained.
#[derive(Debug, thiserror::Error)]
enum NotExplained {
    #[error("{0}")]
    Refused(String),
    #[error("realmgate: {0}")]
    System(String),
    #[error("realmgate: {0}")]
    Usage(String),
}

impl NotExplained {
    const fn exit(&self) -> Exit {
        match self {
            Self::Refused(_) => Exit::Config,
            Self::System(_) => Exit::Failure,
            Self::Usage(_) => Exit::Usage,
        }
    }
}

/// Explains once. `environment` gives the variables.
pub(super) fn run(explain: &Explain, environment: impl Fn(&str) -> Option<OsString>) -> Exit {
    match explained(explain, environment) {
        Ok(explanation) => {
            let printed =
                if explain.json { print::json(&explanation) } else { print::text(&explanation) };
            say(printed.trim_end());
            if explanation.is_allow() { Exit::Success } else { Exit::Failure }
        }
        Err(why) => {
            tell(why.to_string().trim_end());
            why.exit()
        }
    }
}

fn explained(
    explain: &Explain,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<Explanation, NotExplained> {
    let subject = subject(explain)?;
    let (snapshot, _keys) = snapshot(explain, environment)?;
    let now = now(explain.now);
    match subject {
        Subject::Claims { payload, realm } => {
            let realm = named(&snapshot, &realm)?;
            Ok(claims::explain(realm, &payload, now.unix))
        }
        Subject::Request(request) => {
            let system = |error: std::io::Error| NotExplained::System(error.to_string());
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            Ok(runtime.map_err(system)?.block_on(async {
                if explain.offline {
                    request.explain(&snapshot, now, &Offline).await
                } else {
                    request.explain(&snapshot, now, &Inline).await
                }
            }))
        }
    }
}

fn subject(explain: &Explain) -> Result<Subject, NotExplained> {
    let usage = |what: String| NotExplained::Usage(what);
    if !explain.stray.is_empty() {
        let what = "explain takes options only; a header is one word: -H 'Name: value'";
        return Err(usage(what.to_owned()));
    }
    if let (Some(file), Some(realm)) = (&explain.claims, &explain.realm) {
        let payload = headers::content(file.as_os_str());
        let payload =
            payload.map_err(|why| usage(format!("--claims {}: {why}", file.display())))?;
        return Ok(Subject::Claims { payload, realm: realm.clone() });
    }
    let headers = headers::read(&explain.headers).map_err(|why| usage(why.to_string()))?;
    let Explain { method, path, host, .. } = explain;
    let (method, path, host) = (method.clone(), path.clone(), host.clone());
    Ok(Subject::Request(Request { method, path, host, headers }))
}

/// What decides, made as at a start. Warnings are told.
fn snapshot(
    explain: &Explain,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<(Snapshot, KeySources), NotExplained> {
    let sources = explain.places.find(environment);
    let sources = sources.ok_or_else(|| NotExplained::Refused(NO_CONFIG.to_owned()))?;
    let Version { made, key_files, .. } = sources.read(None);
    let refused = |problems: Problems| NotExplained::Refused(problems.to_string());
    let system = |error: StartError| NotExplained::System(error.to_string());
    let loaded = made.map_err(refused)?;
    let keys = app::key_sources(&loaded, &key_files, explain.offline);
    let (keys, said) = keys.map_err(system)?;
    if said.refusals().next().is_some() {
        return Err(refused(said));
    }
    for warnings in [&loaded.warnings, &said].into_iter().filter(|said| !said.is_empty()) {
        tell(warnings.to_string().trim_end());
    }
    let snapshot = app::snapshot(&loaded.settings, &keys).map_err(system)?;
    Ok((snapshot, keys))
}

/// The realm of this name.
fn named<'s>(snapshot: &'s Snapshot, name: &str) -> Result<&'s JwtRealm, NotExplained> {
    snapshot.realms.iter().find(|realm| realm.name == name).ok_or_else(|| {
        let names: Vec<_> = snapshot.realms.iter().map(|realm| realm.name.as_str()).collect();
        let what = format!("no realm [{name}]; there are [{}]", names.join(","));
        NotExplained::Usage(what)
    })
}

/// The time that was given, or the clock's.
fn now(given: Option<u64>) -> Now {
    given.map_or_else(
        || Clock::start().now(),
        |seconds| Now {
            unix: UnixTime::new(Duration::from_secs(seconds)),
            monotonic: Monotonic::new(Duration::ZERO),
        },
    )
}
