//! What a gate is started with: settings, secrets and the files beside them.
//!
//! Rule: it listens on loopback port 0 unless it is told where, and everything stands in its own folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::super::folder::Folder;
use super::super::mount;
use super::super::process::{Ended, Running, realmgate};
use super::{Gate, addresses};

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
