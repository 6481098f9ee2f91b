//! What is wrong with a configuration, and where: all of it at once.
//!
//! The one rule: whoever reads a setting and finds it wrong records it here and goes on, with a
//! [`Reported`] instead of the value; so nothing can be refused without a line that says why.

use super::nearest::Search;
use crate::one_line::one_line;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
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
#[derive(Clone, PartialEq, Eq)]
pub struct Problems {
    config: String,
    keystore: String,
    list: Vec<Problem>,
    // In a box, since a refusal is returned by value.
    hidden: Box<Hidden>,
    search: Search,
}

/// What came from the environment, and so must not be printed.
#[derive(Clone, Default, PartialEq, Eq)]
struct Hidden {
    /// Parts of keys, hidden wherever a key may be named.
    parts: BTreeSet<String>,
    /// The values of settings by their keys, hidden in what is said of the setting.
    values: BTreeMap<String, String>,
}

/// What is printed instead of it.
pub(super) const HIDDEN: &str = "${\u{2026}}";

impl Problems {
    /// None yet, of the configuration in these two places.
    pub(super) fn new(config: &Path, keystore: Option<&Path>) -> Self {
        let name = |path: &Path| path.display().to_string();
        Self {
            config: name(config),
            keystore: keystore.map(name).unwrap_or_default(),
            list: Vec::new(),
            hidden: Box::default(),
            search: Search::new(),
        }
    }

    /// None, of the same configuration and with the same hidden.
    pub(super) fn emptied(&self) -> Self {
        Self { list: Vec::new(), ..self.clone() }
    }

    /// Never prints `part`, a part of a key, in what is recorded before or after this.
    pub(super) fn hide(&mut self, part: String) {
        self.hidden.parts.insert(part);
    }

    /// Never prints `value` in what is wrong with the setting `key`, whoever forgets that it is
    /// nobody's to read.
    pub(super) fn hide_value(&mut self, key: &str, value: &str) {
        self.hidden.values.insert(key.to_owned(), value.to_owned());
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
        // What a hidden name is like tells something of it.
        if self.hidden.parts.iter().any(|part| name.contains(part.as_str())) {
            return None;
        }
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
        self.sorted(|_| true)
    }

    /// The lines of what refuses the configuration.
    pub fn refusals(&self) -> impl Iterator<Item = String> {
        self.sorted(|problem| !problem.is_warning)
    }

    fn sorted(&self, which: impl Fn(&Problem) -> bool) -> impl Iterator<Item = String> {
        let mut sorted: Vec<&Problem> = self.list.iter().filter(|problem| which(problem)).collect();
        sorted.sort_by(|one, other| one.place.cmp(&other.place));
        sorted.into_iter().map(|problem| self.line(problem))
    }

    fn line(&self, problem: &Problem) -> String {
        let Self { config, keystore, .. } = self;
        let shown = |text: &str| self.hidden.without(text, None);
        let place = match &problem.place {
            Place::File => config.clone(),
            Place::Line(line) => format!("{config}:{line}"),
            Place::Keystore => keystore.clone(),
            Place::Secret(name) => format!("{keystore}/{}", shown(name)),
        };
        let kind = if problem.is_warning { "warning: " } else { "" };
        let key = problem.key.as_ref().map(|key| format!("{}: ", shown(key))).unwrap_or_default();
        let what = self.hidden.without(&problem.what, problem.key.as_deref());
        one_line(&format!("{kind}{place}: {key}{what}"), LINE)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl fmt::Debug for Problems {
    /// The same lines: what they hide is hidden from whoever unwraps, too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Problems {}

impl Hidden {
    /// `text` with [`HIDDEN`] for what must not be printed; of values that of this key.
    fn without(&self, text: &str, key: Option<&str>) -> String {
        let value = key.and_then(|key| self.values.get(key)).into_iter();
        let values = value.flat_map(|value| {
            words(text, value, |character| is_name(character) || character == '.')
        });
        let parts = self.parts.iter().flat_map(|part| words(text, part, is_name));
        let mut places: Vec<_> = parts.chain(values).collect();
        places.sort_by_key(|place| place.start);
        let mut shown = String::with_capacity(text.len());
        let mut end = 0;
        for place in places {
            // They may overlap, and then all of them go as one.
            if place.start >= end {
                shown.push_str(&text[end..place.start]);
                shown.push_str(HIDDEN);
            }
            end = end.max(place.end);
        }
        shown.push_str(&text[end..]);
        shown
    }
}

/// Whether a name goes on with this character.
fn is_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-')
}

/// Where `word` stands in `text`, but for where it is a part of a longer word.
fn words(text: &str, word: &str, is_word: impl Fn(char) -> bool) -> Vec<Range<usize>> {
    // Whether a word goes on from `inner`, at the rim of this one, to `outer` beside it.
    let goes_on = |inner: Option<char>, outer: Option<char>| {
        inner.is_some_and(&is_word) && outer.is_some_and(&is_word)
    };
    let places = text.match_indices(word).map(|(start, word)| start..start + word.len());
    let whole = places.filter(|place| {
        let before = goes_on(word.chars().next(), text[..place.start].chars().next_back());
        let after = goes_on(word.chars().next_back(), text[place.end..].chars().next());
        !place.is_empty() && !before && !after
    });
    whole.collect()
}

/// The most bytes that one line may have. A value of a megabyte tells nobody more than its beginning.
const LINE: usize = 2048;

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
        assert_eq!(lines[1].len(), LINE + "\u{2026}".len());
    }

    #[test]
    fn what_is_hidden_is_hidden_wherever_it_is_a_word() {
        let mut problems = problems();
        problems.report(Place::Line(7), Some("a.secret.b"), "[a.secret.b] is no 12 of secretary 2");
        problems.report(Place::Line(8), Some("a.b"), "'secret' is 12");
        problems.report(
            Place::Secret("x.secret".into()),
            Some("x.secret"),
            "no non-secret, secret",
        );
        for hidden in ["secret", "b] is", ""] {
            problems.hide(hidden.into());
        }
        problems.hide_value("a.secret.b", "2");
        problems.hide_value("a.b", "secret' is");
        let lines: Vec<_> = problems.lines().collect();
        assert_eq!(
            lines,
            [
                "gate.yml:7: a.${…}.b: [a.${…}.${…} no 12 of secretary ${…}",
                "gate.yml:8: a.b: '${…} 12",
                "keystore/x.${…}: x.${…}: no non-secret, ${…}",
            ]
        );
        assert_eq!(format!("{problems:?}"), problems.to_string());
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
