//! `realmgate serve`: settings, then the service, then its end.
//!
//! The one rule: what is wrong with a configuration is printed plain and before any log line.

use super::places::{NO_CONFIG, Places};
use super::{Exit, say, tell};
use crate::app::{self, Configured, Drained, Pace, Signals, StartError, Started};
use crate::server::clock::Clock;
use crate::settings::{self, Loaded, Version, Watch};
use clap::Args;
use std::ffi::OsString;

/// What to serve.
#[derive(Debug, Default, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    places: Places,
    /// Serves the realm of a public guide, on loopback only, to try it out.
    #[arg(long, conflicts_with_all = ["config", "keystore"])]
    quickstart: bool,
    // The conflict again, since clap waives a requirement that conflicts with what is given.
    /// Where the quickstart answers checks.
    #[arg(long, value_name = "ADDRESS", requires = "quickstart")]
    #[arg(conflicts_with_all = ["config", "keystore"])]
    grpc_address: Option<String>,
    /// Where the quickstart shows metrics and health.
    #[arg(long, value_name = "ADDRESS", requires = "quickstart")]
    #[arg(conflicts_with_all = ["config", "keystore"])]
    http_address: Option<String>,
}

const PUBLIC: &str = "\
warning: QUICKSTART: the secrets of this configuration are PUBLIC.
warning: QUICKSTART: anybody can make a token that it accepts; it listens on loopback only.";

/// Serves until the end. `environment` gives the variables.
pub(super) fn run(serve: &Serve, environment: impl Fn(&str) -> Option<OsString>) -> Exit {
    let (configured, told) = match configured(serve, environment) {
        Ok(found) => found,
        Err(told) => {
            tell(told.trim_end());
            return Exit::Config;
        }
    };
    if !told.is_empty() {
        tell(told.trim_end());
    }
    match until_drained(configured) {
        Ok(Drained::Clean) => Exit::Success,
        Ok(Drained::CutOff) => Exit::Failure,
        Err(StartError::Keys(problems)) => {
            tell(problems.to_string().trim_end());
            Exit::Config
        }
        Err(error) => {
            tell(format_args!("realmgate: {error}"));
            Exit::Failure
        }
    }
}

/// What to serve and the warnings' lines, or the problems' lines.
fn configured(
    serve: &Serve,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<(Configured, String), String> {
    if serve.quickstart {
        let (grpc, http) = (serve.grpc_address.as_deref(), serve.http_address.as_deref());
        let settings = settings::quickstart(grpc, http).map_err(|problems| problems.to_string())?;
        return Ok((settings.into(), PUBLIC.to_owned()));
    }
    let sources = serve.places.find(environment);
    let sources = sources.ok_or_else(|| format!("{NO_CONFIG}, or try --quickstart"))?;
    let Version { made, key_files, reading } = sources.read(None);
    let loaded = made.map_err(|problems| problems.to_string())?;
    let Loaded { settings, warnings, key_urls } = loaded;
    let watch = Some((Watch::new(sources, reading), Pace::default()));
    let key_urls = Some(key_urls);
    let clock = Clock::start();
    Ok((Configured { settings, key_files, key_urls, watch, clock }, warnings.to_string()))
}

fn until_drained(configured: Configured) -> Result<Drained, StartError> {
    let signals = Signals::catch()?;
    let _log = app::install_log(&configured.settings.log);
    let mut app = app::launch(configured)?;
    signals.follow(&app)?;
    match app.until_ready()? {
        Started::Stopped => return Ok(app.wait()),
        Started::Ready(Some(said)) if !said.is_empty() => tell(said.to_string().trim_end()),
        Started::Ready(_) | Started::Before => {}
    }
    say(format_args!("realmgate: ready grpc={} http={}", app.grpc(), app.http()));
    Ok(app.wait())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(serve: &Serve) -> String {
        configured(serve, |_| None).map(|_| ()).expect_err("refused")
    }

    #[test]
    fn without_a_configuration_all_ways_to_one_are_named() {
        let line = refused(&Serve::default());
        for way in ["--config", "REALMGATE_CONFIG", "--quickstart"] {
            assert!(line.contains(way), "{way} in {line}");
        }
    }

    #[test]
    fn the_quickstart_ignores_the_variables_and_says_that_its_secrets_are_public() {
        let serve = Serve { quickstart: true, ..Serve::default() };
        let (configured, told) =
            configured(&serve, |_| Some(OsString::from("/nowhere/gate.yml"))).unwrap();
        assert!(configured.settings.quickstart && configured.watch.is_none());
        assert!(told.lines().all(|line| line.starts_with("warning: ")), "{told}");
        assert!(told.contains("PUBLIC"));
        let serve = Serve { grpc_address: Some("0.0.0.0:0".into()), ..serve };
        assert!(refused(&serve).contains("--grpc-address"));
    }
}
