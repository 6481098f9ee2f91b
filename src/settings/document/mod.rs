//! A config file as a flat list: (dotted key, line, value), each key once.
//!
//! The one rule: everything that a file can be made of to exhaust its reader has a bound, and the
//! text of a scalar is kept as it was written, but for what the environment has for its `${NAME}`.

mod environment;
mod json;
mod yaml;

use super::problems::{Place, Problems, Read, Reported};
use environment::Replaced;
use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// The settings, in the file's order.
    pub(super) entries: Vec<Entry>,
    /// The full key of every mapping and the line on which its last part stands.
    pub(super) groups: Vec<(String, usize)>,
}

/// One setting as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The full key, joined by dots.
    pub(super) key: String,
    /// The line on which the last part of the key stands, the first being 1.
    pub(super) line: usize,
    pub(super) value: Value,
    /// Whether anything on the lines of the key and the value came from the environment.
    pub(super) from_environment: bool,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A scalar: its text, without quotes.
    Text(String),
    /// A list of scalars.
    List(Vec<String>),
    /// A list that holds more than scalars.
    Nested,
    /// A mapping without members.
    Empty,
    /// Nothing that can be read.
    Broken(Reported),
}

/// The most that a document may have, in bytes, and the most that its aliases may add.
pub(super) const SIZE: usize = 1 << 20;
/// How many lists and mappings may stand in one another.
const DEPTH: usize = 64;
/// The most that a full key may have, in bytes.
const KEY: usize = 1024;
/// How many keys a document may have, those of mappings included.
const SETTINGS: usize = 16_384;
/// How many parts of keys may come from the environment: each is looked for in every line printed.
const HIDDEN: usize = 256;

/// A document that cannot be read at all.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    line: usize,
    what: String,
}

impl Fault {
    fn new(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }

    fn too_deep(line: usize) -> Self {
        Self::new(line, format!("lists and mappings are nested deeper than {DEPTH} levels"))
    }

    fn report(self, problems: &mut Problems) -> Reported {
        problems.report(Place::Line(self.line), None, self.what)
    }
}

/// A value of the document's tree.
#[derive(Clone, Debug)]
enum Node {
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<Member>),
}

/// A key of a mapping and its value.
#[derive(Clone, Debug)]
struct Member {
    key: String,
    line: usize,
    value: Node,
    /// Whether anything on the lines of both came from the environment.
    from_environment: bool,
}

/// A document as it was parsed.
#[derive(Debug)]
struct Tree {
    root: Node,
    /// Each part of a key that came from the environment.
    hidden: BTreeSet<String>,
}

/// Reads a config file's bytes, and in them `${NAME}` as what `environment` has for the name. A
/// document that can be read may still have problems, which are recorded.
pub(super) fn read(
    bytes: &[u8],
    environment: &dyn Fn(&str) -> Option<OsString>,
    problems: &mut Problems,
) -> Read<Document> {
    let text = text(bytes).map_err(|fault| fault.report(problems))?;
    let replaced = environment::replace(text, environment, problems)?;
    let Tree { root, hidden } = tree(&replaced).map_err(|fault| fault.report(problems))?;
    if hidden.len() > HIDDEN {
        let what = format!("more than {HIDDEN} parts of keys come from the environment");
        return Err(problems.report(Place::File, None, what));
    }
    for part in hidden {
        problems.hide(part);
    }
    let members = match root {
        Node::Map(members) => members,
        Node::Null => Vec::new(),
        Node::Text(_) | Node::List(_) => {
            return Err(Fault::new(1, "the document is not a mapping").report(problems));
        }
    };
    Ok(flatten(members, &replaced, problems))
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    if bytes.len() > SIZE {
        return Err(Fault::new(1, "the document is larger than 1 MiB"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        Fault::new(Lines::of(good).at(good.len()), "the text is not UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn tree(replaced: &Replaced<'_>) -> Result<Tree, Fault> {
    match replaced.text().trim_start().as_bytes().first() {
        Some(b'{' | b'[') => json::read(replaced),
        _ => yaml::read(replaced),
    }
}

fn flatten(members: Vec<Member>, replaced: &Replaced<'_>, problems: &mut Problems) -> Document {
    let (document, lines) = (Document::default(), HashMap::new());
    let mut flat = Flat { document, members: 0, lines, replaced, problems };
    flat.mapping("", members);
    flat.document
}

/// The list in the making.
struct Flat<'p> {
    document: Document,
    /// How many keys have been seen, whatever became of them.
    members: usize,
    /// The line of every key that has been seen.
    lines: HashMap<String, usize>,
    replaced: &'p Replaced<'p>,
    problems: &'p mut Problems,
}

impl Flat<'_> {
    /// Adds what stands under `prefix`, which is empty or ends in a dot.
    fn mapping(&mut self, prefix: &str, members: Vec<Member>) {
        // Each key of this mapping: which member it was, and its line.
        let mut own: HashMap<String, (usize, usize)> = HashMap::new();
        for Member { key, line, value, from_environment } in members {
            self.members += 1;
            if prefix.len() + key.len() > KEY || self.members > SETTINGS {
                let what = "too many settings, or too long a key";
                self.problems.report(Place::Line(line), None, what);
                return;
            }
            let full = format!("{prefix}{key}");
            if self.unresolved(&key, &full, line).is_err() {
                continue; // What it is the key of cannot be known.
            }
            let first = *own.entry(key).or_insert((self.members, line));
            if first.0 != self.members {
                self.duplicate(&full, line, first.1);
                continue;
            }
            match value {
                Node::Map(members) if !members.is_empty() => {
                    self.mapping(&format!("{full}."), members);
                    self.document.groups.push((full, line));
                }
                value => self.setting(full, line, value, from_environment),
            }
        }
    }

    fn setting(&mut self, key: String, line: usize, value: Node, from_environment: bool) {
        if let Some(first) = self.lines.get(&key) {
            self.duplicate(&key, line, *first);
            return;
        }
        self.lines.insert(key.clone(), line);
        let value = match self.unresolved_in(&value, &key, line) {
            Ok(()) => self.value(&key, line, value),
            Err(reported) => Value::Broken(reported),
        };
        if let (Value::Text(text), true) = (&value, from_environment) {
            self.problems.hide_value(&key, text);
        }
        self.document.entries.push(Entry { key, line, value, from_environment });
    }

    /// Records what is left of `${NAME}` in any text of a value.
    fn unresolved_in(&mut self, value: &Node, key: &str, line: usize) -> Read<()> {
        match value {
            Node::Null => Ok(()),
            Node::Text(text) => self.unresolved(text, key, line),
            Node::List(items) => {
                let items = items.iter().map(|item| self.unresolved_in(item, key, line));
                items.fold(Ok(()), Read::and)
            }
            Node::Map(members) => {
                let members = members.iter().map(|member| {
                    let name = self.unresolved(&member.key, key, member.line);
                    name.and(self.unresolved_in(&member.value, key, member.line))
                });
                members.fold(Ok(()), Read::and)
            }
        }
    }

    fn unresolved(&mut self, text: &str, key: &str, line: usize) -> Read<()> {
        let wrong = self.replaced.unresolved(text).into_iter();
        wrong
            .map(|what| Err(self.problems.report(Place::Line(line), Some(key), what)))
            .fold(Ok(()), Read::and)
    }

    fn value(&mut self, key: &str, line: usize, value: Node) -> Value {
        match value {
            Node::Text(text) => Value::Text(text),
            Node::Map(_) => Value::Empty,
            Node::Null => self.null(key, line),
            Node::List(items) if items.iter().any(|item| matches!(item, Node::Null)) => {
                self.null(key, line)
            }
            Node::List(items) => {
                let texts = items.into_iter().map(|item| match item {
                    Node::Text(text) => Some(text),
                    Node::Null | Node::List(_) | Node::Map(_) => None,
                });
                texts.collect::<Option<_>>().map_or(Value::Nested, Value::List)
            }
        }
    }

    fn null(&mut self, key: &str, line: usize) -> Value {
        let what = format!("null-valued setting found for key [{key}]");
        Value::Broken(self.problems.report(Place::Line(line), Some(key), what))
    }

    fn duplicate(&mut self, key: &str, line: usize, first: usize) {
        let what = format!("duplicate settings key [{key}], first found at line [{first}]");
        self.problems.report(Place::Line(line), Some(key), what);
    }
}

/// Finds the line of a place in a text. Lines end as in YAML, by `\n`, `\r\n` or `\r`.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &[u8]) -> Self {
        let ends = text.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => text.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        Self(ends.map(|(at, _)| at).collect())
    }

    /// The line of the byte at `offset`, the first being 1.
    fn at(&self, offset: usize) -> usize {
        1 + self.0.partition_point(|end| *end < offset)
    }
}

#[cfg(test)]
mod tests;
