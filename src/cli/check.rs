//! `realmgate check`: everything that `serve` would say of a configuration, without serving it.
//!
//! The one rule: the lines are the very lines of `serve`, and silence means that it would start.

use super::places::{NO_CONFIG, Places};
use super::{Exit, tell};
use crate::settings::Loaded;
use clap::Args;
use std::ffi::OsString;

/// What to check.
#[derive(Debug, Default, Args)]
pub(super) struct Check {
    #[command(flatten)]
    places: Places,
    // Nothing does yet; whoever scripts the command can say so already.
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
    match sources.read(None).made {
        Ok(Loaded { warnings, .. }) if warnings.is_empty() => Exit::Success,
        Ok(Loaded { warnings, .. }) => {
            tell(warnings.to_string().trim_end());
            if check.strict { Exit::Config } else { Exit::Success }
        }
        Err(problems) => {
            tell(problems.to_string().trim_end());
            Exit::Config
        }
    }
}
