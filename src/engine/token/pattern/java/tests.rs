//! Java's expressions, row by row: what they take out of a value, and what is refused.
//!
//! The rule of the rows: each was held against a real Java 25, which differs in the two marked so.

use super::*;

fn pattern(text: &str) -> ClaimPattern {
    ClaimPattern::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Rows of pattern, value and what is taken.
fn check(rows: &[(&str, &str, Option<&str>)]) {
    for (text, value, wanted) in rows {
        assert_eq!(pattern(text).extract(value), *wanted, "{text} on {value:?}");
    }
}

#[test]
fn the_first_group_is_taken_where_the_pattern_is_first_found() {
    check(&[
        ("^(.+)@corp\\.com$", "jane@corp.com", Some("jane")),
        ("^(.+)@corp\\.com$", "jane@corp.com.evil", None),
        ("(.*)@", "a@b@c", Some("a@b")),
        ("(.*?)@", "a@b@c", Some("a")),
        ("CN=([^,]+)", "OU=x,CN=Jane Doe,DC=y", Some("Jane Doe")),
        ("b(.)", "abcbd", Some("c")),
        ("(?:a|(b))(c)", "bc", Some("b")),
        ("(a)(b)", "xab", Some("a")),
        ("(?<name>a+)(?<n2>b)", "aab", Some("aa")),
        ("((a)b)", "ab", Some("ab")),
        ("(a|ab)(c|bcd)", "abcd", Some("a")),
        ("(😀+)", "x😀😀y", Some("😀😀")),
    ]);
}

#[test]
fn a_value_is_dropped_where_the_group_is_empty_or_took_no_part() {
    check(&[
        ("(a)", "b", None),
        ("(a*)b", "b", None),
        ("(a)?b", "b", None),
        ("()", "a", None),
        ("(a*)", "baa", None),
        ("x|(a)", "xa", None),
        ("(a){0}b", "ab", None),
    ]);
}

#[test]
fn a_dot_takes_all_but_line_ends() {
    for end in ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'] {
        let value = format!("ab{end}c");
        check(&[("(.+)", &value, Some("ab")), ("(?s)(.+)", &value, Some(&value))]);
        let unix = if end == '\n' { Some("ab") } else { Some(value.as_str()) };
        check(&[("(?d)(.+)", &value, unix)]);
    }
    check(&[("(.+)", "\u{B}\u{C}é", Some("\u{B}\u{C}é"))]);
}

#[test]
fn anchors_are_the_ends_of_the_value() {
    check(&[
        ("^(a)", "ba", None),
        ("\\A(a)", "\na", None),
        ("(a)$", "ab", None),
        ("(a)\\z", "a", Some("a")),
        // Stricter than Java, which takes these two.
        ("(a)$", "a\n", None),
        ("(a)\\Z", "a\n", None),
        ("(a)\\Z", "a", Some("a")),
        ("(?m)(a)", "b\na", Some("a")),
        ("(?m)\\A(a)\\z", "a", Some("a")),
    ]);
}

#[test]
fn named_classes_and_word_boundaries_are_of_ascii() {
    check(&[
        ("(\\d+)", "٣٤5", Some("5")),
        ("(\\D+)", "5٣6", Some("٣")),
        ("(\\w+)", "éab_9é", Some("ab_9")),
        ("(\\W+)", "aé-b", Some("é-")),
        ("(\\s+)", "\u{A0}a \t\n\u{B}\u{C}\r", Some(" \t\n\u{B}\u{C}\r")),
        ("(\\S+)", " \u{A0}a ", Some("\u{A0}a")),
        ("\\b(\\w)", "éa", Some("a")),
        ("\\B(\\w)", "éab", Some("b")),
        (
            "(\\h+)",
            "a\u{A0}\u{1680}\u{180E}\u{200A} \t\u{3000}b",
            Some("\u{A0}\u{1680}\u{180E}\u{200A} \t\u{3000}"),
        ),
        ("(\\H+)", "\t\nb", Some("\nb")),
        ("(\\v+)", "a\n\u{B}\u{85}\u{2028}b", Some("\n\u{B}\u{85}\u{2028}")),
        ("(\\V+)", "\n b\r", Some(" b")),
        ("x(\\R)", "x\r\ny", Some("\r\n")),
        ("x(\\R)\\n", "x\r\n", Some("\r")),
        ("(\\R{2})", "\r\n\u{2028}", Some("\r\n\u{2028}")),
    ]);
}

#[test]
fn letter_case_is_ignored_for_ascii_alone() {
    check(&[
        ("(?i)(k)", "\u{212A}K", Some("K")),
        ("(?i)(é)", "Éé", Some("é")),
        ("(?i)(a)B", "AB", Some("A")),
        ("((?i)a)b", "Ab", Some("A")),
        ("((?i)a)b", "AB", None),
        ("(?i:(a))b", "AB", None),
        ("(?i)((?-i)a)b", "AB", None),
        ("(?i)((?-i)a)b", "aB", Some("a")),
        ("(?ii)(a)", "A", Some("A")),
        ("(?-uU:(a))", "A", None),
        ("(a(?i)b|c)", "C", Some("C")),
        ("(?i)([a-c]+)", "xABC", Some("ABC")),
        ("(?i)([^a-c]+)", "ABCd", Some("d")),
        ("(?i)([Y-b]+)", "zZyYABab_", Some("zZyYABab_")),
        ("(?i)(\\x61)", "A", Some("A")),
        ("(?i)(\\p{Lower}\\p{Upper})", "Ab", Some("Ab")),
        ("(?i)(\\p{Lu}\\p{Ll})", "éÉ", Some("éÉ")),
        ("(?i)(\\p{L})1", "é1", Some("é")),
        ("(?i)(\\Qab\\E)", "AB", Some("AB")),
    ]);
}

#[test]
fn classes_are_unions_ranges_and_intersections() {
    check(&[
        ("([a-c]+)", "xabcd", Some("abc")),
        ("([^a-c]+)", "abxyc", Some("xy")),
        ("([]a]+)", "x]a", Some("]a")),
        ("([^]a]+)", "]ax", Some("x")),
        ("([a^]+)", "^a", Some("^a")),
        ("([a-]+)", "-a", Some("-a")),
        ("([-a]+)", "-a", Some("-a")),
        ("([a\\-z]+)", "-azb", Some("-az")),
        ("([a-b-c]+)", "a-bc", Some("a-bc")),
        ("([\\d-z]+)", "1-z", Some("1-z")),
        ("([a-[xy]]+)", "a-xb", Some("a-x")),
        ("([a&b]+)", "a&b", Some("a&b")),
        ("([a&]+)", "&", Some("&")),
        ("([a[b-d]]+)", "abd", Some("abd")),
        ("([^a[b]]+)", "abcd", Some("cd")),
        ("([a-z&&[def]]+)", "abcdefg", Some("def")),
        ("([a-z&&[^bc]]+)", "bcad", Some("ad")),
        ("([a-z&&def]+)", "xed", Some("ed")),
        ("([^a-z&&[def]]+)", "dxE", Some("xE")),
        ("([a-z&&[a-m]&&[g-z]]+)", "agmz", Some("gm")),
        ("([a-z&&b-y&&c-x]+)", "abcy", Some("c")),
        ("([a-z&&y[ab]&&a-c]+)", "yabc", Some("ab")),
        ("([[a]&b]+)", "xa&b", Some("a&b")),
        ("([a-c&&d])|e", "abcd", None),
        ("([*+?.{}()|^$\"@&#-]+)", "*+?.{}()|^$\"@&#-", Some("*+?.{}()|^$\"@&#-")),
        ("([\\[\\]\\\\]+)", "[\\]", Some("[\\]")),
        ("([\\Q^]-\\E]+)", "^]-", Some("^]-")),
        ("([\\Qa\\E-\\Qc\\E]+)", "abc", Some("abc")),
        ("([\\p{L}\\d]+)", "-é1-", Some("é1")),
        ("([\\v\\h]+)", "a\n\t", Some("\n\t")),
        ("([\\x41-\\u0043]+)", "DABC", Some("ABC")),
        ("([!-&]+)", "&!", Some("&!")),
        ("([~-\\x{10FFFF}]+)", "a~é😀", Some("~é😀")),
    ]);
}

#[test]
fn properties_are_posix_classes_and_general_categories() {
    check(&[
        ("(\\p{Lower}+)", "éAbc", Some("bc")),
        ("(\\p{Upper}+)", "aÉB", Some("B")),
        ("(\\p{ASCII}+)", "éab", Some("ab")),
        ("(\\p{Alpha}+)", "1éa", Some("a")),
        ("(\\p{Digit}+)", "٣5", Some("5")),
        ("(\\p{Alnum}+)", "-a1-", Some("a1")),
        ("(\\p{Punct}+)", "a!-/:@[`{~é", Some("!-/:@[`{~")),
        ("(\\p{Graph}+)", " a~ ", Some("a~")),
        ("(\\p{Print}+)", "\ta ~", Some("a ~")),
        ("(\\p{Blank}+)", "a \t\n", Some(" \t")),
        ("(\\p{Cntrl}+)", "a\u{1}\u{7F}", Some("\u{1}\u{7F}")),
        ("(\\p{XDigit}+)", "gaF9", Some("aF9")),
        ("(\\p{Space}+)", "a\u{B} ", Some("\u{B} ")),
        ("(\\p{L}+)", "1éß2", Some("éß")),
        ("(\\pL+)1", "éa1", Some("éa")),
        ("(\\PL+)", "é12", Some("12")),
        ("(\\P{L}+)", "é12", Some("12")),
        ("(\\p{Lu}+)", "aÉB", Some("ÉB")),
        ("(\\p{IsLu}+)", "aÉB", Some("ÉB")),
        ("(\\p{gc=Lu}+)", "aÉB", Some("ÉB")),
        ("(\\p{General_Category=Nd}+)", "a٣4", Some("٣4")),
        ("(\\p{LC}+)", "1ǅa1", Some("ǅa")),
        ("([^\\p{L}]+)", "é12", Some("12")),
    ]);
}

#[test]
fn escapes_are_the_characters_they_name() {
    check(&[
        ("(\\t\\n\\r\\f\\a\\e)", "\t\n\r\u{C}\u{7}\u{1B}", Some("\t\n\r\u{C}\u{7}\u{1B}")),
        ("(\\x41\\u0042\\x{43}\\x{1F600})", "ABC😀", Some("ABC😀")),
        ("(\\uD83D\\uDE00)", "😀", Some("😀")),
        ("(\\07\\0101)", "\u{7}A", Some("\u{7}A")),
        ("(\\0477)", "'7", Some("'7")),
        ("(\\cA\\c@\\c[)", "\u{1}\u{0}\u{1B}", Some("\u{1}\u{0}\u{1B}")),
        ("(\\.\\*\\(\\)\\ \\#\\é\\_\\-)", ".*() #é_-", Some(".*() #é_-")),
        ("(\\Q.*\\E)", ".*", Some(".*")),
        ("(\\Q.*\\E+)", ".**", Some(".**")),
        ("(\\Qa\\b\\E)", "a\\b", Some("a\\b")),
        ("(a)\\Q(.", "a(.", Some("a")),
        ("(\\\\Q)", "\\Q", Some("\\Q")),
        ("(a]}-)", "a]}-", Some("a]}-")),
    ]);
}

#[test]
fn quantifiers_are_greedy_or_reluctant() {
    check(&[
        ("(a+)", "aaa", Some("aaa")),
        ("(a+?)", "aaa", Some("a")),
        ("(a{2})", "aaa", Some("aa")),
        ("(a{2,})", "aaa", Some("aaa")),
        ("(a{1,2}?)", "aaa", Some("a")),
        ("(a{0,10000})", "aaa", Some("aaa")),
        ("(a??)b", "ab", Some("a")),
        ("(?:(a)|b)*", "ab", Some("a")),
        ("(a|b)*c", "abc", Some("b")),
        ("(a|b|)c", "ac", Some("a")),
        ("(|a)b", "ab", Some("a")),
        ("(?:a*)*(b)", "aab", Some("b")),
        ("(?:a*b*)+(c)", "abc", Some("c")),
        ("(a*)?b", "aab", Some("aa")),
    ]);
}

#[test]
fn comments_and_blanks_are_no_part_under_the_flag_x() {
    check(&[
        ("(?x) ( a b ) # the two\n c", "abc", Some("ab")),
        ("(?x)(a\\ b\\#)", "a b#", Some("a b#")),
        ("(?x)( a + ? )", "aa", Some("a")),
        ("(?x)( a {2} )", "aa", Some("aa")),
        ("(?x: ( a b ) ) c", "ab c", Some("ab")),
        ("(?x)(\\Qa b\\E)", "a b", Some("a b")),
        ("(?x)(a) # no end", "a", Some("a")),
        ("(?x)(a#b\rc)", "ac", Some("ac")),
        ("(?x)(a#b\u{85}c)", "a\u{85}c", Some("a\u{85}c")),
        ("(?x)(a#\\Q\n\\Eb)", "ab", Some("ab")),
        ("(?xd)(a#b\rc\nd)", "ad", Some("ad")),
        ("(?x)([ab]+)", "ab", Some("ab")),
        ("( a )", " a ", Some(" a ")),
        ("(a#b)", "a#b", Some("a#b")),
    ]);
}

#[test]
fn what_cannot_be_done_alike_is_refused_by_name() {
    let rows = [
        ("(a)(?=b)", "look-ahead", 4),
        ("(a)(?!b)", "look-ahead", 4),
        ("(?<=b)(a)", "look-behind", 1),
        ("(?<!b)(a)", "look-behind", 1),
        ("(?>a)(b)", "an atomic group", 1),
        ("(a)\\1", "a back-reference", 4),
        ("(?<n>a)\\k<n>", "a back-reference", 8),
        ("(a)b*+", "a possessive quantifier", 5),
        ("(a)b++", "a possessive quantifier", 5),
        ("(a)b?+", "a possessive quantifier", 5),
        ("(a)b{1,2}+", "a possessive quantifier", 5),
        ("(?x)(a + +)", "a possessive quantifier", 8),
        ("\\G(a)", "\\G", 1),
        ("(\\X)", "\\X", 2),
        ("(\\N{DIGIT ONE})", "\\N{…}", 2),
        ("\\b{g}(a)", "\\b{g}", 1),
        ("(?u)(a)", "the flags (?u) and (?U)", 1),
        ("(?U:a)(b)", "the flags (?u) and (?U)", 1),
        ("(?m)^(a)", "^ and $ under the flag (?m)", 5),
        ("(?m:(a)$)", "^ and $ under the flag (?m)", 8),
        ("(\\p{IsLatin})", "this property", 2),
        ("(\\p{InGreek})", "this property", 2),
        ("(\\p{javaLowerCase})", "this property", 2),
        ("(\\p{IsAlphabetic})", "this property", 2),
        ("(\\p{lower})", "this property", 2),
        ("(\\p{L)", "this property", 2),
        ("(\\p", "this property", 2),
        ("(a*)*", "what is repeated here may be empty", 5),
        ("(?:|a)+(c)", "what is repeated here may be empty", 7),
        ("(?:a??)*(c)", "what is repeated here may be empty", 8),
        ("(?:a??b*)*(c)", "what is repeated here may be empty", 10),
        ("(?:(a)|b*){2}", "what is repeated here may be empty", 11),
        ("([x&&[a]b&&c])", "Java binds this & otherwise", 10),
        ("([x&&[a]&b])", "Java binds this & otherwise", 9),
        ("(?:(a))*", "the first capture group stands in", 8),
        ("(?:a(b){2}[c]*)+", "the first capture group stands in", 16),
        ("(?:,|$)+(a)", "what is repeated here may be empty", 8),
        ("^*(a)", "what is repeated here may be empty", 2),
        ("([\\v-x])", "\\v before -", 3),
        ("(?x)([a b])", "under the flag (?x) a blank", 8),
        ("(?x)(\\01 2)", "under the flag (?x), \\0", 6),
    ];
    for (text, wanted, place) in rows {
        refused(text, wanted, place);
    }
}

#[test]
fn repetitions_that_go_alike_are_accepted() {
    check(&[
        // Its last choice is to be empty.
        ("(?:a|b*)+(c)", "abbc", Some("c")),
        ("(?:(?:a*)*)*(c)", "aac", Some("c")),
        ("(?:(?:ab??)*)+(c)", "abac", Some("c")),
        ("(?:a(b)?)*", "aba", Some("b")),
        ("(?:a(b+)c)*", "abcabbc", Some("bb")),
        ("((a)+)*", "aa", Some("aa")),
        ("(?:ou=([^,]+),?)+", "ou=a,ou=b", Some("b")),
        ("(a)(?:b*)*c", "abbc", Some("a")),
    ]);
}

fn refused(text: &str, wanted: &str, place: usize) {
    let error = ClaimPattern::parse(text).expect_err(text);
    let PatternError::At { what, at } = error else { panic!("{text}: {error:?}") };
    assert!(what.starts_with(wanted), "{text}: {what}");
    assert_eq!(at, place, "{text}: {what}");
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (text, wanted, place) in [
        ("(a", "the closing ) is missing", 1),
        ("(a))", "this ) closes nothing", 4),
        ("(a)\\c\\)", "this ) closes nothing", 7),
        ("é*+", "a possessive", 2),
        ("*(a)", "there is nothing that this quantifier", 1),
        ("(+a)", "there is nothing that this quantifier", 2),
        ("(a**)", "there is nothing that this quantifier", 4),
        ("(a{2}{3})", "there is nothing that this quantifier", 6),
        ("{2}(a)", "there is nothing that this quantifier", 1),
        ("(?i)*(a)", "there is nothing that this quantifier", 5),
        ("(a{,3})", "{ must begin a count", 3),
        ("(a{x})", "{ must begin a count", 3),
        ("(a{2)", "{ must begin a count", 3),
        ("(a{3,2})", "{ must begin a count", 3),
        ("(a{10001})", "a count is over", 3),
        ("([a)", "the closing ] of this class", 2),
        ("([])", "the closing ] of this class", 2),
        ("([^])", "the closing ] of this class", 2),
        ("([a-", "the closing ] of this class", 2),
        ("([z-a])", "a range that does not end", 3),
        ("([a-\\d])", "a range that does not end", 3),
        ("([a&&])", "a side of && is empty", 2),
        ("([&&a])", "a side of && is empty", 3),
        ("([a&&&b])", "a side of && is empty", 4),
        ("([\\b])", "this escape names no character", 3),
        ("([\\R])", "this escape names no character", 3),
        ("(\\q)", "Java has no such escape", 2),
        ("(\\E)", "\\E without a \\Q", 2),
        ("(a)\\", "there is nothing after this \\", 4),
        ("(\\x4)", "\\x must be followed", 2),
        ("(\\x{110000})", "\\x must be followed", 2),
        ("(\\x{D800})", "\\x must be followed", 2),
        ("(\\x{})", "\\x must be followed", 2),
        ("(\\u12)", "\\u must be followed", 2),
        ("(\\uD83D)", "\\u must be followed", 2),
        ("(\\uD83D\\u0041)", "\\u must be followed", 2),
        ("(\\0)", "\\0 must be followed", 2),
        ("(\\cé)", "\\c must be followed", 2),
        ("(?", "the closing ) is missing", 1),
        ("(?#a)(b)", "(? begins no group", 1),
        ("(?P<n>a)", "(? begins no group", 1),
        ("(?c)(a)", "(? begins no group", 1),
        ("(?i--s)(a)", "(? begins no group", 1),
        ("(?<1>a)", "a group's name", 1),
        ("(?<a_b>a)", "a group's name", 1),
        ("(?<a>a)(?<a>b)", "a group's name", 8),
        ("(?<>a)", "a group's name", 1),
    ] {
        refused(text, wanted, place);
    }
}

#[test]
fn a_pattern_without_a_capture_group_is_refused() {
    for text in ["", "a", "(?:a)", "(?i)a", "\\(a\\)", "[(a)]", "\\Q(a)\\E", "(?x)a # (b)"] {
        let error = ClaimPattern::parse(text).expect_err(text);
        assert_eq!(error, PatternError::NoCaptureGroup, "{text}");
    }
}

#[test]
fn hostile_patterns_are_refused_before_they_cost_anything() {
    let deep = |depth| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(pattern(&deep(100)).extract("a"), Some("a"));
    refused(&deep(101), "more than 100 groups or classes", 101);
    let classes = format!("({}a{})", "[".repeat(100), "]".repeat(100));
    refused(&classes, "more than 100 groups or classes", 101);
    assert_eq!(pattern(&"([a])".repeat(101)).extract(&"a".repeat(101)), Some("a"));
    for text in ["((a{1000}){1000})", "((?:(?:){10000}){10000})", "(\\p{L}{5000})"] {
        assert_eq!(ClaimPattern::parse(text).unwrap_err(), PatternError::TooLarge, "{text}");
    }
    let long = |length: usize| format!("({})", "a".repeat(length - 2));
    assert!(ClaimPattern::parse(&long(65_536)).is_ok());
    assert_eq!(ClaimPattern::parse(&long(65_537)).unwrap_err(), PatternError::TooLarge);
}

#[test]
fn patterns_are_equal_if_written_alike() {
    assert_eq!(pattern("(a)"), pattern("(a)").clone());
    assert_ne!(pattern("(a)"), pattern("([a])"));
    assert_eq!(pattern("(a)").as_str(), "(a)");
    assert_eq!(format!("{:?}", pattern("(a)")), "ClaimPattern(\"(a)\")");
}
