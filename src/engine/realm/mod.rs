//! The realms: ways to find out who is calling, asked one after the other.
//!
//! The one rule: a realm has outcomes, not errors, and only [`Outcome::Accept`] lets anybody in.

mod chain;
pub mod jwt;

pub use chain::{Refused, authenticate};

use super::client_auth::Presented;
use super::time::Now;
use super::token::Token;
use super::user::User;
use super::witness::{Failure, Step};

/// What every realm of the chain is shown.
pub struct Credentials<'c> {
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
    Accept(User),
    /// Mine, but it failed at this step. Remembered; the next realm is asked.
    Decline(Step, Failure),
    /// Another issuer's: passed over.
    Skip(Failure),
}
