//! The built binary as a child process: its output kept line by line, killed and reaped on drop.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
#[cfg(feature = "system-tests")]
use std::process::ChildStdin;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::wait;

/// Variables that would change what the binary does, so that a test says all it depends on.
const FOREIGN: &[&str] = &["REALMGATE_CONFIG", "REALMGATE_KEYSTORE", "RUST_LOG", "RUST_BACKTRACE"];

/// How a process ended, and all that it said.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit status; `None` when a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A running process.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

/// The command for the binary under test, cleared of what the tester's shell may have set.
pub(crate) fn realmgate<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_realmgate"));
    command.args(arguments);
    for name in FOREIGN {
        command.env_remove(name);
    }
    command
}

/// Runs a command to its end, which must come by itself.
pub(crate) fn run(command: Command) -> Ended {
    Running::spawn(command).wait_exit()
}

/// Runs a command to its end with this file as its standard input.
pub(crate) fn run_fed(command: Command, input: &Path) -> Ended {
    let input = File::open(input).unwrap();
    Running::spawn_with(command, input.into(), Lines::read).wait_exit()
}

impl Running {
    /// Starts it with both outputs read from the first byte on.
    pub(crate) fn spawn(command: Command) -> Self {
        Self::spawn_with(command, Stdio::null(), Lines::read)
    }

    /// Starts it with a stderr that nobody reads, as where a collector of logs has stalled.
    pub(crate) fn spawn_unread(command: Command) -> Self {
        Self::spawn_with(command, Stdio::null(), Lines::unread)
    }

    /// Starts it to be told things by standard input, which ends when the writer is dropped.
    #[cfg(feature = "system-tests")]
    pub(crate) fn spawn_told(command: Command) -> (Self, ChildStdin) {
        let mut running = Self::spawn_with(command, Stdio::piped(), Lines::read);
        let stdin = running.child.stdin.take().unwrap();
        (running, stdin)
    }

    fn spawn_with(
        mut command: Command,
        stdin: Stdio,
        stderr: impl FnOnce(ChildStderr) -> Lines,
    ) -> Self {
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|why| panic!("{command:?}: {why}"));
        let stdout = Lines::read(child.stdout.take().unwrap());
        let stderr = stderr(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    /// The first line of stdout that begins so, or how the process ended without one.
    pub(crate) fn wait_for_stdout(&mut self, beginning: &str) -> Result<String, Ended> {
        let found = wait::poll(wait::PATIENCE, || {
            // Asked first: lines that came before the end are still found after it.
            let over = self.child.try_wait().unwrap().is_some();
            let line = self.stdout.find(|line| line.starts_with(beginning));
            line.map(Some).or(over.then_some(None))
        });
        match found {
            Some(Some(line)) => Ok(line),
            Some(None) => Err(self.ended()),
            None => panic!("no {beginning:?} on stdout; stderr:\n{}", self.stderr()),
        }
    }

    /// All of stderr so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.all().join("\n")
    }

    /// The lines of stderr so far.
    pub(crate) fn stderr_lines(&self) -> Vec<String> {
        self.stderr.all()
    }

    /// Sends a signal by name (`TERM`, `INT`); the shell's own `kill`, which every machine has.
    pub(crate) fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &line]).status().unwrap();
        assert!(status.success(), "{line}: {status}");
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for an end that comes by itself.
    pub(crate) fn wait_exit(mut self) -> Ended {
        self.wait_end()
    }

    /// The same on a borrowed process.
    pub(crate) fn wait_end(&mut self) -> Ended {
        wait::eventually("the process ends", || self.child.try_wait().unwrap());
        self.ended()
    }

    /// Reads what is left of the output of a process that is over.
    fn ended(&mut self) -> Ended {
        let status = self.child.wait().unwrap().code();
        let stdout = self.stdout.rest().join("\n");
        let stderr = self.stderr.rest().join("\n");
        Ended { status, stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be over already, which is no fault; it must only not outlive the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One output, gathered by a thread that ends with it.
#[derive(Debug)]
struct Lines {
    seen: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
    /// Kept open, since a closed pipe would be another fault.
    unread: Option<ChildStderr>,
}

impl Lines {
    fn read(output: impl Read + Send + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                let text = String::from_utf8_lossy(&line).into_owned();
                sink.lock().unwrap().push(text);
            }
        });
        Self { seen, reader: Some(reader), unread: None }
    }

    fn unread(output: ChildStderr) -> Self {
        Self { seen: Arc::default(), reader: None, unread: Some(output) }
    }

    fn find(&self, predicate: impl Fn(&str) -> bool) -> Option<String> {
        self.seen.lock().unwrap().iter().find(|line| predicate(line)).cloned()
    }

    fn all(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn rest(&mut self) -> Vec<String> {
        self.unread = None;
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.all()
    }
}
