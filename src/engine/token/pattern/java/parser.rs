//! Reads a Java expression into a tree.
//!
//! The one rule: each construct is known by name here. What the matcher does alike is passed on,
//! what it does otherwise is written in other words, and the rest is refused.

use super::super::node::{ANY, Node};
use super::super::{MAX_DEPTH, MAX_LENGTH, PatternError};
use super::class::{is_blank, letter};
use super::escape::Escape;
use super::symbols::{self, Symbol};

/// Reads `text`, in which there must be a capture group.
pub(super) fn parse(text: &str) -> Result<Node, PatternError> {
    let symbols = symbols::read(text);
    if symbols.len() > MAX_LENGTH {
        return Err(PatternError::TooLarge);
    }
    let mut parser =
        Parser { symbols, at: 0, depth: 0, groups: 0, names: Vec::new(), flags: Flags(0) };
    let node = parser.alternatives()?;
    match parser.peek() {
        Some(symbol) => Err(Parser::error(symbol.at, "this ) closes nothing")),
        None if parser.groups == 0 => Err(PatternError::NoCaptureGroup),
        None => Ok(node),
    }
}

/// The flags in force: `i`, `s`, `d`, `m` and `x`.
#[derive(Clone, Copy)]
pub(super) struct Flags(u8);

impl Flags {
    const IGNORE_CASE: u8 = 1;
    const DOT_ALL: u8 = 2;
    const UNIX_LINES: u8 = 4;
    const MULTILINE: u8 = 8;
    const COMMENTS: u8 = 16;

    /// The flag of this letter.
    fn named(letter: char) -> Option<u8> {
        Some(match letter {
            'i' => Self::IGNORE_CASE,
            's' => Self::DOT_ALL,
            'd' => Self::UNIX_LINES,
            'm' => Self::MULTILINE,
            'x' => Self::COMMENTS,
            _ => return None,
        })
    }

    fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }

    pub(super) fn ignores_case(self) -> bool {
        self.has(Self::IGNORE_CASE)
    }
}

pub(super) struct Parser {
    symbols: Vec<Symbol>,
    at: usize,
    pub(super) depth: usize,
    /// Capture groups opened so far.
    groups: usize,
    names: Vec<String>,
    pub(super) flags: Flags,
}

impl Parser {
    fn alternatives(&mut self) -> Result<Node, PatternError> {
        let mut branches = vec![self.sequence()?];
        while self.eat('|') {
            branches.push(self.sequence()?);
        }
        Ok(Node::either(branches))
    }

    fn sequence(&mut self) -> Result<Node, PatternError> {
        let mut parts = Vec::new();
        loop {
            self.skip_comments();
            let Some(symbol) = self.peek().filter(|symbol| !symbol.is('|') && !symbol.is(')'))
            else {
                return Ok(Node::sequence(parts));
            };
            self.next();
            if let Some(node) = self.atom(symbol)? {
                parts.push(self.quantified(node)?);
            }
        }
    }

    /// What begins with `symbol`; nothing if that only sets flags.
    fn atom(&mut self, symbol: Symbol) -> Result<Option<Node>, PatternError> {
        let at = symbol.at;
        if symbol.quoted {
            return Ok(Some(self.literal(symbol.char)));
        }
        Ok(Some(match symbol.char {
            '(' => return self.group(at),
            '[' => Node::Class(self.class(at)?),
            '\\' => match self.escape(at)? {
                Escape::Char(char) => self.literal(char),
                Escape::Set(set) => Node::Class(set),
                Escape::Other(node) => node,
            },
            '.' => self.dot(),
            '^' => self.anchor(r"\A", at)?,
            '$' => self.anchor(r"\z", at)?,
            '*' | '+' | '?' | '{' => {
                return Err(Self::error(at, "there is nothing that this quantifier could repeat"));
            }
            char => self.literal(char),
        }))
    }

    fn literal(&self, char: char) -> Node {
        if self.flags.ignores_case() && char.is_ascii_alphabetic() {
            Node::Class(letter(char))
        } else {
            Node::Char(char)
        }
    }

    fn dot(&self) -> Node {
        Node::class(if self.flags.has(Flags::DOT_ALL) {
            ANY
        } else if self.flags.has(Flags::UNIX_LINES) {
            r"[^\n]"
        } else {
            r"[^\n\r\x{85}\x{2028}\x{2029}]"
        })
    }

    fn anchor(&self, text: &'static str, at: usize) -> Result<Node, PatternError> {
        if self.flags.has(Flags::MULTILINE) {
            return Err(Self::error(at, "^ and $ under the flag (?m) are not supported"));
        }
        Ok(Node::Assertion(text))
    }

    /// What stands after the `(` at `at`.
    fn group(&mut self, at: usize) -> Result<Option<Node>, PatternError> {
        let flags = self.flags;
        let mut captured = false;
        if !self.eat('?') {
            captured = true;
        } else if self.eat('<') {
            self.name(at)?;
            captured = true;
        } else if !self.eat(':') && self.set_flags(at)? {
            return Ok(None);
        }
        self.groups += usize::from(captured);
        let first = captured && self.groups == 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Self::error(at, "more than 100 groups or classes in each other"));
        }
        let node = self.alternatives()?;
        if !self.eat(')') {
            return Err(Self::error(at, "the closing ) is missing"));
        }
        self.depth -= 1;
        self.flags = flags;
        Ok(Some(if first {
            Node::Capture(Box::new(node))
        } else if node.captures() {
            // Kept apart from its content: it matters which brackets are repeated.
            Node::Sequence(vec![node])
        } else {
            node
        }))
    }

    /// What stands after `(?<`.
    fn name(&mut self, at: usize) -> Result<(), PatternError> {
        if self.sees('=') || self.sees('!') {
            return Err(Self::error(at, "look-behind cannot be matched in linear time"));
        }
        let mut name = String::new();
        while let Some(symbol) = self.next() {
            if symbol.is('>') {
                let letter = name.starts_with(|char: char| char.is_ascii_alphabetic());
                if !letter || self.names.contains(&name) {
                    break;
                }
                self.names.push(name);
                return Ok(());
            }
            if !symbol.char.is_ascii_alphanumeric() {
                break;
            }
            name.push(symbol.char);
        }
        Err(Self::error(
            at,
            "a group's name must be letters and digits of ASCII between < and >, begin with a \
             letter, and be used once",
        ))
    }

    /// What stands after `(?` and is no kind of group: flags, up to `)` or `:`. Whether it was
    /// `)`, so that the flags hold for the rest of the group around.
    fn set_flags(&mut self, at: usize) -> Result<bool, PatternError> {
        let mut on = true;
        while let Some(symbol) = self.next().filter(|symbol| !symbol.quoted) {
            match symbol.char {
                ')' => return Ok(true),
                ':' => return Ok(false),
                '-' if on => on = false,
                'u' | 'U' if !on => {}
                letter => {
                    let Some(flag) = Flags::named(letter) else {
                        return Err(Self::error(at, unsupported(letter)));
                    };
                    self.flags.0 = if on { self.flags.0 | flag } else { self.flags.0 & !flag };
                }
            }
        }
        Err(Self::error(at, "the closing ) is missing"))
    }

    /// Passes what the flag `(?x)` takes out.
    pub(super) fn skip_comments(&mut self) {
        while let Some(symbol) = self.peek().filter(|symbol| self.is_comment(*symbol)) {
            if symbol.char == '#' {
                while self.peek().is_some_and(|symbol| !self.ends_line(symbol.char)) {
                    self.next();
                }
                // Java looks for no quotation here.
                if !self.peek().is_some_and(|symbol| is_blank(symbol.char)) {
                    continue;
                }
            }
            self.next();
        }
    }

    /// Whether the flag `(?x)` takes this out, or a comment begins with it.
    pub(super) fn is_comment(&self, symbol: Symbol) -> bool {
        let comment = is_blank(symbol.char) || symbol.char == '#';
        self.flags.has(Flags::COMMENTS) && !symbol.quoted && comment
    }

    fn ends_line(&self, char: char) -> bool {
        match char {
            '\n' => true,
            '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => !self.flags.has(Flags::UNIX_LINES),
            _ => false,
        }
    }

    pub(super) fn peek(&self) -> Option<Symbol> {
        self.symbols.get(self.at).copied()
    }

    pub(super) fn peek_second(&self) -> Option<Symbol> {
        self.symbols.get(self.at + 1).copied()
    }

    pub(super) fn next(&mut self) -> Option<Symbol> {
        let symbol = self.peek()?;
        self.at += 1;
        Some(symbol)
    }

    /// Whether this sign comes next.
    pub(super) fn sees(&self, sign: char) -> bool {
        self.peek().is_some_and(|symbol| symbol.is(sign))
    }

    pub(super) fn eat(&mut self, sign: char) -> bool {
        let found = self.sees(sign);
        self.at += usize::from(found);
        found
    }

    pub(super) fn error(at: usize, what: &'static str) -> PatternError {
        PatternError::At { what, at }
    }
}

/// Why what begins with `(?` and this sign is refused.
fn unsupported(sign: char) -> &'static str {
    match sign {
        '=' | '!' => "look-ahead cannot be matched in linear time",
        '>' => "an atomic group (?>…) cannot be matched in linear time",
        'u' | 'U' => "the flags (?u) and (?U) (Unicode letter case and classes) are not supported",
        _ => "(? begins no group and no flag that Java knows here",
    }
}
