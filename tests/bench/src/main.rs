//! The bench's commands: by itself it measures Realmgate against the floor, as `floor` it is the floor.
//! Rule: everything it starts ends with it.

mod floor;
mod load;
mod process;
mod realmgate;
mod report;
mod rounds;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the CPU time of a check in Realmgate and in the smallest server that could answer it.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand)]
enum Part {
    /// Serves the answer that comes on standard input until that closes (the bench starts this).
    #[command(hide = true)]
    Floor,
}

/// How to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Rounds, each of one turn of either server
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Checks in a turn
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1000..=10_000_000))]
    checks: u32,
    /// The Cargo profile that Realmgate is built with
    #[arg(long, default_value = "dist")]
    profile: String,
    /// A Realmgate that is built already
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    realmgate: Option<PathBuf>,
    /// The check request, as Envoy sent it, to be allowed by the quickstart
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.part {
        Some(Part::Floor) => floor::serve(),
        None => rounds::measure(&arguments.options).map(|figures| {
            if arguments.options.json {
                println!("{}", report::json(&figures));
            } else {
                print!("{}", report::text(&figures));
            }
        }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("bench: {problem}");
            ExitCode::FAILURE
        }
    }
}
