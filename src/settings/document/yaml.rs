//! YAML into the document's tree, by an event parser that keeps positions and the scalars' texts.
//!
//! The one rule: nothing is interpreted but null. Tags, which would ask for it, are refused.

use super::environment::Replaced;
use super::{DEPTH, Fault, Member, Node, SIZE, Tree};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

/// A list or mapping whose end has not come yet.
struct Open {
    line: usize,
    /// The anchor's number; 0 is none.
    anchor: usize,
    kind: OpenKind,
    /// The last line of what is in it so far.
    last: usize,
    /// Whether anything in it came from the environment, as far as an alias or a member says so.
    from_environment: bool,
}

enum OpenKind {
    List(Vec<Node>),
    /// Members, and the key whose value comes next.
    Map(Vec<Member>, Option<(String, usize)>),
}

/// A value that is complete.
#[derive(Clone)]
struct Complete {
    node: Node,
    last: usize,
    from_environment: bool,
}

/// A value that aliases may repeat.
struct Anchored {
    value: Complete,
    weight: usize,
    depth: usize,
}

struct Builder<'r> {
    replaced: &'r Replaced<'r>,
    /// Whether what stands in the replaced text stands at the same place in what is read.
    is_whole: bool,
    /// Where each character begins, in bytes; empty where they are bytes, or nobody asks.
    offsets: Vec<usize>,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    /// The document's size with what the aliases have added so far, in bytes.
    grown: usize,
    /// What is kept for aliases, in bytes.
    kept: usize,
    root: Option<Node>,
    documents: usize,
    /// The parts of keys that came from the environment.
    hidden: BTreeSet<String>,
}

/// Reads one document.
pub(super) fn read(replaced: &Replaced<'_>) -> Result<Tree, Fault> {
    let mut text = Cow::Borrowed(replaced.text());
    let mut work = 0;
    loop {
        let stop = match parse(&text, replaced, matches!(text, Cow::Borrowed(_))) {
            Ok(tree) => return Ok(tree),
            Err(stop) => stop,
        };
        work += text.len();
        text = match indented(&text, &stop) {
            Some(indented) if work < WORK => Cow::Owned(indented),
            Some(_) | None => return Err(stop.into()),
        };
    }
}

/// How much may be kept for aliases, in bytes: what stands in several anchors is kept several times.
const KEPT: usize = 4 * SIZE;

/// How much may be read anew for lines that are not indented enough, in bytes.
const WORK: usize = 16 * SIZE;

/// Why a document cannot be read.
enum Stop {
    Parser(ScanError),
    Ours(Fault),
}

impl From<Stop> for Fault {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Parser(error) => invalid(&error),
            Stop::Ours(fault) => fault,
        }
    }
}

/// Reads `text`, which is the replaced one as far as `is_whole` says so.
fn parse(text: &str, replaced: &Replaced<'_>, is_whole: bool) -> Result<Tree, Stop> {
    let mut builder = Builder::new(replaced, is_whole);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(Stop::Parser)?;
        builder.take(event, span).map_err(Stop::Ours)?;
    }
    Ok(Tree { root: builder.root.unwrap_or(Node::Null), hidden: builder.hidden })
}

/// The text with the line indented at which the parser stopped, if it stopped for want of that
/// between brackets. There indentation means nothing, and other parsers ask for none; many a list is
/// written with its last bracket below its key.
fn indented(text: &str, stop: &Stop) -> Option<String> {
    const BLANKS: &str = "                                                                ";
    let Stop::Parser(error) = stop else { return None };
    if !["invalid indentation", "invalid indentation in flow construct"].contains(&error.info()) {
        return None;
    }
    let start = match error.marker().line() {
        1 => 0,
        line => text.match_indices('\n').nth(line - 2)?.0 + 1,
    };
    let (before, after) = text.split_at(start);
    // Once is enough for any key that is not absurdly deep.
    (!after.starts_with(BLANKS)).then(|| [before, BLANKS, after].concat())
}

/// What the parser says, but for the one character that it may quote: it could be a secret's.
fn invalid(error: &ScanError) -> Fault {
    let what = error.info().split(": `").next().unwrap_or_default();
    Fault::new(error.marker().line(), format!("not valid YAML: {what}"))
}

impl<'r> Builder<'r> {
    fn new(replaced: &'r Replaced<'r>, is_whole: bool) -> Self {
        let text = replaced.text();
        let is_plain = !is_whole || replaced.is_untouched() || text.is_ascii();
        let offsets = text.char_indices().map(|(at, _)| at);
        Self {
            replaced,
            is_whole,
            offsets: if is_plain { Vec::new() } else { offsets.collect() },
            open: Vec::new(),
            anchors: HashMap::new(),
            grown: text.len(),
            kept: 0,
            root: None,
            documents: 0,
            hidden: BTreeSet::new(),
        }
    }

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
                self.key(text.into_owned(), span);
                Ok(())
            }
            Event::Scalar(text, style, anchor, None) => {
                let is_null = style == ScalarStyle::Plain && is_null(&text);
                let node = if is_null { Node::Null } else { Node::Text(text.into_owned()) };
                let last = last_line(span);
                let from_environment = self.replaced.touches(line..=last);
                self.close(Complete { node, last, from_environment }, anchor, line)
            }
            Event::SequenceStart(anchor, None) => {
                self.open(line, anchor, OpenKind::List(Vec::new()))
            }
            Event::MappingStart(anchor, None) => {
                self.open(line, anchor, OpenKind::Map(Vec::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, line),
        }
    }

    /// Whether what comes next is a key.
    fn is_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: OpenKind::Map(_, None), .. }))
    }

    fn key(&mut self, text: String, span: Span) {
        let line = span.start.line();
        let start = match self.offsets.as_slice() {
            _ if !self.is_whole => None,
            [] => Some(span.start.index()),
            offsets => offsets.get(span.start.index()).copied(),
        };
        let hidden = self.replaced.hidden(&text, line..=last_line(span), start);
        self.hidden.extend(hidden.into_iter().map(str::to_owned));
        if let Some(Open { kind: OpenKind::Map(_, key), .. }) = self.open.last_mut() {
            *key = Some((text, line));
        }
    }

    fn open(&mut self, line: usize, anchor: usize, kind: OpenKind) -> Result<(), Fault> {
        if self.is_key() {
            return Err(Fault::new(line, "a key must be a scalar"));
        }
        if self.open.len() >= DEPTH {
            return Err(Fault::too_deep(line));
        }
        self.open.push(Open { line, anchor, kind, last: line, from_environment: false });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Fault> {
        let line = span.start.line();
        let Some(Open { line: first, anchor, kind, last, from_environment }) = self.open.pop()
        else {
            return Err(Fault::new(line, "not valid YAML: an end without a beginning"));
        };
        // A bracket is a part of the value; what ends by indentation has ended before.
        let last = if span.is_empty() { last } else { last.max(line) };
        let node = match kind {
            OpenKind::List(items) => Node::List(items),
            OpenKind::Map(members, _) => Node::Map(members),
        };
        let from_environment = from_environment || self.replaced.touches(first..=last);
        self.close(Complete { node, last, from_environment }, anchor, line)
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
        let value = Complete { last: line, ..anchored.value.clone() };
        self.attach(value);
        Ok(())
    }

    /// Takes a value that is complete.
    fn close(&mut self, value: Complete, anchor: usize, line: usize) -> Result<(), Fault> {
        if anchor != 0 {
            let (weight, depth) = measure(&value.node);
            self.kept = self.kept.saturating_add(weight);
            if self.kept > KEPT {
                return Err(Fault::new(line, "too much is anchored, or anchored again inside"));
            }
            self.anchors.insert(anchor, Anchored { value: value.clone(), weight, depth });
        }
        self.attach(value);
        Ok(())
    }

    fn attach(&mut self, Complete { node, last, from_environment }: Complete) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        open.last = open.last.max(last);
        open.from_environment |= from_environment;
        match &mut open.kind {
            OpenKind::List(items) => items.push(node),
            OpenKind::Map(members, key) => {
                // Without a key this would be one: the callers look first.
                if let Some((key, line)) = key.take() {
                    let from_environment = from_environment || self.replaced.touches(line..=last);
                    members.push(Member { key, line, value: node, from_environment });
                }
            }
        }
    }
}

/// The last line of a scalar. A block's end is the beginning of what follows it.
fn last_line(span: Span) -> usize {
    let (first, end) = (span.start.line(), span.end);
    if end.col() == 0 { (end.line() - 1).max(first) } else { end.line().max(first) }
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
