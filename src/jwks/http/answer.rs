//! What the headers of an answer say about asking again.
//!
//! The one rule: what cannot be read was not said.

use reqwest::header::{
    CACHE_CONTROL, ETAG, EXPIRES, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LAST_MODIFIED,
};
use std::time::UNIX_EPOCH;

/// What tells a version of a document from every other, in its server's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::jwks) struct Validators {
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

/// The most bytes of a validator. It is sent in every request, and a server may refuse long ones.
const VALIDATOR: usize = 1024;

impl Validators {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let value = |name| headers.get(name).filter(|value| value.len() <= VALIDATOR).cloned();
        Self { etag: value(ETAG), last_modified: value(LAST_MODIFIED) }
    }

    /// Whether nothing can be asked with them.
    pub(in crate::jwks) fn is_empty(&self) -> bool {
        self.conditions().next().is_none()
    }

    /// The headers that ask for another version than this one.
    pub(super) fn conditions(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let conditions =
            [(IF_NONE_MATCH, &self.etag), (IF_MODIFIED_SINCE, &self.last_modified)].into_iter();
        conditions.filter_map(|(name, value)| Some((name, value.clone()?)))
    }
}

/// How long a document is good, in its server's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::jwks) struct Freshness {
    /// `Expires`, in unix seconds.
    expires: Option<i64>,
    /// `max-age` of `Cache-Control`, in seconds.
    max_age: Option<i64>,
}

impl Freshness {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self { expires: expires(headers), max_age: max_age(headers) }
    }

    /// When it ends for an answer that came `now`, both in unix seconds, if that was said.
    pub(in crate::jwks) fn target(self, now: i64) -> Option<i64> {
        self.expires.or_else(|| self.max_age.map(|seconds| now.saturating_add(seconds)))
    }
}

fn expires(headers: &HeaderMap) -> Option<i64> {
    let date = httpdate::parse_http_date(headers.get(EXPIRES)?.to_str().ok()?).ok()?;
    date.duration_since(UNIX_EPOCH).ok()?.as_secs().try_into().ok()
}

/// The first one that is a number.
fn max_age(headers: &HeaderMap) -> Option<i64> {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut directives = values.flat_map(|value| value.split(','));
    directives.find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        let value = value.trim();
        let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let digits = bare.unwrap_or(value);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !name.trim().eq_ignore_ascii_case("max-age") || !is_number {
            return None;
        }
        // More than can be counted is for ever (RFC 9111 section 1.2.2).
        Some(digits.parse().unwrap_or(i64::MAX))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let line = |line: &&str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
        };
        let mut headers = HeaderMap::new();
        for (name, value) in lines.iter().map(line) {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn a_document_is_good_until_it_expires_or_else_for_its_age() {
        const NOW: i64 = 1_800_000_000;
        for (lines, target) in [
            (&[][..], None),
            (&["Expires: Fri, 15 Jan 2027 08:00:00 GMT"], Some(1_800_000_000)),
            (&["Expires: Friday, 15-Jan-27 08:00:00 GMT"], Some(1_800_000_000)),
            (&["Expires: Fri Jan 15 08:00:00 2027"], Some(1_800_000_000)),
            // In the past, and so for whoever asks to find out.
            (&["Expires: Thu, 01 Jan 1970 00:00:00 GMT"], Some(0)),
            (&["Cache-Control: max-age=60"], Some(NOW + 60)),
            (&["Cache-Control: max-age=0"], Some(NOW)),
            (&["cache-control: public, MAX-AGE = 60 , must-revalidate"], Some(NOW + 60)),
            (&["Cache-Control: max-age=\"60\""], Some(NOW + 60)),
            (&["Cache-Control: no-transform", "Cache-Control: max-age=60"], Some(NOW + 60)),
            (&["Cache-Control: max-age=60", "Cache-Control: max-age=70"], Some(NOW + 60)),
            (&["Cache-Control: max-age=x, max-age=60"], Some(NOW + 60)),
            (&["Cache-Control: max-age=99999999999999999999"], Some(i64::MAX)),
            // `Expires` counts first, but not one that is no date.
            (
                &["Cache-Control: max-age=60", "Expires: Fri, 15 Jan 2027 08:00:00 GMT"],
                Some(1_800_000_000),
            ),
            (&["Cache-Control: max-age=60", "Expires: 0"], Some(NOW + 60)),
            (&["Expires: -1"], None),
            (&["Expires: tomorrow"], None),
            (&["Cache-Control: max-age"], None),
            (&["Cache-Control: max-age="], None),
            (&["Cache-Control: max-age=-60"], None),
            (&["Cache-Control: max-age=+60"], None),
            (&["Cache-Control: max-age=6.5"], None),
            (&["Cache-Control: max-age=\"60"], None),
            // They have no part in it.
            (&["Cache-Control: s-maxage=60, no-store", "Age: 30"], None),
            (&["Cache-Control: x-max-age=60"], None),
        ] {
            assert_eq!(Freshness::of(&headers(lines)).target(NOW), target, "{lines:?}");
        }
    }

    #[test]
    fn validators_are_sent_back_as_they_came() {
        for (lines, conditions) in [
            (&[][..], &[][..]),
            (&["ETag: W/\"a\""], &["if-none-match: W/\"a\""]),
            (
                &["ETag: \"a\"", "ETag: \"b\"", "Last-Modified: yesterday"],
                &["if-none-match: \"a\"", "if-modified-since: yesterday"],
            ),
        ] {
            let validators = Validators::of(&headers(lines));
            let sent = validators.conditions();
            let sent: Vec<_> =
                sent.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
            assert_eq!(sent, conditions);
            assert_eq!(validators.is_empty(), conditions.is_empty());
        }
        let long = format!("ETag: {}", "x".repeat(VALIDATOR));
        assert!(!Validators::of(&headers(&[&long])).is_empty());
        assert!(Validators::of(&headers(&[&(long + "x")])).is_empty());
    }
}
