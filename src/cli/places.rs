//! Where a configuration stands, for every command that reads one: the option, else the variable,
//! else the folder beside the file.
//!
//! The one rule: all commands find the same configuration with the same words.

use crate::settings::Sources;
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

/// The options.
#[derive(Debug, Default, Args)]
pub(super) struct Places {
    /// The configuration; else the environment's `REALMGATE_CONFIG`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of secrets; else `REALMGATE_KEYSTORE`, else `keystore` beside the configuration.
    #[arg(long, value_name = "DIR")]
    keystore: Option<PathBuf>,
}

const CONFIG: &str = "REALMGATE_CONFIG";
const KEYSTORE: &str = "REALMGATE_KEYSTORE";

/// What is said where no file is named.
pub(super) const NO_CONFIG: &str = "realmgate: no configuration: name one with --config FILE or in \
                                    the environment's REALMGATE_CONFIG";

impl Places {
    /// The places, if there is a file. `environment` gives the variables; one that is set to
    /// nothing is not set.
    pub(super) fn find(&self, environment: impl Fn(&str) -> Option<OsString>) -> Option<Sources> {
        let named = |option: &Option<PathBuf>, variable: &str| {
            let fallback = || environment(variable).filter(|value| !value.is_empty());
            option.clone().or_else(|| fallback().map(PathBuf::from))
        };
        let config = named(&self.config, CONFIG)?;
        let keystore = named(&self.keystore, KEYSTORE);
        Some(Sources::new(&config, keystore.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_goes_before_its_variable_and_an_empty_variable_is_none() {
        let path = |path: &str| (!path.is_empty()).then(|| PathBuf::from(path));
        for (options, variables, found) in [
            (("", ""), ("", ""), None),
            (("", ""), ("", "/v/keystore"), None),
            (("", ""), ("/v/gate.yml", ""), Some(("/v/gate.yml", None))),
            (("", ""), ("/v/gate.yml", "/v/k"), Some(("/v/gate.yml", Some("/v/k")))),
            (("/o/gate.yml", ""), ("/v/gate.yml", "/v/k"), Some(("/o/gate.yml", Some("/v/k")))),
            (("/o/gate.yml", "/o/k"), ("/v/gate.yml", "/v/k"), Some(("/o/gate.yml", Some("/o/k")))),
        ] {
            let places = Places { config: path(options.0), keystore: path(options.1) };
            let value = |name: &str| {
                Some(OsString::from(if name == CONFIG { variables.0 } else { variables.1 }))
            };
            let wanted = found.map(|(config, keystore)| {
                Sources::new(config.as_ref(), keystore.map(std::path::Path::new))
            });
            assert_eq!(places.find(value), wanted, "{options:?} {variables:?}");
        }
    }
}
