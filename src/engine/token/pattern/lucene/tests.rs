//! Lucene's patterns, row by row: what they take, what is refused, what is warned about.
//!
//! The rule of the rows: those marked so are Elasticsearch's own tests; the others follow from
//! Lucene's grammar.

use super::*;

fn pattern(text: &str) -> LucenePattern {
    LucenePattern::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn check(rows: &[(&str, &[&str], &[&str])]) {
    for (text, taken, left) in rows {
        let pattern = pattern(text);
        for value in *taken {
            assert!(pattern.matches(value), "{text} should take {value:?}");
        }
        for value in *left {
            assert!(!pattern.matches(value), "{text} should not take {value:?}");
        }
    }
}

#[test]
fn the_pairs_of_elasticsearchs_tests_hold() {
    check(&[
        ("a?\\**", &["a1*", "ab*whatever"], &["a", "abc", "abc*"]),
        ("/https?://[^/]+/?/", &["https://elastic.co/"], &["https://elastic.co/guide"]),
    ]);
}

#[test]
fn an_expression_is_for_the_whole_value() {
    check(&[
        ("/abc/", &["abc"], &["", "ab", "abcd", "xabc", "ABC", "abc\n", "\nabc"]),
        ("/a|b/", &["a", "b"], &["ab", "ax", "xb"]),
        ("/.+/", &["\n", "a\nb", "é", "😀", "\u{2028}"], &[""]),
        ("/.?/", &["", "é", "😀", "\n"], &["ab"]),
        ("//", &[""], &["a", "/"]),
        ("/()/", &[""], &["a"]),
        ("/a()b/", &["ab"], &["a"]),
        ("///", &["/"], &["", "//"]),
        ("/a/b/", &["a/b"], &["a"]),
    ]);
}

#[test]
fn anchors_of_other_languages_are_plain_characters() {
    check(&[
        ("/^a$/", &["^a$"], &["a"]),
        ("/^*a/", &["a", "^^a"], &[]),
        ("/a$?/", &["a", "a$"], &["a$$"]),
    ]);
}

#[test]
fn operators_are_plain_where_an_expression_has_to_begin() {
    check(&[
        ("/*a/", &["*a"], &["a", "aa"]),
        ("/+/", &["+"], &[""]),
        ("/?+/", &["?", "??"], &[""]),
        ("/{2}/", &["{2}"], &[""]),
        ("/|a/", &["|a"], &["a", ""]),
        ("/a||b/", &["a", "|b"], &["b", ""]),
        ("/(|a)/", &["|a"], &["a", ""]),
        ("/(*)/", &["*"], &[""]),
        ("/)a/", &[")a"], &["a"]),
        ("/a]}>-/", &["a]}>-"], &[]),
    ]);
}

#[test]
fn quantifiers_repeat_what_stands_before_them() {
    check(&[
        ("/ab*/", &["a", "abb"], &["abab"]),
        ("/(ab)+/", &["ab", "abab"], &["", "aba"]),
        ("/a{2}/", &["aa"], &["a", "aaa"]),
        ("/a{2,}/", &["aa", "aaaa"], &["a"]),
        ("/a{1,2}/", &["a", "aa"], &["", "aaa"]),
        ("/a{0}/", &[""], &["a"]),
        ("/a{2}{2}/", &["aaaa"], &["aa", "aaa"]),
        // No laziness: the `?` makes the whole repetition optional.
        ("/a+?b/", &["b", "ab", "aab"], &[]),
        ("/a??/", &["", "a"], &["aa"]),
        ("/(a*)*b/", &["b", "aaab"], &["a"]),
    ]);
}

#[test]
fn classes_are_sets_of_characters() {
    check(&[
        ("/[abc]/", &["a", "b", "c"], &["d", "ab", ""]),
        ("/[^abc]/", &["d", "\n", "😀"], &["a", "", "dd"]),
        ("/[a-c]+/", &["abc"], &["d", "-"]),
        ("/[a-a]/", &["a"], &["b", "-"]),
        ("/[]a]+/", &["]a"], &["b"]),
        ("/[^]a]/", &["b"], &["]", "a"]),
        ("/[a^]+/", &["a^"], &["b"]),
        ("/[-a]+/", &["-a"], &["b"]),
        ("/[\\-a]+/", &["-a"], &["\\"]),
        ("/[[a]+/", &["[a"], &["]"]),
        ("/[&~@#\"<.*+?(){}|$]+/", &["&~@#\"<.*+?(){}|$"], &["a"]),
        ("/[a&&b]+/", &["a&b"], &["c"]),
        ("/[\\d_]+/", &["12_"], &["a", "٣"]),
        ("/[^\\d]/", &["a"], &["1"]),
        ("/[\\D1]+/", &["a1"], &["2"]),
        ("/[\\w.\\-]+/", &["a.b-c_D1"], &["é", "@"]),
        ("/[\\\\]/", &["\\"], &["a"]),
        // What is escaped begins no range: this is a dot, a dash and a slash.
        ("/[\\.-/]+/", &[".-/"], &["\\"]),
        ("/[\\+-z]+/", &["+-z"], &["a", "/"]),
        ("/[a-\\d]+/", &["abcd"], &["5", "e"]),
        ("/[à-ü]/", &["é"], &["e", "ÿ"]),
        ("/[a-c--9]+/", &["b-9", "."], &["~"]),
    ]);
}

#[test]
fn the_named_classes_are_of_ascii() {
    check(&[
        ("/\\d/", &["0", "9"], &["a", "٣"]),
        ("/\\D/", &["a", "٣", "\n"], &["0"]),
        ("/\\s/", &[" ", "\t", "\n", "\r"], &["\u{B}", "\u{C}", "\u{A0}", "a"]),
        ("/\\S/", &["\u{B}", "a"], &[" ", "\r"]),
        ("/\\w/", &["a", "Z", "_", "5"], &["é", "-"]),
        ("/\\W/", &["é", "-"], &["a", "_"]),
        ("/\\w{2}\\s?\\d*/", &["ab 12", "ab"], &["a 1"]),
    ]);
}

#[test]
fn what_is_escaped_stands_for_itself() {
    check(&[
        ("/\\.\\*\\?\\+\\|\\(\\)\\[\\{\\\\/", &[".*?+|()[{\\"], &[]),
        ("/\\@\\#\\\"\\<\\&\\~/", &["@#\"<&~"], &[]),
        ("/\\1/", &["1"], &[]),
        ("/\\é/", &["é"], &[]),
        ("/.*\\@example\\.com/", &["a@example.com"], &["a.evil-example.com", "aexample.com"]),
    ]);
}

#[test]
fn lucenes_own_operators_keep_their_meaning() {
    check(&[
        ("/.*@example\\.com/", &["a@example.com", "mallory@evil-example.com"], &["example.org"]),
        ("/a@b/", &["ab", "a\nb"], &["a"]),
        ("/a#/", &[], &["a", "a#", ""]),
        ("/a|#/", &["a"], &["#", ""]),
        ("/#*/", &[], &["", "#"]),
        ("/(#)*/", &[], &["", "#"]),
        ("/#?/", &[""], &["#"]),
        ("/\"a.*b\"c/", &["a.*bc"], &["axxbc"]),
        ("/\"a&b~\"/", &["a&b~"], &[]),
        ("/\"a\\\"/", &["a\\"], &[]),
        ("/\"ab\"+/", &["abab"], &["abb"]),
        ("/\"\"/", &[""], &["\""]),
        ("/id<1-10>/", &["id1", "id01", "id0010"], &["id0", "id11", "id"]),
        ("/id<01-10>/", &["id01", "id10"], &["id1", "id001", "id11"]),
        ("/<10-01>+/", &["0110"], &["011"]),
    ]);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let rows = [
        ("/ab&cd/", "the intersection operator & is not supported", 4),
        ("/&/", "the intersection operator &", 2),
        ("/(a&)/", "the intersection operator &", 4),
        ("/a~b/", "the complement operator ~ is not supported", 3),
        ("/~(abc)/", "the complement operator ~", 2),
        ("/a|/", "something is missing here", 4),
        ("/(/", "something is missing here", 3),
        ("/(a/", "the closing ) is missing", 2),
        ("/(a|)/", "the closing ) is missing", 2),
        ("/a)/", "this ) closes nothing", 3),
        ("/a\\/", "there is nothing after this \\", 3),
        ("/a\\b/", "Lucene has no such escape", 3),
        ("/[\\n]/", "Lucene has no such escape", 3),
        ("/a[bc/", "the closing ] of this class", 3),
        ("/[/", "the closing ] of this class", 2),
        ("/[]/", "the closing ] of this class", 2),
        ("/[^]/", "the closing ] of this class", 2),
        ("/x[\\/", "there is nothing after this \\", 4),
        ("/[+-]/", "the closing ] of this class", 2),
        ("/[a-z._-]/", "a range whose end comes before its beginning", 7),
        ("/[z-a]/", "a range whose end comes before its beginning", 3),
        ("/a{/", "{ must begin a count", 3),
        ("/a{,3}/", "{ must begin a count", 3),
        ("/a{x}/", "{ must begin a count", 3),
        ("/a{1,2/", "{ must begin a count", 3),
        ("/a{3,2}/", "the counts are out of order", 3),
        ("/a{10001}/", "a count is over 10000", 3),
        ("/a{99999999999999999999}/", "a count is over 10000", 3),
        ("/a*****/", "too many quantifiers", 7),
        ("/é\"a/", "the closing \" is missing", 3),
        ("/a<b>/", "after < must follow a numeric interval", 3),
        ("/a<1-/", "after < must follow a numeric interval", 3),
        ("/<1-99999999999>/", "after < must follow a numeric interval", 2),
    ];
    for (text, wanted, place) in rows {
        let error = LucenePattern::parse(text).expect_err(text);
        let PatternError::At { what, at } = error else { panic!("{text}: {error:?}") };
        assert!(what.contains(wanted), "{text}: {what}");
        assert_eq!(at, place, "{text}: {what}");
    }
}

#[test]
fn what_begins_with_a_slash_must_end_with_another() {
    for text in ["/", "/abc", "/abc/ ", "/abc\\"] {
        let error = LucenePattern::parse(text).expect_err(text);
        assert_eq!(error, PatternError::NotClosed, "{text}");
        assert!(error.to_string().starts_with("patterns starting with '/' indicate"), "{error}");
    }
    assert!(pattern("abc/").matches("abc/"));
}

#[test]
fn operators_that_are_easily_mistaken_are_warned_about_once_each() {
    let rows: &[(&str, &[&str])] = &[
        (
            "/.*@corp\\.com@/",
            &["an unescaped @ in a regular expression stands for any string \
            (character 4 of the pattern); write \\@ for the character itself"],
        ),
        (
            "/a#b/",
            &["an unescaped # in a regular expression stands for no string at all, so that \
            what it is part of never matches (character 3 of the pattern); write \\# for the \
            character itself"],
        ),
        (
            "/\"a\"/",
            &["an unescaped \" in a regular expression begins a literal text, up to the \
            next one (character 2 of the pattern); write \\\" for the character itself"],
        ),
        (
            "/<1-2>/",
            &["an unescaped < in a regular expression begins a numeric interval, as in \
            <1-10> (character 2 of the pattern); write \\< for the character itself"],
        ),
        ("/\\@\\#\\\"\\<[@#\"<]/", &[]),
        ("/\"a@b\"/", &["an unescaped \""]),
        ("@#\"<*", &[]),
    ];
    for (text, wanted) in rows {
        let cautions: Vec<_> = pattern(text).cautions().collect();
        assert_eq!(cautions.len(), wanted.len(), "{text}: {cautions:?}");
        for (caution, wanted) in cautions.iter().zip(*wanted) {
            assert!(caution.starts_with(wanted), "{text}: {caution}");
        }
    }
    assert_eq!(pattern("/@#<1-2>\"x\"@/").cautions().count(), 4);
}

#[test]
fn patterns_are_equal_if_written_alike() {
    assert_eq!(pattern("/a|b/"), pattern("/a|b/").clone());
    assert_ne!(pattern("/a|b/"), pattern("/b|a/"));
    assert_eq!(pattern("/a|b/").as_str(), "/a|b/");
    assert_eq!(format!("{:?}", pattern("/a/")), "LucenePattern(\"/a/\")");
}

#[test]
fn hostile_patterns_are_refused_before_they_cost_anything() {
    let deep = |depth| format!("/{}a{}/", "(".repeat(depth), ")".repeat(depth));
    assert!(pattern(&deep(100)).matches("a"));
    let error = LucenePattern::parse(&deep(101)).unwrap_err();
    assert!(error.to_string().starts_with("more than 100 groups"), "{error}");
    assert!(pattern(&format!("/{}/", "(a)".repeat(101))).matches(&"a".repeat(101)));
    let quantified = format!("/{}a{}/", "(".repeat(100), ")????".repeat(100));
    assert!(pattern(&quantified).matches("a"));
    assert!(pattern("/a{10000}{10}/").matches(&"a".repeat(100_000)));
    for text in ["/a{1000}{1000}/", "/(((a{100}){100}){100}){100}/", "/(){10000}{10}a/"] {
        assert_eq!(LucenePattern::parse(text).unwrap_err(), PatternError::TooLarge, "{text}");
    }
    assert!(pattern(&format!("/{}/", "a".repeat(65_536))).matches(&"a".repeat(65_536)));
    for text in [".".repeat(60_000), "<1-2147483647>".repeat(4_000), "a".repeat(65_537)] {
        let error = LucenePattern::parse(&format!("/{text}/")).unwrap_err();
        assert_eq!(error, PatternError::TooLarge);
    }
}
