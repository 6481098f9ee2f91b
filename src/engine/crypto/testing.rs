//! Key pairs for tests, made anew by each run: what issuers have and do.

use super::{Curve, PublicKey};
use crate::engine::token::Algorithm;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// A private key and its public one.
pub(crate) enum Pair {
    /// On a curve.
    Ec(Curve, EcdsaKeyPair),
    /// RSA, with 65537.
    Rsa(RsaKeyPair),
}

impl Pair {
    /// The run's RSA key of 2048 bits.
    pub(crate) fn rsa_2048() -> &'static Self {
        static PAIR: LazyLock<Pair> = LazyLock::new(|| Pair::rsa(KeySize::Rsa2048));
        &PAIR
    }

    /// The run's RSA key of 3072 bits.
    pub(crate) fn rsa_3072() -> &'static Self {
        static PAIR: LazyLock<Pair> = LazyLock::new(|| Pair::rsa(KeySize::Rsa3072));
        &PAIR
    }

    /// The run's P-256 key.
    pub(crate) fn p256() -> &'static Self {
        static PAIR: LazyLock<Pair> = LazyLock::new(|| Pair::ec(Curve::P256));
        &PAIR
    }

    /// The run's P-384 key.
    pub(crate) fn p384() -> &'static Self {
        static PAIR: LazyLock<Pair> = LazyLock::new(|| Pair::ec(Curve::P384));
        &PAIR
    }

    /// The run's P-521 key.
    pub(crate) fn p521() -> &'static Self {
        static PAIR: LazyLock<Pair> = LazyLock::new(|| Pair::ec(Curve::P521));
        &PAIR
    }

    /// A pair of each kind.
    pub(crate) fn all() -> [&'static Self; 5] {
        [Self::rsa_2048(), Self::rsa_3072(), Self::p256(), Self::p384(), Self::p521()]
    }

    fn rsa(size: KeySize) -> Self {
        Self::Rsa(RsaKeyPair::generate(size).unwrap())
    }

    /// A new pair on a curve.
    pub(crate) fn ec(curve: Curve) -> Self {
        let signing = match curve {
            Curve::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
            Curve::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
            Curve::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
        };
        Self::Ec(curve, EcdsaKeyPair::generate(signing).unwrap())
    }

    /// The algorithms that the pair is for.
    pub(crate) fn algorithms(&self) -> &'static [Algorithm] {
        match self {
            Self::Ec(Curve::P256, _) => &[Algorithm::Es256],
            Self::Ec(Curve::P384, _) => &[Algorithm::Es384],
            Self::Ec(Curve::P521, _) => &[Algorithm::Es512],
            Self::Rsa(_) => &[
                Algorithm::Rs256,
                Algorithm::Rs384,
                Algorithm::Rs512,
                Algorithm::Ps256,
                Algorithm::Ps384,
                Algorithm::Ps512,
            ],
        }
    }

    /// Modulus and exponent, or both coordinates at full length.
    pub(crate) fn numbers(&self) -> [Vec<u8>; 2] {
        match self {
            Self::Ec(_, pair) => {
                let (x, y) = pair.public_key().as_ref()[1..]
                    .split_at((pair.public_key().as_ref().len() - 1) / 2);
                [x.to_vec(), y.to_vec()]
            }
            Self::Rsa(pair) => [pair.public_key().modulus(), pair.public_key().exponent()]
                .map(|number| number.big_endian_without_leading_zero().to_vec()),
        }
    }

    /// The public key as it is loaded.
    pub(crate) fn public(&self) -> PublicKey {
        let [first, second] = self.numbers();
        let key = match self {
            Self::Ec(curve, _) => PublicKey::ec(*curve, &first, &second),
            Self::Rsa(_) => PublicKey::rsa(&first, &second),
        };
        key.unwrap_or_else(|fault| panic!("{fault}"))
    }

    /// The public key as it is published.
    pub(crate) fn jwk(&self) -> Value {
        let [first, second] = self.numbers().map(|number| URL_SAFE_NO_PAD.encode(number));
        match self {
            Self::Ec(curve, _) => {
                json!({ "kty": "EC", "crv": curve.name(), "x": first, "y": second })
            }
            Self::Rsa(_) => json!({ "kty": "RSA", "n": first, "e": second }),
        }
    }

    /// The signature of `message`.
    pub(crate) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        assert!(self.algorithms().contains(&algorithm), "another kind of key");
        match self {
            Self::Ec(_, pair) => {
                pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
            }
            Self::Rsa(_) => self.sign_encoded(encoding(algorithm), message),
        }
    }

    /// An RSA signature of `message` in any encoding.
    pub(crate) fn sign_encoded(
        &self,
        encoding: &'static dyn RsaEncoding,
        message: &[u8],
    ) -> Vec<u8> {
        let Self::Rsa(pair) = self else { panic!("no RSA key") };
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }
}

/// The signature of HS256.
pub(crate) fn hs256(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

fn encoding(algorithm: Algorithm) -> &'static dyn RsaEncoding {
    match algorithm {
        Algorithm::Ps256 => &RSA_PSS_SHA256,
        Algorithm::Ps384 => &RSA_PSS_SHA384,
        Algorithm::Ps512 => &RSA_PSS_SHA512,
        Algorithm::Rs256 => &RSA_PKCS1_SHA256,
        Algorithm::Rs384 => &RSA_PKCS1_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_SHA512,
        other => panic!("{} is not of RSA", other.name()),
    }
}
