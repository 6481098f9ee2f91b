//! HMAC keys: HS256, HS384 and HS512.
//!
//! The one rule: a key serves an algorithm only if it is as long as the algorithm's digest.

use crate::engine::secret::Secret;
use crate::engine::token::Algorithm;
use aws_lc_rs::hmac;

/// An HMAC key, ready for those of HS256, HS384 and HS512 that it is long enough for.
pub struct HmacKey {
    hs256: Option<hmac::Key>,
    hs384: Option<hmac::Key>,
    hs512: Option<hmac::Key>,
}

impl HmacKey {
    /// Parses `key`. It serves an algorithm only if it has at least as many bytes as the
    /// algorithm's digest (RFC 7518 section 3.2).
    pub fn new(key: &Secret) -> Self {
        let bytes = key.expose();
        let parsed = |algorithm, digest_len: usize| {
            (bytes.len() >= digest_len).then(|| hmac::Key::new(algorithm, bytes))
        };
        Self {
            hs256: parsed(hmac::HMAC_SHA256, 32),
            hs384: parsed(hmac::HMAC_SHA384, 48),
            hs512: parsed(hmac::HMAC_SHA512, 64),
        }
    }

    /// Whether the key is long enough for `algorithm`.
    pub fn serves(&self, algorithm: Algorithm) -> bool {
        self.key(algorithm).is_some()
    }

    /// Whether `signature` is this key's over `message`; `None` if the key does not serve
    /// `algorithm`.
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Option<bool> {
        self.key(algorithm).map(|key| hmac::verify(key, message, signature).is_ok())
    }

    fn key(&self, algorithm: Algorithm) -> Option<&hmac::Key> {
        match algorithm {
            Algorithm::Hs256 => self.hs256.as_ref(),
            Algorithm::Hs384 => self.hs384.as_ref(),
            Algorithm::Hs512 => self.hs512.as_ref(),
            Algorithm::Es256
            | Algorithm::Es384
            | Algorithm::Es512
            | Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512
            | Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512 => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(algorithm: hmac::Algorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
        hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec()
    }

    #[test]
    fn a_key_serves_only_algorithms_whose_digest_is_no_longer_than_itself() {
        for (length, served) in [(31, 0), (32, 1), (47, 1), (48, 2), (63, 2), (64, 3), (200, 3)] {
            let bytes = vec![7; length];
            let key = HmacKey::new(&Secret::new(bytes.clone()));
            let answers = [
                (Algorithm::Hs256, hmac::HMAC_SHA256),
                (Algorithm::Hs384, hmac::HMAC_SHA384),
                (Algorithm::Hs512, hmac::HMAC_SHA512),
            ]
            .map(|(algorithm, hash)| key.verifies(algorithm, b"m", &sign(hash, &bytes, b"m")));
            let expected = [0, 1, 2].map(|n| (n < served).then_some(true));
            assert_eq!(answers, expected, "{length} bytes");
        }
    }

    #[test]
    fn a_truncated_or_extended_signature_is_none() {
        let bytes = [7; 64];
        let key = HmacKey::new(&Secret::new(bytes));
        let mut signature = sign(hmac::HMAC_SHA256, &bytes, b"m");
        assert_eq!(key.verifies(Algorithm::Hs256, b"m", &signature[..31]), Some(false));
        assert_eq!(key.verifies(Algorithm::Hs256, b"m", &[]), Some(false));
        signature.push(0);
        assert_eq!(key.verifies(Algorithm::Hs256, b"m", &signature), Some(false));
    }

    #[test]
    fn an_hmac_key_never_verifies_a_public_key_algorithm() {
        let key = HmacKey::new(&Secret::new([7; 64]));
        assert_eq!(key.verifies(Algorithm::Rs256, b"m", b"s"), None);
    }
}
