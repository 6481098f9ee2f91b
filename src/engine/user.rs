//! Who a verified token names: the principal and the properties that a realm maps from claims.
//!
//! There is one way to a [`User`]: a client that is known and a token that is verified.

use super::client_auth::ClientKnown;
use super::reason::Reason;
use super::token::json::Json;
use super::token::parse::{Claims, strings};
use super::token::signature::Verified;
use super::witness::Refusal;
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
    _proven: Proven,
}

/// That a user was read out of a verified token. Only [`UserClaims::read`] makes one.
#[derive(Debug)]
struct Proven;

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

impl Refusal for UserError {
    fn reason(&self) -> Reason {
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
        verified: &Verified<'_, '_>,
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
            _proven: Proven,
        })
    }

    /// The user's metadata: the token type, and each claim that is a
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

#[cfg(test)]
impl User {
    /// A user of whom only the name is known.
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.into(),
            groups: Vec::new(),
            full_name: None,
            email: None,
            dn: None,
            metadata: None,
            _proven: Proven,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ClientAuthentication;
    use crate::engine::client_auth::Presented;
    use crate::engine::crypto::DigestKey;
    use crate::engine::secret::Secret;
    use crate::engine::time::{Monotonic, UnixTime};
    use crate::engine::token::claims::TokenRules;
    use crate::engine::token::keys::KeySet;
    use crate::engine::token::signature::Inline;
    use crate::engine::token::{Algorithm, Compact, Token};
    use aws_lc_rs::hmac;
    use futures_util::FutureExt;
    use serde_json::json;
    use std::time::Duration;

    const KEY: &[u8] = b"a key of at least thirty-two bytes";

    fn wanted() -> UserClaims {
        UserClaims {
            principal: "sub".into(),
            groups: Some("groups".into()),
            dn: None,
            mail: Some("email".into()),
            name: Some("name".into()),
            populate_metadata: true,
        }
    }

    /// Walks a genuine token with these claims beside the registered ones to its user.
    fn read(wanted: &UserClaims, claims: &Value) -> Result<User, UserError> {
        let mut all = json!({ "iss": "i", "aud": "a", "sub": "ana", "iat": 1, "exp": 9e9 });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let input =
            [json!({ "alg": "HS256" }), all].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let input = input.join(".");
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, KEY), input.as_bytes());
        let bearer = format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag));
        let compact = Compact::decode(bearer.as_bytes(), usize::MAX).unwrap();
        let token = Token::read(&compact).unwrap();
        let rules = TokenRules {
            issuer: "i".into(),
            audiences: vec!["a".into()],
            subjects: None,
            algorithms: vec![Algorithm::Hs256],
            clock_skew: 0,
        };
        let checked = rules.check(&token, UnixTime::new(Duration::from_secs(100))).unwrap();
        let keys = KeySet::of_text(&Secret::new(KEY));
        let verified = checked.verify(Some(&keys), compact.fingerprint(), &Inline);
        let verified = verified.now_or_never().unwrap().unwrap();
        let key = DigestKey::new(&[0; 32]);
        let client = ClientAuthentication::new(None, &key)
            .check(&Presented::Nothing, Monotonic::new(Duration::ZERO))
            .unwrap();
        wanted.read(&verified, client, true)
    }

    #[test]
    fn properties_are_read_from_their_claims() {
        let claims =
            json!({ "groups": ["b", "a", "", "b"], "email": ["ana@x", "other"], "name": "" });
        let user = read(&wanted(), &claims).unwrap();
        assert_eq!(user.name, "ana");
        assert_eq!(user.groups, ["b", "a"], "in the claim's order, each once, none empty");
        assert_eq!(user.email.as_deref(), Some("ana@x"), "the first of a list");
        assert_eq!((user.full_name, user.dn), (None, None), "an empty property is not known");
    }

    #[test]
    fn a_claim_of_an_impossible_type_is_malformed_even_where_it_is_optional() {
        for value in [json!(1), json!(true), json!({}), json!(["a", 1]), json!(["a", null])] {
            for claim in ["groups", "email", "name"] {
                let read = read(&wanted(), &json!({ claim: value }));
                assert!(matches!(read, Err(UserError::Malformed)), "{claim}: {value}");
            }
        }
    }

    #[test]
    fn the_principal_comes_from_the_configured_claim_and_is_never_blank() {
        let wanted = UserClaims { principal: "https://x/user".into(), ..wanted() };
        for (value, expected) in [
            (json!("a b"), Some("a b")),
            (json!(["first", "second"]), Some("first")),
            (json!(""), None),
            (json!("  "), None),
            (json!([]), None),
            (json!(null), None),
            (json!(7), None),
        ] {
            let user = read(&wanted, &json!({ "https://x/user": value }));
            assert_eq!(user.ok().map(|user| user.name).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn metadata_holds_simple_claims_with_sorted_keys() {
        let claims = json!({ "z": true, "auth_time": 5, "o": {}, "n": null, "l": ["a", 1, 1.5],
            "mixed": ["a", {}], "nested": [["a"]], "nbf": 7 });
        let metadata = |wanted: &UserClaims| {
            let encoded = read(wanted, &claims).unwrap().metadata.unwrap();
            String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap()
        };
        assert_eq!(
            metadata(&wanted()),
            r#"{"jwt_claim_aud":["a"],"jwt_claim_auth_time":5,"jwt_claim_iss":"i","jwt_claim_l":["a",1,1.5],"jwt_claim_sub":"ana","jwt_claim_z":true,"jwt_token_type":"id_token"}"#
        );
        let bare = UserClaims { populate_metadata: false, ..wanted() };
        assert_eq!(metadata(&bare), r#"{"jwt_token_type":"id_token"}"#);
    }
}
