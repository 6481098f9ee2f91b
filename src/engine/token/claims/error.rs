//! Why a token's header or claims were refused, told in two ways.
//!
//! The one rule: `Display`, which logs show, names claims and never a value of the token;
//! [`ClaimError::explained`] has them, for whoever holds the token in hand. Neither is made before
//! somebody asks for it.

use super::Subjects;
use crate::engine::decision::repeated;
use crate::engine::reason::Reason;
use crate::engine::time::UnixTime;
use crate::engine::token::Algorithm;
use crate::engine::token::json::Json;
use crate::engine::token::parse::ClaimName;
use crate::engine::token::pattern::LucenePattern;
use crate::engine::witness::Refusal;
use std::fmt;

/// A check that a token did not pass.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ClaimError<'e> {
    /// `alg` is not allowed.
    #[error("invalid JWT algorithm")]
    Algorithm {
        /// What it is.
        alg: &'e str,
        /// What it may be.
        allowed: &'e [Algorithm],
    },
    /// `exp` is in the past.
    #[error("date claim [exp] must be after now")]
    Expired {
        /// In seconds.
        date: i64,
        /// When it was looked at.
        now: UnixTime,
    },
    /// A date is in the future.
    #[error("date claim [{claim}] must be before now")]
    Future {
        /// Which one.
        claim: &'static str,
        /// In seconds.
        date: i64,
        /// When it was looked at.
        now: UnixTime,
    },
    /// No string of a claim is allowed.
    #[error("string claim [{claim}] does not match allowed claim values")]
    Mismatch {
        /// Which one.
        claim: ClaimName<'e>,
        /// What it holds.
        given: &'e Json<'e>,
        /// What it may hold.
        allowed: Allowed<'e>,
        /// The reason code of this failure.
        reason: Reason,
    },
    /// A date that must be there is not.
    #[error("missing required date claim [{0}]")]
    MissingDate(&'static str),
    /// A claim of text that must be there is not.
    #[error("missing required string claim [{0}]")]
    MissingText(ClaimName<'e>),
    /// A date is no number, or one out of bounds.
    #[error("cannot parse date claim [{0}]")]
    NotADate(&'static str),
    /// What must be one string is none.
    #[error("cannot parse string claim [{0}] as string")]
    NotAText(ClaimName<'e>),
    /// What must be a string or a list of strings is neither.
    #[error("cannot parse string claim [{0}] as string array")]
    NotTexts(ClaimName<'e>),
    /// `typ` is not allowed.
    #[error("invalid jwt typ header")]
    Typ {
        /// What it is.
        typ: &'e str,
    },
}

impl Refusal for ClaimError<'_> {
    fn reason(&self) -> Reason {
        match self {
            Self::Algorithm { .. } => Reason::AlgorithmNotAllowed,
            Self::Expired { .. } => Reason::TokenExpired,
            Self::Future { .. } => Reason::TokenNotYetValid,
            Self::Mismatch { reason, .. } => *reason,
            Self::MissingDate(_) | Self::MissingText(_) => Reason::ClaimMissing,
            Self::NotADate(_) | Self::NotAText(_) | Self::NotTexts(_) => Reason::ClaimMalformed,
            Self::Typ { .. } => Reason::TypNotAllowed,
        }
    }

    /// Elasticsearch's whole sentence, with values of the token, each cut at 1 KiB.
    fn explained(&self) -> String {
        match self {
            Self::Algorithm { alg, allowed } => {
                let allowed: Vec<_> = allowed.iter().map(|algorithm| algorithm.name()).collect();
                let (alg, allowed) = (repeated(alg.as_bytes()), allowed.join(","));
                format!("{self} [{alg}], allowed algorithms are [{allowed}]")
            }
            Self::Expired { date, now } => {
                let (date, now) = (date.saturating_mul(1000), now.millis());
                format!("date claim [exp] value [{date}] must be after now [{now}]")
            }
            Self::Future { claim, date, now } => {
                let (date, now) = (date.saturating_mul(1000), now.millis());
                format!("date claim [{claim}] value [{date}] must be before now [{now}]")
            }
            Self::Mismatch { claim, given, allowed, reason: _ } => {
                let given: Vec<_> = given.texts().into_iter().flatten().collect();
                let given = repeated(given.join(",").as_bytes());
                format!(
                    "string claim [{claim}] has value [{given}] which does not match allowed \
                     claim values {allowed}"
                )
            }
            Self::Typ { typ } => {
                let typ = repeated(typ.as_bytes());
                format!("{self}: JOSE header typ (type) {typ} not allowed")
            }
            Self::MissingDate(_)
            | Self::MissingText(_)
            | Self::NotADate(_)
            | Self::NotAText(_)
            | Self::NotTexts(_) => self.to_string(),
        }
    }
}

/// The strings that a claim may hold: those of a list, or whatever matches a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowed<'e> {
    exact: &'e [String],
    patterns: &'e [LucenePattern],
}

impl<'e> Allowed<'e> {
    pub(super) const fn exactly(exact: &'e [String]) -> Self {
        Self { exact, patterns: &[] }
    }

    pub(super) fn subjects(subjects: &'e Subjects) -> Self {
        Self { exact: &subjects.exact, patterns: &subjects.patterns }
    }

    pub(super) fn contains(self, text: &str) -> bool {
        self.exact.iter().any(|allowed| allowed == text)
            || self.patterns.iter().any(|pattern| pattern.matches(text))
    }
}

impl fmt::Display for Allowed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.exact.join(","))?;
        if self.patterns.is_empty() {
            return Ok(());
        }
        let patterns: Vec<_> = self.patterns.iter().map(LucenePattern::as_str).collect();
        write!(f, " || [{}]", patterns.join("|"))
    }
}
