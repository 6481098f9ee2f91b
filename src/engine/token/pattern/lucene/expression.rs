//! Lucene's regular expressions, as its version 10 reads them.
//!
//! The one rule: a character is an operator only where Lucene takes it for one. So `^` and `$`
//! stand for themselves everywhere, and so do `*`, `+`, `?`, `{`, `|` and `)` where an expression
//! has to begin. `&` and `~` are refused wherever they could be operators.

use std::fmt;

use super::super::node::{ANY, Node, character, range};
use super::super::{MAX_COUNT, MAX_DEPTH, MAX_LENGTH, PatternError};
use super::interval;

/// How many quantifiers may follow one thing.
const MAX_QUANTIFIERS: usize = 4;

/// An operator that is easily written by accident, and where it stands first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Caution {
    operator: char,
    at: usize,
}

impl fmt::Display for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operator, at } = self;
        let meaning = match operator {
            '@' => "stands for any string",
            '#' => "stands for no string at all, so that what it is part of never matches",
            '"' => "begins a literal text, up to the next one",
            _ => "begins a numeric interval, as in <1-10>",
        };
        write!(
            f,
            "an unescaped {operator} in a regular expression {meaning} (character {at} of the \
             pattern); write \\{operator} for the character itself"
        )
    }
}

/// Reads what stands between the slashes. `first` is the place of its first character within the
/// pattern, counted from 1.
pub(super) fn parse(body: &str, first: usize) -> Result<(Node, Vec<Caution>), PatternError> {
    let chars: Vec<char> = body.chars().collect();
    if chars.len() > MAX_LENGTH {
        return Err(PatternError::TooLarge);
    }
    let mut parser = Parser { chars: &chars, at: 0, first, depth: 0, cautions: Vec::new() };
    if chars.is_empty() {
        return Ok((Node::EMPTY, parser.cautions));
    }
    let node = parser.union()?;
    match parser.peek() {
        None => Ok((node, parser.cautions)),
        Some(_) => Err(parser.error(parser.at, "this ) closes nothing")),
    }
}

struct Parser<'c> {
    chars: &'c [char],
    at: usize,
    first: usize,
    depth: usize,
    cautions: Vec<Caution>,
}

impl<'c> Parser<'c> {
    fn union(&mut self) -> Result<Node, PatternError> {
        let mut branches = vec![self.concatenation()?];
        while self.eat('|') {
            branches.push(self.concatenation()?);
        }
        Ok(Node::either(branches))
    }

    fn concatenation(&mut self) -> Result<Node, PatternError> {
        let mut parts = vec![self.repeated()?];
        while self.peek().is_some_and(|char| char != ')' && char != '|') {
            parts.push(self.repeated()?);
        }
        Ok(Node::sequence(parts))
    }

    fn repeated(&mut self) -> Result<Node, PatternError> {
        let mut node = self.simple()?;
        let mut quantifiers = 0;
        while let Some(char) = self.peek().filter(|char| "?*+{".contains(*char)) {
            let start = self.at;
            self.at += 1;
            let (min, max) = match char {
                '?' => (0, Some(1)),
                '*' => (0, None),
                '+' => (1, None),
                _ => self.counts(start)?,
            };
            quantifiers += 1;
            if quantifiers > MAX_QUANTIFIERS {
                return Err(self.error(start, "too many quantifiers in a row"));
            }
            // Lucene repeats nothing to nothing, be it no times.
            if !(matches!(node, Node::Never) && max.is_none()) {
                node = node.repeat(min, max, true);
            }
        }
        Ok(node)
    }

    /// What stands after a `{`.
    fn counts(&mut self, start: usize) -> Result<(u32, Option<u32>), PatternError> {
        const EXPECTED: &str = "after something to repeat, { must begin a count like {2}, {2,} or \
                                {2,5}; write \\{ for the character itself";
        let min = self.count(start)?.ok_or_else(|| self.error(start, EXPECTED))?;
        let max = if self.eat(',') { self.count(start)? } else { Some(min) };
        if !self.eat('}') {
            return Err(self.error(start, EXPECTED));
        }
        if max.is_some_and(|max| max < min) {
            return Err(self.error(start, "the counts are out of order"));
        }
        Ok((min, max))
    }

    fn count(&mut self, start: usize) -> Result<Option<u32>, PatternError> {
        let mut count = None;
        while let Some(digit) = self.peek().and_then(|char| char.to_digit(10)) {
            let more = count.unwrap_or(0) * 10 + digit;
            if more > MAX_COUNT {
                return Err(self.error(start, "a count is over 10000"));
            }
            count = Some(more);
            self.at += 1;
        }
        Ok(count)
    }

    fn simple(&mut self) -> Result<Node, PatternError> {
        let start = self.at;
        let Some(char) = self.next() else {
            return Err(self.error(start, "something is missing here"));
        };
        match char {
            '.' => Ok(Node::class(ANY)),
            '(' => self.group(start),
            '[' => self.class(start),
            '\\' => self.escape(start),
            '&' => Err(self.error(
                start,
                "the intersection operator & is not supported; write \\& for the character itself",
            )),
            '~' => Err(self.error(
                start,
                "the complement operator ~ is not supported; write \\~ for the character itself",
            )),
            '@' | '#' | '"' | '<' => self.easily_mistaken(char, start),
            other => Ok(Node::Char(other)),
        }
    }

    fn easily_mistaken(&mut self, operator: char, start: usize) -> Result<Node, PatternError> {
        let node = match operator {
            '@' => Node::class(ANY).repeat(0, None, true),
            '#' => Node::Never,
            '"' => {
                let missing = "the closing \" is missing; write \\\" for the character itself";
                let text = self.up_to('"').ok_or_else(|| self.error(start, missing))?;
                Node::sequence(text.iter().copied().map(Node::Char).collect())
            }
            _ => {
                let wrong = "after < must follow a numeric interval, as in <1-10>; write \\< for \
                             the character itself";
                let inside = self.up_to('>').map(|chars| chars.iter().collect::<String>());
                let interval = inside.and_then(|inside| interval::parse(&inside));
                interval.ok_or_else(|| self.error(start, wrong))?
            }
        };
        if !self.cautions.iter().any(|caution| caution.operator == operator) {
            self.cautions.push(Caution { operator, at: start + self.first });
        }
        Ok(node)
    }

    fn group(&mut self, start: usize) -> Result<Node, PatternError> {
        if self.eat(')') {
            return Ok(Node::EMPTY);
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(start, "more than 100 groups in each other"));
        }
        let node = self.union()?;
        self.depth -= 1;
        if self.eat(')') { Ok(node) } else { Err(self.error(start, "the closing ) is missing")) }
    }

    /// What stands after a `\`, outside of a class.
    fn escape(&mut self, start: usize) -> Result<Node, PatternError> {
        let char = self.escaped(start)?;
        match predefined(char) {
            Some(class) => Ok(Node::class(class)),
            None => self.plain(char, start).map(Node::Char),
        }
    }

    fn escaped(&mut self, start: usize) -> Result<char, PatternError> {
        self.next().ok_or_else(|| self.error(start, "there is nothing after this \\"))
    }

    /// A letter must not be escaped, unless it names a class.
    fn plain(&self, char: char, start: usize) -> Result<char, PatternError> {
        if char.is_ascii_alphabetic() {
            Err(self.error(start, "Lucene has no such escape (only \\d \\D \\s \\S \\w \\W)"))
        } else {
            Ok(char)
        }
    }

    /// What stands after a `[`.
    fn class(&mut self, start: usize) -> Result<Node, PatternError> {
        let mut text = String::from(if self.eat('^') { "[^" } else { "[" });
        let mut empty = true;
        loop {
            if !empty && self.eat(']') {
                text.push(']');
                return Ok(Node::Class(text));
            }
            empty = false;
            text.push_str(&self.class_item(start)?);
        }
    }

    fn class_item(&mut self, class: usize) -> Result<String, PatternError> {
        const OPEN: &str = "the closing ] of this class is missing (a ] after - ends a range; \
                            write \\- for the character itself)";
        let start = self.at;
        let from = self.next().ok_or_else(|| self.error(class, OPEN))?;
        if from == '\\' {
            // What is escaped is never the beginning of a range.
            let char = self.escaped(start)?;
            return match predefined(char) {
                Some(class) => Ok(class.to_owned()),
                None => Ok(character(self.plain(char, start)?)),
            };
        }
        if !self.eat('-') {
            return Ok(character(from));
        }
        self.eat('\\');
        let to = self.next().ok_or_else(|| self.error(class, OPEN))?;
        if from > to {
            let wrong = "a range whose end comes before its beginning; write \\- for the \
                         character itself";
            return Err(self.error(start, wrong));
        }
        Ok(range(from, to))
    }

    /// The characters before the next `end`, which is passed.
    fn up_to(&mut self, end: char) -> Option<&'c [char]> {
        let rest = self.chars.get(self.at..)?;
        let length = rest.iter().position(|char| *char == end)?;
        self.at += length + 1;
        rest.get(..length)
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += 1;
        Some(char)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn error(&self, at: usize, what: &'static str) -> PatternError {
        PatternError::At { what, at: at + self.first }
    }
}

/// The class that an escaped letter names. All are of ASCII.
fn predefined(char: char) -> Option<&'static str> {
    Some(match char {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        's' => r"[ \t\n\r]",
        'S' => r"[^ \t\n\r]",
        'w' => "[0-9A-Z_a-z]",
        'W' => "[^0-9A-Z_a-z]",
        _ => return None,
    })
}
