//! The keys of a realm: which of them can have signed a token, and whether one has.
//!
//! The one rule: HMAC keys serve the algorithms of HMAC, public keys all others, and a set holds
//! whatever it was given in the given order.

use super::Algorithm;
use crate::engine::crypto::{Fingerprint, HmacKey, PublicKey};
use crate::engine::secret::Secret;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// The most keys that are tried for one token: what a token can cost has an end.
pub const MAX_CANDIDATES: usize = 16;

/// A key and what its set says of it.
pub struct Key {
    kid: Option<String>,
    alg: Option<String>,
    material: Material,
    thumbprint: Thumbprint,
}

enum Material {
    /// Apart, since it is many times as large.
    Hmac(Box<HmacKey>),
    Public(PublicKey),
}

/// What tells a key from every other: equal for two keys if their type, material, `kid` and `alg`
/// are equal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Thumbprint(Fingerprint);

impl fmt::Debug for Thumbprint {
    /// Prints none of it: who has the digest of a short secret can find the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[thumbprint]")
    }
}

impl Key {
    /// An HMAC key of these bytes.
    pub fn hmac(kid: Option<String>, alg: Option<String>, key: &Secret) -> Self {
        let fingerprint = Fingerprint::of_parts(&[b"oct", key.expose()]);
        Self::new(kid, alg, Material::Hmac(Box::new(HmacKey::new(key))), fingerprint)
    }

    /// A public key.
    pub fn public(kid: Option<String>, alg: Option<String>, key: PublicKey) -> Self {
        let fingerprint = key.fingerprint();
        Self::new(kid, alg, Material::Public(key), fingerprint)
    }

    fn new(
        kid: Option<String>,
        alg: Option<String>,
        material: Material,
        fingerprint: Fingerprint,
    ) -> Self {
        let mut parts = vec![fingerprint.bytes()];
        for name in [&kid, &alg] {
            // An empty name is a name.
            parts.push(if name.is_some() { b"some" } else { b"none" });
            parts.push(name.as_deref().unwrap_or_default().as_bytes());
        }
        let thumbprint = Thumbprint(Fingerprint::of_parts(&parts));
        Self { kid, alg, material, thumbprint }
    }

    /// The key's name in its set, which need not be the only one of that name.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// What tells this key from every other.
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// Whether `signature` is this key's over `message`.
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.material {
            Material::Hmac(key) => key.verifies(algorithm, message, signature),
            Material::Public(key) => key.verifies(algorithm, message, signature),
        };
        verified == Some(true)
    }

    /// Whether a verification takes so long that others should not wait behind it.
    pub fn is_slow(&self) -> bool {
        match &self.material {
            Material::Hmac(_) => false,
            Material::Public(key) => key.is_slow(),
        }
    }

    /// Whether the key can have signed a token of `algorithm`: by its kind and size, and by its own
    /// `alg` if it has one.
    fn serves(&self, algorithm: Algorithm) -> bool {
        let is_able = match &self.material {
            Material::Hmac(key) => key.serves(algorithm),
            Material::Public(key) => key.serves(algorithm),
        };
        is_able && self.alg.as_deref().is_none_or(|alg| alg == algorithm.name())
    }

    /// Whether the key can have the name that a token gives. Who says nothing excludes nothing.
    fn is_named(&self, kid: Option<&str>) -> bool {
        match (self.kid(), kid) {
            (Some(own), Some(wanted)) => own == wanted,
            (None, _) | (_, None) => true,
        }
    }
}

/// Keys in the order of their set.
pub struct KeySet {
    keys: Vec<Arc<Key>>,
    thumbprints: HashSet<Thumbprint>,
    version: Fingerprint,
}

impl Default for KeySet {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl fmt::Debug for KeySet {
    /// Prints the number of keys alone: some are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySet({} keys)", self.keys.len())
    }
}

impl KeySet {
    /// A set of these.
    pub fn new(keys: Vec<Key>) -> Self {
        let thumbprints: Vec<_> = keys.iter().map(Key::thumbprint).collect();
        let parts: Vec<_> = thumbprints.iter().map(|Thumbprint(one)| one.bytes()).collect();
        Self {
            version: Fingerprint::of_parts(&parts),
            thumbprints: thumbprints.into_iter().collect(),
            keys: keys.into_iter().map(Arc::new).collect(),
        }
    }

    /// The one HMAC key that a text is: its bytes, whatever they look like.
    pub fn of_text(text: &Secret) -> Self {
        Self::new(vec![Key::hmac(None, None, text)])
    }

    /// Tells these keys in this order from all others.
    pub fn version(&self) -> Fingerprint {
        self.version
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// All of them, in the order of the set.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.keys.iter()
    }

    /// Whether the set holds the key of this thumbprint.
    pub fn has(&self, thumbprint: &Thumbprint) -> bool {
        self.thumbprints.contains(thumbprint)
    }

    /// Whether a token of `algorithm` can have been signed with one of these keys.
    pub fn serves(&self, algorithm: Algorithm) -> bool {
        self.keys.iter().any(|key| key.serves(algorithm))
    }

    /// The keys to try for a token of `algorithm` that names `kid`, in the order of the set.
    pub fn candidates(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
    ) -> impl Iterator<Item = &Arc<Key>> {
        let fits = move |key: &&Arc<Key>| key.is_named(kid) && key.serves(algorithm);
        self.keys.iter().filter(fits).take(MAX_CANDIDATES)
    }

    /// How many keys can have signed a token of any of `algorithms`.
    pub fn usable(&self, algorithms: &[Algorithm]) -> usize {
        let serves = |key: &&Arc<Key>| algorithms.iter().any(|algorithm| key.serves(*algorithm));
        self.keys.iter().filter(serves).count()
    }

    /// How many keys can have signed a token of one of `algorithms` that names none: the most that
    /// there would be to try if [`MAX_CANDIDATES`] were no limit.
    pub fn most_candidates_without_kid(&self, algorithms: &[Algorithm]) -> usize {
        let count =
            |algorithm: &Algorithm| self.keys.iter().filter(|key| key.serves(*algorithm)).count();
        algorithms.iter().map(count).max().unwrap_or_default()
    }
}
