//! Tokens: good claims unless the test says otherwise, signed as the test says.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::corp;

/// Until when a good token lasts: 2099-01-01.
pub(crate) const EXPIRES: i64 = 4_070_908_800;

/// When a good token was issued: 2000-01-01.
pub(crate) const ISSUED: i64 = 946_684_800;

/// The HMAC algorithms, by their names in a token's header.
pub(crate) const HS256: &str = "HS256";
pub(crate) const HS384: &str = "HS384";
pub(crate) const HS512: &str = "HS512";

/// Claims that the realm of [`corp`] accepts unless the test says otherwise, so a test shows
/// only what it is about.
#[derive(Clone, Debug)]
pub(crate) struct Claims(Value);

impl Claims {
    /// Claims that are good now.
    pub(crate) fn good() -> Self {
        Self(json!({
            "iss": corp::ISSUER, "aud": corp::AUDIENCE, "sub": "ana", "exp": EXPIRES, "iat": ISSUED,
        }))
    }

    /// Sets one claim, whatever its type: tests need wrong types too.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0[name] = value.into();
        self
    }

    /// Takes one claim out.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.object().remove(name);
        self
    }

    /// A token with these claims that the realm of [`corp`] accepts.
    pub(crate) fn token(&self) -> String {
        self.signed(HS256, corp::KEY)
    }

    /// A token with these claims under another algorithm or key.
    pub(crate) fn signed(&self, alg: &str, key: impl AsRef<[u8]>) -> String {
        self.under(&json!({ "alg": alg, "typ": "JWT" }), alg, key)
    }

    /// A token with these claims and a header of the test's own, signed by `alg` whatever the
    /// header says.
    pub(crate) fn under(&self, header: &Value, alg: &str, key: impl AsRef<[u8]>) -> String {
        sign(&header.to_string(), &self.0.to_string(), alg, key)
    }

    /// The label that Elasticsearch's answers show for these claims: the texts and the lists of
    /// texts, by name.
    pub(crate) fn label(&self) -> String {
        let shown = self.0.as_object().unwrap().iter().filter_map(|(name, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Array(list) if !list.is_empty() => {
                    let texts: Option<Vec<_>> = list.iter().map(Value::as_str).collect();
                    texts?.join(",")
                }
                _ => return None,
            };
            Some((name, text))
        });
        let sorted: BTreeMap<_, _> = shown.collect();
        let words: Vec<_> = sorted.iter().map(|(name, text)| format!("'{name}:{text}'")).collect();
        if words.is_empty() { "<unrecognized JWT token>".to_owned() } else { words.join(" ") }
    }

    /// The payload's text.
    pub(crate) fn text(&self) -> String {
        self.0.to_string()
    }

    fn object(&mut self) -> &mut Map<String, Value> {
        self.0.as_object_mut().unwrap()
    }
}

/// A token of any header and payload text, valid JSON or not, with a true signature.
pub(crate) fn sign(header: &str, payload: &str, alg: &str, key: impl AsRef<[u8]>) -> String {
    sign_parts(&encode(header), &encode(payload), alg, key)
}

/// A token of two parts taken as they stand, base64url or not, with a true signature.
pub(crate) fn sign_parts(header: &str, payload: &str, alg: &str, key: impl AsRef<[u8]>) -> String {
    let input = format!("{header}.{payload}");
    let signature = encode(mac(alg, key.as_ref(), input.as_bytes()));
    format!("{input}.{signature}")
}

/// Unpadded base64url.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The three parts of a token.
pub(crate) fn parts(token: &str) -> [String; 3] {
    let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts.try_into().expect("three parts")
}

/// The tag of an HMAC algorithm.
pub(crate) fn mac(alg: &str, key: &[u8], input: &[u8]) -> Vec<u8> {
    let algorithm = match alg {
        HS256 => hmac::HMAC_SHA256,
        HS384 => hmac::HMAC_SHA384,
        HS512 => hmac::HMAC_SHA512,
        other => panic!("{other} is no HMAC algorithm"),
    };
    hmac::sign(&hmac::Key::new(algorithm, key), input).as_ref().to_vec()
}

/// The bytes of unpadded base64url.
pub(crate) fn decode(part: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()
}
