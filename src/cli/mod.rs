//! The command line: `serve`, `check`, `explain` and `probe`, and the exit statuses that scripts
//! rely on.
//!
//! The one rule: 0 is success, 2 a wrong command line, 78 a refused configuration, and 1 all else;
//! what a person must read comes on stderr, one line at a time.

mod check;
mod explain;
mod places;
mod probe;
mod serve;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// The program's exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// All went well.
    Success,
    /// Something failed.
    Failure,
    /// The command line is wrong.
    Usage,
    /// The configuration is refused: `EX_CONFIG` of sysexits.
    Config,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Failure => 1,
            Exit::Usage => 2,
            Exit::Config => 78,
        })
    }
}

/// An Envoy `ext_authz` service that authenticates as Elasticsearch's security realms do.
#[derive(Debug, Parser)]
#[command(name = "realmgate", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the service until SIGTERM or SIGINT.
    Serve(serve::Serve),
    /// Says what `serve` would say of a configuration, and ends.
    Check(check::Check),
    /// Decides one request and tells every step of it, without a running service.
    Explain(explain::Explain),
    /// Asks a running service once whether it is serving.
    Probe(probe::Probe),
}

/// Does what `arguments` say, the first of which is the program's name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let environment = |name: &str| std::env::var_os(name);
    let exit = match Arguments::try_parse_from(arguments) {
        Ok(Arguments { command: Command::Serve(serve) }) => serve::run(&serve, environment),
        Ok(Arguments { command: Command::Check(check) }) => check::run(&check, environment),
        Ok(Arguments { command: Command::Explain(explain) }) => explain::run(&explain, environment),
        Ok(Arguments { command: Command::Probe(probe) }) => probe::run(&probe),
        Err(error) => not_run(&error),
    };
    exit.into()
}

/// Help and version come this way too.
fn not_run(error: &clap::Error) -> Exit {
    if error.kind() == ErrorKind::DisplayVersion {
        say(version());
        return Exit::Success;
    }
    // Nobody is left to be told that the terminal is gone.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Success }
}

/// The version, and what it was built from and with.
fn version() -> String {
    let (commit, rustc) = (env!("REALMGATE_COMMIT"), env!("REALMGATE_RUSTC"));
    format!("realmgate {} ({commit}, {rustc})", env!("CARGO_PKG_VERSION"))
}

/// A line on stdout, at once.
fn say(line: impl Display) {
    let mut stdout = std::io::stdout().lock();
    // A reader who has gone away is no reason to stop.
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// A line on stderr.
fn tell(line: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, Exit> {
        Arguments::try_parse_from(line.split(' '))
            .map(|arguments| arguments.command)
            .map_err(|error| if error.use_stderr() { Exit::Usage } else { Exit::Success })
    }

    #[test]
    fn wrong_command_lines_are_told_from_right_ones() {
        for line in [
            "realmgate serve",
            "realmgate serve --config gate.yml",
            "realmgate serve --config gate.yml --keystore keystore",
            "realmgate serve --keystore keystore",
            "realmgate serve --quickstart",
            "realmgate serve --quickstart --grpc-address 127.0.0.1:0 --http-address [::1]:0",
            "realmgate check",
            "realmgate check --config gate.yml --keystore keystore --offline --strict",
            "realmgate probe",
            "realmgate probe --address unix:/run/gate.sock",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
        for line in [
            "realmgate",
            "realmgate start",
            "realmgate serve gate.yml",
            "realmgate serve --config",
            "realmgate serve --quickstart --config gate.yml",
            "realmgate serve --quickstart --keystore keystore",
            "realmgate serve --grpc-address 127.0.0.1:0",
            "realmgate serve --config gate.yml --http-address 127.0.0.1:0",
            "realmgate check gate.yml",
            "realmgate check --config",
            "realmgate check --quickstart",
            "realmgate check --strict=yes",
            "realmgate probe --address nowhere",
            "realmgate probe 127.0.0.1:9191",
        ] {
            assert_eq!(parse(line).unwrap_err(), Exit::Usage, "{line}");
        }
        for line in ["realmgate --version", "realmgate --help", "realmgate serve --help"] {
            assert_eq!(parse(line).unwrap_err(), Exit::Success, "{line}");
        }
    }

    #[test]
    fn the_version_names_what_it_was_built_with() {
        let version = version();
        let start = concat!("realmgate ", env!("CARGO_PKG_VERSION"), " (");
        assert!(version.starts_with(start), "{version}");
        assert!(version.contains(", rustc ") && version.ends_with(')'), "{version}");
    }
}
