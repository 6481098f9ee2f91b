//! `realmgate serve`: settings, then the service, then its end.
//!
//! The one rule: what is wrong with a configuration is printed plain and before any log line.

use super::{Exit, say, tell};
use crate::app::{self, Configured, Drained, Pace, StartError};
use crate::settings::{self, Loaded, Sources, Version, Watch};
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

/// What to serve.
#[derive(Debug, Default, Args)]
pub(super) struct Serve {
    /// The configuration; else the environment's `REALMGATE_CONFIG`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of secrets; else `REALMGATE_KEYSTORE`, else `keystore` beside the configuration.
    #[arg(long, value_name = "DIR")]
    keystore: Option<PathBuf>,
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

const CONFIG: &str = "REALMGATE_CONFIG";
const KEYSTORE: &str = "REALMGATE_KEYSTORE";

const NO_CONFIG: &str = "realmgate: no configuration: name one with --config FILE or in the \
                         environment's REALMGATE_CONFIG, or try --quickstart";

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
    // A variable that is set to nothing is not set.
    let named = |option: &Option<PathBuf>, variable: &str| {
        let fallback = || environment(variable).filter(|value| !value.is_empty());
        option.clone().or_else(|| fallback().map(PathBuf::from))
    };
    let config = named(&serve.config, CONFIG).ok_or(NO_CONFIG)?;
    let keystore = named(&serve.keystore, KEYSTORE);
    let sources = Sources::new(&config, keystore.as_deref());
    let Version { made, reading } = sources.read(None);
    let Loaded { settings, warnings } = made.map_err(|problems| problems.to_string())?;
    let watch = Some((Watch::new(sources, reading), Pace::default()));
    Ok((Configured { settings, watch }, warnings.to_string()))
}

fn until_drained(configured: Configured) -> Result<Drained, StartError> {
    let _log = app::install_log(&configured.settings.log);
    let app = app::start(configured)?;
    app.on_signals()?;
    say(format_args!("realmgate: ready grpc={} http={}", app.grpc(), app.http()));
    Ok(app.wait())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(serve: &Serve, variables: &[(&str, &str)]) -> String {
        let value = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        };
        configured(serve, value).map(|_| ()).expect_err("refused")
    }

    #[test]
    fn without_a_configuration_all_ways_to_one_are_named() {
        for variables in [&[][..], &[(CONFIG, "")], &[(KEYSTORE, "keystore")]] {
            let line = refused(&Serve::default(), variables);
            for way in ["--config", CONFIG, "--quickstart"] {
                assert!(line.contains(way), "{way} in {line}");
            }
        }
    }

    #[test]
    fn an_option_goes_before_its_variable() {
        let variables = [(CONFIG, "/nowhere/variable.yml"), (KEYSTORE, "/nowhere/variable")];
        let lines = refused(&Serve::default(), &variables);
        assert!(lines.contains("/nowhere/variable.yml: "), "{lines}");
        assert!(lines.contains("/nowhere/variable: "), "{lines}");
        let option = |path: &str| Some(PathBuf::from(path));
        let config = option("/nowhere/option.yml");
        let serve = Serve { config, keystore: option("/nowhere/option"), ..Serve::default() };
        let lines = refused(&serve, &variables);
        assert!(lines.contains("/nowhere/option.yml: ") && !lines.contains("variable"), "{lines}");
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
        assert!(refused(&serve, &[]).contains("--grpc-address"));
    }
}
