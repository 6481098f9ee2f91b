//! A server under measurement, as a process: started, asked for its CPU time, killed at the end.
//! Rule: it never outlives its value.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::ops::Sub;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Until a server says that it is ready.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that is ready.
pub(crate) struct Process {
    child: Killed,
    /// The floor ends when this closes, whatever becomes of us.
    _stdin: ChildStdin,
    /// Open, so that no later word of the server meets a closed pipe.
    _stdout: BufReader<ChildStdout>,
    grpc: SocketAddr,
}

impl Process {
    /// Starts a server, writes it this input, and waits for the line that says where it listens.
    pub(crate) fn start(command: &mut Command, input: &[u8]) -> Result<Self, String> {
        let program = command.get_program().display().to_string();
        let failed = |error: &dyn std::fmt::Display| format!("{program}: {error}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map(Killed)
            .map_err(|error| failed(&error))?;
        let (Some(mut stdin), Some(stdout)) = (child.0.stdin.take(), child.0.stdout.take()) else {
            return Err(failed(&"it has no pipes"));
        };
        stdin.write_all(input).map_err(|error| failed(&error))?;
        let (line, stdout) = first_line(stdout).ok_or_else(|| failed(&"it does not get ready"))?;
        let grpc = address(&line).ok_or_else(|| failed(&format!("it began with {line:?}")))?;
        Ok(Self { child, _stdin: stdin, _stdout: stdout, grpc })
    }

    /// Where it listens.
    pub(crate) fn grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// The CPU time that it has had so far.
    pub(crate) fn cpu(&self) -> Result<Cpu, String> {
        let path = format!("/proc/{}/stat", self.child.0.id());
        let stat = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        Cpu::parse(&stat).ok_or_else(|| format!("{path}: not as expected: {stat:?}"))
    }
}

/// A child that is killed and reaped when it is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Either fails only where the child has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first line, if it comes in time; a thread waits for it, since a pipe knows no deadline.
fn first_line(stdout: ChildStdout) -> Option<(String, BufReader<ChildStdout>)> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        if stdout.read_line(&mut line).is_ok() {
            let _ = sender.send((line, stdout));
        }
    });
    receiver.recv_timeout(PATIENCE).ok()
}

/// The gRPC address of a line such as `realmgate: ready grpc=127.0.0.1:9191 http=…`.
fn address(line: &str) -> Option<SocketAddr> {
    line.split_whitespace().find_map(|word| word.strip_prefix("grpc="))?.parse().ok()
}

/// CPU seconds of a process.
#[derive(Clone, Copy)]
pub(crate) struct Cpu {
    pub(crate) user: f64,
    pub(crate) system: f64,
}

impl Cpu {
    pub(crate) fn total(self) -> f64 {
        self.user + self.system
    }

    /// Out of `/proc/PID/stat`: fields 14 and 15, counted behind the command's name, which may hold
    /// anything. Their unit, a hundredth of a second, is part of Linux's interface.
    fn parse(stat: &str) -> Option<Self> {
        let (_, after_name) = stat.rsplit_once(')')?;
        let mut ticks = after_name.split_whitespace().skip(11).map(str::parse::<u32>);
        let mut seconds = || Some(f64::from(ticks.next()?.ok()?) / 100.0);
        Some(Self { user: seconds()?, system: seconds()? })
    }
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { user: self.user - earlier.user, system: self.system - earlier.system }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_a_name_with_blanks_and_brackets() {
        let stat = "7 (a) b) c) S 1 7 7 0 -1 4 1 2 3 4 250 75 8 9 20 0 3 0 24 45 34";
        let cpu = Cpu::parse(stat).unwrap();
        assert_eq!(
            (cpu.user.to_bits(), cpu.system.to_bits()),
            (2.5_f64.to_bits(), 0.75_f64.to_bits())
        );
    }

    #[test]
    fn the_address_is_read_from_the_ready_line() {
        let line = "realmgate: ready grpc=127.0.0.1:1234 http=127.0.0.1:1235\n";
        assert_eq!(address(line), "127.0.0.1:1234".parse().ok());
        assert_eq!(address("realmgate: ready grpc=unix:/run/x http=127.0.0.1:1235"), None);
    }
}
