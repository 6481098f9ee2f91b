//! The https URL of a JWK set.
//!
//! The one rule: no password stands in it, and what could be a token in its query is not printed.

use http::Uri;
use reqwest::Url;
use std::fmt;

/// A URL that begins with `https://` and names a host, without user info.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpsUrl(String);

/// Why a text is no such URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpsUrlFault {
    /// Nobody is named who could be asked.
    #[error("it names no host")]
    NoHost,
    /// It has another scheme.
    #[error("it is no https URL")]
    NotHttps,
    /// It is no URL.
    #[error("it cannot be parsed")]
    Unparsable,
    /// A name or a password stands before the host.
    #[error("it has user info")]
    UserInfo,
}

impl HttpsUrl {
    /// Reads a URL.
    pub fn parse(text: &str) -> Result<Self, HttpsUrlFault> {
        if !text.starts_with("https") {
            return Err(HttpsUrlFault::NotHttps);
        }
        let authority = authority(text).unwrap_or_default();
        if authority.contains('@') {
            return Err(HttpsUrlFault::UserInfo);
        }
        let (host, port) = host_and_port(authority);
        if host.is_empty() {
            return Err(HttpsUrlFault::NoHost);
        }
        let is_port = port.is_empty() || port.parse::<u16>().is_ok();
        // The client reads it as browsers do, and has to find the host that was found here.
        let is_url = text.parse::<Uri>().is_ok() && Url::parse(text).is_ok();
        if is_port && is_url { Ok(Self(text.to_owned())) } else { Err(HttpsUrlFault::Unparsable) }
    }

    /// The URL that `reference` means in an answer of this one.
    pub(super) fn join(&self, reference: &str) -> Result<Url, HttpsUrlFault> {
        let base = Url::parse(&self.0).map_err(|_| HttpsUrlFault::Unparsable)?;
        base.join(reference).map_err(|_| HttpsUrlFault::Unparsable)
    }

    /// All of it, its query too: not to be printed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Without what a query or a fragment says.
impl fmt::Display for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&public_part(&self.0))
    }
}

impl fmt::Debug for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", public_part(&self.0))
    }
}

/// What may be printed of a URL, also of one that is none: neither user info nor a query.
pub fn public_part(text: &str) -> String {
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
            "https://[::1]/jwks.json",
            "https://[::1]:8443/jwks.json",
            "https://issuer.example.com/a@b:c",
        ] {
            let url = HttpsUrl::parse(text);
            assert_eq!(url.map(|url| url.as_str().to_owned()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_such_url_is_refused() {
        for (text, fault) in [
            ("", HttpsUrlFault::NotHttps),
            ("http://a/", HttpsUrlFault::NotHttps),
            ("HTTPS://a/", HttpsUrlFault::NotHttps),
            ("https", HttpsUrlFault::NoHost),
            ("https-keys.json", HttpsUrlFault::NoHost),
            ("https:/", HttpsUrlFault::NoHost),
            ("https://", HttpsUrlFault::NoHost),
            ("https://:443/jwks.json", HttpsUrlFault::NoHost),
            ("https:///jwks.json", HttpsUrlFault::NoHost),
            ("https://?a=b", HttpsUrlFault::NoHost),
            ("https:hunter2@a", HttpsUrlFault::NoHost),
            ("https://a b/", HttpsUrlFault::Unparsable),
            ("https://a:70000/", HttpsUrlFault::Unparsable),
            ("https://a/\u{7f}?b", HttpsUrlFault::Unparsable),
            ("https://1.2.3.4.5/", HttpsUrlFault::Unparsable),
            ("https://user:hunter2@a/", HttpsUrlFault::UserInfo),
            ("https://https:hunter2@a:1/@b?c=hunter2", HttpsUrlFault::UserInfo),
        ] {
            assert_eq!(HttpsUrl::parse(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn neither_a_query_nor_user_info_is_printed() {
        let url = HttpsUrl::parse("https://a/jwks?token=hunter2").unwrap();
        assert_eq!(url.to_string(), "https://a/jwks?\u{2026}");
        assert_eq!(format!("{url:?}"), "\"https://a/jwks?\u{2026}\"");
        let url = HttpsUrl::parse("https://a/jwks#hunter2").unwrap();
        assert_eq!(url.to_string(), "https://a/jwks#\u{2026}");
        for (text, shown) in [
            ("https://user:hunter2@a/", "https://\u{2026}@a/"),
            ("https://https:hunter2@a:1/@b?c=hunter2", "https://\u{2026}@a:1/@b?\u{2026}"),
            ("https:hunter2@a", "https:\u{2026}@a"),
            ("http://a/b?c", "http://a/b?\u{2026}"),
        ] {
            assert_eq!(public_part(text), shown);
        }
    }
}
