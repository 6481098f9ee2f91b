//! Fuzzes the two languages of patterns: the first line of the input is a pattern, the rest a value
//! that it is held against.
//! Rule: nothing that can be read panics or is slow on any value; a wildcard agrees with a matcher
//! that tries everything; what a claim pattern takes is a part of the value and not empty.

#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use realmgate::engine::token::pattern::{ClaimPattern, LucenePattern};

/// Far more than anything needs, since the machine may be busy and the code is instrumented.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the other matcher takes, whose time and memory are the product of both.
const LONGEST: usize = 512;

fuzz_target!(|input: &[u8]| {
    let Ok(input) = std::str::from_utf8(input) else { return };
    let Some((pattern, value)) = input.split_once('\n') else { return };
    let begun = Instant::now();
    admits(pattern, value);
    takes(pattern, value);
    assert!(begun.elapsed() < PATIENCE, "{:?} for {pattern:?}", begun.elapsed());
});

fn admits(text: &str, value: &str) {
    let pattern = match LucenePattern::parse(text) {
        Ok(pattern) => pattern,
        Err(error) => {
            assert!(text.starts_with('/'), "every other text is a wildcard: {error}");
            return;
        }
    };
    let matches = pattern.matches(value);
    assert_eq!(pattern.as_str(), text);
    assert_eq!(pattern.clone().matches(value), matches);
    pattern.cautions().for_each(drop);
    if !text.starts_with('/') && text.len() <= LONGEST && value.len() <= LONGEST {
        assert_eq!(matches, is_match(text, value), "{text:?} on {value:?}");
    }
}

fn takes(text: &str, value: &str) {
    let Ok(pattern) = ClaimPattern::parse(text) else { return };
    let taken = pattern.extract(value);
    assert!(taken.is_none_or(|taken| !taken.is_empty() && value.contains(taken)), "{taken:?}");
}

/// One element of a wildcard.
#[derive(Clone, Copy)]
enum Element {
    Run,
    Any,
    This(char),
}

fn elements(text: &str) -> Vec<Element> {
    let mut elements = Vec::new();
    let mut rest = text.chars();
    while let Some(char) = rest.next() {
        elements.push(match char {
            '*' => Element::Run,
            '?' => Element::Any,
            '\\' => Element::This(rest.next().unwrap_or('\\')),
            char => Element::This(char),
        });
    }
    elements
}

/// Tries everything: `reached[n]` is whether the elements so far can end before the `n`th character.
fn is_match(text: &str, value: &str) -> bool {
    let value: Vec<char> = value.chars().collect();
    let mut reached = vec![false; value.len() + 1];
    reached[0] = true;
    for element in elements(text) {
        let mut next = vec![false; value.len() + 1];
        for end in 0..=value.len() {
            next[end] = match element {
                Element::Run => reached[..=end].contains(&true),
                Element::Any => end > 0 && reached[end - 1],
                Element::This(char) => end > 0 && reached[end - 1] && value[end - 1] == char,
            };
        }
        reached = next;
    }
    reached[value.len()]
}
