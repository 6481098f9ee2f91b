//! YAML into the document's tree, by an event parser that keeps positions and the scalars' texts.
//!
//! The one rule: nothing is interpreted but null. Tags, which would ask for it, are refused.

use super::{DEPTH, Fault, Member, Node, SIZE};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::HashMap;

/// A list or mapping whose end has not come yet.
struct Open {
    line: usize,
    /// The anchor's number; 0 is none.
    anchor: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    /// Members, and the key whose value comes next.
    Map(Vec<Member>, Option<(String, usize)>),
}

/// A value that aliases may repeat.
struct Anchored {
    node: Node,
    weight: usize,
    depth: usize,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    /// What the aliases have added so far, in bytes.
    grown: usize,
    root: Option<Node>,
    documents: usize,
}

/// Reads one document.
pub(super) fn read(text: &str) -> Result<Node, Fault> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            Fault::new(error.marker().line(), format!("not valid YAML: {}", error.info()))
        })?;
        builder.take(event, span)?;
    }
    Ok(builder.root.unwrap_or(Node::Null))
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let line = span.start.line();
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Fault::new(line, "a second document begins here"));
                }
                Ok(())
            }
            Event::Scalar(.., Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => Err(Fault::new(line, "tags are not supported")),
            Event::Scalar(text, _, _, None) if self.is_key() => {
                self.key(text.into_owned(), line);
                Ok(())
            }
            Event::Scalar(text, style, anchor, None) => {
                let is_null = style == ScalarStyle::Plain && is_null(&text);
                let node = if is_null { Node::Null } else { Node::Text(text.into_owned()) };
                self.close(node, anchor);
                Ok(())
            }
            Event::SequenceStart(anchor, None) => {
                self.open(Open { line, anchor, kind: OpenKind::List(Vec::new()) })
            }
            Event::MappingStart(anchor, None) => {
                self.open(Open { line, anchor, kind: OpenKind::Map(Vec::new(), None) })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(line),
            Event::Alias(anchor) => self.alias(anchor, line),
        }
    }

    /// Whether what comes next is a key.
    fn is_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: OpenKind::Map(_, None), .. }))
    }

    fn key(&mut self, text: String, line: usize) {
        if let Some(Open { kind: OpenKind::Map(_, key), .. }) = self.open.last_mut() {
            *key = Some((text, line));
        }
    }

    fn open(&mut self, open: Open) -> Result<(), Fault> {
        if self.is_key() {
            return Err(Fault::new(open.line, "a key must be a scalar"));
        }
        if self.open.len() >= DEPTH {
            return Err(Fault::too_deep(open.line));
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self, line: usize) -> Result<(), Fault> {
        match self.open.pop() {
            Some(Open { anchor, kind: OpenKind::List(items), .. }) => {
                self.close(Node::List(items), anchor);
            }
            Some(Open { anchor, kind: OpenKind::Map(members, _), .. }) => {
                self.close(Node::Map(members), anchor);
            }
            None => return Err(Fault::new(line, "not valid YAML: an end without a beginning")),
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, line: usize) -> Result<(), Fault> {
        if self.is_key() {
            return Err(Fault::new(line, "a key must be a scalar"));
        }
        // An anchor is known from its end on: inside of itself it would never end.
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(Fault::new(
                line,
                "an alias stands for no value that is complete before it",
            ));
        };
        self.grown = self.grown.saturating_add(anchored.weight);
        if self.grown > SIZE {
            return Err(Fault::new(line, "the document grows by more than 1 MiB by its aliases"));
        }
        if self.open.len() + anchored.depth > DEPTH {
            return Err(Fault::too_deep(line));
        }
        let node = anchored.node.clone();
        self.attach(node);
        Ok(())
    }

    /// Takes a value that is complete.
    fn close(&mut self, node: Node, anchor: usize) {
        if anchor != 0 {
            let (weight, depth) = measure(&node);
            self.anchors.insert(anchor, Anchored { node: node.clone(), weight, depth });
        }
        self.attach(node);
    }

    fn attach(&mut self, node: Node) {
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.root = Some(node),
            Some(OpenKind::List(items)) => items.push(node),
            Some(OpenKind::Map(members, key)) => {
                // Without a key this would be one: the callers look first.
                if let Some((key, line)) = key.take() {
                    members.push(Member { key, line, value: node });
                }
            }
        }
    }
}

/// YAML's spellings of null, as a plain scalar.
fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// How much a value weighs, in bytes, and how many lists and mappings stand in one another in it.
fn measure(node: &Node) -> (usize, usize) {
    let add = |sum: (usize, usize), more: (usize, usize)| (sum.0 + more.0, sum.1.max(more.1));
    match node {
        Node::Null => (1, 0),
        Node::Text(text) => (1 + text.len(), 0),
        Node::List(items) => {
            let (weight, depth) = items.iter().map(measure).fold((1, 0), add);
            (weight, depth + 1)
        }
        Node::Map(members) => {
            let (weight, depth) = members
                .iter()
                .map(|member| {
                    let (weight, depth) = measure(&member.value);
                    (weight + member.key.len() + 1, depth)
                })
                .fold((1, 0), add);
            (weight, depth + 1)
        }
    }
}
