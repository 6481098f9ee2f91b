//! Who a verified token names: the principal and the properties that a realm maps from claims.
//!
//! There is one way to a [`User`]: a client that is known and a token that is verified.

use super::client_auth::ClientKnown;
use super::reason::Reason;
use super::token::json::Json;
use super::token::parse::{Claims, strings};
use super::token::signature::Verified;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// Which claim each property of a user is read from.
#[derive(Debug)]
pub struct UserClaims {
    /// The user's name; must be there.
    pub principal: String,
    /// Groups, all values.
    pub groups: Option<String>,
    /// Distinguished name, the first value.
    pub dn: Option<String>,
    /// E-mail address, the first value.
    pub mail: Option<String>,
    /// Full name, the first value.
    pub name: Option<String>,
    /// Whether the token's claims become metadata.
    pub populate_metadata: bool,
}

/// A user who proved to be one. Empty properties are unknown ones.
#[derive(Debug)]
pub struct User {
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
    /// Metadata as JSON with sorted keys, base64url.
    pub metadata: Option<String>,
}

/// A verified token that names no user.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// A property's claim is neither a string nor a list of strings.
    #[error("a claim is expected with String or a String Array value")]
    Malformed,
    /// The principal is absent or blank.
    #[error("no principal")]
    NoPrincipal,
}

impl UserError {
    /// The reason code of this failure.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Malformed => Reason::PropertyMalformed,
            Self::NoPrincipal => Reason::PrincipalMissing,
        }
    }
}

impl UserClaims {
    /// Reads the user out of a verified token. Metadata is made only if somebody wants it.
    pub fn read(
        &self,
        verified: Verified<'_, '_>,
        _client: ClientKnown,
        want_metadata: bool,
    ) -> Result<User, UserError> {
        let claims = verified.token().claims();
        let name = first(claims, Some(&self.principal))?.filter(|name| !name.trim().is_empty());
        Ok(User {
            name: name.ok_or(UserError::NoPrincipal)?,
            groups: groups(claims, self.groups.as_deref())?,
            full_name: first(claims, self.name.as_ref())?.filter(|name| !name.is_empty()),
            email: first(claims, self.mail.as_ref())?.filter(|mail| !mail.is_empty()),
            dn: first(claims, self.dn.as_ref())?.filter(|dn| !dn.is_empty()),
            metadata: want_metadata.then(|| self.metadata(claims)),
        })
    }

    /// The user's metadata (the JWT realm's section 5.3): the token type, and each claim that is a
    /// string, a boolean, a number or a list of only those, but for the three dates.
    fn metadata(&self, claims: &Claims<'_>) -> String {
        let mut metadata = Map::new();
        metadata.insert("jwt_token_type".to_owned(), "id_token".into());
        for (name, value) in claims.iter().filter(|_| self.populate_metadata) {
            let kept = match name {
                "exp" | "iat" | "nbf" => None,
                "aud" => strings(value).map(Value::from),
                _ => simple(value),
            };
            if let Some(value) = kept {
                metadata.insert(format!("jwt_claim_{name}"), value);
            }
        }
        URL_SAFE_NO_PAD.encode(Value::Object(metadata).to_string())
    }
}

/// All values of a claim: of an absent one none.
fn values<'c>(claims: &'c Claims<'_>, name: &str) -> Result<Vec<&'c str>, UserError> {
    match claims.get(name) {
        None => Ok(Vec::new()),
        Some(Json::List(list)) if list.is_empty() => Ok(Vec::new()),
        Some(value) => strings(value).ok_or(UserError::Malformed),
    }
}

fn first(claims: &Claims<'_>, name: Option<&String>) -> Result<Option<String>, UserError> {
    let Some(name) = name else { return Ok(None) };
    Ok(values(claims, name)?.first().map(|value| (*value).to_owned()))
}

fn groups(claims: &Claims<'_>, name: Option<&str>) -> Result<Vec<String>, UserError> {
    let Some(name) = name else { return Ok(Vec::new()) };
    let mut seen = std::collections::HashSet::new();
    let groups = values(claims, name)?.into_iter();
    Ok(groups.filter(|group| !group.is_empty() && seen.insert(*group)).map(str::to_owned).collect())
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
