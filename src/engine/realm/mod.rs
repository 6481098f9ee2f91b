//! The realms: ways to find out who is calling, asked one after the other.
//!
//! The one rule: a realm has outcomes, not errors, and only [`Outcome::Accept`] lets anybody in.

mod chain;
pub mod jwt;

#[cfg(test)]
pub(crate) mod testing;

pub use chain::{Refused, authenticate};
pub use jwt::recall;

use super::client_auth::Presented;
use super::crypto::Fingerprint;
use super::reason::{Reason, Status};
use super::time::Now;
use super::token::Token;
use super::user::User;
use super::witness::{Refusal, Step};
use jwt::Declined;
use std::sync::Arc;

/// What every realm of the chain is shown.
pub struct Credentials<'c> {
    /// The fingerprint of the token's text.
    pub text: Fingerprint,
    /// The parsed token.
    pub token: &'c Token<'c>,
    /// What the client presented.
    pub client: Presented,
    /// When.
    pub now: Now,
    /// Whether the answer carries metadata.
    pub want_metadata: bool,
}

/// One realm's answer.
#[derive(Debug)]
pub enum Outcome {
    /// Mine, and good. The chain stops.
    Accept(Arc<User>),
    /// Mine, but it failed. Remembered; the next realm is asked.
    Decline(Stopped),
    /// Another issuer's: passed over.
    Skip(Reason),
}

/// Where a realm's part of the line stopped, and why. The later, the greater.
#[derive(Clone, Copy, Debug)]
pub struct Stopped {
    step: Step,
    passed: usize,
    reason: Reason,
    /// Where keys were tried: which.
    declined: Option<Declined>,
}

impl Stopped {
    fn at(step: Step, refusal: &impl Refusal) -> Self {
        let (passed, reason) = (refusal.passed(), refusal.reason());
        Self { step, passed, reason, declined: None }
    }

    /// The signature was found not good, unless that came to no end.
    fn with(self, declined: Declined) -> Self {
        let is_known = self.reason.status() != Status::Unavailable;
        Self { declined: is_known.then_some(declined), ..self }
    }
}
