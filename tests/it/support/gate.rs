//! A running Realmgate: the real binary with a configuration of the test's own, on free ports.
//!
//! Rule: a gate listens on loopback port 0 (or on a socket in its own folder) and is gone,
//! process and folder, when it is dropped.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::caller::Caller;
use super::folder::Folder;
use super::process::{Ended, Running, realmgate};
use super::wait;

/// What a gate is to be started with.
#[derive(Debug)]
pub(crate) struct Setup {
    source: Source,
    settings: Map<String, Value>,
    secrets: Vec<(String, Vec<u8>)>,
    rust_log: Option<String>,
    folder: Folder,
}

#[derive(Debug)]
enum Source {
    /// Dotted keys, all of them in [`Setup::settings`].
    Json,
    /// A text as it stands; the settings are added as dotted lines at its end.
    Yaml(String),
    /// No file at all.
    Quickstart,
}

/// A running gate.
#[derive(Debug)]
pub(crate) struct Gate {
    process: Running,
    grpc: String,
    http: SocketAddr,
    // Last, so that the process is gone before its folder.
    _folder: Folder,
}

impl Setup {
    /// A configuration of dotted keys, written as JSON.
    pub(crate) fn json(config: Value) -> Self {
        let Value::Object(settings) = config else { panic!("a configuration is an object") };
        Self::new(Source::Json, settings)
    }

    /// A configuration as a newcomer writes it.
    pub(crate) fn yaml(text: impl Into<String>) -> Self {
        Self::new(Source::Yaml(text.into()), Map::new())
    }

    /// `serve --quickstart`.
    pub(crate) fn quickstart() -> Self {
        Self::new(Source::Quickstart, Map::new())
    }

    fn new(source: Source, settings: Map<String, Value>) -> Self {
        Self { source, settings, secrets: Vec::new(), rust_log: None, folder: Folder::new() }
    }

    /// Sets one key, full and dotted.
    pub(crate) fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.settings.insert(key.to_owned(), value.into());
        self
    }

    /// Takes one key out.
    pub(crate) fn unset(mut self, key: &str) -> Self {
        self.settings.remove(key);
        self
    }

    /// Puts one secret into the keystore, under its full name; the last of a name counts.
    pub(crate) fn secret(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.secrets.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Sets `RUST_LOG`.
    pub(crate) fn rust_log(mut self, filter: &str) -> Self {
        self.rust_log = Some(filter.to_owned());
        self
    }

    /// The gate's own folder, before it is started.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it and waits until it is ready.
    pub(crate) fn start(self) -> Gate {
        let mut process = self.spawn();
        let line = process.wait_for_stdout("realmgate: ready ");
        let line = line.unwrap_or_else(|ended| panic!("the gate did not start: {ended:#?}"));
        let (grpc, http) = addresses(&line);
        Gate { process, grpc, http, _folder: self.folder }
    }

    /// Starts it, and it must end by itself.
    pub(crate) fn run_to_end(self) -> Ended {
        self.spawn().wait_exit()
    }

    fn spawn(&self) -> Running {
        let mut command = realmgate(["serve"]);
        if let Source::Quickstart = self.source {
            let free = "127.0.0.1:0";
            command.args(["--quickstart", "--grpc-address", free, "--http-address", free]);
        } else {
            command.arg("--config").arg(self.write_config());
            command.arg("--keystore").arg(self.write_keystore());
        }
        if let Some(filter) = &self.rust_log {
            command.env("RUST_LOG", filter);
        }
        Running::spawn(command)
    }

    fn write_config(&self) -> PathBuf {
        let mut settings = self.settings.clone();
        for key in ["realmgate.grpc.address", "realmgate.http.address"] {
            settings.entry(key).or_insert("127.0.0.1:0".into());
        }
        match &self.source {
            Source::Yaml(text) => {
                // A JSON value is a YAML flow value, so each setting is a line of its own.
                let added = settings.iter().map(|(key, value)| format!("{key}: {value}\n"));
                let text = std::iter::once(format!("{text}\n")).chain(added).collect::<String>();
                self.folder.write("realmgate.yml", text)
            }
            _ => self.folder.write("realmgate.json", Value::Object(settings).to_string()),
        }
    }

    fn write_keystore(&self) -> PathBuf {
        let keystore = self.folder.path().join("keystore");
        std::fs::create_dir_all(&keystore).unwrap();
        for (name, value) in &self.secrets {
            self.folder.write(&format!("keystore/{name}"), value);
        }
        keystore
    }
}

/// The two addresses of the ready line.
fn addresses(line: &str) -> (String, SocketAddr) {
    let mut words = line.split_whitespace().skip(2);
    let mut next = |name: &str| {
        let word = words.next().and_then(|word| word.strip_prefix(name));
        word.unwrap_or_else(|| panic!("no {name} in {line:?}")).to_owned()
    };
    let grpc = next("grpc=");
    let http = next("http=");
    (grpc, http.parse().unwrap())
}

impl Gate {
    /// The embedded quickstart.
    pub(crate) fn quickstart() -> Self {
        Setup::quickstart().start()
    }

    /// The gRPC address, as the ready line names it: `127.0.0.1:PORT` or `unix:/path`.
    pub(crate) fn grpc(&self) -> &str {
        &self.grpc
    }

    /// The HTTP address.
    pub(crate) fn http(&self) -> SocketAddr {
        self.http
    }

    /// A client of the gRPC listener, with a connection of its own.
    pub(crate) fn caller(&self) -> Caller {
        Caller::to(&self.grpc)
    }

    /// Everything on stderr so far.
    pub(crate) fn log(&self) -> String {
        self.process.stderr()
    }

    /// The log lines so far that are JSON objects.
    pub(crate) fn log_objects(&self) -> Vec<Value> {
        let lines = self.process.stderr_lines();
        lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The first line on stderr for which `predicate` holds, waited for.
    pub(crate) fn wait_for_log(&self, predicate: impl Fn(&str) -> bool) -> String {
        let probe = || self.process.stderr_lines().into_iter().find(|line| predicate(line));
        wait::poll(wait::PATIENCE, probe)
            .unwrap_or_else(|| panic!("no such line on stderr:\n{}", self.log()))
    }

    /// The first JSON log line for which `predicate` holds, waited for.
    pub(crate) fn wait_for_event(&self, predicate: impl Fn(&Value) -> bool) -> Value {
        let line =
            self.wait_for_log(|line| serde_json::from_str(line).is_ok_and(|v| predicate(&v)));
        serde_json::from_str(&line).unwrap()
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        self.process.signal("TERM");
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Whether the process still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// Waits until the process has ended by itself.
    pub(crate) fn wait_exit(&mut self) -> Ended {
        self.process.wait_end()
    }
}
