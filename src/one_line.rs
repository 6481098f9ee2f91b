//! Texts of others on one line of ours.
//!
//! The one rule: what came from a file or a caller neither ends the line nor says anything to a
//! terminal.

/// `text` with what a terminal acts on escaped, cut where the line would be longer than `most`
/// bytes: what is escaped takes the room that its escape takes.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let mut line = String::with_capacity(text.len().min(most));
    for character in text.chars() {
        let before = line.len();
        if is_acted_on(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
        if line.len() > most {
            line.truncate(before);
            line.push('\u{2026}');
            break;
        }
    }
    line
}

/// Control characters, and those that break a line or turn its direction.
fn is_acted_on(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_escaped_and_a_long_text_is_cut() {
        for (text, most, line) in [
            ("caf\u{e9} \u{1f511}", 10, "caf\u{e9} \u{1f511}"),
            ("caf\u{e9} \u{1f511}", 9, "caf\u{e9} \u{2026}"),
            ("a\nb\u{1b}[2J", 99, "a\\nb\\u{1b}[2J"),
            (
                "a\u{2028}b\u{202e}c\u{200f}d\u{2066}",
                99,
                "a\\u{2028}b\\u{202e}c\\u{200f}d\\u{2066}",
            ),
            ("\u{1e}\u{1e}\u{1e}", 12, "\\u{1e}\\u{1e}\u{2026}"),
            ("\u{1e}\u{1e}\u{1e}", 11, "\\u{1e}\u{2026}"),
            ("abc", 3, "abc"),
            ("abcd", 3, "abc\u{2026}"),
            ("", 0, ""),
            ("a", 0, "\u{2026}"),
        ] {
            assert_eq!(one_line(text, most), line);
        }
    }
}
