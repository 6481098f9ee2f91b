//! The measurement: floor and Realmgate side by side, in turns under the same load.
//! Rule: a ratio compares two turns of the same round, so that the machine's moods cancel out.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, fs, thread};

use bytes::Bytes;

use crate::load::{self, Framed, Source};
use crate::process::{Cpu, Process};
use crate::{Options, realmgate};

/// A request that a real Envoy sent, with the guide's token `jwt8`.
pub(crate) const REQUEST: &str = "tests/vectors/check-requests/jwt8.bin";

/// What was found.
pub(crate) struct Figures {
    pub(crate) checks: u32,
    pub(crate) request_len: usize,
    pub(crate) answer_len: usize,
    pub(crate) rounds: Vec<Round>,
}

/// CPU time of one turn of each.
pub(crate) struct Round {
    pub(crate) floor: Cpu,
    pub(crate) realmgate: Cpu,
}

/// Starts both servers, lets them take turns, and stops them.
pub(crate) fn measure(options: &Options) -> Result<Figures, String> {
    let path = options.request.clone().unwrap_or_else(|| realmgate::root().join(REQUEST));
    let message = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let request = Framed::new(&message)?;
    let binary = options.binary.path()?;
    end_on_signals()?;
    let realmgate = realmgate::start(&binary)?;
    let answer = load::first(realmgate.grpc(), &request)?;
    realmgate::must_allow(&answer)?;
    let floor = start_floor(&answer)?;
    if load::first(floor.grpc(), &request)? != answer {
        return Err("the floor does not answer as Realmgate does".to_owned());
    }
    let bench = Bench { floor, realmgate, request, answer };
    let rounds = bench.rounds(options)?;
    Ok(Figures {
        checks: options.checks,
        request_len: message.len(),
        answer_len: bench.answer.len(),
        rounds,
    })
}

/// This very program, as the floor.
fn start_floor(answer: &Bytes) -> Result<Process, String> {
    let length = u32::try_from(answer.len()).map_err(|_| "the answer is too large")?;
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let input = [&length.to_be_bytes(), &answer[..]].concat();
    Process::start(Command::new(program).arg("floor"), &input)
}

struct Bench {
    floor: Process,
    realmgate: Process,
    request: Framed,
    answer: Bytes,
}

impl Bench {
    fn rounds(&self, options: &Options) -> Result<Vec<Round>, String> {
        let warm_up = options.checks / 10;
        self.turn(&self.floor, warm_up)?;
        self.turn(&self.realmgate, warm_up)?;
        (0..options.rounds).map(|index| self.round(index, options.checks)).collect()
    }

    /// Which of the two is first alternates: neither always follows the other.
    fn round(&self, index: u32, checks: u32) -> Result<Round, String> {
        if index.is_multiple_of(2) {
            let floor = self.turn(&self.floor, checks)?;
            Ok(Round { floor, realmgate: self.turn(&self.realmgate, checks)? })
        } else {
            let realmgate = self.turn(&self.realmgate, checks)?;
            Ok(Round { floor: self.turn(&self.floor, checks)?, realmgate })
        }
    }

    fn turn(&self, server: &Process, checks: u32) -> Result<Cpu, String> {
        let before = server.cpu()?;
        load::turn(server.grpc(), &Source::of(&self.request, &self.answer, checks))?;
        Ok(server.cpu()? - before)
    }
}

/// Set by SIGINT and SIGTERM: the load ends, and with the measurement its servers.
pub(crate) static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Has SIGINT and SIGTERM end the load.
pub(crate) fn end_on_signals() -> Result<(), String> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let (mut interrupt, mut terminate) = {
        let _entered = runtime.enter();
        let listen = |kind| signal(kind).map_err(|error| error.to_string());
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?)
    };
    thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! { _ = interrupt.recv() => (), _ = terminate.recv() => () }
        });
        INTERRUPTED.store(true, Ordering::Relaxed);
    });
    Ok(())
}
