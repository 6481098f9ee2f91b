//! The chain: realms in their order until one accepts.
//!
//! The one rule: nobody is let in unless some realm accepted; when none did, the refusal that got
//! furthest along the line is the one that is reported.

use super::jwt::JwtRealm;
use super::{Credentials, Outcome};
use crate::engine::reason::Reason;
use crate::engine::user::User;
use crate::engine::witness::{Failure, RealmId, Step, Witness};

/// Every realm refused.
#[derive(Debug)]
pub struct Refused {
    /// The realm whose refusal is reported; `None` if none was entered.
    pub realm: Option<RealmId>,
    /// Why it refused.
    pub reason: Reason,
}

/// Asks each realm in order. Ties between refusals go to the earlier realm.
pub fn authenticate(
    realms: &[JwtRealm],
    credentials: &Credentials<'_>,
    witness: &mut impl Witness,
) -> Result<(RealmId, User), Refused> {
    let mut furthest: Option<(Progress, Refused)> = None;
    for (place, realm) in realms.iter().enumerate() {
        let id = RealmId(place);
        let (progress, refused) = match realm.authenticate(id, credentials, witness) {
            Outcome::Accept(user) => return Ok((id, user)),
            Outcome::Decline(step, failure) => {
                (Progress::of(step, &failure), Refused { realm: Some(id), reason: failure.reason })
            }
            Outcome::Skip(failure) => {
                (Progress::NONE, Refused { realm: None, reason: failure.reason })
            }
        };
        if furthest.as_ref().is_none_or(|(before, _)| progress > *before) {
            furthest = Some((progress, refused));
        }
    }
    // Settings without an enabled realm are refused, so there is always one.
    let nobody = Refused { realm: None, reason: Reason::InternalError };
    Err(furthest.map_or(nobody, |(_, refused)| refused))
}

/// How far along the line a realm got.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Progress(Step, usize);

impl Progress {
    const NONE: Self = Self(Step::Issuer, 0);

    fn of(step: Step, failure: &Failure) -> Self {
        Self(step, failure.passed)
    }
}
