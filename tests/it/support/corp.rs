//! The realm that most tests use: `corp`, with a client secret and an HMAC key for all three
//! sizes, and the check that it allows.

use serde_json::json;

use super::check::Check;
use super::gate::Setup;
use super::token::Claims;

pub(crate) const ISSUER: &str = "https://idp.example.com/";
pub(crate) const AUDIENCE: &str = "api";
pub(crate) const KEY: &str = "the-corp-key-of-the-tests-is-long-enough-for-hs512-0123456789-abc";
pub(crate) const SECRET: &str = "the-corp-client-secret";

const REALM: &str = "xpack.security.authc.realms.jwt.corp";

/// A gate's set-up with this realm alone.
pub(crate) fn setup() -> Setup {
    setup_without_secret().secret(&setting("client_authentication.shared_secret"), SECRET)
}

/// The same without the client's secret, for `client_authentication.type: none`.
pub(crate) fn setup_without_secret() -> Setup {
    let setup = Setup::json(json!({}));
    let settings = [
        ("order", json!(1)),
        ("allowed_issuer", json!(ISSUER)),
        ("allowed_audiences", json!([AUDIENCE])),
        ("allowed_signature_algorithms", json!(["HS256", "HS384", "HS512"])),
        ("claims.principal", json!("sub")),
        ("claims.groups", json!("groups")),
        ("claims.dn", json!("dn")),
        ("claims.mail", json!("mail")),
        ("claims.name", json!("name")),
    ];
    let setup = settings
        .into_iter()
        .fold(setup, |setup, (suffix, value)| setup.set(&setting(suffix), value));
    setup.secret(&setting("hmac_key"), KEY)
}

/// The full name of a setting of this realm.
pub(crate) fn setting(suffix: &str) -> String {
    format!("{REALM}.{suffix}")
}

/// A check that the realm allows: good claims, the right secret, joined headers.
pub(crate) fn good() -> Check {
    with(&Claims::good())
}

/// A check with these claims and the right secret.
pub(crate) fn with(claims: &Claims) -> Check {
    with_token(&claims.token())
}

/// A check with this bearer value and the right secret.
pub(crate) fn with_token(token: &str) -> Check {
    Check::get().bearer(token).client_secret(SECRET)
}
