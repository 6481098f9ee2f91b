//! What `${NAME}` becomes, and what is refused of it.

use crate::settings::document::{Document, Entry, SIZE, Value, read};
use crate::settings::problems::{Problems, Read};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

type Variables<'v> = &'v [(&'v str, &'v str)];

fn read_with(text: &str, variables: Variables<'_>) -> (Read<Document>, Vec<String>) {
    let value = |name: &str| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| OsString::from(value))
    };
    let mut problems = Problems::new(Path::new("f"), None);
    let document = read(text.as_bytes(), &value, &mut problems);
    let lines = problems.lines().map(|line| line[2..].to_owned());
    (document, lines.collect())
}

/// Each entry as `LINE KEY=VALUE`, with `$` at the end of what came from the environment.
fn entries(text: &str, variables: Variables<'_>) -> Vec<String> {
    let (document, lines) = read_with(text, variables);
    assert!(lines.is_empty(), "{text:?}: {lines:?}");
    let shown = |Entry { key, line, value, from_environment }: &Entry| {
        let value = match value {
            Value::Text(text) => format!("{text:?}"),
            Value::List(texts) => format!("{texts:?}"),
            other => format!("{other:?}"),
        };
        format!("{line} {key}={value}{}", if *from_environment { "$" } else { "" })
    };
    document.unwrap().entries.iter().map(shown).collect()
}

fn wrong(text: &str, variables: Variables<'_>) -> Vec<String> {
    let (_, lines) = read_with(text, variables);
    assert!(!lines.is_empty(), "{text:?}");
    lines
}

#[test]
fn a_variable_is_put_in_before_the_document_is_parsed() {
    let rows: &[(&str, &str, &[&str])] = &[
        ("a: ${X}", "value", &["1 a=\"value\"$"]),
        ("a: pre-${X}-post", "mid", &["1 a=\"pre-mid-post\"$"]),
        ("a: ${X}${X}", "ab", &["1 a=\"abab\"$"]),
        ("${X}", "a: b", &["1 a=\"b\"$"]),
        ("${X}: b", "a", &["1 a=\"b\"$"]),
        ("a: [${X}]\nb: c", "1, 2", &["1 a=[\"1\", \"2\"]$", "2 b=\"c\""]),
        ("a: ${X}", "[1, 2]", &["1 a=[\"1\", \"2\"]$"]),
        ("a: ${X}", "{ b: c, d: e }", &["1 a.b=\"c\"$", "1 a.d=\"e\"$"]),
        ("a: x${X}", " # a comment", &["1 a=\"x\"$"]),
        ("a: '${X}'", "it''s # here", &["1 a=\"it's # here\"$"]),
        ("a: \"${X}\"", "\\u00e9\\t", &["1 a=\"é\\t\"$"]),
        ("a: ${X}", "'quoted: '", &["1 a=\"quoted: \"$"]),
        ("# ${X}\na: b", "anything: at all", &["2 a=\"b\""]),
        ("{\"a\": \"${X}\",\n\"b\": 1}", "x", &["1 a=\"x\"$", "2 b=\"1\""]),
        ("${X}\n", "{\"a\": 1}", &["1 a=\"1\"$"]),
        ("{\"a\": ${X}}", "[\"b\"]", &["1 a=[\"b\"]$"]),
        // Lines end by any of these.
        (
            "a: 1\r\nb: ${X}\r\nc: 2\rd: ${X}\re: 3",
            "y",
            &["1 a=\"1\"", "2 b=\"y\"$", "3 c=\"2\"", "4 d=\"y\"$", "5 e=\"3\""],
        ),
        // What is no name stays what it is.
        ("a: $X $ {X} $${X}", "y", &["1 a=\"$X $ {X} $y\"$"]),
    ];
    for (text, value, wanted) in rows {
        assert_eq!(entries(text, &[("X", value)]), *wanted, "{text:?} with {value:?}");
    }
}

#[test]
fn an_empty_variable_is_nothing() {
    assert_eq!(entries("a: x${X}y\nb: '${X}'", &[("X", "")]), ["1 a=\"xy\"$", "2 b=\"\"$"]);
    let line = "1: a: null-valued setting found for key [a]";
    assert_eq!(wrong("a: ${X}", &[("X", "")]), [line]);
}

#[test]
fn any_text_without_a_brace_is_a_name() {
    for name in ["X", "x.y", "A-B", "1", " X ", "${", "a:b", "é"] {
        assert_eq!(entries(&format!("a: ${{{name}}}"), &[(name, "v")]), ["1 a=\"v\"$"], "{name}");
    }
}

#[test]
fn every_line_of_a_value_counts_as_the_environments() {
    for (text, wanted) in [
        ("a: x\n  ${X}\n  y\nb: z", &["1 a=\"x v y\"$", "4 b=\"z\""][..]),
        ("a: |\n  x\n  ${X}\nb: z", &["1 a=\"x\\nv\\n\"$", "4 b=\"z\""]),
        ("a: |\n  x\nb: ${X}", &["1 a=\"x\\n\"", "3 b=\"v\"$"]),
        ("a: >-\n  x\n\nb: ${X}\nc: y", &["1 a=\"x\"", "4 b=\"v\"$", "5 c=\"y\""]),
        ("a: \"x\n  ${X}\"\nb: z", &["1 a=\"x v\"$", "3 b=\"z\""]),
        ("a:\n  - x\n  - ${X}\n\nb: z", &["1 a=[\"x\", \"v\"]$", "5 b=\"z\""]),
        ("a:\n  - x\nb: ${X}", &["1 a=[\"x\"]", "3 b=\"v\"$"]),
        ("a: [x,\n ${X},\n y]\nb: z", &["1 a=[\"x\", \"v\", \"y\"]$", "4 b=\"z\""]),
        ("a: [x,\n y\n ] # ${X}\nb: z", &["1 a=[\"x\", \"y\"]$", "4 b=\"z\""]),
        ("a:\n  b: ${X}\n  c: y", &["2 a.b=\"v\"$", "3 a.c=\"y\""]),
        ("? a\n: ${X}", &["1 a=\"v\"$"]),
        ("a: { b: x, c: ${X} }", &["1 a.b=\"x\"$", "1 a.c=\"v\"$"]),
        ("{\"a\":\n [\"x\",\n \"${X}\"],\n\"b\": \"z\"}", &["1 a=[\"x\", \"v\"]$", "4 b=\"z\""]),
        ("{\"a\":\n\"${X}\"}", &["1 a=\"v\"$"]),
        ("a:\n  - b: ${X}\nc: y", &["1 a=Nested$", "3 c=\"y\""]),
    ] {
        assert_eq!(entries(text, &[("X", "v")]), wanted, "{text:?}");
    }
}

#[test]
fn an_alias_is_the_environments_where_its_anchor_is() {
    for (text, wanted) in [
        ("a: &x ${X}\nb: *x", &["1 a=\"v\"$", "2 b=\"v\"$"][..]),
        ("a: &x y\nc: ${X}\nb: *x", &["1 a=\"y\"", "2 c=\"v\"$", "3 b=\"y\""]),
        ("a: &x [y,\n ${X}]\nb:\n  *x", &["1 a=[\"y\", \"v\"]$", "3 b=[\"y\", \"v\"]$"]),
        ("a: &x ${X}\nb: [y,\n *x]", &["1 a=\"v\"$", "2 b=[\"y\", \"v\"]$"]),
        (
            "a: &x\n  c: ${X}\n  d: y\nb: *x",
            &["2 a.c=\"v\"$", "3 a.d=\"y\"", "2 b.c=\"v\"$", "3 b.d=\"y\""],
        ),
        ("a: &x ${X}\nb: &y [*x]\nc: *y", &["1 a=\"v\"$", "2 b=[\"v\"]$", "3 c=[\"v\"]$"]),
    ] {
        assert_eq!(entries(text, &[("X", "v")]), wanted, "{text:?}");
    }
}

#[test]
fn what_is_left_of_a_placeholder_is_named() {
    let not_set = |name: &str| {
        format!("Could not resolve placeholder '{name}': the environment has no such variable")
    };
    let left = "[${] must not be left after the environment's values are in";
    for (text, line) in [
        ("a: ${NO}", format!("1: a: {}", not_set("NO"))),
        ("a:\n  b: [x, 'y ${NO}']", format!("2: a.b: {}", not_set("NO"))),
        ("a: |\n  ${NO}", format!("1: a: {}", not_set("NO"))),
        ("a.${NO}: x", format!("1: a.${{NO}}: {}", not_set("NO"))),
        ("a: { '${NO}': { b: c } }", format!("1: a.${{NO}}: {}", not_set("NO"))),
        ("a:\n - b: c\n   ${NO}: d", format!("3: a: {}", not_set("NO"))),
        ("{\"a\": \"${NO}\"}", format!("1: a: {}", not_set("NO"))),
        ("a: &x ${NO}\n", format!("1: a: {}", not_set("NO"))),
        ("a: ${}", format!("1: a: {}", not_set(""))),
        ("a: ${", format!("1: a: {left}")),
        ("a: ${X", format!("1: a: {left}")),
        ("a: ${X\n  }", format!("1: a: {left}")),
        ("a: \"\\x24{X}\"", format!("1: a: {left}")),
        ("{\"a\": \"\\u0024{X}\"}", format!("1: a: {left}")),
        ("a: ${OPEN}", format!("1: a: {left}")),
        (
            "a: ${NO:hunter2}",
            "1: a: Could not resolve placeholder 'NO': a default, as in [${NAME:default}], is not \
             supported"
                .into(),
        ),
    ] {
        assert_eq!(wrong(text, &[("X", "v"), ("OPEN", "hunter2${X}")]), [line], "{text:?}");
    }
    let two = [format!("1: a: {}", not_set("NO")), format!("1: a: {}", not_set("NONE"))];
    assert_eq!(wrong("a: ${NONE}${NO}${NO}", &[]), two);
    let twice = [format!("1: a: {}", not_set("NO")), format!("2: b: {}", not_set("NO"))];
    assert_eq!(wrong("a: &x ${NO}\nb: *x", &[]), twice);
    assert!(entries("# ${NO}\na: b # ${NO:default} ${", &[]).len() == 1, "a comment is nobody's");
}

#[test]
fn a_value_that_is_no_line_of_text_is_refused_by_the_variables_name() {
    for value in ["a\nb", "hunter2\n", "\r", "a\r\nb"] {
        assert_eq!(
            wrong("a: b\nc: ${X}\n# ${X}", &[("X", value)]),
            [
                "2: the value of the environment's variable [X] has a line end",
                "3: the value of the environment's variable [X] has a line end",
            ],
            "{value:?}"
        );
    }
    let mut problems = Problems::new(Path::new("f"), None);
    let not_text = |_: &str| Some(OsString::from_vec(b"hunter2\xff".into()));
    assert!(read(b"a: ${X}", &not_text, &mut problems).is_err());
    let line = "f:1: the value of the environment's variable [X] is not UTF-8 text";
    assert_eq!(problems.lines().collect::<Vec<_>>(), [line]);
}

#[test]
fn the_environments_values_cannot_blow_a_document_up() {
    let half = "x".repeat(SIZE / 2 - 10);
    let variables = [("X", half.as_str())];
    assert_eq!(entries("a: ${X}\nb: ${X}", &variables).len(), 2);
    assert_eq!(
        wrong("a: ${X}\nb: ${X}\nc: ${X}\nd: ${X}", &variables),
        ["3: the document is larger than 1 MiB with the environment's values in it"]
    );
    // What is not closed is looked at once.
    let open = "${".repeat(SIZE / 4);
    assert_eq!(wrong(&format!("a: {open}"), &[]).len(), 1);
}

#[test]
fn the_number_of_keys_that_come_from_the_environment_has_a_bound() {
    let keys = |count| {
        let lines: Vec<_> = (0..count).map(|n| format!("k{n}${{X}}: 1\n")).collect();
        lines.concat()
    };
    assert_eq!(entries(&keys(256), &[("X", "v")]).len(), 256);
    let mut problems = Problems::new(Path::new("f"), None);
    let value = |_: &str| Some(OsString::from("v"));
    assert!(read(keys(257).as_bytes(), &value, &mut problems).is_err());
    let line = "f: more than 256 parts of keys come from the environment";
    assert_eq!(problems.lines().collect::<Vec<_>>(), [line]);
}
