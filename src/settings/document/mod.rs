//! A config file as a flat list: (dotted key, line, value), each key once.
//!
//! The one rule: everything that a file can be made of to exhaust its reader has a bound, and the
//! text of a scalar is kept as it was written.

mod json;
mod yaml;

use super::problems::{Place, Problems, Read, Reported};
use std::collections::HashMap;

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
    /// Whether a part of the value, or all of it, came from the environment.
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
}

/// Reads a config file's bytes. A document that can be read may still have problems, which are
/// recorded.
pub(super) fn read(bytes: &[u8], problems: &mut Problems) -> Read<Document> {
    match tree(bytes) {
        Ok(members) => Ok(flatten(members, problems)),
        Err(fault) => Err(problems.report(Place::Line(fault.line), None, fault.what)),
    }
}

fn tree(bytes: &[u8]) -> Result<Vec<Member>, Fault> {
    if bytes.len() > SIZE {
        return Err(Fault::new(1, "the document is larger than 1 MiB"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        Fault::new(Lines::of(good).at(good.len()), "the text is not UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root = match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[') => json::read(text)?,
        _ => yaml::read(text)?,
    };
    match root {
        Node::Map(members) => Ok(members),
        Node::Null => Ok(Vec::new()),
        Node::Text(_) | Node::List(_) => Err(Fault::new(1, "the document is not a mapping")),
    }
}

fn flatten(members: Vec<Member>, problems: &mut Problems) -> Document {
    let (document, lines) = (Document::default(), HashMap::new());
    let mut flat = Flat { document, members: 0, lines, problems };
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
    problems: &'p mut Problems,
}

impl Flat<'_> {
    /// Adds what stands under `prefix`, which is empty or ends in a dot.
    fn mapping(&mut self, prefix: &str, members: Vec<Member>) {
        let mut own: HashMap<String, usize> = HashMap::new();
        for Member { key, line, value } in members {
            self.members += 1;
            if prefix.len() + key.len() > KEY || self.members > SETTINGS {
                let what = "too many settings, or too long a key";
                self.problems.report(Place::Line(line), None, what);
                return;
            }
            let full = format!("{prefix}{key}");
            if let Some(first) = own.insert(key, line) {
                self.duplicate(&full, line, first);
                continue;
            }
            match value {
                Node::Map(members) if !members.is_empty() => {
                    self.mapping(&format!("{full}."), members);
                    self.document.groups.push((full, line));
                }
                value => self.setting(full, line, value),
            }
        }
    }

    fn setting(&mut self, key: String, line: usize, value: Node) {
        if let Some(first) = self.lines.insert(key.clone(), line) {
            self.duplicate(&key, line, first);
            return;
        }
        let value = self.value(&key, line, value);
        self.document.entries.push(Entry { key, line, value, from_environment: false });
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

/// Finds the line of a place in a text.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &[u8]) -> Self {
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        Self(ends.map(|(at, _)| at).collect())
    }

    /// The line of the byte at `offset`, the first being 1.
    fn at(&self, offset: usize) -> usize {
        1 + self.0.partition_point(|end| *end < offset)
    }
}

#[cfg(test)]
mod tests;
