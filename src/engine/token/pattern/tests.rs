//! What holds for every pattern of both languages.
//!
//! The one rule: whatever is written, reading it ends, in an error or in a matcher.

use proptest::prelude::*;

use super::*;
use node::ANY;

/// Texts in which the signs of pattern languages are frequent.
fn signs() -> impl Strategy<Value = String> {
    "([ab1/\\\\*?+{},.|()\\[\\]^$&~@#\"<>:=!\\-xQEpdsbnZ \n]|(?s:.)){0,24}"
}

/// The same wildcard, by the other matcher.
fn translated(wildcard: &str) -> Node {
    let mut parts = Vec::new();
    let mut chars = wildcard.chars();
    while let Some(char) = chars.next() {
        parts.push(match char {
            '*' => Node::class(ANY).repeat(0, None, true),
            '?' => Node::class(ANY),
            '\\' => Node::Char(chars.next().unwrap_or('\\')),
            other => Node::Char(other),
        });
    }
    Node::sequence(parts)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_lucene_pattern_or_an_error(text in signs(), value in signs()) {
        for text in [text.clone(), format!("/{text}/")] {
            match LucenePattern::parse(&text) {
                Ok(pattern) => {
                    pattern.matches(&value);
                    prop_assert_eq!(pattern.as_str(), text);
                }
                Err(error) => prop_assert_ne!(error, PatternError::NotCompiled),
            }
        }
    }

    #[test]
    fn any_text_is_a_claim_pattern_or_an_error(text in signs(), value in signs()) {
        for text in [text.clone(), format!("({text})"), format!("(?x)({text})")] {
            match ClaimPattern::parse(&text) {
                Ok(pattern) => {
                    let taken = pattern.extract(&value);
                    prop_assert!(taken.is_none_or(|part| value.contains(part)));
                    prop_assert_ne!(taken, Some(""));
                }
                Err(error) => prop_assert_ne!(error, PatternError::NotCompiled),
            }
        }
    }

    #[test]
    fn wildcards_mean_what_their_expressions_mean(
        wildcard in "[ab*?\\\\]{0,12}",
        value in "[ab*\\\\\n]{0,16}",
    ) {
        let expression = compile(&translated(&wildcard), true).unwrap();
        let pattern = LucenePattern::parse(&wildcard).unwrap();
        prop_assert_eq!(pattern.matches(&value), expression.is_match(&value));
    }
}
