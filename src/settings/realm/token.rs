//! Which tokens a realm takes: their type, issuer, subject, audience, algorithm, dates, and what
//! other claims must say.
//!
//! The one rule: a list that was written and holds nothing is refused, since it would let
//! everybody in and was hardly meant to.

use super::{empty_value, invalid_empty, not_empty, owned, texts};
use crate::engine::token::Algorithm;
use crate::engine::token::claims::{FallbackClaims, Subjects, TokenType};
use crate::engine::token::pattern::LucenePattern;
use crate::settings::problems::{Problems, Read};
use crate::settings::section::Section;
use crate::settings::values::{Time, Written, Wrong, choice};
use std::collections::BTreeMap;

/// Which tokens a realm takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    /// What kind of token.
    pub token_type: TokenType,
    /// Compared with the token's `iss` byte for byte; never empty.
    pub allowed_issuer: String,
    /// The token's `aud` must name one of these; never empty.
    pub allowed_audiences: Vec<String>,
    /// Who may be the token's `sub`, of whom somebody is named; if nothing is said, anybody.
    pub allowed_subjects: Option<Subjects>,
    /// The token's `alg` must be one of these; never empty.
    pub allowed_algorithms: Vec<Algorithm>,
    /// How far clocks may differ.
    pub clock_skew: ClockSkew,
    /// What stands in for absent claims; only of access tokens.
    pub fallback_claims: FallbackClaims,
    /// The values of which each of these claims must have one; no list is empty.
    pub required_claims: BTreeMap<String, Vec<String>>,
}

/// How far clocks may differ; may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSkew {
    /// Whole seconds, towards zero: what dates are checked with.
    pub seconds: i64,
    /// Whole milliseconds: what a remembered token's end is shifted by.
    pub millis: i64,
}

/// Reads the settings of the realm `name`.
pub(super) fn read(
    name: &str,
    section: &Section<'_>,
    problems: &mut Problems,
) -> Read<TokenSettings> {
    let token_type = token_type(section, problems);
    let issuer = issuer(section, problems);
    let audiences = audiences(section, problems);
    let subjects = subjects(token_type, section, problems);
    let algorithms = algorithms(section, problems);
    let skew = section.value("allowed_clock_skew", problems, Time::parse);
    let sub = fallback("sub", name, token_type, section, problems);
    let aud = fallback("aud", name, token_type, section, problems);
    let required = required(section, problems);
    let skew = skew?.unwrap_or(Time::of_seconds(60));
    Ok(TokenSettings {
        token_type: token_type?,
        allowed_issuer: issuer?,
        allowed_audiences: audiences?,
        allowed_subjects: subjects?,
        allowed_algorithms: algorithms?,
        clock_skew: ClockSkew { seconds: skew.seconds(), millis: skew.millis() },
        fallback_claims: FallbackClaims { sub: sub?, aud: aud? },
        required_claims: required?,
    })
}

fn token_type(section: &Section<'_>, problems: &mut Problems) -> Read<TokenType> {
    let types = [TokenType::IdToken, TokenType::AccessToken].map(|kind| (kind.name(), kind));
    let found = section.value("token_type", problems, choice(&types))?;
    Ok(found.unwrap_or(TokenType::IdToken))
}

fn issuer(section: &Section<'_>, problems: &mut Problems) -> Read<String> {
    let issuer = section.value("allowed_issuer", problems, not_empty)?;
    issuer.ok_or_else(|| empty_value("allowed_issuer", section, problems))
}

fn audiences(section: &Section<'_>, problems: &mut Problems) -> Read<Vec<String>> {
    match texts("allowed_audiences", section, problems)? {
        Some(audiences) if !audiences.is_empty() => Ok(audiences),
        Some(_) | None => {
            let what = format!("Invalid empty list for [{}].", section.key("allowed_audiences"));
            Err(section.wrong("allowed_audiences", what, problems))
        }
    }
}

/// An ID token may be anybody's if neither list is written.
fn subjects(
    token_type: Read<TokenType>,
    section: &Section<'_>,
    problems: &mut Problems,
) -> Read<Option<Subjects>> {
    const EXACT: &str = "allowed_subjects";
    const PATTERNS: &str = "allowed_subject_patterns";
    let exact = texts(EXACT, section, problems);
    let patterns = patterns(PATTERNS, section, problems);
    let (exact, patterns) = (exact?, patterns?);
    if exact.is_none() && patterns.is_none() && token_type? == TokenType::IdToken {
        return Ok(None);
    }
    let is_written_alone = exact.is_none() && patterns.is_some();
    let subjects =
        Subjects { exact: exact.unwrap_or_default(), patterns: patterns.unwrap_or_default() };
    if !subjects.exact.is_empty() || !subjects.patterns.is_empty() {
        return Ok(Some(subjects));
    }
    let (exact, patterns) = (section.key(EXACT), section.key(PATTERNS));
    let what =
        format!("One of either [{exact}] or [{patterns}] must be specified and not be empty.");
    let suffix = if is_written_alone { PATTERNS } else { EXACT };
    Err(section.wrong(suffix, what, problems))
}

fn patterns(
    suffix: &str,
    section: &Section<'_>,
    problems: &mut Problems,
) -> Read<Option<Vec<LucenePattern>>> {
    let Some(texts) = section.list(suffix, problems)? else { return Ok(None) };
    if texts.iter().any(|text| text.text().is_empty()) {
        return Err(empty_value(suffix, section, problems));
    }
    let patterns = texts.into_iter().map(|text| {
        let pattern = subject_pattern(text).map_err(|cause| {
            let what = format!("Invalid patterns for allowed claim values for [sub]. {cause}");
            section.wrong(suffix, what, problems)
        })?;
        for caution in pattern.cautions() {
            let what = format!("pattern [{text}]: {caution}");
            problems.warn(section.place(suffix), &section.key(suffix), what);
        }
        Ok(pattern)
    });
    // All of them are looked at, so that each wrong one is named.
    let patterns: Vec<_> = patterns.collect();
    patterns.into_iter().collect::<Read<_>>().map(Some)
}

/// A pattern of subjects, or what is wrong with it.
fn subject_pattern(text: Written<'_>) -> Result<LucenePattern, Wrong> {
    LucenePattern::parse(text.text()).map_err(|error| format!("invalid pattern [{text}]. {error}"))
}

fn algorithms(section: &Section<'_>, problems: &mut Problems) -> Read<Vec<Algorithm>> {
    const SUFFIX: &str = "allowed_signature_algorithms";
    let Some(names) = section.list(SUFFIX, problems)? else { return Ok(vec![Algorithm::Rs256]) };
    if names.is_empty() && section.is_empty_text(SUFFIX) {
        return Ok(vec![Algorithm::Rs256]);
    }
    let key = section.key(SUFFIX);
    let all: Vec<_> = Algorithm::ALL.into_iter().map(Algorithm::name).collect();
    let allowed = format!("for [{key}]. Allowed values are [{}].", all.join(", "));
    if names.is_empty() {
        return Err(section.wrong(SUFFIX, format!("Invalid empty list {allowed}"), problems));
    }
    let algorithms = names.into_iter().map(|name| match Algorithm::parse(name.text()) {
        Some(algorithm) => Ok(algorithm),
        None if name.text().is_empty() => Err(empty_value(SUFFIX, section, problems)),
        None => Err(section.wrong(SUFFIX, format!("Invalid value [{name}] {allowed}"), problems)),
    });
    // All of them are looked at, so that each wrong one is named.
    let algorithms: Vec<_> = algorithms.collect();
    algorithms.into_iter().collect()
}

/// Claims that a token has anyway, and whose meaning is given.
const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// The claim that stands in for `claim`, of access tokens only.
fn fallback(
    claim: &str,
    realm: &str,
    token_type: Read<TokenType>,
    section: &Section<'_>,
    problems: &mut Problems,
) -> Read<Option<String>> {
    let suffix = format!("fallback_claims.{claim}");
    if !section.has(&suffix) {
        return Ok(None);
    }
    if token_type? == TokenType::IdToken {
        let key = section.key(&suffix);
        let what = format!(
            "fallback claim setting [{key}] is not allowed when JWT realm [{realm}] is [id_token] \
             type"
        );
        return Err(section.wrong(&suffix, what, problems));
    }
    let name = section.value(&suffix, problems, |key, text| match text.text() {
        "" => Err(invalid_empty(key)),
        name if name != claim && REGISTERED.contains(&name) => Err(format!(
            "Invalid fallback claims setting [{key}]. Claim [{claim}] cannot fallback to a \
             registered claim [{text}]"
        )),
        name => Ok(name.to_owned()),
    });
    Ok(name?.filter(|name| name != claim))
}

/// Claims that are checked anyway.
const CHECKED_ANYWAY: [&str; 6] = ["iss", "sub", "aud", "exp", "nbf", "iat"];

/// The name behind `required_claims.` may hold dots.
fn required(section: &Section<'_>, problems: &mut Problems) -> Read<BTreeMap<String, Vec<String>>> {
    const GROUP: &str = "required_claims.";
    let claims = section.under(GROUP).filter(|suffix| *suffix != GROUP).map(|suffix| {
        let (name, key) = (&suffix[GROUP.len()..], section.key(suffix));
        if CHECKED_ANYWAY.contains(&name) {
            let all = CHECKED_ANYWAY.join(",");
            let what = format!("required claim [{key}] cannot be one of [{all}]");
            return Err(section.wrong(suffix, what, problems));
        }
        let values = owned(section.list(suffix, problems)?.unwrap_or_default());
        if values.is_empty() {
            let what = format!("required claim [{key}] cannot be empty");
            return Err(section.wrong(suffix, what, problems));
        }
        Ok((name.to_owned(), values))
    });
    // All of them are looked at, so that each wrong one is named.
    let claims: Vec<_> = claims.collect();
    claims.into_iter().collect()
}
