//! JSON into the document's tree, with the line and the very text of each value.
//!
//! The one rule: the grammar is RFC 8259's, and a number stays the text that it is.

use super::environment::Replaced;
use super::{DEPTH, Fault, Lines, Member, Node, Tree};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::fmt;

/// Reads one document.
pub(super) fn read(replaced: &Replaced<'_>) -> Result<Tree, Fault> {
    let text = replaced.text();
    let lines = Lines::of(text.as_bytes());
    let mut reader = Reader { text, lines, replaced, hidden: BTreeSet::new() };
    let root: &RawValue = serde_json::from_str(text).map_err(|error| {
        Fault::new(error.line().max(1), format!("not valid JSON: {}", without_line(&error)))
    })?;
    let root = reader.node(root, 0)?;
    Ok(Tree { root, hidden: reader.hidden })
}

struct Reader<'t> {
    text: &'t str,
    lines: Lines,
    replaced: &'t Replaced<'t>,
    /// The parts of keys that came from the environment.
    hidden: BTreeSet<String>,
}

impl Reader<'_> {
    fn node(&mut self, raw: &RawValue, depth: usize) -> Result<Node, Fault> {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'{' | b'[') if depth >= DEPTH => Err(Fault::too_deep(self.line(raw))),
            Some(b'{') => {
                let Members(members) = self.parse(raw)?;
                let members =
                    members.into_iter().map(|(key, value)| self.member(key, value, depth));
                members.collect::<Result<_, Fault>>().map(Node::Map)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = self.parse(raw)?;
                let items = items.into_iter().map(|item| self.node(item, depth + 1));
                items.collect::<Result<_, Fault>>().map(Node::List)
            }
            Some(b'"') => self.parse(raw).map(Node::Text),
            _ if text == "null" => Ok(Node::Null),
            _ => Ok(Node::Text(text.to_owned())),
        }
    }

    fn member(&mut self, key: &RawValue, value: &RawValue, depth: usize) -> Result<Member, Fault> {
        let line = self.line(key);
        let written = self.offset(key);
        let key: String = self.parse(key)?;
        let hidden = self.replaced.hidden(&key, line..=line, Some(written));
        self.hidden.extend(hidden.into_iter().map(str::to_owned));
        let last = self.lines.at(self.offset(value) + value.get().len());
        let from_environment = self.replaced.touches(line..=last);
        Ok(Member { key, line, value: self.node(value, depth + 1)?, from_environment })
    }

    fn parse<'r, T: Deserialize<'r>>(&self, raw: &'r RawValue) -> Result<T, Fault> {
        serde_json::from_str(raw.get()).map_err(|error| {
            Fault::new(self.line(raw), format!("not valid JSON: {}", without_line(&error)))
        })
    }

    /// The line on which `raw` begins.
    fn line(&self, raw: &RawValue) -> usize {
        self.lines.at(self.offset(raw))
    }

    /// Where `raw` begins, in bytes. It borrows from the text, so its address tells.
    fn offset(&self, raw: &RawValue) -> usize {
        raw.get().as_ptr().addr().saturating_sub(self.text.as_ptr().addr())
    }
}

/// The error's text without the position, which stands before it already.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// An object's members in their order, repeated ones too.
struct Members<'t>(Vec<(&'t RawValue, &'t RawValue)>);

impl<'t> Deserialize<'t> for Members<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'t> Visitor<'t> for MembersVisitor {
    type Value = Members<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
