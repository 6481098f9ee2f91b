//! Fuzzes the reading of key sets: the input is the text of one, read as each family.
//! Rule: what a lenient reading finds to be an object with a list `keys` is taken and nothing else
//! is, a bad key spoils only itself, and what is said of it is a line that holds no secret.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use realmgate::engine::token::Algorithm;
use realmgate::engine::token::keys::MAX_CANDIDATES;
use realmgate::jwks::{self, Family, MAX_SIZE, NotAKeySet, Parsed};
use serde::de::IgnoredAny;
use serde_json::Value;

/// The most keys that are read.
const MAX_KEYS: usize = 1000;
/// The most that a line may have, in bytes: two names of 64 characters at their longest, and words.
const LONGEST: usize = 2 * 64 * 10 + 128;

static SEEDS: LazyLock<()> = LazyLock::new(|| {
    // Where no key at all is taken, the target would prove nothing.
    let taken = |text: &[u8], family| jwks::parse(text, family).map_or(0, |set| set.keys.len());
    assert_eq!(taken(include_bytes!("seeds/jwks/public"), Family::Public), 4);
    assert_eq!(taken(include_bytes!("seeds/jwks/hmac"), Family::Hmac), 3);
});

fuzz_target!(|input: &[u8]| {
    LazyLock::force(&SEEDS);
    for family in [Family::Hmac, Family::Public] {
        match jwks::parse(input, family) {
            Ok(parsed) => must_be_what_stands_there(&parsed, input, family),
            Err(fault) => must_be_no_set(&fault, input),
        }
    }
});

/// The elements of the list `keys`, if every part of the text is read.
fn elements(input: &[u8]) -> Option<Vec<Value>> {
    match serde_json::from_slice::<Value>(input).ok()?.get_mut("keys")?.take() {
        Value::Array(keys) => Some(keys),
        _ => None,
    }
}

fn must_be_no_set(fault: &NotAKeySet, input: &[u8]) {
    if let Some(keys) = elements(input) {
        let is_too_much = match fault {
            NotAKeySet::TooLarge { bytes } => *bytes == input.len() && *bytes > MAX_SIZE,
            NotAKeySet::TooManyKeys { keys: count } => *count == keys.len() && *count > MAX_KEYS,
            _ => false,
        };
        assert!(is_too_much, "refused a set: {fault}");
    }
    must_be_line(&fault.to_string());
}

fn must_be_what_stands_there(parsed: &Parsed, input: &[u8], family: Family) {
    assert!(input.len() <= MAX_SIZE);
    assert!(input.trim_ascii_start().starts_with(b"{"));
    assert!(serde_json::from_slice::<IgnoredAny>(input).is_ok(), "took what is no JSON");
    assert!(parsed.keys.len() + parsed.passed_over.len() <= MAX_KEYS);
    must_be_keys(parsed, family);
    for caution in jwks::cautions(parsed, &Algorithm::ALL) {
        must_be_line(&caution);
    }
    // A number beyond a double, a nest too deep: a key can spoil this reading, not that one.
    if serde_json::from_slice::<Value>(input).is_ok() {
        let elements = elements(input).expect("took what has no list of keys");
        must_be_of(parsed, &elements);
    }
}

fn must_be_keys(parsed: &Parsed, family: Family) {
    let keys = &parsed.keys;
    for key in keys.iter() {
        assert!(keys.has(&key.thumbprint()));
        for algorithm in Algorithm::ALL {
            assert!(!key.verifies(algorithm, b"message", b"signature"));
        }
    }
    for algorithm in Algorithm::ALL {
        let candidates = keys.candidates(algorithm, None).count();
        assert_eq!(candidates > 0, keys.serves(algorithm));
        let most = keys.most_candidates_without_kid(&[algorithm]);
        assert_eq!(candidates, most.min(MAX_CANDIDATES));
        let is_hmac = algorithm.name().starts_with("HS");
        assert!(candidates == 0 || is_hmac == (family == Family::Hmac), "of another family");
    }
}

/// The taken keys are among the elements, in their order, and each element is taken, left out or
/// passed over.
fn must_be_of(parsed: &Parsed, elements: &[Value]) {
    let mut passed_over = parsed.passed_over.iter().peekable();
    let mut taken = parsed.keys.iter().peekable();
    for (position, element) in elements.iter().enumerate() {
        let is_for_else = element.get("use").and_then(Value::as_str).is_some_and(|of| of != "sig");
        if let Some(key) = passed_over.next_if(|key| key.position == position) {
            assert_eq!(key.kid.as_deref(), element.get("kid").and_then(Value::as_str));
            assert!(!is_for_else || !element["key_ops"].is_null(), "no business of ours");
        } else {
            assert!(element.is_object(), "element {position} is taken or left out");
            let kid = element.get("kid").and_then(Value::as_str);
            let is_key = !is_for_else && element.get("kty").is_some_and(Value::is_string);
            // Two keys of one name may be taken for one another here, which harms nothing.
            taken.next_if(|key| is_key && key.kid() == kid);
        }
    }
    assert!(passed_over.next().is_none(), "passed over what does not stand there");
    assert!(taken.next().is_none(), "took what does not stand there");
}

fn must_be_line(line: &str) {
    assert!(!line.contains(|character: char| character.is_control()), "{line:?}");
    assert!(line.len() <= LONGEST, "{} bytes: {line}", line.len());
}
