//! A secret value: whoever holds one can use it, nobody can print it, and it is wiped when dropped.

use super::crypto::are_equal;
use std::fmt;
use zeroize::Zeroizing;

/// Bytes that must never be printed: there is no `Display` and no `Serialize`.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes over `bytes`, which are wiped on drop. A clone is a copy, wiped by itself.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes themselves, for the one computation that needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Secret {
    /// Takes the same time wherever the two differ.
    fn eq(&self, other: &Self) -> bool {
        are_equal(&self.0, &other.0)
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        assert_eq!(format!("{:?}", Secret::new("open sesame")), "[secret]");
    }

    #[test]
    fn secrets_are_equal_only_if_their_bytes_are() {
        assert_eq!(Secret::new("open sesame"), Secret::new("open sesame"));
        for other in ["", "open sesam", "open sesame ", "Open sesame"] {
            assert_ne!(Secret::new("open sesame"), Secret::new(other), "{other}");
        }
    }
}
