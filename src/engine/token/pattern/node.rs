//! A pattern as a tree, and the tree as the matcher's own text.
//!
//! The one rule: nothing of the original pattern's text is passed on as it stands. Characters are
//! written by their numbers, so none of them can mean something to the matcher.

use std::fmt::Write;

/// One character, whatever it is.
pub(super) const ANY: &str = "(?s:.)";

/// A part of a pattern.
#[derive(Debug)]
pub(super) enum Node {
    /// Nothing at all, not even the empty text.
    Never,
    Char(char),
    /// One character of a set, as the matcher writes it.
    Class(String),
    /// A place between characters, as the matcher writes it.
    Assertion(&'static str),
    Sequence(Vec<Node>),
    /// The first that leads to a match is taken.
    Either(Vec<Node>),
    Repeat(Box<Repeat>),
    /// The group whose text is asked for. Others need not be told from plain brackets.
    Capture(Box<Node>),
}

/// A part that may stand several times.
#[derive(Debug)]
pub(super) struct Repeat {
    pub(super) of: Node,
    pub(super) min: u32,
    /// No bound if absent.
    pub(super) max: Option<u32>,
    /// As often as possible, or as seldom.
    pub(super) greedy: bool,
}

impl Node {
    /// The empty text.
    pub(super) const EMPTY: Self = Self::Sequence(Vec::new());

    pub(super) fn class(text: &str) -> Self {
        Self::Class(text.to_owned())
    }

    pub(super) fn sequence(mut parts: Vec<Self>) -> Self {
        if parts.len() == 1 { parts.remove(0) } else { Self::Sequence(parts) }
    }

    pub(super) fn either(mut branches: Vec<Self>) -> Self {
        if branches.len() == 1 { branches.remove(0) } else { Self::Either(branches) }
    }

    pub(super) fn repeat(self, min: u32, max: Option<u32>, greedy: bool) -> Self {
        Self::Repeat(Box::new(Repeat { of: self, min, max, greedy }))
    }

    /// How many leaves it has with its repetitions written out.
    pub(super) fn weight(&self) -> u64 {
        match self {
            Self::Never | Self::Char(_) | Self::Class(_) | Self::Assertion(_) => 1,
            Self::Sequence(parts) | Self::Either(parts) => {
                parts.iter().map(Self::weight).fold(1, u64::saturating_add)
            }
            Self::Repeat(repeat) => {
                let times = repeat.max.unwrap_or(0).max(repeat.min).max(1);
                repeat.of.weight().saturating_mul(times.into())
            }
            Self::Capture(of) => of.weight(),
        }
    }

    /// Whether it can match the empty text.
    pub(super) fn may_be_empty(&self) -> bool {
        match self {
            Self::Assertion(_) => true,
            Self::Never | Self::Char(_) | Self::Class(_) => false,
            Self::Sequence(parts) => parts.iter().all(Self::may_be_empty),
            Self::Either(branches) => branches.iter().any(Self::may_be_empty),
            Self::Repeat(repeat) => repeat.min == 0 || repeat.of.may_be_empty(),
            Self::Capture(of) => of.may_be_empty(),
        }
    }

    /// Of a part that may be empty and does not capture: whether it may be empty anywhere, and as the
    /// last thing it tries.
    pub(super) fn is_empty_last(&self) -> bool {
        match self {
            Self::Sequence(parts) => parts.iter().all(Self::is_empty_last),
            Self::Either(branches) => {
                let empty = branches.iter().filter(|branch| branch.may_be_empty()).count();
                let last = branches.last();
                empty == 1 && last.is_some_and(|last| last.may_be_empty() && last.is_empty_last())
            }
            Self::Repeat(repeat) => {
                repeat.greedy && (!repeat.of.may_be_empty() || repeat.of.is_empty_last())
            }
            // It can be empty in one place and not in the next.
            Self::Assertion(_) => false,
            _ => true,
        }
    }

    /// Whether the group that is asked for stands in it.
    pub(super) fn captures(&self) -> bool {
        match self {
            Self::Sequence(parts) | Self::Either(parts) => parts.iter().any(Self::captures),
            Self::Repeat(repeat) => repeat.of.captures(),
            Self::Capture(_) => true,
            _ => false,
        }
    }

    /// Whether it has but one way to match: no branches, and no repetition of a choosable length.
    pub(super) fn is_fixed(&self) -> bool {
        match self {
            Self::Sequence(parts) => parts.iter().all(Self::is_fixed),
            Self::Either(_) => false,
            Self::Repeat(repeat) => repeat.max == Some(repeat.min) && repeat.of.is_fixed(),
            Self::Capture(of) => of.is_fixed(),
            _ => true,
        }
    }

    /// Whether a repetition in it has the group that is asked for in rounds of one form only.
    pub(super) fn captures_in_fixed_rounds(&self) -> bool {
        match self {
            Self::Sequence(parts) | Self::Either(parts) => {
                parts.iter().any(Self::captures_in_fixed_rounds)
            }
            Self::Repeat(repeat) => {
                let several = repeat.max != Some(1);
                let of = &repeat.of;
                (several && of.captures() && of.is_fixed()) || of.captures_in_fixed_rounds()
            }
            // What is in the group that is asked for captures nothing itself.
            _ => false,
        }
    }

    /// It as the matcher's text.
    pub(super) fn written(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Never => out.push_str(r"[^\x{0}-\x{10FFFF}]"),
            Self::Char(char) => out.push_str(&character(*char)),
            Self::Class(text) => out.push_str(text),
            Self::Assertion(text) => out.push_str(text),
            Self::Sequence(parts) => parts.iter().for_each(|part| part.write_bracketed(out)),
            Self::Either(branches) => write_branches(branches, out),
            Self::Repeat(repeat) => repeat.write(out),
            Self::Capture(of) => bracketed("(", of, out),
        }
    }

    /// In brackets where a neighbour could otherwise take a part of it.
    fn write_bracketed(&self, out: &mut String) {
        match self {
            Self::Sequence(_) | Self::Either(_) | Self::Repeat(_) => bracketed("(?:", self, out),
            _ => self.write(out),
        }
    }
}

impl Repeat {
    fn write(&self, out: &mut String) {
        self.of.write_bracketed(out);
        let counts = match self.max {
            Some(max) => format!("{{{},{max}}}", self.min),
            None => format!("{{{},}}", self.min),
        };
        out.push_str(&counts);
        if !self.greedy {
            out.push('?');
        }
    }
}

fn bracketed(open: &str, node: &Node, out: &mut String) {
    out.push_str(open);
    node.write(out);
    out.push(')');
}

fn write_branches(branches: &[Node], out: &mut String) {
    for (n, branch) in branches.iter().enumerate() {
        if n > 0 {
            out.push('|');
        }
        branch.write_bracketed(out);
    }
}

/// A character as the matcher writes it, inside and outside of a class.
pub(super) fn character(char: char) -> String {
    if char.is_ascii_alphanumeric() {
        char.to_string()
    } else {
        format!(r"\x{{{:X}}}", u32::from(char))
    }
}

/// A run of characters, for inside of a class.
pub(super) fn range(from: char, to: char) -> String {
    let mut text = character(from);
    if from != to {
        // Writing into a string cannot fail.
        let _ = write!(text, "-{}", character(to));
    }
    text
}
