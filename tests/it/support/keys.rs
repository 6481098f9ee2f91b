//! Keys of a test's own: what signs tokens, honest or not, and what is known of it in public.
//!
//! Rule: every key is made by the run that uses it, so no private key stands in the repository.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPublicKeyCompressedBin, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RsaEncoding};
use serde_json::{Map, Value, json};

use super::token::{self, Claims, encode};

/// The algorithms of RFC 7518, 3.1, by their names in a token's header.
pub(crate) const HMAC: [&str; 3] = ["HS256", "HS384", "HS512"];
pub(crate) const PUBLIC: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

/// A curve of RFC 7518, 6.2.1.1.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
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

/// A key, whose material clones share, and the members that its JWK has besides.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    material: Arc<Material>,
    members: Map<String, Value>,
}

#[derive(Debug)]
enum Material {
    Hmac(Vec<u8>),
    Rsa(rsa::KeyPair),
    Ec(Curve, EcdsaKeyPair),
}

/// Declares keys that are made once a run, and that all of its tests share.
macro_rules! of_the_run {
    ($($(#[doc = $doc:literal])+ $name:ident: $make:expr;)+) => {
        impl Key {
            $($(#[doc = $doc])+
            pub(crate) fn $name() -> &'static Self {
                static KEY: LazyLock<Key> = LazyLock::new(|| $make);
                &KEY
            })+
        }
    };
}

of_the_run! {
    /// RSA of 2048 bits with 65537.
    rsa: Key::new_rsa(KeySize::Rsa2048).with("kid", "rsa");
    /// Another one of the same name, for a stranger or a second issuer.
    other_rsa: Key::new_rsa(KeySize::Rsa2048).with("kid", "rsa");
    /// On P-256.
    p256: Key::new_ec(Curve::P256).with("kid", "p256");
    /// Another one of the same name, for a stranger.
    other_p256: Key::new_ec(Curve::P256).with("kid", "p256");
    /// On P-384.
    p384: Key::new_ec(Curve::P384).with("kid", "p384");
    /// On P-521.
    p521: Key::new_ec(Curve::P521).with("kid", "p521");
}

/// How it is made.
impl Key {
    /// A new RSA key.
    pub(crate) fn new_rsa(size: KeySize) -> Self {
        Self::of(Material::Rsa(rsa::KeyPair::generate(size).unwrap()))
    }

    /// A new key on a curve.
    pub(crate) fn new_ec(curve: Curve) -> Self {
        Self::of(Material::Ec(curve, EcdsaKeyPair::generate(curve.signing()).unwrap()))
    }

    /// The HMAC key of these octets.
    pub(crate) fn hmac(octets: impl AsRef<[u8]>) -> Self {
        Self::of(Material::Hmac(octets.as_ref().to_vec()))
    }

    fn of(material: Material) -> Self {
        Self { material: Arc::new(material), members: Map::new() }
    }

    /// The same key with this member in its JWK, instead of the true one if it has that.
    pub(crate) fn with(&self, name: &str, value: impl Into<Value>) -> Self {
        let mut key = self.clone();
        key.members.insert(name.to_owned(), value.into());
        key
    }
}

/// What is known of it. Of an HMAC key nothing is public, so asking for its numbers is a mistake.
impl Key {
    /// The name under which it is published.
    pub(crate) fn kid(&self) -> Option<&str> {
        self.members.get("kid")?.as_str()
    }

    /// The algorithms that it is for.
    pub(crate) fn algorithms(&self) -> &'static [&'static str] {
        match &*self.material {
            Material::Hmac(_) => &HMAC,
            Material::Rsa(_) => &PUBLIC[..6],
            Material::Ec(Curve::P256, _) => &["ES256"],
            Material::Ec(Curve::P384, _) => &["ES384"],
            Material::Ec(Curve::P521, _) => &["ES512"],
        }
    }

    /// The first of them.
    pub(crate) fn alg(&self) -> &'static str {
        self.algorithms()[0]
    }

    /// Its JWK as it is published: of a pair the public half.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = match &*self.material {
            Material::Hmac(octets) => json!({ "kty": "oct", "k": encode(octets) }),
            Material::Rsa(_) => {
                let [n, e] = self.numbers().map(encode);
                json!({ "kty": "RSA", "n": n, "e": e })
            }
            Material::Ec(curve, _) => {
                let [x, y] = self.numbers().map(encode);
                json!({ "kty": "EC", "crv": curve.name(), "x": x, "y": y })
            }
        };
        jwk.as_object_mut().unwrap().extend(self.members.clone());
        jwk
    }

    /// Modulus and exponent, or both coordinates at full length.
    pub(crate) fn numbers(&self) -> [Vec<u8>; 2] {
        match &*self.material {
            Material::Hmac(_) => panic!("an HMAC key has no public numbers"),
            Material::Rsa(pair) => [pair.public_key().modulus(), pair.public_key().exponent()]
                .map(|number| number.big_endian_without_leading_zero().to_vec()),
            Material::Ec(_, pair) => {
                // An uncompressed point: 4, x, y.
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                [x.to_vec(), y.to_vec()]
            }
        }
    }

    /// The public half in its family's own form: an `RSAPublicKey`, or the uncompressed point.
    pub(crate) fn raw(&self) -> Vec<u8> {
        match &*self.material {
            Material::Hmac(_) => panic!("an HMAC key has no public half"),
            Material::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Material::Ec(_, pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// The public half as a `SubjectPublicKeyInfo`.
    pub(crate) fn spki(&self) -> Vec<u8> {
        let info: PublicKeyX509Der<'_> = match &*self.material {
            Material::Hmac(_) => panic!("an HMAC key has no public half"),
            Material::Rsa(pair) => pair.public_key().as_der().unwrap(),
            Material::Ec(_, pair) => pair.public_key().as_der().unwrap(),
        };
        info.as_ref().to_vec()
    }

    /// The point of a key on a curve, compressed.
    pub(crate) fn compressed(&self) -> Vec<u8> {
        let Material::Ec(_, pair) = &*self.material else { panic!("on no curve") };
        let point: EcPublicKeyCompressedBin<'_> = pair.public_key().as_be_bytes().unwrap();
        point.as_ref().to_vec()
    }

    /// The private half as a PKCS#8 document; of an HMAC key the octets.
    #[cfg(feature = "system-tests")]
    pub(crate) fn private(&self) -> Vec<u8> {
        use aws_lc_rs::encoding::Pkcs8V1Der;
        match &*self.material {
            Material::Hmac(octets) => octets.clone(),
            Material::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair).unwrap().as_ref().to_vec(),
            Material::Ec(_, pair) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
        }
    }
}

/// What it signs, whatever that says.
impl Key {
    /// A token with these claims, under a header that names the algorithm and the key.
    pub(crate) fn token(&self, claims: &Claims, alg: &str) -> String {
        let mut header = json!({ "alg": alg });
        if let Some(kid) = self.kid() {
            header["kid"] = kid.into();
        }
        self.under(&header, claims, alg)
    }

    /// A token with a header of the test's own, signed by `alg` whatever the header says.
    pub(crate) fn under(&self, header: &Value, claims: &Claims, alg: &str) -> String {
        self.sign_texts(header.to_string(), claims.text(), alg)
    }

    /// A token of any header and payload text.
    pub(crate) fn sign_texts(
        &self,
        header: impl AsRef<[u8]>,
        payload: impl AsRef<[u8]>,
        alg: &str,
    ) -> String {
        self.sign_parts(&encode(header), &encode(payload), alg)
    }

    /// A token of two parts taken as they stand, base64url or not.
    pub(crate) fn sign_parts(&self, header: &str, payload: &str, alg: &str) -> String {
        let input = format!("{header}.{payload}");
        let signature = encode(self.sign(alg, input.as_bytes()));
        format!("{input}.{signature}")
    }

    /// A signature as an algorithm of the key's family makes it; a curve has only one.
    pub(crate) fn sign(&self, alg: &str, message: &[u8]) -> Vec<u8> {
        match &*self.material {
            Material::Hmac(octets) => token::mac(alg, octets, message),
            Material::Rsa(_) => self.sign_encoded(encoding(alg), message),
            Material::Ec(_, pair) => {
                assert!(alg.starts_with("ES"), "{alg} is no algorithm of curves");
                pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
            }
        }
    }

    /// An RSA signature in any encoding.
    pub(crate) fn sign_encoded(
        &self,
        encoding: &'static dyn RsaEncoding,
        message: &[u8],
    ) -> Vec<u8> {
        let Material::Rsa(pair) = &*self.material else { panic!("no RSA key") };
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }
}

/// A document of keys as an issuer publishes it.
pub(crate) fn set<'k>(keys: impl IntoIterator<Item = &'k Key>) -> Value {
    json!({ "keys": keys.into_iter().map(Key::jwk).collect::<Vec<_>>() })
}

fn encoding(alg: &str) -> &'static dyn RsaEncoding {
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
