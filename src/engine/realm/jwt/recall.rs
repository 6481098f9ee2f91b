//! A chain that remembers the token: nothing is parsed and nothing waits.
//!
//! The one rule: it ends as judging the token anew would, or not at all. The client proves itself in
//! every realm on the way, and a realm that might accept the token by itself is not passed over.

use super::{JwtRealm, Remembered};
use crate::engine::client_auth::Presented;
use crate::engine::crypto::Fingerprint;
use crate::engine::reason::Reason;
use crate::engine::time::Now;
use crate::engine::user::User;
use crate::engine::witness::{Ended, RealmId, Refusal, Skipped, Step, Witness};
use std::fmt;
use std::sync::Arc;

/// The realm that accepts a remembered token.
pub struct Recalled {
    realm: RealmId,
    remembered: Arc<Remembered>,
}

/// The first of `realms` that knows the client and remembers the token of this `text`, unless a
/// realm before it would have to judge the token.
pub fn recall(
    realms: &[JwtRealm],
    text: &Fingerprint,
    client: &Presented,
    now: Now,
    want_metadata: bool,
) -> Option<Recalled> {
    let is_known =
        |realm: &JwtRealm| realm.client_authentication.check(client, now.monotonic).is_ok();
    let recalled = realms.iter().enumerate().find_map(|(place, realm)| {
        let known = is_known(realm).then_some(realm)?;
        Some((place, known.authenticator.recall(text, now, want_metadata)?))
    });
    let (place, remembered) = recalled?;
    let is_passed_over = |realm: &JwtRealm| {
        let authenticator = &realm.authenticator;
        is_foreign(realm, &realms[place])
            || !is_known(realm)
            || remembered.was_declined_by(authenticator.instance, &authenticator.keys)
    };
    let is_first = realms[..place].iter().all(is_passed_over);
    is_first.then_some(Recalled { realm: RealmId(place), remembered })
}

fn is_foreign(realm: &JwtRealm, accepts: &JwtRealm) -> bool {
    realm.authenticator.rules.issuer != accepts.authenticator.rules.issuer
}

impl Recalled {
    /// The realm.
    pub fn realm(&self) -> RealmId {
        self.realm
    }

    /// Whom the token names.
    pub fn user(&self) -> &Arc<User> {
        self.remembered.user()
    }

    /// Tells `witness` of every step of `realms` that led here.
    pub fn tell(
        &self,
        realms: &[JwtRealm],
        client: &Presented,
        now: Now,
        witness: &mut impl Witness,
    ) {
        let RealmId(place) = self.realm;
        for (at, realm) in realms[..=place].iter().enumerate() {
            let id = RealmId(at);
            if is_foreign(realm, &realms[place]) {
                witness.step(Some(id), Step::Issuer, Ended::Failed(&OtherIssuer));
                continue;
            }
            witness.step(Some(id), Step::Issuer, Ended::Passed);
            if realm.client(id, client, now, witness).is_err() {
                continue;
            }
            let is_last = at == place;
            let ended =
                if is_last { Ended::Passed } else { Ended::Skipped(Skipped::DeclinedBefore) };
            witness.step(Some(id), Step::Cache, ended);
        }
    }
}

/// The token is another realm's. Which issuer it names is not read again.
struct OtherIssuer;

impl fmt::Display for OtherIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("string claim [iss] does not match allowed claim values")
    }
}

impl Refusal for OtherIssuer {
    fn reason(&self) -> Reason {
        Reason::IssuerMismatch
    }
}

#[cfg(test)]
mod tests;
