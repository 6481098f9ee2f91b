//! The syntax of single values: times, sizes, numbers, switches, choices and addresses.
//!
//! The one rule: a value is Elasticsearch's or it is refused in Elasticsearch's words. Each
//! function takes the full key, which those words name, and the text.

mod time;

pub(super) use time::Time;

use super::problems::HIDDEN;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What is wrong with a value.
pub(super) type Wrong = String;

/// A value's text as it stands in a file. What is printed of it may be something else: a value that
/// came from the environment is nobody's to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written<'t> {
    text: &'t str,
    is_public: bool,
}

impl<'t> Written<'t> {
    /// A text that must not be printed.
    pub(super) const fn from_environment(text: &'t str) -> Self {
        Self { text, is_public: false }
    }

    /// The text itself.
    pub(super) const fn text(self) -> &'t str {
        self.text
    }

    /// A part of this value.
    pub(super) const fn part(self, text: &'t str) -> Self {
        Self { text, ..self }
    }

    fn trim(self) -> &'t str {
        self.text.trim()
    }
}

impl<'t> From<&'t str> for Written<'t> {
    /// A text that may be printed.
    fn from(text: &'t str) -> Self {
        Self { text, is_public: true }
    }
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_public { self.text } else { HIDDEN })
    }
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
) -> impl FnOnce(&str, Written<'_>) -> Result<usize, Wrong> {
    move |key, text| {
        let bytes = size(key, text)?;
        let bytes = usize::try_from(bytes).ok().filter(|bytes| (least..=most).contains(bytes));
        bytes.ok_or_else(|| {
            let (least, most) = (Size(least), Size(most));
            format!(
                "Failed to parse value [{text}] for setting [{key}] must be between [{least}] and \
                 [{most}]"
            )
        })
    }
}

/// A size as one would write it.
struct Size(usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const KIB: usize = 1024;
        match self.0 {
            bytes if bytes.is_multiple_of(KIB * KIB) => write!(f, "{}mb", bytes / KIB / KIB),
            bytes if bytes.is_multiple_of(KIB) => write!(f, "{}kb", bytes / KIB),
            bytes => write!(f, "{bytes}b"),
        }
    }
}

fn size(key: &str, text: Written<'_>) -> Result<u64, Wrong> {
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
pub(super) fn integer(key: &str, text: Written<'_>) -> Result<i32, Wrong> {
    text.text.parse().map_err(|_| format!("Failed to parse value [{text}] for setting [{key}]"))
}

/// A whole number of at least `least`.
pub(super) fn integer_of_at_least(
    least: i32,
) -> impl FnOnce(&str, Written<'_>) -> Result<i32, Wrong> {
    move |key, text| match integer(key, text)? {
        number if number >= least => Ok(number),
        _ => Err(format!("Failed to parse value [{text}] for setting [{key}] must be >= {least}")),
    }
}

/// A whole number of at least `least` and at most `most`.
pub(super) fn number_within(
    least: u32,
    most: u32,
) -> impl FnOnce(&str, Written<'_>) -> Result<u32, Wrong> {
    move |key, text| {
        let wrong = format!("Failed to parse value [{text}] for setting [{key}]");
        let number: i64 = text.text.parse().map_err(|_| wrong.clone())?;
        match u32::try_from(number) {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ if number < i64::from(least) => Err(format!("{wrong} must be >= {least}")),
            _ => Err(format!("{wrong} must be <= {most}")),
        }
    }
}

/// `true` or `false`.
pub(super) fn boolean(_key: &str, text: Written<'_>) -> Result<bool, Wrong> {
    match text.text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("Failed to parse value [{text}] as only [true] or [false] are allowed.")),
    }
}

/// One of a few words, whose letter case does not count.
pub(super) fn choice<T: Copy>(
    options: &[(&str, T)],
) -> impl FnOnce(&str, Written<'_>) -> Result<T, Wrong> {
    move |key, text| {
        let found = options.iter().find(|(word, _)| word.eq_ignore_ascii_case(text.text));
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
    pub(super) fn parse(folder: &Path, key: &str, text: Written<'_>) -> Result<Self, Wrong> {
        let Some(path) = text.text.strip_prefix("unix:") else {
            return tcp(text.text).map(Self::Tcp).ok_or_else(|| {
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
pub(super) fn tcp_address(key: &str, text: Written<'_>) -> Result<SocketAddr, Wrong> {
    tcp(text.text)
        .ok_or_else(|| format!("Invalid value [{text}] for [{key}], expected IP:PORT or [IP]:PORT"))
}

fn tcp(text: &str) -> Option<SocketAddr> {
    text.parse().ok()
}

#[cfg(test)]
mod tests;
