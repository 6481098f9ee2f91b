//! How often something is repeated in a Java expression.
//!
//! The one rule: a repetition is accepted only if each of its rounds takes the same part of a value
//! here as in Java, so that the capture group holds the same text.

use super::super::node::Node;
use super::super::{MAX_COUNT, PatternError};
use super::parser::Parser;

impl Parser {
    /// `node` with the quantifier that may follow.
    pub(super) fn quantified(&mut self, node: Node) -> Result<Node, PatternError> {
        self.skip_comments();
        let Some(symbol) = self.peek().filter(|symbol| "?*+{".contains(symbol.char)) else {
            return Ok(node);
        };
        if symbol.quoted {
            return Ok(node);
        }
        self.next();
        let (min, max) = match symbol.char {
            '?' => (0, Some(1)),
            '*' => (0, None),
            '+' => (1, None),
            _ => self.counts(symbol.at)?,
        };
        self.skip_comments();
        if self.eat('+') {
            let what =
                "a possessive quantifier (?+, *+, ++, {n}+) cannot be matched in linear time";
            return Err(Self::error(symbol.at, what));
        }
        let greedy = !self.eat('?');
        if max != Some(1) {
            repeatable(&node).map_err(|what| Self::error(symbol.at, what))?;
        }
        Ok(node.repeat(min, max, greedy))
    }

    /// What stands after the `{` at `at`.
    fn counts(&mut self, at: usize) -> Result<(u32, Option<u32>), PatternError> {
        const WRONG: &str = "{ must begin a count like {2}, {2,} or {2,5}; write \\{ for the \
                             character itself";
        let wrong = || Self::error(at, WRONG);
        let min = self.count(at)?.ok_or_else(wrong)?;
        let max = if self.eat(',') { self.count(at)? } else { Some(min) };
        if !self.eat('}') || max.is_some_and(|max| max < min) {
            return Err(wrong());
        }
        Ok((min, max))
    }

    fn count(&mut self, at: usize) -> Result<Option<u32>, PatternError> {
        let mut count = None;
        while let Some(symbol) = self.peek().filter(|symbol| !symbol.quoted) {
            let Some(digit) = symbol.char.to_digit(10) else { break };
            let more = count.unwrap_or(0) * 10 + digit;
            if more > MAX_COUNT {
                return Err(Self::error(at, "a count is over 10000"));
            }
            count = Some(more);
            self.next();
        }
        Ok(count)
    }
}

/// Whether a repetition of `node` takes the same parts of a value here as in Java, and why not.
fn repeatable(node: &Node) -> Result<(), &'static str> {
    // Java ends a repetition as soon as one round of it was empty.
    if node.may_be_empty() && (node.captures() || !node.is_empty_last()) {
        return Err("what is repeated here may be empty, and Java then takes other parts than a \
                    linear-time matcher does; let each repetition take a character at least");
    }
    // Java repeats what has one form only without regard to the groups in it: what they held in a
    // round that was given up stays.
    let direct = matches!(node, Node::Capture(_));
    if !direct && node.captures() && (node.is_fixed() || node.captures_in_fixed_rounds()) {
        return Err("the first capture group stands in something that is repeated, and Java then \
                    takes other parts than a linear-time matcher does");
    }
    Ok(())
}
