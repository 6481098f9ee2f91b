//! Who hears the steps of a decision: metrics, log and explanation are witnesses of one line.
//!
//! A witness only listens: it cannot change what is decided, and takes the times itself, so the
//! engine needs no clock.

use super::client_auth::ClientResult;
use super::reason::Reason;
use std::fmt;

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
    /// Was the token found good before?
    Cache,
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
            Self::Cache => "cache",
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

/// Why a step failed: what each error of the line can say of itself.
///
/// `Display` is for logs and names claims, never their values.
pub trait Refusal: fmt::Display {
    /// The reason code.
    fn reason(&self) -> Reason;

    /// How many checks of the step had passed.
    fn passed(&self) -> usize {
        0
    }

    /// The same with the values that the token has, for whoever has the token in hand.
    fn explained(&self) -> String {
        self.to_string()
    }
}

/// How a step ended.
#[derive(Clone, Copy)]
pub enum Ended<'r> {
    /// The line goes on.
    Passed,
    /// There was nothing to decide.
    Skipped(Skipped),
    /// The line, or this realm's part of it, stops here.
    Failed(&'r dyn Refusal),
}

/// Why there was nothing to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// The realm remembers no tokens.
    CacheOff,
    /// The realm refused the token before, and has the same keys still.
    DeclinedBefore,
    /// The realm does not remember this token.
    NotRemembered,
}

/// Hears every step once, in order.
pub trait Witness {
    /// `step` ended; `realm` is `None` for the steps outside of the chain.
    fn step(&mut self, realm: Option<RealmId>, step: Step, ended: Ended<'_>);

    /// How the client of an entered realm proved itself.
    fn client(&mut self, realm: RealmId, result: ClientResult);

    /// The realm remembers one more token, and these are all of them.
    fn remembered(&mut self, realm: RealmId, tokens: usize);
}

/// Tells `witness` of a step's result and hands the result on.
pub(super) fn told<T, R: Refusal>(
    witness: &mut impl Witness,
    realm: Option<RealmId>,
    step: Step,
    result: Result<T, R>,
) -> Result<T, R> {
    match &result {
        Ok(_) => witness.step(realm, step, Ended::Passed),
        Err(refusal) => witness.step(realm, step, Ended::Failed(refusal)),
    }
    result
}
