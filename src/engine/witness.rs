//! Who hears the steps of a decision: metrics, log and explanation are witnesses of one line.
//!
//! A witness only listens: it cannot change what is decided, and takes the times itself, so the
//! engine needs no clock.

use super::client_auth::ClientResult;
use super::reason::Reason;

/// A realm's place in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RealmId(pub usize);

/// The steps of a decision, in the order of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Is there one usable request?
    Request,
    /// Does a rule forbid it?
    Route,
    /// Is there a token?
    Token,
    /// Is the token this realm's issuer's?
    Issuer,
    /// Does this realm know the client?
    ClientAuthentication,
    /// Are header and claims good?
    Claims,
    /// Is the signature good?
    Signature,
    /// Whom does the token name?
    User,
    /// May the user act as another?
    RunAs,
    /// Can the upstream be told of the user?
    Identity,
}

impl Step {
    /// The step's public name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claims => "claims",
            Self::ClientAuthentication => "client_authentication",
            Self::Identity => "identity",
            Self::Issuer => "issuer",
            Self::Request => "request",
            Self::Route => "route",
            Self::RunAs => "run_as",
            Self::Signature => "signature",
            Self::Token => "token",
            Self::User => "user",
        }
    }
}

/// Why a step failed. The detail is for the operator and names claims, never their values.
#[derive(Debug)]
pub struct Failure {
    /// The reason code.
    pub reason: Reason,
    /// How many checks of the step had passed.
    pub passed: usize,
    /// What was wrong.
    pub detail: String,
}

impl Failure {
    /// A failure of a step that is one check.
    pub fn new(reason: Reason, detail: impl std::fmt::Display) -> Self {
        Self { reason, passed: 0, detail: detail.to_string() }
    }
}

/// Hears every step once, in order.
pub trait Witness {
    /// `step` ended; `realm` is `None` for the steps outside of the chain.
    fn step(&mut self, realm: Option<RealmId>, step: Step, failure: Option<&Failure>);

    /// How the client of an entered realm proved itself.
    fn client(&mut self, realm: RealmId, result: ClientResult);
}

/// Tells `witness` of a step's result and hands the result on.
pub(super) fn told<T>(
    witness: &mut impl Witness,
    realm: Option<RealmId>,
    step: Step,
    result: Result<T, Failure>,
) -> Result<T, Failure> {
    witness.step(realm, step, result.as_ref().err());
    result
}
