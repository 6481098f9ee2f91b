//! The syntax of single values: times, sizes, numbers, switches, choices and addresses.
//!
//! The one rule: a value is Elasticsearch's or it is refused in Elasticsearch's words. Each
//! function takes the full key, which those words name, and the text.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is wrong with a value.
pub(super) type Wrong = String;

/// A time as Elasticsearch writes it: it may be minus one, and need not be whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    count: i64,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Nanos,
    Micros,
    Millis,
    Seconds,
    Minutes,
    Hours,
    Days,
}

impl Unit {
    /// Each suffix, longer ones before those that they end in. Case counts for `m` alone.
    const SUFFIXES: [(&'static str, Self); 7] = [
        ("nanos", Self::Nanos),
        ("micros", Self::Micros),
        ("ms", Self::Millis),
        ("s", Self::Seconds),
        ("m", Self::Minutes),
        ("h", Self::Hours),
        ("d", Self::Days),
    ];

    const fn nanos(self) -> i128 {
        match self {
            Self::Nanos => 1,
            Self::Micros => 1_000,
            Self::Millis => 1_000_000,
            Self::Seconds => 1_000_000_000,
            Self::Minutes => 60_000_000_000,
            Self::Hours => 3_600_000_000_000,
            Self::Days => 86_400_000_000_000,
        }
    }
}

impl Time {
    /// Reads a time.
    pub(super) fn parse(key: &str, text: &str) -> Result<Self, Wrong> {
        let lower = text.trim().to_lowercase();
        let suffix = Unit::SUFFIXES.into_iter().find(|(suffix, unit)| {
            // A capital `M` could mean months.
            let written = if *unit == Unit::Minutes { text.trim() } else { lower.as_str() };
            written.ends_with(suffix)
        });
        match suffix {
            Some((suffix, unit)) => {
                let count = lower[..lower.len() - suffix.len()].trim();
                Self::counted(key, text, count, unit)
            }
            None if is_digits(&lower, "0", "0") => Ok(Self { count: 0, unit: Unit::Millis }),
            None if lower.starts_with('-') && is_digits(&lower[1..], "0", "1") => {
                Ok(Self { count: -1, unit: Unit::Millis })
            }
            None => Err(format!(
                "failed to parse setting [{key}] with value [{text}] as a time value: \
                 unit is missing or unrecognized"
            )),
        }
    }

    fn counted(key: &str, text: &str, count: &str, unit: Unit) -> Result<Self, Wrong> {
        match count.parse::<i64>() {
            Ok(count) if count < -1 => Err(format!(
                "failed to parse setting [{key}] with value [{text}] as a time value: \
                 negative durations are not supported"
            )),
            Ok(count) => Ok(Self { count, unit }),
            Err(_) if count.parse::<f64>().is_ok() => {
                Err(format!("failed to parse [{text}], fractional time values are not supported"))
            }
            Err(_) => Err(format!("failed to parse [{text}]")),
        }
    }

    const fn nanos(self) -> i128 {
        // 64 bits times 47 fit.
        self.count as i128 * self.unit.nanos()
    }

    /// Whole seconds, truncated towards zero.
    pub(super) fn seconds(self) -> i64 {
        let seconds = self.nanos() / Unit::Seconds.nanos();
        i64::try_from(seconds).unwrap_or(i64::MAX)
    }

    /// A duration between `least` and `most`.
    pub(super) fn within(
        least: Duration,
        most: Duration,
    ) -> impl FnOnce(&str, &str) -> Result<Duration, Wrong> {
        move |key, text| {
            let nanos = u128::try_from(Self::parse(key, text)?.nanos());
            match nanos {
                Ok(nanos) if (least.as_nanos()..=most.as_nanos()).contains(&nanos) => {
                    let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX);
                    let rest = u32::try_from(nanos % 1_000_000_000).unwrap_or_default();
                    Ok(Duration::new(seconds, rest))
                }
                Ok(_) | Err(_) => Err(format!(
                    "Failed to parse value [{text}] for setting [{key}] must be between \
                     [{least:?}] and [{most:?}]"
                )),
            }
        }
    }
}

/// Whether `text` is any number of `fill` and then `last`.
fn is_digits(text: &str, fill: &str, last: &str) -> bool {
    text.strip_suffix(last).is_some_and(|rest| rest.replace(fill, "").is_empty())
}

const KIB: u64 = 1024;

/// Each suffix of a size, longer ones before those that they end in, and its factor.
const SIZES: [(&str, u64); 11] = [
    ("kb", KIB),
    ("k", KIB),
    ("mb", KIB * KIB),
    ("m", KIB * KIB),
    ("gb", KIB * KIB * KIB),
    ("g", KIB * KIB * KIB),
    ("tb", KIB * KIB * KIB * KIB),
    ("t", KIB * KIB * KIB * KIB),
    ("pb", KIB * KIB * KIB * KIB * KIB),
    ("p", KIB * KIB * KIB * KIB * KIB),
    ("b", 1),
];

/// A size in bytes between `least` and `most`.
pub(super) fn size_within(
    least: usize,
    most: usize,
) -> impl FnOnce(&str, &str) -> Result<usize, Wrong> {
    move |key, text| {
        let bytes = size(key, text)?;
        usize::try_from(bytes).ok().filter(|bytes| (least..=most).contains(bytes)).ok_or_else(
            || {
                format!(
                    "Failed to parse value [{text}] for setting [{key}] must be between \
                     [{least}b] and [{most}b]"
                )
            },
        )
    }
}

fn size(key: &str, text: &str) -> Result<u64, Wrong> {
    let lower = text.trim().to_lowercase();
    if lower == "0" {
        return Ok(0);
    }
    let Some((suffix, factor)) = SIZES.into_iter().find(|(suffix, _)| lower.ends_with(suffix))
    else {
        return Err(format!(
            "failed to parse setting [{key}] with value [{text}] as a size in bytes: \
             unit is missing or unrecognized"
        ));
    };
    let count = lower[..lower.len() - suffix.len()].trim();
    count
        .parse::<u64>()
        .map(|count| count.saturating_mul(factor))
        .map_err(|_| format!("failed to parse setting [{key}] with value [{text}]"))
}

/// A whole number.
pub(super) fn integer(key: &str, text: &str) -> Result<i32, Wrong> {
    text.parse().map_err(|_| format!("Failed to parse value [{text}] for setting [{key}]"))
}

/// A whole number of at least `least` and at most `most`.
pub(super) fn number_within(
    least: u32,
    most: u32,
) -> impl FnOnce(&str, &str) -> Result<u32, Wrong> {
    move |key, text| {
        let wrong = format!("Failed to parse value [{text}] for setting [{key}]");
        let number: i64 = text.parse().map_err(|_| wrong.clone())?;
        match u32::try_from(number) {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ if number < i64::from(least) => Err(format!("{wrong} must be >= {least}")),
            _ => Err(format!("{wrong} must be <= {most}")),
        }
    }
}

/// `true` or `false`.
pub(super) fn boolean(_key: &str, text: &str) -> Result<bool, Wrong> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("Failed to parse value [{text}] as only [true] or [false] are allowed.")),
    }
}

/// One of a few words, whose letter case does not count.
pub(super) fn choice<T: Copy>(
    options: &[(&str, T)],
) -> impl FnOnce(&str, &str) -> Result<T, Wrong> {
    move |key, text| {
        let found = options.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        found.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<_> = options.iter().map(|(word, _)| *word).collect();
            let words = words.join(",");
            format!("Invalid value [{text}] for [{key}], allowed values are [{words}]")
        })
    }
}

/// Where the gRPC listener stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrpcAddress {
    /// An address and a port; port 0 is any free one.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl GrpcAddress {
    /// The most that the path of a socket may have, in bytes, on every system that we run on.
    const PATH: usize = 103;

    /// Reads `IP:PORT`, `[IP]:PORT` or `unix:PATH`; a relative path stands in `folder`.
    pub(super) fn parse(folder: &Path, key: &str, text: &str) -> Result<Self, Wrong> {
        let Some(path) = text.strip_prefix("unix:") else {
            return tcp(text).map(Self::Tcp).ok_or_else(|| {
                format!(
                    "Invalid value [{text}] for [{key}], expected IP:PORT, [IP]:PORT or unix:PATH"
                )
            });
        };
        let full = folder.join(path);
        if path.is_empty() || path.contains('\0') || full.as_os_str().len() > Self::PATH {
            let most = Self::PATH;
            return Err(format!(
                "Invalid value [{text}] for [{key}], expected a path of 1 to {most} bytes"
            ));
        }
        Ok(Self::Unix(full))
    }

    /// Whether nobody outside this machine can reach it.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl fmt::Display for GrpcAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Reads `IP:PORT` or `[IP]:PORT`.
pub(super) fn tcp_address(key: &str, text: &str) -> Result<SocketAddr, Wrong> {
    tcp(text)
        .ok_or_else(|| format!("Invalid value [{text}] for [{key}], expected IP:PORT or [IP]:PORT"))
}

fn tcp(text: &str) -> Option<SocketAddr> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<i128> {
        Time::parse("k", text).ok().map(|time| time.nanos() / Unit::Millis.nanos())
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
            assert_eq!(Time::parse("k", text), Err(expected), "{text}");
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
            assert_eq!(Time::parse("k", text).map(Time::seconds), Ok(expected), "{text}");
        }
    }

    #[test]
    fn durations_keep_their_bounds() {
        let read =
            |text| Time::within(Duration::from_millis(1), Duration::from_secs(60))("k", text);
        assert_eq!(read("1ms"), Ok(Duration::from_millis(1)));
        assert_eq!(read("1m"), Ok(Duration::from_secs(60)));
        assert_eq!(read("1500ms"), Ok(Duration::from_millis(1500)));
        for text in ["0", "-1", "61s", "9223372036854775807d"] {
            let wrong = format!(
                "Failed to parse value [{text}] for setting [k] must be between [1ms] and [60s]"
            );
            assert_eq!(read(text), Err(wrong));
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
            assert_eq!(size("k", text), Ok(expected), "{text}");
        }
        for text in ["16", "", "-1", "1x"] {
            let wrong = format!(
                "failed to parse setting [k] with value [{text}] as a size in bytes: \
                 unit is missing or unrecognized"
            );
            assert_eq!(size("k", text), Err(wrong));
        }
        for text in ["1.5kb", "-1b", "kb", "x b"] {
            let wrong = format!("failed to parse setting [k] with value [{text}]");
            assert_eq!(size("k", text), Err(wrong));
        }
        let wrong = "Failed to parse value [2kb] for setting [k] must be between [1b] and [1024b]";
        assert_eq!(size_within(1, 1024)("k", "1kb"), Ok(1024));
        assert_eq!(size_within(1, 1024)("k", "2kb"), Err(wrong.into()));
    }

    #[test]
    fn numbers_are_plain_and_within_their_bounds() {
        assert_eq!(integer("k", "-3"), Ok(-3));
        for text in ["100_000", "NaN", "", "1.0", "0x10", "2147483648", " 1"] {
            let wrong = format!("Failed to parse value [{text}] for setting [k]");
            assert_eq!(integer("k", text), Err(wrong.clone()));
            if text != "2147483648" {
                assert_eq!(number_within(0, 9)("k", text), Err(wrong));
            }
        }
        assert_eq!(number_within(1, 9)("k", "9"), Ok(9));
        for (text, bound) in [("0", ">= 1"), ("-5", ">= 1"), ("10", "<= 9"), ("5000000000", "<= 9")]
        {
            let wrong = format!("Failed to parse value [{text}] for setting [k] must be {bound}");
            assert_eq!(number_within(1, 9)("k", text), Err(wrong));
        }
    }

    #[test]
    fn a_switch_is_true_or_false_and_nothing_else() {
        assert_eq!((boolean("k", "true"), boolean("k", "false")), (Ok(true), Ok(false)));
        for text in ["TRUE", "yes", "", "1"] {
            let wrong =
                format!("Failed to parse value [{text}] as only [true] or [false] are allowed.");
            assert_eq!(boolean("k", text), Err(wrong));
        }
    }

    #[test]
    fn a_choice_ignores_letter_case() {
        let read = |text| choice(&[("none", 0), ("shared_secret", 1)])("k", text);
        assert_eq!((read("NONE"), read("Shared_Secret")), (Ok(0), Ok(1)));
        let wrong = "Invalid value [basic] for [k], allowed values are [none,shared_secret]";
        assert_eq!(read("basic"), Err(wrong.into()));
    }

    #[test]
    fn addresses_are_of_both_families_or_a_socket() {
        let read = |text: &str| GrpcAddress::parse(Path::new("/etc/gate"), "k", text);
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
        for text in
            ["localhost:9191", "9191", ":9191", "127.0.0.1", "127.0.0.1:65536", "::1:9191", ""]
        {
            let wrong =
                format!("Invalid value [{text}] for [k], expected IP:PORT, [IP]:PORT or unix:PATH");
            assert_eq!(read(text), Err(wrong));
            let wrong = format!("Invalid value [{text}] for [k], expected IP:PORT or [IP]:PORT");
            assert_eq!(tcp_address("k", text), Err(wrong));
        }
        for path in ["", "a\0b", &"x".repeat(120)] {
            let wrong =
                format!("Invalid value [unix:{path}] for [k], expected a path of 1 to 103 bytes");
            assert_eq!(read(&format!("unix:{path}")), Err(wrong));
        }
    }
}
