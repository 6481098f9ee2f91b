//! The https URL of a JWK set.
//!
//! The one rule: no password stands in it, and what could be a token in its query is not printed.

use crate::settings::values::{Written, Wrong};
use http::Uri;
use std::fmt;

/// A URL that begins with `https://` and names a host, without user info.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpsUrl(String);

impl HttpsUrl {
    /// Reads a URL that begins with `https`.
    pub(super) fn parse(text: Written<'_>) -> Result<Self, Wrong> {
        let shown = text.part(&public(text.text())).to_string();
        let authority = authority(text.text()).unwrap_or_default();
        if authority.contains('@') {
            return Err(format!("User info is not allowed in HTTPS URI [{shown}]."));
        }
        let (host, port) = host_and_port(authority);
        if host.is_empty() {
            return Err(format!("Host is missing in HTTPS URI [{shown}]."));
        }
        let is_port = port.is_empty() || port.parse::<u16>().is_ok();
        if !is_port || text.text().parse::<Uri>().is_err() {
            return Err(format!("Failed to parse HTTPS URI [{shown}]."));
        }
        Ok(Self(text.text().to_owned()))
    }

    /// All of it, its query too: not to be printed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Without what a query or a fragment says.
impl fmt::Display for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&public(&self.0))
    }
}

impl fmt::Debug for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", public(&self.0))
    }
}

/// What may be printed of a URL, also of one that is none: neither user info nor a query.
pub(super) fn public(text: &str) -> String {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let (shown, hidden) = text.split_at(end);
    let scheme = shown.find(':').map_or(0, |at| at + 1);
    let start = scheme + shown[scheme..].bytes().take_while(|byte| *byte == b'/').count();
    let end = shown[start..].find('/').map_or(shown.len(), |at| start + at);
    let from = shown[start..end].rfind('@').map_or(start, |at| start + at);
    let user = if from > start { "\u{2026}" } else { "" };
    let query = hidden.get(..1).map(|mark| format!("{mark}\u{2026}")).unwrap_or_default();
    format!("{}{user}{}{query}", &shown[..start], &shown[from..])
}

/// What stands between `https://` and the path, if anything does.
fn authority(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("https://")?;
    rest.split(['/', '?', '#']).next()
}

fn host_and_port(authority: &str) -> (&str, &str) {
    match authority.rsplit_once(':') {
        // A colon inside of brackets belongs to the address.
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_needs_a_host_and_nothing_else() {
        for text in [
            "https://issuer.example.com",
            "https://issuer.example.com:443",
            "https://issuer.example.com:/jwks.json",
            "https://10.0.0.1/a/b?c=d#e",
            "https://[::1]:8443/jwks.json",
            "https://issuer.example.com/a@b:c",
        ] {
            let url = HttpsUrl::parse(text.into());
            assert_eq!(url.map(|url| url.as_str().to_owned()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_url_is_refused_in_elasticsearchs_words() {
        for (text, expected) in [
            ("https", "Host is missing in HTTPS URI [https]."),
            ("https-keys.json", "Host is missing in HTTPS URI [https-keys.json]."),
            ("https:/", "Host is missing in HTTPS URI [https:/]."),
            ("https://", "Host is missing in HTTPS URI [https://]."),
            ("https://:443/jwks.json", "Host is missing in HTTPS URI [https://:443/jwks.json]."),
            ("https:///jwks.json", "Host is missing in HTTPS URI [https:///jwks.json]."),
            ("https://?a=b", "Host is missing in HTTPS URI [https://?\u{2026}]."),
            ("https://a b/", "Failed to parse HTTPS URI [https://a b/]."),
            ("https://a:70000/", "Failed to parse HTTPS URI [https://a:70000/]."),
            ("https://a/\u{7f}?b", "Failed to parse HTTPS URI [https://a/\u{7f}?\u{2026}]."),
            (
                "https://user:hunter2@a/",
                "User info is not allowed in HTTPS URI [https://\u{2026}@a/].",
            ),
            (
                "https://https:hunter2@a:1/@b?c=hunter2",
                "User info is not allowed in HTTPS URI [https://\u{2026}@a:1/@b?\u{2026}].",
            ),
            ("https:hunter2@a", "Host is missing in HTTPS URI [https:\u{2026}@a]."),
        ] {
            assert_eq!(HttpsUrl::parse(text.into()), Err(expected.into()), "{text}");
        }
        let hidden = HttpsUrl::parse(Written::from_environment("https://:1"));
        assert_eq!(hidden, Err("Host is missing in HTTPS URI [${\u{2026}}].".into()));
    }

    #[test]
    fn a_query_is_not_printed() {
        let url = HttpsUrl::parse("https://a/jwks?token=hunter2".into()).unwrap();
        assert_eq!(url.to_string(), "https://a/jwks?\u{2026}");
        assert_eq!(format!("{url:?}"), "\"https://a/jwks?\u{2026}\"");
        let url = HttpsUrl::parse("https://a/jwks#hunter2".into()).unwrap();
        assert_eq!(url.to_string(), "https://a/jwks#\u{2026}");
    }
}
