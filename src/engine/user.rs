//! Who a verified token names: the principal and the properties that a realm maps from claims.
//!
//! The one rule: there is one way to a [`User`], a client that is known and a token that is
//! verified. [`Properties`] alone prove nothing.

use super::client_auth::ClientKnown;
use super::reason::Reason;
use super::token::claims::{FallbackClaims, TokenType};
use super::token::json::Json;
use super::token::parse::{ClaimName, Claims};
use super::token::pattern::ClaimPattern;
use super::token::signature::Verified;
use super::witness::Refusal;
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::ops::Deref;

/// Which claim each property of a user is read from.
#[derive(Debug)]
pub struct UserClaims {
    /// The user's name; must be there.
    pub principal: Claim,
    /// Groups, all values.
    pub groups: Option<Claim>,
    /// Distinguished name, the first value.
    pub dn: Option<Claim>,
    /// E-mail address, the first value.
    pub mail: Option<Claim>,
    /// Full name, the first value.
    pub name: Option<Claim>,
    /// Whether the token's claims become metadata.
    pub populate_metadata: bool,
    /// Which kind of token, as metadata has it.
    pub token_type: TokenType,
}

/// A claim that a property is read from, and what part of its values is taken.
#[derive(Debug)]
pub struct Claim {
    /// The whole key of the setting that names it.
    setting: String,
    /// As it was configured.
    name: String,
    /// The member of the claims set.
    member: String,
    /// The claim that stands in for that.
    fallback: Option<String>,
    /// The steps of a pointer from that member on, their escapes undone.
    steps: Vec<String>,
    pattern: Option<ClaimPattern>,
}

/// What a token says of its user. Empty properties are unknown ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Properties {
    /// The user's name, never blank.
    pub name: String,
    /// In the claim's order, each once, none empty.
    pub groups: Vec<String>,
    /// Full name.
    pub full_name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Distinguished name.
    pub dn: Option<String>,
    /// Metadata as JSON with sorted keys, if somebody wanted it.
    pub metadata: Option<Box<str>>,
}

/// A user who proved to be one.
#[derive(Debug)]
pub struct User {
    properties: Properties,
    _proven: Proven,
}

/// That a user was read out of a verified token. Only [`UserClaims::read`] makes one.
#[derive(Debug)]
struct Proven;

impl Deref for User {
    type Target = Properties;

    fn deref(&self) -> &Properties {
        &self.properties
    }
}

/// A token that names no user. Says which claim is at fault, never what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError<'e> {
    /// A property's claim is neither a string nor a list of strings. The blank in it is
    /// Elasticsearch's.
    #[error("Setting [ {setting}] expects claim [{claim}] with String or a String Array value")]
    Malformed {
        /// The whole key of the setting that names the claim.
        setting: &'e str,
        /// The claim.
        claim: ClaimName<'e>,
    },
    /// The principal's claim gives no name.
    #[error("no principal: claim [{claim}] {fault}")]
    NoPrincipal {
        /// The claim.
        claim: ClaimName<'e>,
        /// What is wrong with it.
        fault: &'static str,
    },
}

impl Refusal for UserError<'_> {
    fn reason(&self) -> Reason {
        match self {
            Self::Malformed { .. } => Reason::PropertyMalformed,
            Self::NoPrincipal { .. } => Reason::PrincipalMissing,
        }
    }
}

impl UserClaims {
    /// Reads the user out of a verified token. Metadata is made only if somebody wants it.
    pub fn read(
        &self,
        verified: &Verified<'_, '_>,
        _client: ClientKnown,
        want_metadata: bool,
    ) -> Result<User, UserError<'_>> {
        let properties = self.properties(verified.token().claims(), want_metadata)?;
        Ok(User { properties, _proven: Proven })
    }

    /// What these claims, proven or not, say of their user.
    pub fn properties(
        &self,
        claims: &Claims<'_>,
        want_metadata: bool,
    ) -> Result<Properties, UserError<'_>> {
        Ok(Properties {
            name: self.principal.principal(claims)?,
            groups: self.groups.as_ref().map_or(Ok(Vec::new()), |claim| claim.each_once(claims))?,
            dn: first(self.dn.as_ref(), claims)?,
            email: first(self.mail.as_ref(), claims)?,
            full_name: first(self.name.as_ref(), claims)?,
            metadata: want_metadata.then(|| self.metadata(claims)),
        })
    }

    /// The user's metadata: the token type, and each claim that is a
    /// string, a boolean, a number or a list of only those, but for the three dates.
    fn metadata(&self, claims: &Claims<'_>) -> Box<str> {
        let mut metadata = Map::new();
        metadata.insert("jwt_token_type".to_owned(), self.token_type.name().into());
        for (name, value) in claims.iter().filter(|_| self.populate_metadata) {
            let kept = match name {
                "exp" | "iat" | "nbf" => None,
                "aud" => value.texts().map(Value::from_iter),
                _ => simple(value),
            };
            if let Some(value) = kept {
                metadata.insert(format!("jwt_claim_{name}"), value);
            }
        }
        Value::Object(metadata).to_string().into_boxed_str()
    }
}

impl Claim {
    /// The claim that `setting`, the whole key of one, names: a member of the claims set, or if
    /// `name` begins with `/`, whatever that JSON pointer (RFC 6901) leads to. `fallback` has what
    /// stands in for it, and `pattern` what is taken of each value.
    pub fn new(
        setting: String,
        name: String,
        fallback: &FallbackClaims,
        pattern: Option<ClaimPattern>,
    ) -> Self {
        let (member, steps) = match name.strip_prefix('/') {
            None => (name.clone(), Vec::new()),
            Some(pointer) => {
                let mut steps = pointer.split('/').map(unescaped);
                (steps.next().unwrap_or_default(), steps.collect())
            }
        };
        let fallback = fallback.of(&member).filter(|_| steps.is_empty()).map(str::to_owned);
        Self { setting, name, member, fallback, steps, pattern }
    }

    /// What the claim holds, `null` being nothing, and the name that it was looked for under.
    fn found<'c, 'a>(&self, claims: &'c Claims<'a>) -> (ClaimName<'_>, Option<&'c Json<'a>>) {
        if self.steps.is_empty() && self.fallback.is_some() {
            return claims.found(&self.member, self.fallback.as_deref());
        }
        let member = claims.get(&self.member);
        let value = self.steps.iter().try_fold(member, |value, step| Some(value?.step(step)));
        (ClaimName::own(&self.name), value.flatten().filter(|value| **value != Json::Null))
    }

    /// The claim's values, of each what the pattern takes, and the claim's name.
    fn values<'c>(
        &self,
        claims: &'c Claims<'_>,
    ) -> Result<(ClaimName<'_>, impl Iterator<Item = &'c str>), UserError<'_>> {
        let (claim, value) = self.found(claims);
        let texts = value.map(|value| {
            value.texts().ok_or(UserError::Malformed { setting: &self.setting, claim })
        });
        let taken = |text| match &self.pattern {
            None => Some(text),
            Some(pattern) => pattern.extract(text),
        };
        Ok((claim, texts.transpose()?.into_iter().flatten().filter_map(taken)))
    }

    fn principal(&self, claims: &Claims<'_>) -> Result<String, UserError<'_>> {
        let (claim, mut values) = self.values(claims)?;
        let fault = match values.next() {
            Some(name) if !name.chars().all(is_blank) => return Ok(name.to_owned()),
            Some(_) => "is blank",
            None if self.found(claims).1.is_none() => "is absent",
            None if self.pattern.is_some() => "has no value in which its pattern is found",
            None => "is an empty list",
        };
        Err(UserError::NoPrincipal { claim, fault })
    }

    /// All values but empty ones, each at its first place.
    fn each_once(&self, claims: &Claims<'_>) -> Result<Vec<String>, UserError<'_>> {
        let (_, values) = self.values(claims)?;
        let mut seen = HashSet::new();
        let values = values.filter(|value| !value.is_empty() && seen.insert(*value));
        let mut values: Vec<String> = values.map(str::to_owned).collect();
        values.shrink_to_fit();
        Ok(values)
    }
}

/// The first value of a claim, if there is one and it is not empty.
fn first<'u>(
    claim: Option<&'u Claim>,
    claims: &Claims<'_>,
) -> Result<Option<String>, UserError<'u>> {
    let Some(claim) = claim else { return Ok(None) };
    let (_, mut values) = claim.values(claims)?;
    Ok(values.next().filter(|value| !value.is_empty()).map(str::to_owned))
}

/// One step of a JSON pointer as the name that it means.
fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// A character that Java or Unicode takes for white space.
fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

/// A value that metadata can hold; `serde_json` sorts the keys of its maps.
fn simple(value: &Json<'_>) -> Option<Value> {
    match value {
        Json::Bool(value) => Some((*value).into()),
        Json::Integer(value) => Some((*value).into()),
        Json::Double(value) => Some((*value).into()),
        Json::Text(value) => Some(value.as_ref().into()),
        Json::List(list) => list
            .iter()
            .map(|element| match element {
                Json::List(_) => None,
                other => simple(other),
            })
            .collect::<Option<Vec<_>>>()
            .map(Value::Array),
        Json::Null | Json::Object(_) => None,
    }
}

#[cfg(test)]
impl std::ops::DerefMut for User {
    fn deref_mut(&mut self) -> &mut Properties {
        &mut self.properties
    }
}

#[cfg(test)]
impl User {
    /// A user of whom only the name is known.
    pub(crate) fn named(name: &str) -> Self {
        let properties = Properties {
            name: name.into(),
            groups: Vec::new(),
            full_name: None,
            email: None,
            dn: None,
            metadata: None,
        };
        Self { properties, _proven: Proven }
    }
}

#[cfg(test)]
impl UserClaims {
    /// Users of ID tokens who are known by the claim `principal` and nothing else.
    pub(crate) fn for_tests(principal: &str) -> Self {
        Self {
            principal: Claim::for_tests("principal", principal),
            groups: None,
            dn: None,
            mail: None,
            name: None,
            populate_metadata: true,
            token_type: TokenType::IdToken,
        }
    }
}

#[cfg(test)]
impl Claim {
    /// The claim `name` for a property of the realm `r`.
    pub(crate) fn for_tests(property: &str, name: &str) -> Self {
        let fallback = FallbackClaims::default();
        Self::new(format!("r.claims.{property}"), name.to_owned(), &fallback, None)
    }
}

#[cfg(test)]
mod tests;
