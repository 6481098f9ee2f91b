//! The syntax of single values: text in, value or exact words out.

use super::*;

fn millis(text: &str) -> Option<i128> {
    Time::parse("k", text.into()).ok().map(|time| time.nanos() / Unit::Millis.nanos())
}

#[test]
fn times_are_read_as_elasticsearch_reads_them() {
    for (text, expected) in [
        ("0", 0),
        ("000", 0),
        ("0s", 0),
        ("1s", 1_000),
        ("1m", 60_000),
        ("1h", 3_600_000),
        ("1d", 86_400_000),
        ("500ms", 500),
        ("1500000nanos", 1),
        ("2500micros", 2),
        ("60S", 60_000),
        ("1H", 3_600_000),
        ("1D", 86_400_000),
        ("5MS", 5),
        (" 2 m ", 120_000),
        ("-1", -1),
        ("-001", -1),
        ("-1s", -1_000),
        ("36500d", 3_153_600_000_000),
    ] {
        assert_eq!(millis(text), Some(expected), "{text}");
    }
}

#[test]
fn what_is_no_time_is_refused_in_elasticsearchs_words() {
    let unit = |text: &str| {
        format!(
            "failed to parse setting [k] with value [{text}] as a time value: \
             unit is missing or unrecognized"
        )
    };
    for (text, expected) in [
        ("", unit("")),
        (" ", unit(" ")),
        ("-2", unit("-2")),
        ("10", unit("10")),
        ("1w", unit("1w")),
        ("1M", unit("1M")),
        ("1y", unit("1y")),
        ("1.0", unit("1.0")),
        ("--1", unit("--1")),
        ("-", unit("-")),
        ("s", "failed to parse [s]".into()),
        ("xs", "failed to parse [xs]".into()),
        ("1_0s", "failed to parse [1_0s]".into()),
        (
            "99999999999999999999s",
            "failed to parse [99999999999999999999s], fractional time values are not supported"
                .into(),
        ),
        ("1.5s", "failed to parse [1.5s], fractional time values are not supported".into()),
        (
            "-2s",
            "failed to parse setting [k] with value [-2s] as a time value: \
             negative durations are not supported"
                .into(),
        ),
    ] {
        assert_eq!(Time::parse("k", text.into()), Err(expected), "{text}");
    }
}

#[test]
fn seconds_are_truncated_towards_zero_and_never_wrap() {
    for (text, expected) in [
        ("-1", 0),
        ("999ms", 0),
        ("1999ms", 1),
        ("-1s", -1),
        ("-1m", -60),
        ("36500d", 3_153_600_000),
        ("9223372036854775807d", i64::MAX),
    ] {
        assert_eq!(Time::parse("k", text.into()).map(Time::seconds), Ok(expected), "{text}");
    }
}

#[test]
fn sizes_are_powers_of_1024() {
    for (text, expected) in [
        ("0", 0),
        ("0b", 0),
        ("512b", 512),
        ("16kb", 16_384),
        ("16k", 16_384),
        ("16KB", 16_384),
        ("1mb", 1 << 20),
        (" 1 mb ", 1 << 20),
        ("2g", 2 << 30),
        ("1tb", 1 << 40),
        ("1p", 1 << 50),
        ("99999999999999p", u64::MAX),
    ] {
        assert_eq!(size("k", text.into()), Ok(expected), "{text}");
    }
    for text in ["16", "", "-1", "1x"] {
        let wrong = format!(
            "failed to parse setting [k] with value [{text}] as a size in bytes: \
             unit is missing or unrecognized"
        );
        assert_eq!(size("k", text.into()), Err(wrong));
    }
    for text in ["1.5kb", "-1b", "kb", "x b"] {
        let wrong = format!("failed to parse setting [k] with value [{text}]");
        assert_eq!(size("k", text.into()), Err(wrong));
    }
    let wrong = "Failed to parse value [2kb] for setting [k] must be between [1b] and [1kb]";
    assert_eq!(size_within(1, 1024)("k", "1kb".into()), Ok(1024));
    assert_eq!(size_within(1, 1024)("k", "2kb".into()), Err(wrong.into()));
}

#[test]
fn numbers_are_plain_and_within_their_bounds() {
    assert_eq!(integer("k", "-3".into()), Ok(-3));
    for text in ["100_000", "NaN", "", "1.0", "0x10", "2147483648", " 1"] {
        let wrong = format!("Failed to parse value [{text}] for setting [k]");
        assert_eq!(integer("k", text.into()), Err(wrong.clone()));
        if text != "2147483648" {
            assert_eq!(number_within(0, 9)("k", text.into()), Err(wrong));
        }
    }
    assert_eq!(number_within(1, 9)("k", "9".into()), Ok(9));
    for (text, bound) in [("0", ">= 1"), ("-5", ">= 1"), ("10", "<= 9"), ("5000000000", "<= 9")] {
        let wrong = format!("Failed to parse value [{text}] for setting [k] must be {bound}");
        assert_eq!(number_within(1, 9)("k", text.into()), Err(wrong));
    }
}

#[test]
fn a_switch_is_true_or_false_and_nothing_else() {
    assert_eq!((boolean("k", "true".into()), boolean("k", "false".into())), (Ok(true), Ok(false)));
    for text in ["TRUE", "yes", "", "1"] {
        let wrong =
            format!("Failed to parse value [{text}] as only [true] or [false] are allowed.");
        assert_eq!(boolean("k", text.into()), Err(wrong));
    }
}

#[test]
fn a_choice_ignores_letter_case() {
    let read = |text: &str| choice(&[("none", 0), ("shared_secret", 1)])("k", text.into());
    assert_eq!((read("NONE"), read("Shared_Secret")), (Ok(0), Ok(1)));
    let wrong = "Invalid value [basic] for [k], allowed values are [none,shared_secret]";
    assert_eq!(read("basic"), Err(wrong.into()));
}

#[test]
fn addresses_are_of_both_families_or_a_socket() {
    let read = |text: &str| GrpcAddress::parse(Path::new("/etc/gate"), "k", text.into());
    for (text, shown, local) in [
        ("127.0.0.1:9191", "127.0.0.1:9191", true),
        ("[::1]:0", "[::1]:0", true),
        ("[::]:9191", "[::]:9191", false),
        ("0.0.0.0:9191", "0.0.0.0:9191", false),
        ("unix:/run/gate.sock", "unix:/run/gate.sock", true),
        ("unix:gate.sock", "unix:/etc/gate/gate.sock", true),
    ] {
        let address = read(text).unwrap();
        assert_eq!((address.to_string().as_str(), address.is_local()), (shown, local));
    }
    for text in ["localhost:9191", "9191", ":9191", "127.0.0.1", "127.0.0.1:65536", "::1:9191", ""]
    {
        let wrong =
            format!("Invalid value [{text}] for [k], expected IP:PORT, [IP]:PORT or unix:PATH");
        assert_eq!(read(text), Err(wrong));
        let wrong = format!("Invalid value [{text}] for [k], expected IP:PORT or [IP]:PORT");
        assert_eq!(tcp_address("k", text.into()), Err(wrong));
    }
    for path in ["", "a\0b", &"x".repeat(120)] {
        let wrong =
            format!("Invalid value [unix:{path}] for [k], expected a path of 1 to 103 bytes");
        assert_eq!(read(&format!("unix:{path}")), Err(wrong));
    }
}
