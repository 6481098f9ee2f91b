//! The demo: Elasticsearch's JWT guide, played through a real Envoy with Realmgate beside it.
//!
//! Rule: it says what it does before it does it, stays on 127.0.0.1, and leaves nothing behind.

// `pub(crate)` is as far as anything in an example is seen.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it speaks to who started it")]

#[path = "kit/mod.rs"]
#[allow(dead_code, reason = "shared with the tests, which use what the demo does not")]
mod kit;

#[path = "demo/bare.rs"]
mod bare;
#[path = "demo/counted.rs"]
mod counted;
#[path = "demo/interrupt.rs"]
mod interrupt;
#[path = "demo/play.rs"]
mod play;
#[path = "demo/rows.rs"]
mod rows;
#[path = "demo/show.rs"]
mod show;
#[path = "demo/stage.rs"]
mod stage;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo run --release --example demo [-- OPTION...]
  --stay           leave everything running until Ctrl-C, and print ready curl lines
  --without-envoy  play the same requests through Realmgate's gRPC interface";

/// `EX_UNAVAILABLE`: no Envoy can be had here.
const NO_ENVOY: u8 = 69;
const WRONG_COMMAND_LINE: u8 = 2;
/// The status of who was interrupted before the end, as a shell reports it.
const INTERRUPTED: u8 = 130;

/// What was asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    stay: bool,
    without_envoy: bool,
}

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    NoEnvoy(#[from] kit::find::NotFound),
    #[error("Envoy does not run: {0}")]
    Envoy(#[from] kit::run::RunError),
    #[error("Realmgate does not start: {0}")]
    Realmgate(String),
    #[error("{what}: {why}")]
    Io { what: &'static str, why: std::io::Error },
    #[error("the check failed: {0}")]
    Check(String),
}

impl Failure {
    const fn exit_status(&self) -> u8 {
        match self {
            Self::NoEnvoy(_) => NO_ENVOY,
            Self::Envoy(_) | Self::Realmgate(_) | Self::Io { .. } | Self::Check(_) => 1,
        }
    }
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(code) => return code,
    };
    interrupt::run(move |interrupted| match play::play(options, interrupted) {
        Ok(as_expected) => u8::from(!as_expected),
        // What failed because somebody asked for the end is nobody's news.
        Err(_) if kit::children::all_ended() => INTERRUPTED,
        Err(failure) => {
            eprintln!("\n{failure}");
            if let Failure::NoEnvoy(_) = failure {
                eprintln!(
                    "Or play it without Envoy: cargo run --release --example demo -- --without-envoy"
                );
            }
            failure.exit_status()
        }
    })
}

fn options(arguments: impl Iterator<Item = String>) -> Result<Options, ExitCode> {
    let mut options = Options::default();
    for argument in arguments {
        match argument.as_str() {
            "--stay" => options.stay = true,
            "--without-envoy" => options.without_envoy = true,
            "--help" | "-h" => {
                println!("{USAGE}");
                return Err(ExitCode::SUCCESS);
            }
            _ => {
                eprintln!("unknown option {argument:?}\n{USAGE}");
                return Err(ExitCode::from(WRONG_COMMAND_LINE));
            }
        }
    }
    Ok(options)
}
