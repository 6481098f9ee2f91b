//! The Python and the Node that run the programs of `tests/it/system`, with the packages pinned
//! there.
//!
//! Rule: nothing is installed here. What is missing or of another version fails the test, which
//! names the one line that lays it all out.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::process;

/// The line that helps.
const LINE: &str = "bash .ci/system-tests";

/// Node's major version, as in `package.json`.
const OLDEST_NODE: u32 = 20;

/// Says which of the pinned packages are not there, one a line.
const MISSING: &str = "\
import importlib.metadata, sys
for line in open(sys.argv[1]):
    name, _, pinned = line.strip().partition('==')
    if pinned:
        try:
            there = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            there = 'not there'
        if there != pinned:
            print(f'{name} {pinned} is {there}')
";

/// A command that runs one of the Python programs.
pub(crate) fn python(program: &str) -> Command {
    let python = laid_out("python/bin/python");
    let mut look = Command::new(&python);
    look.args(["-I", "-c", MISSING]).arg(pinned("requirements.txt"));
    let missing = process::run(look);
    let all_there = missing.status == Some(0) && missing.stdout.is_empty();
    assert!(all_there, "{}{}; run: {LINE}", missing.stdout, missing.stderr);
    let mut command = Command::new(python);
    command.arg("-I").arg(pinned(program));
    command
}

/// A command that runs one of the Node programs.
pub(crate) fn node(program: &str) -> Command {
    let modules = laid_out("node/node_modules");
    // npm leaves what it has installed there, by version.
    let read = |path: &Path| -> serde_json::Value {
        let text = std::fs::read(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        serde_json::from_slice(&text).unwrap()
    };
    let wanted = read(&pinned("package-lock.json"));
    let there = read(&modules.join(".package-lock.json"));
    for (name, package) in there["packages"].as_object().unwrap() {
        let pinned = &wanted["packages"][name]["version"];
        assert_eq!(&package["version"], pinned, "{name} is not the pinned one; run: {LINE}");
    }
    let mut command = Command::new(new_enough_node());
    command.env("NODE_PATH", modules).arg(pinned(program));
    command
}

/// The one on the `PATH`, or the one that the line has laid out where that is too old.
fn new_enough_node() -> PathBuf {
    let is_new_enough = |node: &PathBuf| {
        let version = Command::new(node).arg("--version").output().ok()?.stdout;
        let version = String::from_utf8(version).ok()?;
        let major: u32 = version.strip_prefix('v')?.split('.').next()?.parse().ok()?;
        (major >= OLDEST_NODE).then_some(())
    };
    let candidates = [PathBuf::from("node"), place().join("python/bin/node")];
    let found = candidates.into_iter().find(|node| is_new_enough(node).is_some());
    found.unwrap_or_else(|| panic!("no Node of at least {OLDEST_NODE}; run: {LINE}"))
}

/// A file of `tests/it/system`.
fn pinned(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/system").join(name)
}

/// What the line puts into the target folder.
fn laid_out(name: &str) -> PathBuf {
    let path = place().join(name);
    assert!(path.exists(), "no {}; run: {LINE}", path.display());
    path
}

fn place() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("system-tests")
}
