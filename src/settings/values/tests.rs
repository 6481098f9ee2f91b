//! The syntax of single values: text in, value or exact words out.

use super::*;

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

#[test]
fn a_number_below_its_bound_is_told_in_elasticsearchs_words() {
    let read = |text: &str| integer_of_at_least(0)("k", text.into());
    assert_eq!(read("0"), Ok(0));
    let wrong = "Failed to parse value [-1] for setting [k] must be >= 0";
    assert_eq!(read("-1"), Err(wrong.into()));
    for text in ["", "100_000", "NaN", "2147483648", "1.0"] {
        let wrong = format!("Failed to parse value [{text}] for setting [k]");
        assert_eq!(read(text), Err(wrong));
    }
}
