//! A running Realmgate: the real binary with a configuration of the test's own, on free ports.
//!
//! Rule: a gate listens on loopback port 0 (or on a socket in its own folder) and is gone,
//! process and folder, when it is dropped.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::caller::Caller;
use super::folder::Folder;
use super::process::{Ended, Running, realmgate};
use super::series::reloads;
use super::{http, mount, wait};

/// What a gate is to be started with.
#[derive(Debug)]
pub(crate) struct Setup {
    source: Source,
    settings: Map<String, Value>,
    secrets: Vec<(String, Vec<u8>)>,
    /// What stands beside the configuration, by its name.
    files: BTreeMap<String, Vec<u8>>,
    environment: Vec<(&'static str, String)>,
    log_unread: bool,
    /// Whether the files stand in folders as Kubernetes mounts them.
    mounted: bool,
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
    // Last, so that the process is gone before its folder. `None` only while it is changed.
    setup: Option<Setup>,
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
        let (secrets, folder) = (Vec::new(), Folder::new());
        let (files, environment) = (BTreeMap::new(), Vec::new());
        let (log_unread, mounted) = (false, false);
        Self { source, settings, secrets, files, environment, log_unread, mounted, folder }
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

    /// Takes one secret out.
    pub(crate) fn without_secret(mut self, name: &str) -> Self {
        self.secrets.retain(|(other, _)| other != name);
        self
    }

    /// Puts a file beside the configuration; the last of a name counts.
    pub(crate) fn file(mut self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.files.insert(name.to_owned(), content.as_ref().to_vec());
        self
    }

    /// Takes one file out.
    pub(crate) fn without_file(mut self, name: &str) -> Self {
        self.files.remove(name);
        self
    }

    /// Keeps the files as Kubernetes mounts them.
    pub(crate) fn mounted(mut self) -> Self {
        self.mounted = true;
        self
    }

    /// Writes into the files as they stand, mounted or not.
    pub(crate) fn in_place(mut self) -> Self {
        self.mounted = false;
        self
    }

    /// Sets `RUST_LOG`.
    pub(crate) fn rust_log(self, filter: &str) -> Self {
        self.environment("RUST_LOG", filter)
    }

    /// Sets a variable of the service's environment.
    pub(crate) fn environment(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// Leaves the log unread.
    pub(crate) fn log_unread(mut self) -> Self {
        self.log_unread = true;
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
        Gate { process, grpc, http, setup: Some(self) }
    }

    /// Starts it and waits for nothing: its addresses are those of the settings.
    pub(crate) fn launch(self) -> Gate {
        let address = |name| self.settings[name].as_str().unwrap().to_owned();
        let grpc = address("realmgate.grpc.address");
        let http = address("realmgate.http.address").parse().unwrap();
        Gate { process: self.spawn(), grpc, http, setup: Some(self) }
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
            self.write();
            command.arg("--config").arg(self.config_file());
            command.arg("--keystore").arg(self.keystore());
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if self.log_unread { Running::spawn_unread(command) } else { Running::spawn(command) }
    }

    /// The configuration's file.
    pub(crate) fn config_file(&self) -> PathBuf {
        self.folder.path().join("config").join(self.config_name())
    }

    /// The folder of secrets.
    pub(crate) fn keystore(&self) -> PathBuf {
        self.folder.path().join("config/keystore")
    }

    const fn config_name(&self) -> &'static str {
        match self.source {
            Source::Yaml(_) => "realmgate.yml",
            Source::Json | Source::Quickstart => "realmgate.json",
        }
    }

    /// Writes all files of the one that is `kept` anew, changed so.
    pub(crate) fn rewrite(kept: &mut Option<Self>, change: impl FnOnce(Self) -> Self) {
        let setup = change(kept.take().unwrap());
        setup.write();
        *kept = Some(setup);
    }

    /// Writes all files anew: mounted ones as a new version, others in place.
    pub(crate) fn write(&self) {
        let mut config = self.files.clone();
        config.insert(self.config_name().to_owned(), self.config().into_bytes());
        let secrets = self.secrets.iter().cloned().collect();
        let folder = self.folder.path().join("config");
        if self.mounted {
            mount::swap(&folder.join("mount"), &config);
            mount::swap(&self.keystore(), &secrets);
            for name in config.keys() {
                let link = folder.join(name);
                if std::fs::symlink_metadata(&link).is_err() {
                    std::os::unix::fs::symlink(folder.join("mount").join(name), link).unwrap();
                }
            }
        } else {
            Self::write_in_place(&folder, &config);
            Self::write_in_place(&self.keystore(), &secrets);
        }
    }

    fn write_in_place(folder: &Path, files: &BTreeMap<String, Vec<u8>>) {
        std::fs::create_dir_all(folder).unwrap();
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            let is_kept = files.contains_key(&name) || name.starts_with('.');
            if !entry.file_type().unwrap().is_dir() && !is_kept {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
        for (name, content) in files {
            let file = folder.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, content).unwrap();
        }
    }

    fn config(&self) -> String {
        let mut settings = self.settings.clone();
        for key in ["realmgate.grpc.address", "realmgate.http.address"] {
            settings.entry(key).or_insert("127.0.0.1:0".into());
        }
        match &self.source {
            Source::Yaml(text) => {
                // A JSON value is a YAML flow value, so each setting is a line of its own.
                let added = settings.iter().map(|(key, value)| format!("{key}: {value}\n"));
                std::iter::once(format!("{text}\n")).chain(added).collect()
            }
            Source::Json | Source::Quickstart => Value::Object(settings).to_string(),
        }
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

    /// What it was started with, or last changed to.
    pub(crate) fn setup(&self) -> &Setup {
        self.setup.as_ref().unwrap()
    }

    /// Writes the files anew, changed so.
    pub(crate) fn change(&mut self, change: impl FnOnce(Setup) -> Setup) {
        Setup::rewrite(&mut self.setup, change);
    }

    /// A series of the metrics.
    pub(crate) fn metric(&self, series: &str) -> i64 {
        http::metric(self.http(), series)
    }

    /// All metrics.
    pub(crate) fn scrape(&self) -> String {
        http::get(self.http(), "/metrics").body
    }

    /// Waits until a series has this value: a check is counted when it is answered, or just after.
    pub(crate) fn wait_for_metric(&self, series: &str, wanted: i64) {
        let found = wait::poll(wait::PATIENCE, || (self.metric(series) == wanted).then_some(()));
        let is = self.metric(series);
        assert!(found.is_some(), "{series} is {is} and not {wanted}:\n{}", self.log());
    }

    /// How many reloads ended so.
    pub(crate) fn reloads(&self, result: &str) -> i64 {
        self.metric(&reloads(result))
    }

    /// Waits until one more reload has ended so than `before`.
    pub(crate) fn wait_for_reload(&self, result: &str, before: i64) {
        self.wait_for_metric(&reloads(result), before + 1);
    }

    /// Writes the files anew, changed so, and waits until the real poll has taken that as `result`:
    /// a signal besides could count a second time.
    pub(crate) fn reload(&mut self, result: &str, change: impl FnOnce(Setup) -> Setup) {
        let before = self.reloads(result);
        self.change(change);
        self.wait_for_reload(result, before);
    }

    /// A client of the gRPC listener, with a connection of its own.
    pub(crate) fn caller(&self) -> Caller {
        Caller::to(&self.grpc)
    }

    /// Waits until one that was launched is ready.
    pub(crate) fn wait_until_ready(&mut self) {
        let line = self.process.wait_for_stdout("realmgate: ready ");
        let line = line.unwrap_or_else(|ended| panic!("the gate did not start: {ended:#?}"));
        assert_eq!(addresses(&line), (self.grpc.clone(), self.http));
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
