//! An issuer whose keys a test publishes, withdraws and names as it likes.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::support::check::Check;
use crate::support::corp;
use crate::support::gate::Setup;
use crate::support::token::{Claims, encode};

/// The file that the realm of [`corp`] reads its public keys from.
pub(super) const FILE: &str = "jwkset.json";

/// A key on P-256.
pub(super) struct Key(EcdsaKeyPair);

impl Key {
    /// A new one.
    pub(super) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    /// The public key as it is published, with these members besides.
    pub(super) fn jwk(&self, more: &[(&str, &str)]) -> Value {
        let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
        let mut jwk = json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) });
        for (name, value) in more {
            jwk[*name] = json!(value);
        }
        jwk
    }

    /// A token with these claims, whose header may name a key.
    pub(super) fn token(&self, claims: &Claims, kid: Option<&str>) -> String {
        let mut header = json!({ "alg": "ES256" });
        if let Some(kid) = kid {
            header["kid"] = json!(kid);
        }
        let input = format!("{}.{}", encode(header.to_string()), encode(claims.text()));
        let signature = self.0.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        format!("{input}.{}", encode(signature))
    }

    /// A check that the realm of [`corp`] allows as long as it has this key.
    pub(super) fn check(&self) -> Check {
        corp::with_token(&self.token(&Claims::good(), None))
    }
}

/// A key set's text.
pub(super) fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// The realm of [`corp`] with public keys alone, out of a file of this content.
pub(super) fn setup(content: impl AsRef<[u8]>) -> Setup {
    corp::setup()
        .without_secret(&corp::setting("hmac_key"))
        .set(&corp::setting("allowed_signature_algorithms"), "ES256")
        .set(&corp::setting("pkc_jwkset_path"), FILE)
        .file(FILE, content)
}
