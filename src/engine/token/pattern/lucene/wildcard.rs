//! Lucene's wildcards: `*` is any run of characters, `?` one of them, `\` takes the next as it is.
//!
//! The one rule: every text is a wildcard pattern; a lone `\` at the end stands for itself.

/// A pattern of wildcards, always for the whole of a value.
#[derive(Clone, Debug)]
pub(super) struct Wildcard(Vec<Piece>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Run,
    One,
    Char(char),
}

impl Wildcard {
    pub(super) fn parse(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            pieces.push(match char {
                '*' => Piece::Run,
                '?' => Piece::One,
                '\\' => Piece::Char(chars.next().unwrap_or('\\')),
                other => Piece::Char(other),
            });
        }
        Self(pieces)
    }

    /// Takes at most (length of the pattern) times (length of the value) steps: only the last
    /// run met so far is ever made longer.
    pub(super) fn matches(&self, value: &str) -> bool {
        let mut pieces = self.0.as_slice();
        let mut rest = value.chars();
        let mut retry = None;
        loop {
            let mut ahead = rest.clone();
            match (pieces.split_first(), ahead.next()) {
                (Some((Piece::Run, after)), _) => {
                    retry = Some((after, rest.clone()));
                    pieces = after;
                }
                (Some((piece, after)), Some(char)) if piece.takes(char) => {
                    pieces = after;
                    rest = ahead;
                }
                (None, None) => return true,
                _ => {
                    // The run takes one character more, if there is one.
                    let Some((after, from)) = &mut retry else { return false };
                    if from.next().is_none() {
                        return false;
                    }
                    pieces = after;
                    rest = from.clone();
                }
            }
        }
    }
}

impl Piece {
    fn takes(self, char: char) -> bool {
        self == Self::One || self == Self::Char(char)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_for_the_whole_value() {
        let rows = [
            ("*", "", true),
            ("*", "a\nb", true),
            ("", "", true),
            ("", "a", false),
            ("?", "", false),
            ("?", "é", true),
            ("?", "😀", true),
            ("?", "ab", false),
            ("a", "a", true),
            ("a", "A", false),
            ("a*", "ba", false),
            ("a?\\**", "a1*", true),
            ("a?\\**", "ab*whatever", true),
            ("a?\\**", "a", false),
            ("a?\\**", "abc", false),
            ("a?\\**", "abc*", false),
            ("*/admin", "x/admin", true),
            ("*/admin", "admin", false),
            ("*/x/*", "a/x/b", true),
            ("*/x/*", "axb", false),
            ("*foo\\*", "a foo*", true),
            ("*foo\\*", "a foo* b", false),
            ("\\?", "?", true),
            ("\\?", "a", false),
            ("\\\\", "\\", true),
            ("\\a", "a", true),
            ("a\\", "a\\", true),
            ("a\\", "a", false),
            ("@#\"<&~.[x]", "@#\"<&~.[x]", true),
            ("a**b", "a--b", true),
            ("*a*b*c", "xxaxxbxxbcxc", true),
            ("*a*b*c", "xxaxxbxxbcx", false),
        ];
        for (pattern, value, wanted) in rows {
            assert_eq!(Wildcard::parse(pattern).matches(value), wanted, "{pattern} on {value}");
        }
    }
}
