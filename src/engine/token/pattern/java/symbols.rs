//! The characters of a Java expression, each with its place, `\Q…\E` taken out.
//!
//! The one rule: a quoted character is never a sign of the language, whatever stands around it.

/// One character of an expression.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbol {
    pub(super) char: char,
    /// Stood between `\Q` and `\E`.
    pub(super) quoted: bool,
    /// Its place in the pattern, counted from 1.
    pub(super) at: usize,
}

impl Symbol {
    /// Whether it is this sign of the language.
    pub(super) fn is(self, sign: char) -> bool {
        !self.quoted && self.char == sign
    }
}

pub(super) fn read(text: &str) -> Vec<Symbol> {
    let chars: Vec<char> = text.chars().collect();
    let starts = |at: usize, sign: char| chars.get(at..at + 2) == Some(&['\\', sign]);
    let mut symbols = Vec::with_capacity(chars.len());
    let mut quoted = false;
    let mut at = 0;
    while let Some(&char) = chars.get(at) {
        if starts(at, if quoted { 'E' } else { 'Q' }) {
            quoted = !quoted;
            at += 2;
            continue;
        }
        symbols.push(Symbol { char, quoted, at: at + 1 });
        at += 1;
        // What is escaped is passed, so that the `Q` after an escaped `\` opens no quotation.
        if char == '\\'
            && !quoted
            && let Some(&char) = chars.get(at)
        {
            symbols.push(Symbol { char, quoted, at: at + 1 });
            at += 1;
        }
    }
    symbols
}
