//! What a `\` begins in a Java expression.
//!
//! The one rule: a letter after a `\` has a meaning of its own or is refused; anything else stands
//! for itself.

use super::super::PatternError;
use super::super::node::Node;
use super::parser::Parser;
use super::property;
use super::symbols::Symbol;

/// What an escape stands for.
pub(super) enum Escape {
    Char(char),
    /// One character of a set, as the matcher writes it.
    Set(String),
    /// Something that is no character: it cannot stand in a class.
    Other(Node),
}

const HORIZONTAL: &str = r"[ \t\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]";
const NOT_HORIZONTAL: &str =
    r"[^ \t\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]";
/// What `\v` stands for.
pub(super) const VERTICAL: &str = r"[\n-\r\x{85}\x{2028}\x{2029}]";
const LINE_END: &str = r"(?:\r\n|[\n-\r\x{85}\x{2028}\x{2029}])";

impl Parser {
    /// What stands after the `\` at `start`.
    pub(super) fn escape(&mut self, start: usize) -> Result<Escape, PatternError> {
        let Some(Symbol { char, quoted: false, .. }) = self.next() else {
            return Err(Self::error(start, "there is nothing after this \\"));
        };
        if let Some(set) = predefined(char) {
            return Ok(Escape::Set(set.to_owned()));
        }
        if let Some(node) = place(char) {
            return if char == 'b' && self.sees('{') {
                Err(Self::error(start, "\\b{g} (grapheme boundaries) is not supported"))
            } else {
                Ok(Escape::Other(node))
            };
        }
        match char {
            'p' | 'P' => self.property(char == 'P', start).map(Escape::Set),
            '0' => self.octal(start).map(Escape::Char),
            'x' => self.hexadecimal(start).map(Escape::Char),
            'u' => self.utf16(start).map(Escape::Char),
            'c' => self.control(start).map(Escape::Char),
            _ => plain(char).map(Escape::Char).map_err(|what| Self::error(start, what)),
        }
    }

    /// `\p{Name}` or `\pL`.
    fn property(&mut self, negated: bool, start: usize) -> Result<String, PatternError> {
        let mut name = String::new();
        let mut open = self.eat('{');
        let braced = open;
        while let Some(symbol) = self.next() {
            if symbol.is('}') && braced {
                open = false;
                break;
            }
            name.push(symbol.char);
            if !braced {
                break;
            }
        }
        let set = property::set(&name, self.flags.ignores_case());
        let Some(set) = set.filter(|_| !open) else {
            let what = "this property of characters is not supported (general categories like \
                        \\p{L} or \\p{Lu} are, and POSIX classes like \\p{Alpha})";
            return Err(Self::error(start, what));
        };
        Ok(if negated { format!("[^{set}]") } else { set })
    }

    /// `\0n`, `\0nn` or `\0mnn`: up to 377, the octal for a byte.
    fn octal(&mut self, start: usize) -> Result<char, PatternError> {
        let first = self.digit(8);
        let Some(mut number) = first else {
            return Err(Self::error(start, "\\0 must be followed by an octal number"));
        };
        let longest = if number <= 3 { 2 } else { 1 };
        for _ in 0..longest {
            let Some(digit) = self.digit(8) else { break };
            number = number * 8 + digit;
        }
        // Java would go on with a digit behind the blank.
        if self.peek().is_some_and(|symbol| self.is_comment(symbol)) {
            let what = "under the flag (?x), \\0 before a blank has another meaning than it seems";
            return Err(Self::error(start, what));
        }
        scalar(number).ok_or_else(|| Self::error(start, "this number is no character"))
    }

    /// `\xhh` or `\x{h…}`.
    fn hexadecimal(&mut self, start: usize) -> Result<char, PatternError> {
        const WRONG: &str = "\\x must be followed by two hexadecimal digits, or by more of them in \
                             braces";
        let braced = self.eat('{');
        let mut number: u32 = 0;
        let mut digits = 0;
        while let Some(digit) = self.digit(16) {
            number = number.saturating_mul(16).saturating_add(digit);
            digits += 1;
            if !braced && digits == 2 {
                break;
            }
        }
        let whole = if braced { digits > 0 && self.eat('}') } else { digits == 2 };
        scalar(number).filter(|_| whole).ok_or_else(|| Self::error(start, WRONG))
    }

    /// `\uXXXX`, or two of them that are one character.
    fn utf16(&mut self, start: usize) -> Result<char, PatternError> {
        const WRONG: &str = "\\u must be followed by four hexadecimal digits that name a character \
                             or the first half of one, which the second half must follow";
        let wrong = || Self::error(start, WRONG);
        let unit = self.unit().ok_or_else(wrong)?;
        if let Some(char) = scalar(unit.into()) {
            return Ok(char);
        }
        let second = (self.eat('\\') && self.eat('u')).then(|| self.unit()).flatten();
        let pair = [unit, second.ok_or_else(wrong)?];
        char::decode_utf16(pair).next().and_then(Result::ok).ok_or_else(wrong)
    }

    fn unit(&mut self) -> Option<u16> {
        let mut unit = 0;
        for _ in 0..4 {
            unit = unit * 16 + u16::try_from(self.digit(16)?).ok()?;
        }
        Some(unit)
    }

    /// `\cX`: the character whose number differs in one bit.
    fn control(&mut self, start: usize) -> Result<char, PatternError> {
        let symbol = self.next().filter(|symbol| symbol.char.is_ascii() && !symbol.quoted);
        let symbol = symbol.filter(|symbol| !self.is_comment(*symbol));
        let control = symbol.and_then(|symbol| scalar(u32::from(symbol.char) ^ 64));
        control.ok_or_else(|| Self::error(start, "\\c must be followed by a character of ASCII"))
    }

    /// The next symbol as a digit.
    fn digit(&mut self, radix: u32) -> Option<u32> {
        let digit = self.peek().filter(|symbol| !symbol.quoted)?.char.to_digit(radix)?;
        self.next();
        Some(digit)
    }
}

fn scalar(number: u32) -> Option<char> {
    char::from_u32(number)
}

fn predefined(char: char) -> Option<&'static str> {
    Some(match char {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'h' => HORIZONTAL,
        'H' => NOT_HORIZONTAL,
        's' => r"[\t-\r ]",
        'S' => r"[^\t-\r ]",
        'v' => VERTICAL,
        'V' => r"[^\n-\r\x{85}\x{2028}\x{2029}]",
        'w' => "[0-9A-Z_a-z]",
        'W' => "[^0-9A-Z_a-z]",
        _ => return None,
    })
}

/// What is no character.
fn place(char: char) -> Option<Node> {
    Some(match char {
        'A' => Node::Assertion(r"\A"),
        'b' => Node::Assertion(r"(?-u:\b)"),
        'B' => Node::Assertion(r"(?-u:\B)"),
        'z' | 'Z' => Node::Assertion(r"\z"),
        'R' => Node::class(LINE_END),
        _ => return None,
    })
}

/// The character that an escaped one stands for, or why there is none.
fn plain(char: char) -> Result<char, &'static str> {
    Ok(match char {
        't' => '\t',
        'n' => '\n',
        'r' => '\r',
        'f' => '\u{C}',
        'a' => '\u{7}',
        'e' => '\u{1B}',
        '1'..='9' | 'k' => {
            return Err("a back-reference (\\1, \\k<name>) cannot be matched in linear time");
        }
        'G' => return Err("\\G (the end of the previous match) is not supported"),
        'X' => return Err("\\X (a grapheme cluster) is not supported"),
        'N' => return Err("\\N{…} (a character by its name) is not supported"),
        'E' => return Err("\\E without a \\Q before it"),
        letter if letter.is_ascii_alphabetic() => return Err("Java has no such escape"),
        other => other,
    })
}
