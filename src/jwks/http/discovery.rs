//! An OpenID discovery document (OpenID Connect Discovery 1.0 section 3), found where a key set was
//! expected.
//!
//! The one rule: it is followed only if it is of an issuer that was asked for, byte for byte.

use super::Followed;
use super::fault::Cause;
use crate::jwks::member::Members;
use crate::jwks::url::HttpsUrl;
use serde_json::value::RawValue;

/// Reads a JSON object without `keys`: `None` if it is no discovery document.
pub(super) fn read(text: &[u8], issuers: &[String]) -> Option<Result<Followed, Cause>> {
    let object: &RawValue = serde_json::from_slice(text).ok()?;
    let members = Members::read(object).ok()?;
    let issuer = members.string("issuer").ok()??.into_owned();
    Some(discovery(&members, issuer, issuers))
}

fn discovery(members: &Members<'_>, issuer: String, issuers: &[String]) -> Result<Followed, Cause> {
    if !issuers.contains(&issuer) {
        return Err(Cause::OtherIssuer { issuer, allowed: issuers.to_vec() });
    }
    match members.string("jwks_uri") {
        Ok(None) => Err(Cause::NoJwksUri),
        Err(_) => Err(Cause::UnusableJwksUri { why: "it is no string".to_owned() }),
        Ok(Some(uri)) => match HttpsUrl::parse(&uri) {
            Ok(jwks_uri) => Ok(Followed { issuer, jwks_uri }),
            Err(fault) => Err(Cause::UnusableJwksUri { why: fault.to_string() }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The URL that is followed, or what is wrong; nothing of what is no such document.
    fn followed(text: &str) -> Option<Result<String, String>> {
        let issuers = ["https://issuer/".to_owned(), "https://other".to_owned()];
        let read = read(text.as_bytes(), &issuers)?;
        let url = read.map(|followed| followed.jwks_uri.as_str().to_owned());
        Some(url.map_err(|cause| cause.to_string()))
    }

    #[test]
    fn a_discovery_document_names_the_keys_of_an_issuer_that_was_asked_for() {
        for (text, expected) in [
            (r#"{"issuer":"https://issuer/","jwks_uri":"https://a/b?c"}"#, "https://a/b?c"),
            (
                r#" {"x":{"issuer":1},"jwks_uri":"https:\/\/a","issuer":"https://other"} "#,
                "https://a",
            ),
            // Of two members of one name the last counts, as in a key.
            (
                r#"{"issuer":"x","issuer":"https://issuer/","jwks_uri":1,"jwks_uri":"https://a"}"#,
                "https://a",
            ),
            (r#"{"keys":null,"issuer":"https://issuer/","jwks_uri":"https://a"}"#, "https://a"),
        ] {
            assert_eq!(followed(text), Some(Ok(expected.to_owned())), "{text}");
        }
        for text in [
            "{}",
            "[]",
            "null",
            "{",
            r#"{"jwks_uri":"https://a"}"#,
            r#"{"issuer":1,"jwks_uri":"https://a"}"#,
            r#"{"issuer":null,"jwks_uri":"https://a"}"#,
            r#"["issuer","jwks_uri"]"#,
        ] {
            assert_eq!(followed(text), None, "{text}");
        }
    }

    #[test]
    fn a_discovery_document_that_leads_nowhere_says_why() {
        for (text, wrong) in [
            (
                r#"{"issuer":"https://issuer","jwks_uri":"https://a"}"#,
                "it is an OpenID discovery document of the issuer [https://issuer], not of \
                 [https://issuer/] or [https://other]",
            ),
            (
                r#"{"issuer":"a\nb","jwks_uri":1}"#,
                "it is an OpenID discovery document of the issuer [a\\nb], not of \
                 [https://issuer/] or [https://other]",
            ),
            (
                r#"{"issuer":"https://issuer/"}"#,
                "it is an OpenID discovery document without [jwks_uri]",
            ),
            (
                r#"{"issuer":"https://issuer/","jwks_uri":null}"#,
                "it is an OpenID discovery document without [jwks_uri]",
            ),
            (
                r#"{"issuer":"https://issuer/","jwks_uri":["https://a"]}"#,
                "it is an OpenID discovery document whose [jwks_uri] is unusable: it is no string",
            ),
            (
                r#"{"issuer":"https://issuer/","jwks_uri":"http://a"}"#,
                "it is an OpenID discovery document whose [jwks_uri] is unusable: it is no https \
                 URL",
            ),
            (
                r#"{"issuer":"https://issuer/","jwks_uri":"https://u:hunter2@a"}"#,
                "it is an OpenID discovery document whose [jwks_uri] is unusable: it has user info",
            ),
        ] {
            assert_eq!(followed(text), Some(Err(wrong.to_owned())), "{text}");
        }
    }
}
