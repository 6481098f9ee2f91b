//! The checks of a token's header and claims: one ordered list, the first failure ends it.
//!
//! The one rule: order and boundaries are Elasticsearch's. Claims come before the signature, so
//! that a token for somebody else costs no key work.

mod error;

pub use error::{Allowed, ClaimError};

use super::Algorithm;
use super::json::Json;
use super::parse::{ClaimName, Token, seconds};
use super::pattern::LucenePattern;
use crate::engine::reason::Reason;
use crate::engine::time::UnixTime;
use std::collections::BTreeMap;
use std::slice;

/// What one realm demands of a token.
#[derive(Debug)]
pub struct TokenRules {
    /// Which kind of token, on which some of the checks depend.
    pub token_type: TokenType,
    /// Compared with `iss` exactly.
    pub issuer: String,
    /// One of these must be in `aud`.
    pub audiences: Vec<String>,
    /// Who may be `sub`; without it any subject passes.
    pub subjects: Option<Subjects>,
    /// `alg` must name one of these.
    pub algorithms: Vec<Algorithm>,
    /// How far clocks may differ, in whole seconds.
    pub clock_skew: i64,
    /// What stands in for absent claims; nothing does in an ID token.
    pub fallback: FallbackClaims,
    /// Claims each of which must have one of these values.
    pub required: BTreeMap<String, Vec<String>>,
}

/// What kind of token a realm takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// An access token of OAuth 2.0.
    AccessToken,
    /// An ID token of OpenID Connect.
    IdToken,
}

impl TokenType {
    /// The name in settings and in a user's metadata.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::IdToken => "id_token",
        }
    }
}

/// Who may be the subject: one of `exact`, or whoever matches one of `patterns`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// Compared byte for byte.
    pub exact: Vec<String>,
    /// Wildcards, or expressions in Lucene's syntax between slashes.
    pub patterns: Vec<LucenePattern>,
}

/// Which claims stand in for absent ones. A claim that stands in for itself is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FallbackClaims {
    /// For `sub`.
    pub sub: Option<String>,
    /// For `aud`.
    pub aud: Option<String>,
}

impl FallbackClaims {
    /// The claim that stands in for `claim`.
    pub fn of(&self, claim: &str) -> Option<&str> {
        match claim {
            "aud" => self.aud.as_deref(),
            "sub" => self.sub.as_deref(),
            _ => None,
        }
    }
}

/// A token whose header and claims passed every check. Only [`TokenRules::check`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct ClaimsChecked<'t, 'a> {
    token: &'t Token<'a>,
    expires: i64,
}

impl<'t, 'a> ClaimsChecked<'t, 'a> {
    /// The token that was checked.
    pub fn token(&self) -> &'t Token<'a> {
        self.token
    }

    /// The token's `exp`, in seconds since the epoch, without the skew.
    pub fn expires(&self) -> i64 {
        self.expires
    }
}

/// How a check ends.
type Checked<'e> = Result<(), ClaimError<'e>>;

/// One check. The time is the wall clock.
type Check = for<'e, 'a> fn(&'e TokenRules, &'e Token<'a>, UnixTime) -> Checked<'e>;

/// The checks, in order.
const CHECKS: [Check; 10] = [typ, iss, sub, aud, alg, iat, exp, nbf, auth_time, required];

impl TokenRules {
    /// Runs every check. A failure comes with its place in the order: how many checks had passed,
    /// those that an access token is spared among them, so that realms of both kinds compare.
    pub fn check<'e, 't: 'e, 'a>(
        &'e self,
        token: &'t Token<'a>,
        now: UnixTime,
    ) -> Result<ClaimsChecked<'t, 'a>, (usize, ClaimError<'e>)> {
        for (passed, check) in CHECKS.iter().enumerate() {
            check(self, token, now).map_err(|error| (passed, error))?;
        }
        let expires = date("exp", token.claims.exp).map_err(|error| (CHECKS.len(), error))?;
        Ok(ClaimsChecked { token, expires })
    }

    /// Whether the token is this issuer's at all: what a realm asks before anything else.
    pub fn check_issuer<'e>(&'e self, token: &'e Token<'_>) -> Checked<'e> {
        let allowed = Allowed::exactly(slice::from_ref(&self.issuer));
        one(token.claims.found("iss", None), Some(allowed), Reason::IssuerMismatch)
    }
}

fn typ<'e>(rules: &'e TokenRules, token: &'e Token<'_>, _: UnixTime) -> Checked<'e> {
    let allowed: &[&str] = match rules.token_type {
        TokenType::AccessToken => &["JWT", "at+jwt"],
        TokenType::IdToken => &["JWT"],
    };
    match token.typ.as_deref() {
        Some(typ) if !allowed.iter().any(|allowed| typ.eq_ignore_ascii_case(allowed)) => {
            Err(ClaimError::Typ { typ })
        }
        Some(_) | None => Ok(()),
    }
}

fn iss<'e>(rules: &'e TokenRules, token: &'e Token<'_>, _: UnixTime) -> Checked<'e> {
    rules.check_issuer(token)
}

fn sub<'e>(rules: &'e TokenRules, token: &'e Token<'_>, _: UnixTime) -> Checked<'e> {
    let found = token.claims.found("sub", rules.fallback.of("sub"));
    one(found, rules.subjects.as_ref().map(Allowed::subjects), Reason::SubjectMismatch)
}

fn aud<'e>(rules: &'e TokenRules, token: &'e Token<'_>, _: UnixTime) -> Checked<'e> {
    let found = token.claims.found("aud", rules.fallback.of("aud"));
    any(found, Allowed::exactly(&rules.audiences), Reason::AudienceMismatch)
}

fn alg<'e>(rules: &'e TokenRules, token: &'e Token<'_>, _: UnixTime) -> Checked<'e> {
    let allowed = rules.algorithms.as_slice();
    if allowed.iter().any(|allowed| allowed.name() == token.alg) {
        Ok(())
    } else {
        Err(ClaimError::Algorithm { alg: &token.alg, allowed })
    }
}

fn iat<'e>(rules: &'e TokenRules, token: &'e Token<'_>, now: UnixTime) -> Checked<'e> {
    before_now("iat", date("iat", token.claims.iat)?, rules, now)
}

fn exp<'e>(rules: &'e TokenRules, token: &'e Token<'_>, now: UnixTime) -> Checked<'e> {
    let date = date("exp", token.claims.exp)?;
    if now.is_before(date.saturating_add(rules.clock_skew)) {
        Ok(())
    } else {
        Err(ClaimError::Expired { date, now })
    }
}

/// Of an access token nobody asks this.
fn nbf<'e>(rules: &'e TokenRules, token: &'e Token<'_>, now: UnixTime) -> Checked<'e> {
    match (rules.token_type, token.claims.nbf) {
        (TokenType::AccessToken, _) | (TokenType::IdToken, None) => Ok(()),
        (TokenType::IdToken, Some(date)) => before_now("nbf", date, rules, now),
    }
}

/// Of an access token nobody asks this, either.
fn auth_time<'e>(rules: &'e TokenRules, token: &'e Token<'_>, now: UnixTime) -> Checked<'e> {
    match (rules.token_type, token.claims.get("auth_time")) {
        (TokenType::AccessToken, _) | (TokenType::IdToken, None) => Ok(()),
        (TokenType::IdToken, Some(claim)) => {
            let date = seconds(claim).ok_or(ClaimError::NotADate("auth_time"))?;
            before_now("auth_time", date, rules, now)
        }
    }
}

fn required<'e>(rules: &'e TokenRules, token: &'e Token<'_>, _: UnixTime) -> Checked<'e> {
    rules.required.iter().try_for_each(|(name, values)| {
        let found = token.claims.found(name, None);
        any(found, Allowed::exactly(values), Reason::RequiredClaimMismatch)
    })
}

/// A claim and the name that it was found under.
type Found<'e, 'a> = (ClaimName<'e>, Option<&'e Json<'a>>);

/// Passes if the claim is one string and allowed, if anything is said about that.
fn one<'e>(
    (claim, value): Found<'e, '_>,
    allowed: Option<Allowed<'e>>,
    mismatch: Reason,
) -> Checked<'e> {
    let given = value.ok_or(ClaimError::MissingText(claim))?;
    let text = given.text().ok_or(ClaimError::NotAText(claim))?;
    match allowed {
        Some(allowed) if !allowed.contains(text) => {
            Err(ClaimError::Mismatch { claim, given, allowed, reason: mismatch })
        }
        Some(_) | None => Ok(()),
    }
}

/// Passes if the claim is a string or a list of strings and any of them is allowed.
fn any<'e>((claim, value): Found<'e, '_>, allowed: Allowed<'e>, mismatch: Reason) -> Checked<'e> {
    let given = value.ok_or(ClaimError::MissingText(claim))?;
    let mut texts = given.texts().ok_or(ClaimError::NotTexts(claim))?;
    if texts.any(|text| allowed.contains(text)) {
        Ok(())
    } else {
        Err(ClaimError::Mismatch { claim, given, allowed, reason: mismatch })
    }
}

fn date(claim: &'static str, date: Option<i64>) -> Result<i64, ClaimError<'static>> {
    date.ok_or(ClaimError::MissingDate(claim))
}

/// Passes if `date` < now + skew: at the boundary itself it fails.
fn before_now(
    claim: &'static str,
    date: i64,
    rules: &TokenRules,
    now: UnixTime,
) -> Checked<'static> {
    if now.is_after(date.saturating_sub(rules.clock_skew)) {
        Ok(())
    } else {
        Err(ClaimError::Future { claim, date, now })
    }
}

#[cfg(test)]
impl TokenRules {
    /// Rules for ID tokens of this issuer and audience, by HS256 and without skew.
    pub(crate) fn for_tests(issuer: &str, audience: &str) -> Self {
        Self {
            token_type: TokenType::IdToken,
            issuer: issuer.to_owned(),
            audiences: vec![audience.to_owned()],
            subjects: None,
            algorithms: vec![Algorithm::Hs256],
            clock_skew: 0,
            fallback: FallbackClaims::default(),
            required: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests;
