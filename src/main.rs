//! The `realmgate` binary: arguments in, exit status out.
//!
//! The one rule: only what a whole process has once stands here, the allocator above all.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    realmgate::cli::run(std::env::args_os())
}
