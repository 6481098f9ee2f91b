//! Runs Envoy: from a configuration to a listening port, and gone when the value is dropped.
//!
//! Rule: Envoy chooses its own free ports and says which, so nothing here can collide with what
//! else runs on the machine.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::bootstrap::Bootstrap;
use super::children::Running;
use super::http::Request;

/// Far more than it takes on a busy machine: 0.1 s.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(10);

/// Why Envoy does not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("{what}: {why}")]
    Io { what: String, why: io::Error },
    #[error("Envoy ended with {status}; it said:\n{said}")]
    Ended { status: String, said: String },
    #[error("Envoy was not ready within {PATIENCE:?}; it said:\n{said}")]
    Late { said: String },
}

/// A running Envoy.
#[derive(Debug)]
pub(crate) struct Envoy {
    admin: SocketAddr,
    listener: SocketAddr,
    // Before the folder, so that the process is gone when its files go.
    process: Running,
    folder: Folder,
}

impl Envoy {
    /// Starts `binary` and waits until its listener takes requests.
    pub(crate) fn start(binary: &Path, bootstrap: &Bootstrap) -> Result<Self, RunError> {
        let folder = Folder::new()?;
        let config = folder.0.join("envoy.yaml");
        fs::write(&config, bootstrap.text()).map_err(io_error(&config))?;
        let output = |name: &str| {
            let path = folder.0.join(name);
            fs::File::create(&path).map_err(io_error(&path))
        };
        let mut command = Command::new(binary);
        command.arg("-c").arg(&config).arg("--admin-address-path").arg(folder.0.join("admin"));
        command.args(["--disable-hot-restart", "--concurrency", "2", "--log-level", "info"]);
        // The access log comes soon, not every ten seconds.
        command.args(["--file-flush-interval-msec", "100"]);
        command.stdin(Stdio::null()).stdout(output("access.log")?).stderr(output("envoy.log")?);
        let process = Running::start(command).map_err(io_error(binary))?;
        let (admin, listener) = wait_until_ready(&process, &folder.0)?;
        Ok(Self { admin, listener, process, folder })
    }

    /// Where clients ask.
    pub(crate) fn address(&self) -> SocketAddr {
        self.listener
    }

    /// Where Envoy's own state is read.
    pub(crate) fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// What it wrote to its access log so far; it comes in batches, so poll.
    pub(crate) fn access_log(&self) -> String {
        read(&self.folder.0.join("access.log"))
    }

    /// What it said about itself so far.
    pub(crate) fn log(&self) -> String {
        read(&self.folder.0.join("envoy.log"))
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

/// Whether Envoy would start with this configuration: its own words if it would not.
pub(crate) fn validate(binary: &Path, file: &Path) -> Result<(), String> {
    let mut command = Command::new(binary);
    command.args(["--mode", "validate", "--disable-hot-restart", "-c"]).arg(file);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = super::children::spawn(&mut command).and_then(Child::wait_with_output);
    let output = output.map_err(|why| why.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The addresses of the admin listener and of the one other listener, once both answer.
fn wait_until_ready(
    process: &Running,
    folder: &Path,
) -> Result<(SocketAddr, SocketAddr), RunError> {
    let said = || read(&folder.join("envoy.log"));
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = process.ended().map_err(io_error(folder))? {
            return Err(RunError::Ended { status: status.to_string(), said: said() });
        }
        if let Some(addresses) = addresses(&folder.join("admin")) {
            return Ok(addresses);
        }
        std::thread::sleep(POLL);
    }
    Err(RunError::Late { said: said() })
}

/// `None` as long as anything is not there yet.
fn addresses(admin_file: &Path) -> Option<(SocketAddr, SocketAddr)> {
    let admin: SocketAddr = fs::read_to_string(admin_file).ok()?.trim().parse().ok()?;
    let ready = Request::get("/ready").send(admin).ok()?;
    if ready.status != 200 {
        return None;
    }
    let listeners = Request::get("/listeners?format=json").send(admin).ok()?;
    let listeners: serde_json::Value = serde_json::from_slice(&listeners.body).ok()?;
    let address = &listeners["listener_statuses"][0]["local_address"]["socket_address"];
    let port = address["port_value"].as_u64().and_then(|port| u16::try_from(port).ok());
    let port = port.filter(|port| *port != 0)?;
    Some((admin, SocketAddr::new(address["address"].as_str()?.parse().ok()?, port)))
}

fn read(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> RunError + use<> {
    let what = path.display().to_string();
    move |why| RunError::Io { what: what.clone(), why }
}

/// Envoy's own folder, removed with it.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, RunError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("realmgate-envoy-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // What a dead process of the same id left behind.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).map_err(io_error(&path))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
