//! A second realm beside the one of [`corp`], of an issuer and a key of its own.

use serde_json::json;

use crate::support::corp;
use crate::support::gate::Setup;
use crate::support::token::Claims;

const ISSUER: &str = "second";

const SETTINGS: [(&str, &str); 5] = [
    ("order", "2"),
    ("allowed_issuer", ISSUER),
    ("allowed_signature_algorithms", "HS256"),
    ("claims.principal", "sub"),
    ("client_authentication.type", "none"),
];

fn setting(suffix: &str) -> String {
    format!("xpack.security.authc.realms.jwt.second.{suffix}")
}

/// The same set-up with this realm.
pub(super) fn add(setup: Setup) -> Setup {
    let setup = SETTINGS
        .iter()
        .fold(setup, |setup, (suffix, value)| setup.set(&setting(suffix), *value))
        .set(&setting("allowed_audiences"), json!([corp::AUDIENCE]));
    setup.secret(&setting("hmac_key"), corp::KEY)
}

/// The same set-up without it.
pub(super) fn remove(setup: Setup) -> Setup {
    let setup = SETTINGS.iter().fold(setup, |setup, (suffix, _)| setup.unset(&setting(suffix)));
    setup.unset(&setting("allowed_audiences")).without_secret(&setting("hmac_key"))
}

/// Good claims of its issuer, to be signed with [`corp::KEY`].
pub(super) fn claims() -> Claims {
    Claims::good().with("iss", ISSUER)
}
