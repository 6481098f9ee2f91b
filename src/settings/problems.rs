//! What is wrong with a configuration, and where: all of it at once.
//!
//! The one rule: whoever reads a setting and finds it wrong records it here and goes on, with a
//! [`Reported`] instead of the value; so nothing can be refused without a line that says why.

use super::nearest::Search;
use std::fmt::{self, Write};
use std::path::Path;

/// Where a problem lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The config file as a whole.
    File,
    /// A line of the config file, the first being 1.
    Line(usize),
    /// The keystore as a whole.
    Keystore,
    /// The keystore's entry of this name.
    Secret(String),
}

/// Proof that a problem has been recorded. Only [`Problems::report`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reported(());

/// A setting's value, or the proof that what is wrong with it has been recorded.
pub(super) type Read<T> = Result<T, Reported>;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    place: Place,
    key: Option<String>,
    what: String,
    is_warning: bool,
}

/// The problems and warnings of one configuration. `Display` writes one line for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    config: String,
    keystore: String,
    list: Vec<Problem>,
    search: Search,
}

impl Problems {
    /// None yet, of the configuration in these two places.
    pub(super) fn new(config: &Path, keystore: Option<&Path>) -> Self {
        let name = |path: &Path| path.display().to_string();
        Self {
            config: name(config),
            keystore: keystore.map(name).unwrap_or_default(),
            list: Vec::new(),
            search: Search::new(),
        }
    }

    /// Records that the setting `key`, or what stands in `place`, is wrong.
    pub(super) fn report(
        &mut self,
        place: Place,
        key: Option<&str>,
        what: impl Into<String>,
    ) -> Reported {
        self.push(place, key, what.into(), false);
        Reported(())
    }

    /// Records something that an operator should know, but that is no reason to refuse.
    pub(super) fn warn(&mut self, place: Place, key: &str, what: impl Into<String>) {
        self.push(place, Some(key), what.into(), true);
    }

    /// Which known name `name` is likest to, if they are more alike than `least` percent. Where too
    /// many names are not known, none.
    pub(super) fn nearest<'k>(
        &mut self,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
        least: usize,
    ) -> Option<String> {
        self.search.nearest(name, known, least)
    }

    fn push(&mut self, place: Place, key: Option<&str>, what: String, is_warning: bool) {
        self.list.push(Problem { place, key: key.map(str::to_owned), what, is_warning });
    }

    /// Whether nothing stands here that refuses the configuration.
    pub(super) fn only_warnings(&self) -> bool {
        self.list.iter().all(|problem| problem.is_warning)
    }

    /// Whether nothing stands here at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// One line for each, in the order of the file, the keystore's last.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let mut sorted: Vec<&Problem> = self.list.iter().collect();
        sorted.sort_by(|one, other| one.place.cmp(&other.place));
        sorted.into_iter().map(|problem| self.line(problem))
    }

    fn line(&self, problem: &Problem) -> String {
        let Self { config, keystore, .. } = self;
        let place = match &problem.place {
            Place::File => config.clone(),
            Place::Line(line) => format!("{config}:{line}"),
            Place::Keystore => keystore.clone(),
            Place::Secret(name) => format!("{keystore}/{name}"),
        };
        let kind = if problem.is_warning { "warning: " } else { "" };
        let key = problem.key.as_ref().map(|key| format!("{key}: ")).unwrap_or_default();
        one_line(&format!("{kind}{place}: {key}{}", problem.what))
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl std::error::Error for Problems {}

/// The most that one line may have. A value of a megabyte tells nobody more than its beginning.
const LINE: usize = 2048;

/// `text` as one line of a terminal or a log: what came from a file could end the line, or say
/// something to the terminal.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(LINE));
    for character in text.chars() {
        if line.len() >= LINE {
            line.push('…');
            break;
        }
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            // Writing to a `String` does not fail.
            let _ = write!(line, "{}", character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems() -> Problems {
        Problems::new(Path::new("gate.yml"), Some(Path::new("keystore")))
    }

    #[test]
    fn every_problem_is_one_line_that_says_where() {
        let mut problems = problems();
        problems.report(Place::Secret("a.key".into()), Some("a.key"), "is not UTF-8");
        problems.report(Place::Line(7), Some("a.b"), "is wrong");
        problems.warn(Place::Line(3), "a.c", "may not be secure");
        problems.report(Place::File, Some("a.d"), "is required");
        problems.report(Place::Line(2), None, "is no YAML");
        let lines: Vec<_> = problems.lines().collect();
        assert_eq!(
            lines,
            [
                "gate.yml: a.d: is required",
                "gate.yml:2: is no YAML",
                "warning: gate.yml:3: a.c: may not be secure",
                "gate.yml:7: a.b: is wrong",
                "keystore/a.key: a.key: is not UTF-8",
            ]
        );
        assert_eq!(problems.to_string().lines().count(), 5);
    }

    #[test]
    fn a_value_cannot_end_the_line_or_fill_the_terminal() {
        let mut problems = problems();
        problems.report(Place::Line(1), None, "a\nb\u{1b}[2J\u{85}\u{2028}é");
        problems.report(Place::Line(2), None, "x".repeat(5000));
        let lines: Vec<_> = problems.lines().collect();
        assert_eq!(lines[0], "gate.yml:1: a\\nb\\u{1b}[2J\\u{85}\\u{2028}é");
        assert!(lines[1].chars().count() <= LINE + 1);
    }

    #[test]
    fn a_warning_refuses_nothing() {
        let mut problems = problems();
        assert!(problems.is_empty());
        problems.warn(Place::File, "a", "may not be secure");
        assert!(problems.only_warnings() && !problems.is_empty());
        problems.report(Place::File, Some("a"), "is wrong");
        assert!(!problems.only_warnings());
    }
}
