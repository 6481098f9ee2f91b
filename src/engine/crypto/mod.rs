//! The engine's only door to the crypto backend: keys that verify signatures, and digests that
//! compare secrets.
//!
//! Keys are parsed once, when they are loaded, and every comparison of secrets takes constant time.

mod hmac_key;
mod public_key;
mod self_test;

pub use hmac_key::HmacKey;
pub use public_key::{Curve, KeyFault, PublicKey};
pub use self_test::self_test;

use aws_lc_rs::{constant_time, digest, hmac};
use std::fmt;

/// The process's own key for digests of secrets, so that a comparison tells nothing of the
/// secret, its length included.
#[derive(Clone)]
pub struct DigestKey(hmac::Key);

impl DigestKey {
    /// A key of `random` bytes, drawn anew by each process.
    pub fn new(random: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, random))
    }

    /// The keyed digest of `bytes`.
    pub fn digest(&self, bytes: &[u8]) -> Digest {
        Digest(hmac::sign(&self.0, bytes))
    }
}

/// Whether both are the same bytes, in a time that depends on their lengths alone.
pub(super) fn are_equal(one: &[u8], other: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// A digest (SHA-256) that tells whether two contents are the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl fmt::Debug for Fingerprint {
    /// Prints none of it: who has the digest of a short secret can find the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[fingerprint]")
    }
}

impl Fingerprint {
    /// The fingerprint of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
        Self(fingerprint)
    }

    /// The fingerprint of these parts in this order: where one ends and the next begins counts.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(context.finish().as_ref());
        Self(fingerprint)
    }

    /// The digest itself, to be a part of another one.
    pub(in crate::engine) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A keyed digest of a secret.
#[derive(Clone, Copy)]
pub struct Digest(hmac::Tag);

impl Digest {
    /// Whether both digests are of the same bytes under the same key, in constant time.
    pub fn is(&self, other: &Self) -> bool {
        are_equal(self.0.as_ref(), other.0.as_ref())
    }
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_equal_only_for_the_same_bytes() {
        let key = DigestKey::new(&[1; 32]);
        assert!(key.digest(b"secret").is(&key.digest(b"secret")));
        assert!(!key.digest(b"secret").is(&key.digest(b"secret ")));
        assert!(!key.digest(b"secret").is(&DigestKey::new(&[2; 32]).digest(b"secret")));
    }
    #[test]
    fn a_fingerprint_of_parts_tells_where_each_of_them_ends() {
        let of = Fingerprint::of_parts;
        assert_eq!(of(&[b"ab", b"c"]), of(&[b"ab", b"c"]));
        for other in [&[&b"a"[..], b"bc"][..], &[b"abc"], &[b"abc", b""], &[b"c", b"ab"], &[]] {
            assert_ne!(of(&[b"ab", b"c"]), of(other), "{other:?}");
        }
    }
}
