//! JSON into the document's tree, with the line and the very text of each value.
//!
//! The one rule: the grammar is RFC 8259's, and a number stays the text that it is.

use super::{DEPTH, Fault, Lines, Member, Node};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Reads one document.
pub(super) fn read(text: &str) -> Result<Node, Fault> {
    let reader = Reader { text, lines: Lines::of(text.as_bytes()) };
    let root: &RawValue = serde_json::from_str(text).map_err(|error| {
        Fault::new(error.line().max(1), format!("not valid JSON: {}", without_line(&error)))
    })?;
    reader.node(root, 0)
}

struct Reader<'t> {
    text: &'t str,
    lines: Lines,
}

impl Reader<'_> {
    fn node(&self, raw: &RawValue, depth: usize) -> Result<Node, Fault> {
        let text = raw.get();
        let parse = |error: serde_json::Error| {
            Fault::new(self.line(raw), format!("not valid JSON: {}", without_line(&error)))
        };
        match text.as_bytes().first() {
            Some(b'{' | b'[') if depth >= DEPTH => Err(Fault::too_deep(self.line(raw))),
            Some(b'{') => {
                let Members(members) = serde_json::from_str(text).map_err(parse)?;
                let members = members.into_iter().map(|(key, value)| {
                    let line = self.line(value);
                    Ok(Member { key, line, value: self.node(value, depth + 1)? })
                });
                members.collect::<Result<_, Fault>>().map(Node::Map)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text).map_err(parse)?;
                let items = items.into_iter().map(|item| self.node(item, depth + 1));
                items.collect::<Result<_, Fault>>().map(Node::List)
            }
            Some(b'"') => serde_json::from_str(text).map(Node::Text).map_err(parse),
            _ if text == "null" => Ok(Node::Null),
            _ => Ok(Node::Text(text.to_owned())),
        }
    }

    /// The line on which `raw` begins. It borrows from the text, so its address tells.
    fn line(&self, raw: &RawValue) -> usize {
        let offset = raw.get().as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
        self.lines.at(offset)
    }
}

/// The error's text without the position, which stands before it already.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// An object's members in their order, repeated ones too.
struct Members<'t>(Vec<(String, &'t RawValue)>);

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
