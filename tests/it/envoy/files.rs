//! The files that a newcomer pastes: each is what Envoy or Istio takes.
//!
//! Rule: a file that is added to `envoy/` is checked without being named here.

use std::path::{Path, PathBuf};

use saphyr_parser::{Event, Parser};

use super::kit;

fn yaml_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("envoy");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect()
}

#[test]
fn envoy_takes_every_bootstrap_as_it_is_shipped() {
    let is_bootstrap = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().any(|line| line == "static_resources:")
    };
    let bootstraps: Vec<PathBuf> = yaml_files().into_iter().filter(is_bootstrap).collect();
    assert!(!bootstraps.is_empty());
    for file in bootstraps {
        let valid = kit::run::validate(super::binary(), &file);
        valid.unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    }
}

#[test]
fn every_yaml_file_parses_to_its_end() {
    for file in yaml_files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let events = Parser::new_from_str(&text)
            .map(|event| event.unwrap_or_else(|why| panic!("{}: {why}", file.display())).0);
        let documents = events.filter(|event| matches!(event, Event::DocumentStart(_))).count();
        let expected = 1 + text.lines().filter(|line| *line == "---").count();
        assert_eq!(documents, expected, "{}", file.display());
    }
}
