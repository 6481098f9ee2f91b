//! Tokens signed with ES512, the algorithm that takes longest to verify.
//! Rule: no two are equal, and all are equally long, so that their answers are.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Whose tokens they are.
pub(super) const ISSUER: &str = "iss-es512";
/// Whom they are for.
pub(super) const AUDIENCE: &str = "aud-es512";

/// A key and what it signs.
pub(super) struct Tokens {
    key: EcdsaKeyPair,
    random: SystemRandom,
}

impl Tokens {
    /// Draws a key.
    pub(super) fn new() -> Result<Self, String> {
        let key = EcdsaKeyPair::generate(&ECDSA_P521_SHA512_FIXED_SIGNING)
            .map_err(|error| format!("no key on P-521: {error}"))?;
        Ok(Self { key, random: SystemRandom::new() })
    }

    /// The public key as a JWK set.
    pub(super) fn key_set(&self) -> Value {
        // The point as it is, after a byte that says so.
        let point = &self.key.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let (x, y) = (BASE64_URL_SAFE_NO_PAD.encode(x), BASE64_URL_SAFE_NO_PAD.encode(y));
        let key =
            json!({"kty": "EC", "crv": "P-521", "alg": "ES512", "use": "sig", "x": x, "y": y});
        json!({"keys": [key]})
    }

    /// The token of a number.
    pub(super) fn token(&self, number: u32) -> Result<String, String> {
        let header = json!({"alg": "ES512", "typ": "JWT"});
        let claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": format!("user-{number:010}"),
            "iat": 946_684_800,
            "exp": 4_070_908_800_u32,
        });
        let encode = |part: Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = self
            .key
            .sign(&self.random, signed.as_bytes())
            .map_err(|error| format!("no signature by ES512: {error}"))?;
        Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED, UnparsedPublicKey};

    fn decode(text: &str) -> Vec<u8> {
        BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn a_token_is_verified_by_the_key_of_the_set() {
        let tokens = Tokens::new().unwrap();
        let key = &tokens.key_set()["keys"][0];
        let coordinate = |name: &str| decode(key[name].as_str().unwrap());
        assert_eq!(coordinate("x").len(), 66);
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        let token = tokens.token(7).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let key = UnparsedPublicKey::new(&ECDSA_P521_SHA512_FIXED, point);
        key.verify(signed.as_bytes(), &decode(signature)).unwrap();
    }

    #[test]
    fn tokens_differ_in_their_claims_and_not_in_their_length() {
        let tokens = Tokens::new().unwrap();
        let [one, other] = [0, u32::MAX].map(|number| tokens.token(number).unwrap());
        assert_eq!(one.len(), other.len());
        assert_ne!(one.split('.').nth(1), other.split('.').nth(1));
    }
}
