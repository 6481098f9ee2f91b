//! A secret value: whoever holds one can use it, nobody can print it, and it is wiped when dropped.

use super::crypto;
use std::fmt;
use zeroize::Zeroizing;

/// Bytes that must never be printed. There is no `Display` and no `Serialize`.
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

/// In constant time where the lengths are equal.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        crypto::equal(&self.0, &other.0)
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
    fn secrets_are_equal_if_their_bytes_are() {
        assert_eq!(Secret::new("a"), Secret::new("a"));
        for other in ["", "b", "a ", "A"] {
            assert_ne!(Secret::new("a"), Secret::new(other));
        }
    }
}
