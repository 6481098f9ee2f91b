//! Character classes of Java: `[…]` with ranges, classes in classes, and `&&`.
//!
//! The one rule: `^` is of the whole class, after all its unions and intersections; `&&` binds
//! less than what is written side by side.

use super::super::node::{character, range};
use super::super::{MAX_DEPTH, PatternError};
use super::escape::{Escape, VERTICAL};
use super::parser::Parser;
use super::symbols::Symbol;

/// The part of a class between two `&&`.
#[derive(Default)]
struct Side {
    text: String,
    /// It has a class, and after that something else.
    mixed: bool,
    nested: bool,
}

impl Side {
    fn add(&mut self, text: &str, nested: bool) {
        self.text.push_str(text);
        self.mixed |= self.nested && !nested;
        self.nested |= nested;
    }
}

impl Parser {
    /// What stands after the `[` at `start`, as the matcher writes it.
    pub(super) fn class(&mut self, start: usize) -> Result<String, PatternError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Self::error(start, "more than 100 groups or classes in each other"));
        }
        let open = if self.eat('^') { "[^" } else { "[" };
        let mut sides = Vec::new();
        let mut side = Side::default();
        loop {
            let symbol = self
                .next()
                .ok_or_else(|| Self::error(start, "the closing ] of this class is missing"))?;
            if symbol.is(']') && !(sides.is_empty() && side.text.is_empty()) {
                break;
            }
            if symbol.is('&') {
                self.check_ampersand(&side, sides.is_empty(), symbol.at)?;
            }
            if symbol.is('&') && self.eat('&') {
                if side.text.is_empty() || self.sees('&') {
                    return Err(Self::error(symbol.at, EMPTY_SIDE));
                }
                sides.push(std::mem::take(&mut side));
            } else if symbol.is('[') {
                side.add(&self.class(symbol.at)?, true);
            } else {
                side.add(&self.class_item(symbol)?, false);
            }
        }
        if side.text.is_empty() {
            return Err(Self::error(start, EMPTY_SIDE));
        }
        sides.push(side);
        self.depth -= 1;
        Ok(format!("{open}{}]", written(&sides)))
    }

    /// Where the side after a `&&` begins with a class, Java reads what follows it as something
    /// of its own, and a `&` then binds otherwise than it looks.
    fn check_ampersand(&self, side: &Side, first: bool, at: usize) -> Result<(), PatternError> {
        if first || !side.nested || (self.sees('&') && !side.mixed) {
            return Ok(());
        }
        Err(Self::error(
            at,
            "Java binds this & otherwise than it looks; put what stands between && and it into \
             brackets, or write \\& for the character itself",
        ))
    }

    /// One character, range or set.
    fn class_item(&mut self, symbol: Symbol) -> Result<String, PatternError> {
        let from = match self.class_character(symbol)? {
            Escape::Char(char) => char,
            Escape::Set(set) => {
                if symbol.is('\\') && self.sees('-') && set == VERTICAL {
                    return Err(Self::error(symbol.at, "\\v before - has two meanings in Java"));
                }
                return Ok(set);
            }
            Escape::Other(_) => return Err(Self::error(symbol.at, NO_CHARACTER)),
        };
        let dash = self.peek().is_some_and(|symbol| symbol.is('-'));
        let after = self.peek_second();
        if !dash || after.is_some_and(|after| after.is('[') || after.is(']')) {
            return Ok(self.folded(from, from));
        }
        self.next();
        let Some(end) = self.next() else {
            return Ok(self.folded(from, from)); // The missing `]` is noticed by the caller.
        };
        match self.class_character(end)? {
            Escape::Char(to) if from <= to => Ok(self.folded(from, to)),
            _ => Err(Self::error(
                symbol.at,
                "a range that does not end with a later character; write \\- for the character - \
                 itself",
            )),
        }
    }

    fn class_character(&mut self, symbol: Symbol) -> Result<Escape, PatternError> {
        if symbol.is('\\') {
            return self.escape(symbol.at);
        }
        if self.is_comment(symbol) {
            return Err(Self::error(
                symbol.at,
                "under the flag (?x) a blank or # in a class is no part of it in Java; escape it \
                 or leave it out",
            ));
        }
        Ok(Escape::Char(symbol.char))
    }

    /// A range, with both cases of its letters of ASCII where case is ignored.
    fn folded(&self, from: char, to: char) -> String {
        let mut text = range(from, to);
        if !self.flags.ignores_case() {
            return text;
        }
        for (first, last) in [('a', 'z'), ('A', 'Z')] {
            let (low, high) = (from.max(first), to.min(last));
            if low <= high {
                text.push_str(&range(other_case(low), other_case(high)));
            }
        }
        text
    }
}

const EMPTY_SIDE: &str = "a side of && is empty";

const NO_CHARACTER: &str = "this escape names no character, so it cannot stand in a class";

/// The blanks that the flag `(?x)` takes out.
pub(super) fn is_blank(char: char) -> bool {
    matches!(char, '\t'..='\r' | ' ')
}

fn other_case(letter: char) -> char {
    if letter.is_ascii_lowercase() {
        letter.to_ascii_uppercase()
    } else {
        letter.to_ascii_lowercase()
    }
}

fn written(sides: &[Side]) -> String {
    let sides: Vec<_> = sides.iter().map(|side| format!("[{}]", side.text)).collect();
    sides.join("&&")
}

/// A character of its own, as the matcher writes it, with its other case if that is to count.
pub(super) fn letter(char: char) -> String {
    format!("[{}{}]", character(char), character(other_case(char)))
}
