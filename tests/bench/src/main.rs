//! The bench's commands: by itself it measures Realmgate against the floor, as `floor` it is the
//! floor, as `starvation` it measures what expensive checks do to cheap ones.
//! Rule: everything it starts ends with it.

mod floor;
mod load;
mod process;
mod realmgate;
mod report;
mod rounds;
mod starvation;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use realmgate::Binary;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the CPU time of a check in Realmgate and in the smallest server that could answer it.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
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
    /// Measures how long cached checks take without and with a flood of tokens signed by ES512.
    Starvation(starvation::Options),
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
    #[command(flatten)]
    binary: Binary,
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
        Some(Part::Starvation(options)) => starve(&options),
        None => compare(&arguments.options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("bench: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn compare(options: &Options) -> Result<(), String> {
    let figures = rounds::measure(options)?;
    if options.json {
        println!("{}", report::json(&figures));
    } else {
        print!("{}", report::text(&figures));
    }
    Ok(())
}

fn starve(options: &starvation::Options) -> Result<(), String> {
    let figures = starvation::measure(options)?;
    if options.json {
        println!("{}", starvation::json(&figures));
    } else {
        print!("{}", starvation::text(&figures));
    }
    match (options.at_most, starvation::median_ratio(&figures)) {
        (Some(most), Some(ratio)) if ratio > most => {
            Err(format!("the median ratio is {ratio:.2}, which is over {most}"))
        }
        _ => Ok(()),
    }
}
