//! Documents in every spelling, and what is no document.

use super::*;
use proptest::prelude::*;
use std::path::Path;

fn problems() -> Problems {
    Problems::new(Path::new("f"), None)
}

/// Each entry as `LINE KEY=VALUE`.
fn entries(text: &str) -> Vec<String> {
    let mut problems = problems();
    let document =
        read(text.as_bytes(), &|_| None, &mut problems).unwrap_or_else(|_| panic!("{problems}"));
    assert!(problems.is_empty(), "{problems}");
    let shown = |Entry { key, line, value, .. }: &Entry| match value {
        Value::Text(text) => format!("{line} {key}={text:?}"),
        Value::List(texts) => format!("{line} {key}={texts:?}"),
        Value::Nested => format!("{line} {key} nested"),
        Value::Empty => format!("{line} {key} empty"),
        Value::Broken(_) => panic!("{key} is broken without a problem"),
    };
    document.entries.iter().map(shown).collect()
}

/// The lines of what is wrong, without the file's name.
fn wrong(bytes: impl AsRef<[u8]>) -> Vec<String> {
    let mut problems = problems();
    let read = read(bytes.as_ref(), &|_| None, &mut problems);
    assert!(!problems.is_empty(), "{read:?}");
    problems.lines().map(|line| line[2..].to_owned()).collect()
}

#[test]
fn yaml_is_flattened_with_the_line_of_each_key() {
    let text = "\
# a comment
a:
  b.c: x
  d:
    - 'one'
    - two, three
  e: { f: g, h: [ ] }
k.l: >
  folded
  text
m: []
n: {}
rules:
  - match: { path: / }
";
    assert_eq!(
        entries(text),
        [
            "3 a.b.c=\"x\"",
            "4 a.d=[\"one\", \"two, three\"]",
            "7 a.e.f=\"g\"",
            "7 a.e.h=[]",
            "8 k.l=\"folded text\\n\"",
            "11 m=[]",
            "12 n empty",
            "13 rules nested",
        ]
    );
}

#[test]
fn json_is_flattened_alike() {
    let text = "\u{feff} \n{\"a\": {\"b.c\": \"x\",\n \"d\": [\"one\", 2]},\n\"e\": {}, \"f\": [[1]],\n \"g\": true}\n";
    assert_eq!(
        entries(text),
        ["2 a.b.c=\"x\"", "3 a.d=[\"one\", \"2\"]", "4 e empty", "4 f nested", "5 g=\"true\""]
    );
    assert_eq!(entries(r#"{"a": "\u00e9\ud83d\udd11\n\/"}"#), ["1 a=\"é🔑\\n/\""]);
}

#[test]
fn a_number_stays_the_text_that_it_is() {
    for text in ["2.0", "1e3", "1.10", "007", "-0", "12345678901234567890", "1e400"] {
        assert_eq!(entries(&format!("a: {text}")), [format!("1 a={text:?}")]);
        if text != "007" {
            assert_eq!(entries(&format!("{{\"a\": {text}}}")), [format!("1 a={text:?}")]);
        }
    }
    for text in ["0x1F", "0b1", "yes", "1_000", "12:30", ".inf"] {
        assert_eq!(entries(&format!("a: {text}")), [format!("1 a={text:?}")]);
    }
}

#[test]
fn a_key_without_a_value_is_named() {
    for value in ["", "~", "null", "Null", "NULL", "[a, ~]", "[null]"] {
        let line = "1: a.b: null-valued setting found for key [a.b]";
        assert_eq!(wrong(format!("a: {{ b: {value} }}")), [line], "{value}");
    }
    assert_eq!(
        wrong(r#"{"a": null, "b": [null]}"#),
        [
            "1: a: null-valued setting found for key [a]",
            "1: b: null-valued setting found for key [b]"
        ]
    );
    assert_eq!(
        entries("a: ''\nb: 'null'\n\"c\": \"~\""),
        ["1 a=\"\"", "2 b=\"null\"", "3 c=\"~\""]
    );
}

#[test]
fn the_same_key_twice_is_named_in_every_spelling() {
    for text in [
        "a.b: 1\na.b: 2",
        "a.b: 1\na: { b: 2 }",
        "a: { b: 1 }\n'a.b': [2]",
        "{\"a.b\": 1,\n\"a\": {\"b\": 2}}",
        "{\"a.b\": 1,\n\"a.b\": 1}",
    ] {
        let line = "2: a.b: duplicate settings key [a.b], first found at line [1]";
        assert_eq!(wrong(text), [line], "{text}");
    }
    let line = "3: a: duplicate settings key [a], first found at line [1]";
    assert_eq!(wrong("a:\n  b: 1\na:\n  c: 2"), [line]);
    assert_eq!(entries("a: {b: 1}\na.c: 2"), ["1 a.b=\"1\"", "2 a.c=\"2\""]);
}

#[test]
fn a_third_key_is_told_where_the_first_one_stands() {
    let twice = |line| format!("{line}: a: duplicate settings key [a], first found at line [1]");
    assert_eq!(wrong("a: 1\na: 2\na: 3\n"), [twice(2), twice(3)]);
    let twice =
        |line| format!("{line}: a.b: duplicate settings key [a.b], first found at line [1]");
    assert_eq!(
        wrong("a.b: 1\na: { b: 2 }\na: { b: 3 }\n"),
        [twice(2), "3: a: duplicate settings key [a], first found at line [2]".into()]
    );
}

/// As other parsers have it.
#[test]
fn between_brackets_no_line_needs_an_indentation() {
    for (value, shown) in [
        ("[\n    'a',\n    'b'\n  ]", "[\"a\", \"b\"]"),
        ("[\n\"a\",\n\"b\"\n]", "[\"a\", \"b\"]"),
        ("[\na, # one\nb # two\n]", "[\"a\", \"b\"]"),
        ("[ 'a',\n'b' ]", "[\"a\", \"b\"]"),
        ("[\n  'a'\n]", "[\"a\"]"),
    ] {
        assert_eq!(
            entries(&format!("x:\n  y: {value}\n  z: 1\n"))[0],
            format!("2 x.y={shown}"),
            "{value}"
        );
    }
    assert_eq!(entries("x:\n  y: {\n    'a': 'b'\n  }\nz: 1\n"), ["3 x.y.a=\"b\"", "5 z=\"1\""]);
    assert_eq!(wrong("x:\n  y: ['a'\n z: 1\n").len(), 1, "and a bracket needs its end");
    // Elsewhere an indentation means what it means.
    assert_eq!(entries("x:\n  y: 1\nz: [\n'a'\n]\n"), ["2 x.y=\"1\"", "3 z=[\"a\"]"]);
    let many = "x:\n  y: [\n  'a'\n  ]\n".repeat(4000);
    assert!(!wrong(many).is_empty(), "and it has a bound");
}

#[test]
fn anchors_in_anchors_cannot_blow_a_document_up() {
    let inner = "a, ".repeat(100_000);
    let open: Vec<_> = (0..60).map(|number| format!("&a{number} [ ")).collect();
    let open = open.concat();
    let text = format!("x: {open}{inner}{}\n", "]".repeat(60));
    assert_eq!(wrong(text), ["1: too much is anchored, or anchored again inside"]);
}

#[test]
fn an_alias_repeats_its_anchor() {
    let text = "a: &x { b: [1, 2] }\nc: *x\nd: &y text\ne: [*y, *y]\n";
    assert_eq!(
        entries(text),
        [
            "1 a.b=[\"1\", \"2\"]",
            "1 c.b=[\"1\", \"2\"]",
            "3 d=\"text\"",
            "4 e=[\"text\", \"text\"]"
        ]
    );
}

#[test]
fn aliases_cannot_blow_a_document_up() {
    let first = "a0: &a0 [x, x, x, x, x, x, x, x, x]".to_owned();
    let levels = (1..40).map(|level| {
        let nine = vec![format!("*a{}", level - 1); 9].join(", ");
        format!("a{level}: &a{level} [{nine}]")
    });
    let text = std::iter::once(first).chain(levels).collect::<Vec<_>>().join("\n");
    let lines = wrong(&text);
    assert!(
        lines[0].ends_with("the document grows by more than 1 MiB by its aliases"),
        "{lines:?}"
    );
    let lines = wrong("a: &a [ *a ]");
    assert_eq!(lines, ["1: an alias stands for no value that is complete before it"]);
}

#[test]
fn what_is_no_document_is_refused_with_its_line() {
    let deep = |open: &str, close: &str| open.repeat(65) + &close.repeat(65);
    let too_deep = "1: lists and mappings are nested deeper than 64 levels";
    for (text, line) in [
        ("a: 1\n---\nb: 2\n", "2: a second document begins here"),
        ("a: !!str 1", "1: tags are not supported"),
        ("a: 1\nb: !secret x", "2: tags are not supported"),
        ("a: 1\n? [x]\n: y", "2: a key must be a scalar"),
        ("a: 1\n? {x: y}\n: y", "2: a key must be a scalar"),
        ("a: &k x\n*k : y", "2: a key must be a scalar"),
        ("just text", "1: the document is not a mapping"),
        ("- a\n- b", "1: the document is not a mapping"),
        ("[1]", "1: the document is not a mapping"),
        ("{a: b}", "1: not valid JSON: key must be a string"),
        ("{\"a\": 1,\n \"b\": 01}", "2: not valid JSON: invalid number"),
        ("{\"a\":\n \"\\ud800\"}", "2: not valid JSON: unexpected end of hex escape"),
        ("{\"a\": 1}\n}", "2: not valid JSON: trailing characters"),
        ("{\"a\": 1", "1: not valid JSON: EOF while parsing an object"),
        (deep("[", "]").as_str(), too_deep),
        (&format!("a: {}", deep("[", "]")), too_deep),
        (&format!("{{\"a\": {}}}", deep("[", "]")), too_deep),
        (&format!("a: {}", deep("{b: ", "}")), too_deep),
    ] {
        assert_eq!(wrong(text), [line], "{text}");
    }
    for text in
        ["a: 'x", "a: [1", "a: 1\n b: 2", "a:\n\t- x", "a: @x", "a: *x", "a b", "%YAML 9.9\na: b"]
    {
        let lines = wrong(text);
        assert!(
            lines[0].contains(": not valid YAML: ") || lines[0].ends_with("is not a mapping"),
            "{lines:?}"
        );
    }
    assert_eq!(wrong(b"a: 1\nb: \xff"), ["2: the text is not UTF-8"]);
    assert_eq!(wrong(" ".repeat(SIZE + 1)), ["1: the document is larger than 1 MiB"]);
}

#[test]
fn the_number_and_the_length_of_keys_have_bounds() {
    let line = "too many settings, or too long a key";
    assert_eq!(wrong(format!("? {}\n: 1", "k".repeat(KEY + 1))), [format!("1: {line}")]);
    let half = "k".repeat(KEY / 2);
    assert_eq!(wrong(format!("a: 1\n{half}:\n  {half}: 1")), [format!("3: {line}")]);
    let many: Vec<_> = (0..=SETTINGS).map(|n| format!("k{n}: 1")).collect();
    assert_eq!(wrong(many.join("\n")), [format!("{}: {line}", SETTINGS + 1)]);
}

#[test]
fn an_empty_document_has_no_settings() {
    for text in ["", "\n", "# nothing\n", "---\n", "{}", "null", "\u{feff}"] {
        assert!(entries(text).is_empty(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn whatever_is_read_ends_in_settings_or_in_a_problem(
        text in "[-a-z0-9 \\n\\t:,.?&*!|>'\"%@`#{}\\[\\]~\\\\]{0,60}",
    ) {
        let mut problems = problems();
        let document = read(text.as_bytes(), &|_| None, &mut problems);
        prop_assert!(document.is_ok() || !problems.is_empty());
    }

    #[test]
    fn json_texts_come_back_as_they_went(
        members in prop::collection::btree_map("[a-z]{1,8}", "[^$]*", 0..8),
    ) {
        let json = serde_json::to_string_pretty(&members).unwrap();
        let mut problems = problems();
        let document = read(json.as_bytes(), &|_| None, &mut problems).unwrap();
        let texts = members.into_values().map(Value::Text).collect::<Vec<_>>();
        let lines = 2..2 + texts.len();
        prop_assert_eq!(
            document.entries.iter().map(|entry| entry.line).collect::<Vec<_>>(),
            lines.collect::<Vec<_>>()
        );
        prop_assert_eq!(
            document.entries.into_iter().map(|entry| entry.value).collect::<Vec<_>>(),
            texts
        );
    }
}
