//! The checks of a token's header and claims: one ordered list, the first failure ends it.
//!
//! Order and boundaries are Elasticsearch's. Claims come
//! before the signature, so that a token for somebody else costs no key work.

use super::Algorithm;
use super::parse::{Token, seconds, strings};
use crate::engine::reason::Reason;
use crate::engine::time::UnixTime;
use crate::engine::witness::Refusal;

/// What one realm demands of a token.
#[derive(Debug)]
pub struct TokenRules {
    /// Compared with `iss` exactly.
    pub issuer: String,
    /// One of these must be in `aud`.
    pub audiences: Vec<String>,
    /// `sub` must be one of these; without a list any subject passes.
    pub subjects: Option<Vec<String>>,
    /// `alg` must name one of these.
    pub algorithms: Vec<Algorithm>,
    /// How far clocks may differ, in whole seconds.
    pub clock_skew: i64,
}

/// A check that a token did not pass. Names the claim, never its value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// `alg` is not allowed.
    #[error("invalid JWT algorithm")]
    Algorithm,
    /// `exp` is in the past.
    #[error("date claim [exp] must be after now")]
    Expired,
    /// A date is in the future.
    #[error("date claim [{0}] must be before now")]
    Future(&'static str),
    /// A date is no number, or one out of bounds.
    #[error("cannot parse date claim [{0}]")]
    MalformedDate(&'static str),
    /// `aud` has no allowed value.
    #[error("string claim [aud] does not match allowed claim values")]
    Audience,
    /// `iss` is another one.
    #[error("string claim [iss] does not match allowed claim values")]
    Issuer,
    /// A claim that must be there is not.
    #[error("missing required claim [{0}]")]
    Missing(&'static str),
    /// `sub` is not allowed.
    #[error("string claim [sub] does not match allowed claim values")]
    Subject,
    /// `typ` is not allowed.
    #[error("invalid jwt typ header")]
    Typ,
}

impl Refusal for ClaimError {
    fn reason(&self) -> Reason {
        match self {
            Self::Algorithm => Reason::AlgorithmNotAllowed,
            Self::Audience => Reason::AudienceMismatch,
            Self::Expired => Reason::TokenExpired,
            Self::Future(_) => Reason::TokenNotYetValid,
            Self::Issuer => Reason::IssuerMismatch,
            Self::MalformedDate(_) => Reason::ClaimMalformed,
            Self::Missing(_) => Reason::ClaimMissing,
            Self::Subject => Reason::SubjectMismatch,
            Self::Typ => Reason::TypNotAllowed,
        }
    }
}

/// A token whose header and claims passed every check. Only [`TokenRules::check`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct ClaimsChecked<'t, 'a>(&'t Token<'a>);

impl<'t, 'a> ClaimsChecked<'t, 'a> {
    /// The token that was checked.
    pub fn token(&self) -> &'t Token<'a> {
        self.0
    }

    /// The token's `exp`, in seconds since the epoch, without the skew.
    pub fn expires(&self) -> i64 {
        // Checked: a token without one has not passed.
        self.0.claims.exp.unwrap_or(i64::MIN)
    }
}

/// One check. `now` is the wall clock.
type Check = fn(&TokenRules, &Token<'_>, UnixTime) -> Result<(), ClaimError>;

/// The checks of an `id_token` realm, in order.
const CHECKS: [Check; 9] = [typ, iss, sub, aud, alg, iat, exp, nbf, auth_time];

impl TokenRules {
    /// Runs every check. A failure comes with how many had passed before it.
    pub fn check<'t, 'a>(
        &self,
        token: &'t Token<'a>,
        now: UnixTime,
    ) -> Result<ClaimsChecked<'t, 'a>, (usize, ClaimError)> {
        for (passed, check) in CHECKS.iter().enumerate() {
            check(self, token, now).map_err(|error| (passed, error))?;
        }
        Ok(ClaimsChecked(token))
    }

    /// Whether the token is this issuer's at all: what a realm asks before anything else.
    pub fn check_issuer(&self, token: &Token<'_>) -> Result<(), ClaimError> {
        let issuer = token.claims.text("iss").ok_or(ClaimError::Missing("iss"))?;
        if issuer == self.issuer { Ok(()) } else { Err(ClaimError::Issuer) }
    }
}

fn typ(_: &TokenRules, token: &Token<'_>, _: UnixTime) -> Result<(), ClaimError> {
    match &token.typ {
        Some(typ) if !typ.eq_ignore_ascii_case("JWT") => Err(ClaimError::Typ),
        _ => Ok(()),
    }
}

fn iss(rules: &TokenRules, token: &Token<'_>, _: UnixTime) -> Result<(), ClaimError> {
    rules.check_issuer(token)
}

fn sub(rules: &TokenRules, token: &Token<'_>, _: UnixTime) -> Result<(), ClaimError> {
    let subject = token.claims.text("sub").ok_or(ClaimError::Missing("sub"))?;
    match &rules.subjects {
        Some(allowed) if !allowed.iter().any(|allowed| allowed == subject) => {
            Err(ClaimError::Subject)
        }
        _ => Ok(()),
    }
}

fn aud(rules: &TokenRules, token: &Token<'_>, _: UnixTime) -> Result<(), ClaimError> {
    let audience = token.claims.get("aud").ok_or(ClaimError::Missing("aud"))?;
    let named = strings(audience).unwrap_or_default(); // an empty list matches nothing
    if named.iter().any(|name| rules.audiences.iter().any(|allowed| allowed == name)) {
        Ok(())
    } else {
        Err(ClaimError::Audience)
    }
}

fn alg(rules: &TokenRules, token: &Token<'_>, _: UnixTime) -> Result<(), ClaimError> {
    let allowed = rules.algorithms.iter().any(|allowed| allowed.name() == token.alg);
    if allowed { Ok(()) } else { Err(ClaimError::Algorithm) }
}

fn iat(rules: &TokenRules, token: &Token<'_>, now: UnixTime) -> Result<(), ClaimError> {
    let issued = token.claims.iat.ok_or(ClaimError::Missing("iat"))?;
    before_now("iat", issued, rules, now)
}

fn exp(rules: &TokenRules, token: &Token<'_>, now: UnixTime) -> Result<(), ClaimError> {
    let expires = token.claims.exp.ok_or(ClaimError::Missing("exp"))?;
    if now.is_before(expires.saturating_add(rules.clock_skew)) {
        Ok(())
    } else {
        Err(ClaimError::Expired)
    }
}

fn nbf(rules: &TokenRules, token: &Token<'_>, now: UnixTime) -> Result<(), ClaimError> {
    token.claims.nbf.map_or(Ok(()), |not_before| before_now("nbf", not_before, rules, now))
}

fn auth_time(rules: &TokenRules, token: &Token<'_>, now: UnixTime) -> Result<(), ClaimError> {
    let Some(claim) = token.claims.get("auth_time") else { return Ok(()) };
    let date = seconds(claim).ok_or(ClaimError::MalformedDate("auth_time"))?;
    before_now("auth_time", date, rules, now)
}

/// Passes if `date` < now + skew: at the boundary itself it fails.
fn before_now(
    claim: &'static str,
    date: i64,
    rules: &TokenRules,
    now: UnixTime,
) -> Result<(), ClaimError> {
    if now.is_after(date.saturating_sub(rules.clock_skew)) {
        Ok(())
    } else {
        Err(ClaimError::Future(claim))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::token::Compact;
    use crate::engine::token::tests::compact;
    use serde_json::{Value, json};
    use std::time::Duration;

    const NOW: i64 = 1_700_000_000;

    /// Rules that the claims of [`good`] pass at [`NOW`].
    fn rules() -> TokenRules {
        TokenRules {
            issuer: "https://issuer".into(),
            audiences: vec!["es-prod".into(), "es-test".into()],
            subjects: None,
            algorithms: vec![Algorithm::Hs256],
            clock_skew: 60,
        }
    }

    fn good() -> Value {
        json!({ "iss": "https://issuer", "aud": "es-prod", "sub": "ana",
                "iat": NOW - 10, "exp": NOW + 10 })
    }

    fn with(name: &str, value: impl Into<Value>) -> Value {
        let mut claims = good();
        claims[name] = value.into();
        claims
    }

    fn without(name: &str) -> Value {
        let mut claims = good();
        claims.as_object_mut().unwrap().remove(name);
        claims
    }

    fn judge(rules: &TokenRules, header: &Value, claims: &Value) -> Result<(), ClaimError> {
        let bearer = compact(&header.to_string(), &claims.to_string(), "s");
        let parts = Compact::decode(bearer.as_bytes(), usize::MAX).unwrap();
        let token = Token::read(&parts).unwrap();
        let now = UnixTime::new(Duration::new(NOW.cast_unsigned(), 5));
        rules.check(&token, now).map(drop).map_err(|(_, error)| error)
    }

    #[test]
    fn each_claim_is_judged_by_its_rule() {
        let hs256 = json!({ "alg": "HS256" });
        for (claims, verdict) in [
            (good(), Ok(())),
            (without("iss"), Err(ClaimError::Missing("iss"))),
            (with("iss", "https://issuer/"), Err(ClaimError::Issuer)),
            (with("iss", "HTTPS://issuer"), Err(ClaimError::Issuer)),
            (without("sub"), Err(ClaimError::Missing("sub"))),
            (with("sub", Value::Null), Err(ClaimError::Missing("sub"))),
            (with("sub", ""), Ok(())),
            (without("aud"), Err(ClaimError::Missing("aud"))),
            (with("aud", json!(["x", "es-test"])), Ok(())),
            (with("aud", json!(["x", "es-prod "])), Err(ClaimError::Audience)),
            (with("aud", json!([])), Err(ClaimError::Audience)),
            (with("aud", "es-prod,es-test"), Err(ClaimError::Audience)),
            (without("iat"), Err(ClaimError::Missing("iat"))),
            (without("exp"), Err(ClaimError::Missing("exp"))),
            (with("auth_time", "yesterday"), Err(ClaimError::MalformedDate("auth_time"))),
            (with("auth_time", 1e300), Err(ClaimError::MalformedDate("auth_time"))),
            (with("auth_time", Value::Null), Ok(())),
        ] {
            assert_eq!(judge(&rules(), &hs256, &claims), verdict, "{claims}");
        }
    }

    #[test]
    fn a_date_at_its_boundary_is_judged_as_elasticsearch_does() {
        // now is NOW + 5 ns; a date in the future passes up to now + skew, exp down to now - skew.
        let hs256 = json!({ "alg": "HS256" });
        for (skew, claim, date, verdict) in [
            (60, "iat", NOW + 60, Ok(())),
            (60, "iat", NOW + 61, Err(ClaimError::Future("iat"))),
            (60, "nbf", NOW + 60, Ok(())),
            (60, "nbf", NOW + 61, Err(ClaimError::Future("nbf"))),
            (60, "auth_time", NOW + 61, Err(ClaimError::Future("auth_time"))),
            (60, "exp", NOW - 59, Ok(())),
            (60, "exp", NOW - 60, Err(ClaimError::Expired)),
            (0, "iat", NOW, Ok(())),
            (0, "iat", NOW + 1, Err(ClaimError::Future("iat"))),
            (0, "exp", NOW, Err(ClaimError::Expired)),
            (0, "exp", NOW + 1, Ok(())),
            (i64::MAX, "exp", 0, Ok(())),
            (i64::MAX, "iat", i64::MAX / 1000, Ok(())),
        ] {
            let rules = TokenRules { clock_skew: skew, ..rules() };
            assert_eq!(judge(&rules, &hs256, &with(claim, date)), verdict, "{skew} {claim} {date}");
        }
        let at_the_second = UnixTime::new(Duration::from_secs(NOW.cast_unsigned()));
        assert_eq!(
            before_now("iat", NOW, &TokenRules { clock_skew: 0, ..rules() }, at_the_second),
            Err(ClaimError::Future("iat")),
            "at fraction 0 the current second is not yet past"
        );
    }

    #[test]
    fn typ_is_absent_or_jwt_in_any_case() {
        for (typ, verdict) in [
            ("JWT", Ok(())),
            ("jwt", Ok(())),
            ("at+jwt", Err(ClaimError::Typ)),
            ("application/jwt", Err(ClaimError::Typ)),
            ("JWT ", Err(ClaimError::Typ)),
            ("", Err(ClaimError::Typ)),
        ] {
            assert_eq!(judge(&rules(), &json!({ "alg": "HS256", "typ": typ }), &good()), verdict);
        }
    }

    #[test]
    fn alg_is_compared_exactly_with_the_allowed_ones() {
        for alg in ["HS384", "hs256", "HS256 ", "None", "NONE", "", "RS256"] {
            let verdict = judge(&rules(), &json!({ "alg": alg }), &good());
            assert_eq!(verdict, Err(ClaimError::Algorithm), "{alg}");
        }
    }

    #[test]
    fn subjects_are_compared_exactly() {
        let subjects = Some(vec!["ana".into(), "caf\u{e9}".into(), "*".into()]);
        let rules = TokenRules { subjects, ..rules() };
        for (subject, passes) in [
            ("ana", true),
            ("caf\u{e9}", true),
            ("*", true),
            ("cafe\u{301}", false),
            ("Ana", false),
            ("ana ", false),
        ] {
            let verdict = judge(&rules, &json!({ "alg": "HS256" }), &with("sub", subject));
            assert_eq!(verdict.is_ok(), passes, "{subject}");
        }
    }

    #[test]
    fn the_first_failure_in_the_order_of_the_list_is_reported() {
        let mut claims = json!({ "iss": "other", "sub": "s", "aud": "other", "iat": NOW + 999,
            "exp": 0, "nbf": NOW + 999, "auth_time": NOW + 999 });
        let mut header = json!({ "alg": "XX", "typ": "x" });
        let rules = TokenRules { subjects: Some(vec!["ana".into()]), ..rules() };
        for (failure, mend) in [
            (ClaimError::Typ, "typ"),
            (ClaimError::Issuer, "iss"),
            (ClaimError::Subject, "sub"),
            (ClaimError::Audience, "aud"),
            (ClaimError::Algorithm, "alg"),
            (ClaimError::Future("iat"), "iat"),
            (ClaimError::Expired, "exp"),
            (ClaimError::Future("nbf"), "nbf"),
            (ClaimError::Future("auth_time"), "auth_time"),
        ] {
            assert_eq!(judge(&rules, &header, &claims), Err(failure));
            match mend {
                "typ" => header["typ"] = "JWT".into(),
                "alg" => header["alg"] = "HS256".into(),
                "nbf" | "auth_time" => claims[mend] = 0.into(),
                claim => claims[claim] = good()[claim].clone(),
            }
        }
        assert_eq!(judge(&rules, &header, &claims), Ok(()));
    }
}
