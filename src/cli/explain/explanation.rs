//! What is told of one decision.
//!
//! The one rule: it holds nothing that lets anybody in, whoever prints it and how.

use crate::engine::header::{AUTHORIZATION, CLIENT_AUTHENTICATION};
use crate::engine::user::Properties;
use crate::engine::{Allow, Denial, Reason, Status};

/// One decision, explained.
#[derive(Debug)]
pub(super) struct Explanation {
    /// Why it ended so.
    pub(super) reason: Reason,
    /// The realm that authenticated, or whose refusal is reported.
    pub(super) realm: Option<String>,
    /// Every step, in order.
    pub(super) steps: Vec<Line>,
    /// Whom the token names, where that was found out and the request is allowed.
    pub(super) user: Option<Properties>,
    /// The headers that an allow sets.
    pub(super) headers: Vec<(String, String)>,
    /// What a caller who is refused is told.
    pub(super) answer: Option<Answer>,
    /// Whether client authentication and signature were not looked at.
    pub(super) is_assumed: bool,
}

/// One step.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The realm; `None` for the steps outside of the chain.
    pub(super) realm: Option<String>,
    /// The step's public name.
    pub(super) step: &'static str,
    /// How it ended.
    pub(super) result: Result,
    /// What was found, or why not.
    pub(super) detail: String,
    /// Whether it is one of those that are not looked at where only claims are judged.
    pub(super) is_assumed: bool,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Result {
    /// The line went on.
    Passed,
    /// It stopped here.
    Failed,
    /// There was nothing to do, or the line did not come here.
    Skipped,
}

/// What the caller is told.
#[derive(Debug)]
pub(super) struct Answer {
    /// The challenge, if there is one.
    pub(super) challenge: Option<&'static str>,
    /// The body's media type.
    pub(super) content_type: &'static str,
    /// The body.
    pub(super) body: String,
}

/// What stands for a value that is nobody's to read.
const HIDDEN: &str = "(a secret)";

impl Explanation {
    /// Whether the request may pass.
    pub(super) fn is_allow(&self) -> bool {
        self.reason.status() == Status::Ok
    }
}

impl Result {
    /// The public name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Passed => "passed",
            Self::Skipped => "skipped",
        }
    }
}

impl From<&Denial> for Answer {
    fn from(denial: &Denial) -> Self {
        Self {
            challenge: denial.challenge(),
            content_type: denial.content_type(),
            body: denial.body().into_owned(),
        }
    }
}

/// The headers that `allow` sets, those that carry a credential without their values.
pub(super) fn headers(allow: &Allow<'_>) -> Vec<(String, String)> {
    let shown = |name: &str, value: &str| {
        let is_secret = [AUTHORIZATION, CLIENT_AUTHENTICATION].contains(&name);
        (name.to_owned(), if is_secret { HIDDEN } else { value }.to_owned())
    };
    allow.set.iter().map(|(name, value)| shown(name, value)).collect()
}
