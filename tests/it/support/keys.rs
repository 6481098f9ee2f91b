//! Keys of a test's own: what signs tokens, and what a key set says of it.
//!
//! Rule: every key is made when it is needed, so no private key stands in the repository.

use std::sync::Arc;

#[cfg(feature = "system-tests")]
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RsaEncoding};
use serde_json::{Map, Value, json};

use super::token;

/// The algorithms of RFC 7518, 3.1, by their names in a token's header.
pub(crate) const HMAC: [&str; 3] = ["HS256", "HS384", "HS512"];
pub(crate) const PUBLIC: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

/// A curve of RFC 7518, 6.2.1.1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

/// A key with the members that its JWK has besides the material, which clones share.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pair: Arc<Pair>,
    members: Map<String, Value>,
}

#[derive(Debug)]
enum Pair {
    Hmac(Vec<u8>),
    Rsa(rsa::KeyPair),
    Ec(Curve, EcdsaKeyPair),
}

impl Curve {
    const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            Self::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            Self::P521 => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
        }
    }
}

impl Key {
    /// A random key that signs with every HMAC algorithm.
    pub(crate) fn hmac() -> Self {
        let mut octets = [0; 64];
        rand::fill(&mut octets).unwrap();
        Self::hmac_of(&octets)
    }

    /// The HMAC key of these octets.
    pub(crate) fn hmac_of(octets: &[u8]) -> Self {
        Self::new(Pair::Hmac(octets.to_vec()))
    }

    /// An RSA key of 2048 bits.
    pub(crate) fn rsa() -> Self {
        Self::rsa_of(KeySize::Rsa2048)
    }

    /// An RSA key of another size.
    pub(crate) fn rsa_of(size: KeySize) -> Self {
        Self::new(Pair::Rsa(rsa::KeyPair::generate(size).unwrap()))
    }

    /// An elliptic curve key.
    pub(crate) fn ec(curve: Curve) -> Self {
        Self::new(Pair::Ec(curve, EcdsaKeyPair::generate(curve.signing()).unwrap()))
    }

    /// A key that an algorithm can sign with.
    pub(crate) fn for_algorithm(alg: &str) -> Self {
        match alg {
            "ES256" => Self::ec(Curve::P256),
            "ES384" => Self::ec(Curve::P384),
            "ES512" => Self::ec(Curve::P521),
            _ if alg.starts_with("HS") => Self::hmac(),
            _ => Self::rsa(),
        }
    }

    fn new(pair: Pair) -> Self {
        Self { pair: Arc::new(pair), members: Map::new() }
    }

    /// Sets one member of its JWK.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Its JWK: of a pair the public half.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = match &*self.pair {
            Pair::Hmac(octets) => json!({ "kty": "oct", "k": token::encode(octets) }),
            Pair::Rsa(pair) => {
                let (n, e) = modulus_and_exponent(pair.public_key().as_ref());
                json!({ "kty": "RSA", "n": token::encode(n), "e": token::encode(e) })
            }
            Pair::Ec(curve, pair) => {
                // An uncompressed point: 4, x, y.
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let (x, y) = (token::encode(x), token::encode(y));
                json!({ "kty": "EC", "crv": curve.name(), "x": x, "y": y })
            }
        };
        jwk.as_object_mut().unwrap().extend(self.members.clone());
        jwk
    }

    /// Signs as an algorithm of the key's family does; an elliptic curve has only one.
    pub(crate) fn sign(&self, alg: &str, input: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &*self.pair {
            Pair::Hmac(octets) => token::mac(alg, octets, input),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding(alg), &random, input, &mut signature).unwrap();
                signature
            }
            Pair::Ec(_, pair) => pair.sign(&random, input).unwrap().as_ref().to_vec(),
        }
    }
}

/// A document of keys as an issuer publishes it.
pub(crate) fn set<'k>(keys: impl IntoIterator<Item = &'k Key>) -> Value {
    json!({ "keys": keys.into_iter().map(Key::jwk).collect::<Vec<_>>() })
}

fn padding(alg: &str) -> &'static dyn RsaEncoding {
    match alg {
        "RS256" => &signature::RSA_PKCS1_SHA256,
        "RS384" => &signature::RSA_PKCS1_SHA384,
        "RS512" => &signature::RSA_PKCS1_SHA512,
        "PS256" => &signature::RSA_PSS_SHA256,
        "PS384" => &signature::RSA_PSS_SHA384,
        "PS512" => &signature::RSA_PSS_SHA512,
        other => panic!("{other} is no RSA algorithm"),
    }
}

/// The two numbers of an `RSAPublicKey` (RFC 8017, A.1.1), without leading zeros.
fn modulus_and_exponent(der: &[u8]) -> (&[u8], &[u8]) {
    let (sequence, _) = value(der);
    let (modulus, rest) = value(sequence);
    let (exponent, _) = value(rest);
    (without_sign(modulus), without_sign(exponent))
}

/// The content of the first DER value, and what follows it.
fn value(der: &[u8]) -> (&[u8], &[u8]) {
    let length = usize::from(der[1]);
    let (length, head) = if length < 128 {
        (length, 2)
    } else {
        let octets = &der[2..2 + (length - 128)];
        (octets.iter().fold(0, |sum, octet| sum * 256 + usize::from(*octet)), 2 + octets.len())
    };
    der[head..].split_at(length)
}

fn without_sign(number: &[u8]) -> &[u8] {
    number.strip_prefix(&[0]).unwrap_or(number)
}

/// What only the tests with another implementation need.
#[cfg(feature = "system-tests")]
impl Key {
    /// The private half as a PKCS#8 document; of an HMAC key the octets.
    pub(crate) fn private(&self) -> Vec<u8> {
        match &*self.pair {
            Pair::Hmac(octets) => octets.clone(),
            Pair::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair).unwrap().as_ref().to_vec(),
            Pair::Ec(_, pair) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
        }
    }

    /// The public half as a `SubjectPublicKeyInfo`; an HMAC key has none.
    pub(crate) fn public_info(&self) -> Option<Vec<u8>> {
        type Info = PublicKeyX509Der<'static>;
        let info: Info = match &*self.pair {
            Pair::Hmac(_) => return None,
            Pair::Rsa(pair) => pair.public_key().as_der().unwrap(),
            Pair::Ec(_, pair) => pair.public_key().as_der().unwrap(),
        };
        Some(info.as_ref().to_vec())
    }

    /// The public half as its family writes it: an `RSAPublicKey`, or a point.
    pub(crate) fn public_octets(&self) -> Option<Vec<u8>> {
        match &*self.pair {
            Pair::Hmac(_) => None,
            Pair::Rsa(pair) => Some(pair.public_key().as_ref().to_vec()),
            Pair::Ec(_, pair) => Some(pair.public_key().as_ref().to_vec()),
        }
    }
}
