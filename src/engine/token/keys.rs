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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::crypto::testing::Pair;

    const SECRET: [u8; 64] = [7; 64];

    fn hmac(kid: Option<&str>, alg: Option<&str>, key: &[u8]) -> Key {
        Key::hmac(kid.map(str::to_owned), alg.map(str::to_owned), &Secret::new(key))
    }

    fn public(kid: Option<&str>, alg: Option<&str>, pair: &Pair) -> Key {
        Key::public(kid.map(str::to_owned), alg.map(str::to_owned), pair.public())
    }

    /// The places in the set of the keys to try.
    fn candidates(set: &KeySet, algorithm: Algorithm, kid: Option<&str>) -> Vec<usize> {
        let place = |key: &Arc<Key>| set.iter().position(|other| Arc::ptr_eq(key, other)).unwrap();
        set.candidates(algorithm, kid).map(place).collect()
    }

    #[test]
    fn a_name_excludes_keys_of_another_name_and_silence_excludes_none() {
        let names = [Some("a"), None, Some("b"), Some("a"), Some("")];
        let set = KeySet::new(names.iter().map(|kid| hmac(*kid, None, &SECRET)).collect());
        for (kid, places) in [
            (None, &[0, 1, 2, 3, 4][..]),
            (Some("a"), &[0, 1, 3]),
            (Some("b"), &[1, 2]),
            (Some(""), &[1, 4]),
            (Some("A"), &[1]),
            (Some("a "), &[1]),
        ] {
            assert_eq!(candidates(&set, Algorithm::Hs256, kid), places, "{kid:?}");
        }
    }

    #[test]
    fn a_key_with_an_algorithm_of_its_own_is_for_that_one_only() {
        let own = [None, Some("RS256"), Some("rs256"), Some("RSA-OAEP"), Some("PS512"), Some("")];
        let keys = own.iter().map(|alg| public(None, *alg, Pair::rsa_2048())).collect();
        let set = KeySet::new(keys);
        for (algorithm, places) in [
            (Algorithm::Rs256, &[0, 1][..]),
            (Algorithm::Rs384, &[0]),
            (Algorithm::Ps512, &[0, 4]),
            (Algorithm::Es256, &[]),
        ] {
            assert_eq!(candidates(&set, algorithm, None), places, "{}", algorithm.name());
            assert_eq!(set.serves(algorithm), !places.is_empty(), "{}", algorithm.name());
        }
    }

    #[test]
    fn kind_and_size_of_a_key_say_what_it_serves() {
        let mut keys: Vec<_> =
            [31, 32, 47, 48, 63, 64].iter().map(|len| hmac(None, None, &SECRET[..*len])).collect();
        keys.extend(Pair::all().map(|pair| public(None, None, pair)));
        let set = KeySet::new(keys);
        for algorithm in Algorithm::ALL {
            let places = match algorithm {
                Algorithm::Hs256 => &[1, 2, 3, 4, 5][..],
                Algorithm::Hs384 => &[3, 4, 5],
                Algorithm::Hs512 => &[5],
                Algorithm::Es256 => &[8],
                Algorithm::Es384 => &[9],
                Algorithm::Es512 => &[10],
                _ => &[6, 7],
            };
            assert_eq!(candidates(&set, algorithm, None), places, "{}", algorithm.name());
        }
        let slow: Vec<_> = set.iter().skip(5).map(|key| key.is_slow()).collect();
        assert_eq!(slow, [false, false, true, false, true, true]);
    }

    #[test]
    fn only_the_first_sixteen_that_fit_are_tried() {
        let keys = (0..60_u8).map(|n| match n % 3 {
            0 => hmac(Some(&n.to_string()), None, &[n; 32]),
            1 => hmac(Some(&n.to_string()), Some("HS384"), &[n; 32]),
            _ => public(None, None, Pair::p256()),
        });
        let set = KeySet::new(keys.collect());
        let first: Vec<_> = (0..16).map(|n| n * 3).collect();
        assert_eq!(candidates(&set, Algorithm::Hs256, None), first);
        assert_eq!(candidates(&set, Algorithm::Hs256, Some("57")), [57], "the last that fits");
        assert_eq!(candidates(&set, Algorithm::Es256, Some("57")).len(), 16);
        let most = |algorithms: &[Algorithm]| set.most_candidates_without_kid(algorithms);
        assert_eq!(most(&[]), 0);
        assert_eq!(most(&[Algorithm::Hs512]), 0);
        assert_eq!(most(&[Algorithm::Hs512, Algorithm::Hs256]), 20);
        assert_eq!(set.usable(&[Algorithm::Hs384]), 0);
        assert_eq!(set.usable(&[Algorithm::Hs256, Algorithm::Es256]), 40);
    }

    #[test]
    fn a_key_verifies_what_its_owner_signed() {
        for pair in Pair::all() {
            for algorithm in pair.algorithms() {
                let signature = pair.sign(*algorithm, b"message");
                let key = public(None, None, pair);
                assert!(key.verifies(*algorithm, b"message", &signature), "{algorithm:?}");
                assert!(!key.verifies(*algorithm, b"massage", &signature), "{algorithm:?}");
            }
        }
    }

    /// What an attacker has is the public key's text, in whatever form the issuer publishes it.
    #[test]
    fn a_public_key_is_no_secret_and_a_secret_no_public_key() {
        let hmac_algorithms = [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512];
        for pair in Pair::all() {
            let published = pair.numbers().concat();
            let forged = hmac(None, None, &published);
            let key = public(None, None, pair);
            for algorithm in Algorithm::ALL {
                let is_hmac = hmac_algorithms.contains(&algorithm);
                assert_eq!(forged.serves(algorithm), is_hmac, "{algorithm:?}");
                assert!(!(is_hmac && key.serves(algorithm)), "{algorithm:?}");
                assert!(!key.verifies(algorithm, b"message", b""), "{algorithm:?}");
            }
        }
    }

    #[test]
    fn a_text_is_one_key_without_a_name_for_what_it_is_long_enough_for() {
        let set = KeySet::of_text(&Secret::new("hmac-oidc-key-string-for-hs256-algorithm"));
        assert_eq!(set.len(), 1);
        assert_eq!(candidates(&set, Algorithm::Hs256, Some("any")), [0]);
        assert!(!set.serves(Algorithm::Hs384));
        let short = KeySet::of_text(&Secret::new("short"));
        assert!(!short.is_empty() && Algorithm::ALL.iter().all(|alg| !short.serves(*alg)));
    }

    #[test]
    fn keys_have_the_same_thumbprint_only_if_kind_material_kid_and_alg_are_equal() {
        let (a, b) = (Pair::p256(), Pair::p384());
        let point = a.numbers().concat();
        let make = || {
            vec![
                public(None, None, a),
                public(None, None, b),
                public(Some(""), None, a),
                public(None, Some(""), a),
                public(Some("ES256"), None, a),
                public(None, Some("ES256"), a),
                public(Some("ES256"), Some("ES256"), a),
                public(Some("ES"), Some("256"), a),
                hmac(None, None, &point),
                hmac(Some("ES256"), None, &point),
                hmac(None, None, &point[1..]),
                hmac(None, None, &[]),
            ]
        };
        let set = KeySet::new(make());
        for (at, again) in make().iter().enumerate() {
            let again = again.thumbprint();
            let equal: Vec<_> = set.iter().map(|key| key.thumbprint() == again).collect();
            let only: Vec<_> = (0..set.len()).map(|place| place == at).collect();
            assert_eq!(equal, only);
            assert!(set.has(&again));
        }
        assert!(!set.has(&hmac(None, None, b"other").thumbprint()));
        assert!(!KeySet::default().has(&make()[0].thumbprint()));
    }

    #[test]
    fn nothing_of_a_key_is_printed() {
        let set = KeySet::of_text(&Secret::new("hmac-oidc-key-string-for-hs256-algorithm"));
        let thumbprint = set.iter().next().unwrap().thumbprint();
        assert_eq!(format!("{set:?} {thumbprint:?}"), "KeySet(1 keys) [thumbprint]");
    }
}
