//! The realm of [`corp`] with public keys alone, which a test publishes, withdraws and names as it
//! likes.

use crate::support::check::Check;
use crate::support::corp;
use crate::support::gate::Setup;
use crate::support::keys::{self, Curve, Key};
use crate::support::token::Claims;

/// The file that the realm reads them from.
pub(super) const FILE: &str = "jwkset.json";

/// The realm with its keys out of a file of this content.
pub(super) fn setup(content: impl AsRef<[u8]>) -> Setup {
    corp::setup()
        .without_secret(&corp::setting("hmac_key"))
        .set(&corp::setting("allowed_signature_algorithms"), "ES256")
        .set(&corp::setting("pkc_jwkset_path"), FILE)
        .file(FILE, content)
}

/// The content of these keys.
pub(super) fn set<'k>(keys: impl IntoIterator<Item = &'k Key>) -> String {
    keys::set(keys).to_string()
}

/// A key that the realm can have.
pub(super) fn new_key() -> Key {
    Key::new_ec(Curve::P256)
}

/// A check that the realm allows as long as it has this key.
pub(super) fn by(key: &Key) -> Check {
    corp::with_token(&key.token(&Claims::good(), key.alg()))
}
