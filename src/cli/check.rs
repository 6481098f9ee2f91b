//! `realmgate check`: everything that `serve` would say of a configuration, without serving it.
//!
//! The one rule: the lines are the very lines of `serve`, and silence means that it would start.

use super::places::{NO_CONFIG, Places};
use super::{Exit, tell};
use crate::app::{self, StartError};
use crate::settings::{KeyFiles, Loaded, Problems, Version};
use clap::Args;
use std::ffi::OsString;

/// What to check.
#[derive(Debug, Default, Args)]
pub(super) struct Check {
    #[command(flatten)]
    places: Places,
    /// Leaves out what needs the network.
    #[arg(long)]
    offline: bool,
    /// Refuses a configuration with warnings, too.
    #[arg(long)]
    strict: bool,
}

/// Checks once. `environment` gives the variables.
pub(super) fn run(check: &Check, environment: impl Fn(&str) -> Option<OsString>) -> Exit {
    let Some(sources) = check.places.find(environment) else {
        tell(NO_CONFIG);
        return Exit::Config;
    };
    let Version { made, key_files, .. } = sources.read(None);
    match made.map_err(Refused::Config).and_then(|loaded| said(&loaded, &key_files, check)) {
        Ok(said) if said.is_empty() => Exit::Success,
        Ok(said) => {
            tell(said.trim_end());
            if check.strict { Exit::Config } else { Exit::Success }
        }
        Err(Refused::Config(problems)) => {
            tell(problems.to_string().trim_end());
            Exit::Config
        }
        Err(Refused::System(error)) => {
            tell(format_args!("realmgate: {error}"));
            Exit::Failure
        }
    }
}

/// Why nothing could be said, or nothing good.
enum Refused {
    Config(Problems),
    System(StartError),
}

/// The lines of the warnings: those of the configuration, and those of what it fetches.
fn said(loaded: &Loaded, files: &KeyFiles, check: &Check) -> Result<String, Refused> {
    let keys = app::key_sources(loaded, files, check.offline);
    let (_, said) = keys.map_err(Refused::System)?;
    let lines = format!("{}{said}", loaded.warnings);
    if said.refusals().next().is_some() { Err(Refused::Config(said)) } else { Ok(lines) }
}
