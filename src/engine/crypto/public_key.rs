//! Public keys: RSA, and EC on the three curves of RFC 7518.
//!
//! The one rule: what is wrong with a key is found when it is loaded, so that a signature that does
//! not verify is the signature's fault. jsonwebtoken verifies, and nothing else of it is used; it
//! has no ES512, which its own backend verifies here.

use super::Fingerprint;
use crate::engine::token::Algorithm;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
    EcdsaVerificationAlgorithm, ParsedPublicKey,
};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm as Jose, DecodingKey};

/// A public key that serves at least one algorithm.
pub struct PublicKey {
    form: Form,
    fingerprint: Fingerprint,
}

enum Form {
    P256(DecodingKey),
    P384(DecodingKey),
    P521(ParsedPublicKey),
    Rsa { key: DecodingKey, bits: usize },
}

/// A curve of RFC 7518 section 6.2.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// Of ES256.
    P256,
    /// Of ES384.
    P384,
    /// Of ES512.
    P521,
}

/// Why a public key is none that could be used. It is the fault of who publishes the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// A coordinate does not fit the curve.
    #[error("EC JWK has a coordinate longer than those of curve [{}]", .curve.name())]
    CoordinateTooLong {
        /// The curve.
        curve: Curve,
    },
    /// The exponent is even, or 1.
    #[error("RSA JWK exponent is even or less than [3]")]
    Exponent,
    /// The exponent would make every verification slow.
    #[error("RSA JWK exponent [{bits}] bits too large, maximum [{MAX_EXPONENT_BITS}]")]
    ExponentTooLarge {
        /// Of the exponent.
        bits: usize,
    },
    /// No product of primes.
    #[error("RSA JWK modulus is even")]
    Modulus,
    /// The point solves another equation, or none.
    #[error("EC JWK point is not on curve [{}]", .curve.name())]
    NotOnCurve {
        /// The curve.
        curve: Curve,
    },
    /// The modulus would make every verification slow.
    #[error("RSA JWK [{bits}] bits too large, maximum [{MAX_MODULUS_BITS}]")]
    TooLarge {
        /// Of the modulus.
        bits: usize,
    },
    /// The modulus can be factored.
    #[error("RSA JWK [{bits}] bits too small for every algorithm, minimum [{MIN_MODULUS_BITS}]")]
    TooSmall {
        /// Of the modulus.
        bits: usize,
    },
}

/// Those of RFC 7518 section 3.3.
const MIN_MODULUS_BITS: usize = 2048;
/// The most that the backend takes.
const MAX_MODULUS_BITS: usize = 8192;
/// The most that the backend takes.
const MAX_EXPONENT_BITS: usize = 33;

impl PublicKey {
    /// The RSA key of modulus `n` and exponent `e`, big-endian. Leading zero octets do not count.
    pub fn rsa(n: &[u8], e: &[u8]) -> Result<Self, KeyFault> {
        let (n, e) = (stripped(n), stripped(e));
        match bits(n) {
            bits @ ..MIN_MODULUS_BITS => return Err(KeyFault::TooSmall { bits }),
            MIN_MODULUS_BITS..=MAX_MODULUS_BITS if is_odd(n) => {}
            MIN_MODULUS_BITS..=MAX_MODULUS_BITS => return Err(KeyFault::Modulus),
            bits => return Err(KeyFault::TooLarge { bits }),
        }
        match bits(e) {
            2..=MAX_EXPONENT_BITS if is_odd(e) => {}
            ..=MAX_EXPONENT_BITS => return Err(KeyFault::Exponent),
            bits => return Err(KeyFault::ExponentTooLarge { bits }),
        }
        let key = DecodingKey::from_rsa_raw_components(n, e);
        let fingerprint = Fingerprint::of_parts(&[b"RSA", n, e]);
        Ok(Self { form: Form::Rsa { key, bits: bits(n) }, fingerprint })
    }

    /// The EC key at the point `x`, `y`, big-endian. Leading zero octets do not count.
    pub fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, KeyFault> {
        let point = curve.point(x, y)?;
        // This is where the backend looks whether the point is on the curve.
        let parsed = ParsedPublicKey::new(curve.verification(), &point)
            .map_err(|_| KeyFault::NotOnCurve { curve })?;
        let form = match curve {
            Curve::P256 => Form::P256(DecodingKey::from_ec_der(&point)),
            Curve::P384 => Form::P384(DecodingKey::from_ec_der(&point)),
            Curve::P521 => Form::P521(parsed),
        };
        let fingerprint = Fingerprint::of_parts(&[b"EC", curve.name().as_bytes(), &point]);
        Ok(Self { form, fingerprint })
    }

    /// Whether the key is of the kind that `algorithm` needs.
    pub fn serves(&self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::Es256 => matches!(self.form, Form::P256(_)),
            Algorithm::Es384 => matches!(self.form, Form::P384(_)),
            Algorithm::Es512 => matches!(self.form, Form::P521(_)),
            Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => false,
            Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512
            | Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512 => matches!(self.form, Form::Rsa { .. }),
        }
    }

    /// Whether a verification takes several times as long as one with a usual key.
    pub fn is_slow(&self) -> bool {
        match self.form {
            Form::P256(_) => false,
            Form::P384(_) | Form::P521(_) => true,
            Form::Rsa { bits, .. } => bits > MIN_MODULUS_BITS,
        }
    }

    /// Whether `signature` is this key's over `message`; `None` if the key does not serve
    /// `algorithm`. An ECDSA signature is r and s in the fixed form, the salt of a PSS signature
    /// as long as the hash (RFC 7518 sections 3.4 and 3.5).
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Option<bool> {
        if !self.serves(algorithm) {
            return None;
        }
        match &self.form {
            Form::P256(key) | Form::P384(key) | Form::Rsa { key, .. } => {
                let verifier = (DEFAULT_PROVIDER.verifier_factory)(&jose(algorithm)?, key);
                Some(verifier.is_ok_and(|key| key.verify(message, &signature.to_vec()).is_ok()))
            }
            Form::P521(key) => Some(key.verify_sig(message, signature).is_ok()),
        }
    }

    /// Of the kind of key and its numbers, in their shortest form.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// The name as it stands in a key's `crv`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The curve of this exact name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.name() == name)
    }

    /// Octets of a coordinate.
    const fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    fn verification(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED,
            Self::P384 => &ECDSA_P384_SHA384_FIXED,
            Self::P521 => &ECDSA_P521_SHA512_FIXED,
        }
    }

    /// The point in the uncompressed form: a 4 and both coordinates at full length.
    fn point(self, x: &[u8], y: &[u8]) -> Result<Vec<u8>, KeyFault> {
        let mut point = vec![4];
        for coordinate in [stripped(x), stripped(y)] {
            let missing = self.width().checked_sub(coordinate.len());
            let missing = missing.ok_or(KeyFault::CoordinateTooLong { curve: self })?;
            point.resize(point.len() + missing, 0);
            point.extend_from_slice(coordinate);
        }
        Ok(point)
    }
}

/// jsonwebtoken's name for what it verifies with public keys.
const fn jose(algorithm: Algorithm) -> Option<Jose> {
    match algorithm {
        Algorithm::Es256 => Some(Jose::ES256),
        Algorithm::Es384 => Some(Jose::ES384),
        Algorithm::Ps256 => Some(Jose::PS256),
        Algorithm::Ps384 => Some(Jose::PS384),
        Algorithm::Ps512 => Some(Jose::PS512),
        Algorithm::Rs256 => Some(Jose::RS256),
        Algorithm::Rs384 => Some(Jose::RS384),
        Algorithm::Rs512 => Some(Jose::RS512),
        Algorithm::Es512 | Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => None,
    }
}

fn stripped(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    &number[zeros..]
}

/// How many bits a number without leading zero octets has.
fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last % 2 == 1)
}

#[cfg(test)]
mod tests;
