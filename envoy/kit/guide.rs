//! The requests of Elasticsearch's JWT guide: its tokens for `jwt8` and `jwt2`, their clients'
//! secrets, and tokens that differ from the first in one thing.
//!
//! Rule: everything here is public and belongs to the quickstart's realms alone.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// The guide's token for the realm `jwt8`, as printed there; it expires in 2099.
pub(crate) const TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJpc3M4IiwiYXVkIjoiYXVkOCIsInN1YiI6InNlY3VyaXR5X3Rlc3RfdXNlciIsImV4cCI6NDA3MDkwODgwMCwiaWF0Ijo5NDY2ODQ4MDB9.UnnFmsoFKfNmKMsVoDQmKI_3-j95PCaKdgqqau3jPMY";
/// The user whom it names.
pub(crate) const USER: &str = "security_test_user";
/// The realm that accepts it.
pub(crate) const REALM: &str = "jwt8";
/// The client's secret there.
pub(crate) const SECRET: &str = "client-shared-secret-string";
/// The key that signed it.
pub(crate) const KEY: &[u8] = b"hmac-oidc-key-string-for-hs256-algorithm";

/// The guide's other token, for the realm `jwt2`; it expires in 2099, too.
pub(crate) const TOKEN_2: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJhdWQiOlsiZXMwMSIsImVzMDIiLCJlczAzIl0sInN1YiI6InVzZXIyIiwiaXNzIjoibXktaXNzdWVyIiwiZXhwIjo0MDcwOTA4ODAwLCJpYXQiOjk0NjY4NDgwMCwiZW1haWwiOiJ1c2VyMkBzb21ldGhpbmcuZXhhbXBsZS5jb20ifQ.UgO_9w--EoRyUKcWM5xh9SimTfMzl1aVu6ZBsRWhxQA";
/// The user whom it names.
pub(crate) const USER_2: &str = "user2";
/// The user's e-mail address, which the realm maps.
pub(crate) const EMAIL_2: &str = "user2@something.example.com";
/// The realm that accepts it.
pub(crate) const REALM_2: &str = "jwt2";
/// The client's secret there.
pub(crate) const SECRET_2: &str = "test-secret";

/// The value of `authorization` for a token.
pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// The value of `es-client-authentication` for a secret.
pub(crate) fn shared_secret(secret: &str) -> String {
    format!("SharedSecret {secret}")
}

/// The claims of [`TOKEN`].
pub(crate) fn claims() -> Value {
    json!({ "iss": "iss8", "aud": "aud8", "sub": USER, "exp": 4_070_908_800_u32, "iat": 946_684_800_u32 })
}

/// A token that differs from the guide's in its claims alone.
pub(crate) fn signed(claims: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let text = format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT" })), part(claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, KEY), text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// The guide's token after its time.
pub(crate) fn expired() -> String {
    let mut claims = claims();
    claims["exp"] = json!(1_000_000_000);
    signed(&claims)
}

/// The guide's token for somebody else, under the guide's signature.
pub(crate) fn forged() -> String {
    let mut claims = claims();
    claims["sub"] = json!("elastic");
    let parts: Vec<&str> = TOKEN.split('.').collect();
    format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2])
}
