//! Issuers of the tests: key pairs made anew by each run, and what can be done with them, honest
//! or not.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPublicKeyCompressedBin, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use serde_json::{Value, json};

use super::token::{Claims, encode};

/// A private key, its public one, and the name under which it is published.
#[derive(Debug)]
pub(crate) struct Issuer {
    kid: &'static str,
    pair: Pair,
}

#[derive(Debug)]
enum Pair {
    Ec(&'static str, EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// Declares a key pair of the run.
macro_rules! pairs {
    ($($(#[doc = $doc:literal])+ $name:ident: $make:expr;)+) => {
        impl Issuer {
            $($(#[doc = $doc])+
            pub(crate) fn $name() -> &'static Self {
                static ISSUER: LazyLock<Issuer> = LazyLock::new(|| $make);
                &ISSUER
            })+
        }
    };
}

pairs! {
    /// RSA of 2048 bits with 65537.
    rsa: Issuer::of_rsa("rsa");
    /// Another one, of whom the realm knows nothing.
    other_rsa: Issuer::of_rsa("rsa");
    /// On P-256.
    p256: Issuer::of_ec("p256", "P-256");
    /// Another one, of whom the realm knows nothing.
    other_p256: Issuer::of_ec("p256", "P-256");
    /// On P-384.
    p384: Issuer::of_ec("p384", "P-384");
    /// On P-521.
    p521: Issuer::of_ec("p521", "P-521");
}

impl Issuer {
    fn of_rsa(kid: &'static str) -> Self {
        Self { kid, pair: Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()) }
    }

    fn of_ec(kid: &'static str, curve: &'static str) -> Self {
        let algorithm = match curve {
            "P-256" => &ECDSA_P256_SHA256_FIXED_SIGNING,
            "P-384" => &ECDSA_P384_SHA384_FIXED_SIGNING,
            "P-521" => &ECDSA_P521_SHA512_FIXED_SIGNING,
            other => panic!("{other} is no curve"),
        };
        Self { kid, pair: Pair::Ec(curve, EcdsaKeyPair::generate(algorithm).unwrap()) }
    }

    /// Those that a realm of all algorithms trusts.
    pub(crate) fn all() -> [&'static Self; 4] {
        [Self::rsa(), Self::p256(), Self::p384(), Self::p521()]
    }

    /// The name under which the key is published.
    pub(crate) fn kid(&self) -> &'static str {
        self.kid
    }

    /// The algorithms that the key is for.
    pub(crate) fn algorithms(&self) -> &'static [&'static str] {
        match &self.pair {
            Pair::Ec("P-256", _) => &["ES256"],
            Pair::Ec("P-384", _) => &["ES384"],
            Pair::Ec(_, _) => &["ES512"],
            Pair::Rsa(_) => &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
        }
    }

    /// The first of them.
    pub(crate) fn alg(&self) -> &'static str {
        self.algorithms()[0]
    }

    /// The public key as it is published.
    pub(crate) fn jwk(&self) -> Value {
        let [first, second] = self.numbers().map(encode);
        let kid = self.kid;
        match &self.pair {
            Pair::Ec(curve, _) => {
                json!({ "kty": "EC", "crv": curve, "x": first, "y": second, "kid": kid })
            }
            Pair::Rsa(_) => json!({ "kty": "RSA", "n": first, "e": second, "kid": kid }),
        }
    }

    /// Modulus and exponent, or both coordinates at full length.
    pub(crate) fn numbers(&self) -> [Vec<u8>; 2] {
        match &self.pair {
            Pair::Ec(_, pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                [x.to_vec(), y.to_vec()]
            }
            Pair::Rsa(pair) => [pair.public_key().modulus(), pair.public_key().exponent()]
                .map(|number| number.big_endian_without_leading_zero().to_vec()),
        }
    }

    /// The public key in its own form: PKCS#1 of RSA, the uncompressed point of EC.
    pub(crate) fn raw(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Ec(_, pair) => pair.public_key().as_ref().to_vec(),
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// The public key as `SubjectPublicKeyInfo`.
    pub(crate) fn spki(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = match &self.pair {
            Pair::Ec(_, pair) => pair.public_key().as_der().unwrap(),
            Pair::Rsa(pair) => pair.public_key().as_der().unwrap(),
        };
        der.as_ref().to_vec()
    }

    /// The point of an EC key, compressed.
    pub(crate) fn compressed(&self) -> Vec<u8> {
        let Pair::Ec(_, pair) = &self.pair else { panic!("RSA has no point") };
        let point: EcPublicKeyCompressedBin<'_> = pair.public_key().as_be_bytes().unwrap();
        point.as_ref().to_vec()
    }

    /// The signature of `message` under the algorithm of this name.
    pub(crate) fn sign(&self, alg: &str, message: &[u8]) -> Vec<u8> {
        assert!(self.algorithms().contains(&alg), "{alg} is for another kind of key");
        match &self.pair {
            Pair::Ec(_, pair) => {
                pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
            }
            Pair::Rsa(_) => self.sign_encoded(encoding(alg), message),
        }
    }

    /// An RSA signature of `message` in any encoding.
    pub(crate) fn sign_encoded(
        &self,
        encoding: &'static dyn RsaEncoding,
        message: &[u8],
    ) -> Vec<u8> {
        let Pair::Rsa(pair) = &self.pair else { panic!("no RSA key") };
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }

    /// A token with these claims as the issuer makes it.
    pub(crate) fn token(&self, claims: &Claims, alg: &str) -> String {
        self.under(&json!({ "alg": alg, "kid": self.kid }), claims, alg)
    }

    /// A token with a header of the test's own, signed by `alg` whatever the header says.
    pub(crate) fn under(&self, header: &Value, claims: &Claims, alg: &str) -> String {
        self.sign_texts(&header.to_string(), &claims.text(), alg)
    }

    /// A token of any header and payload text.
    pub(crate) fn sign_texts(&self, header: &str, payload: &str, alg: &str) -> String {
        let input = format!("{}.{}", encode(header), encode(payload));
        let signature = encode(self.sign(alg, input.as_bytes()));
        format!("{input}.{signature}")
    }
}

fn encoding(alg: &str) -> &'static dyn RsaEncoding {
    match alg {
        "PS256" => &RSA_PSS_SHA256,
        "PS384" => &RSA_PSS_SHA384,
        "PS512" => &RSA_PSS_SHA512,
        "RS256" => &RSA_PKCS1_SHA256,
        "RS384" => &RSA_PKCS1_SHA384,
        "RS512" => &RSA_PKCS1_SHA512,
        other => panic!("{other} is not of RSA"),
    }
}
