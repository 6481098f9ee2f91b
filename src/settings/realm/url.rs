//! What is wrong with the URL of a JWK set, in Elasticsearch's words.
//!
//! The one rule: nothing of it is printed that could be a password or a token.

use crate::jwks::{HttpsUrl, HttpsUrlFault, public_part};
use crate::settings::values::{Written, Wrong};

/// Reads a URL that begins with `https`.
pub(super) fn https(text: Written<'_>) -> Result<HttpsUrl, Wrong> {
    HttpsUrl::parse(text.text()).map_err(|fault| {
        let shown = public_part(text.text());
        let shown = text.part(&shown);
        match fault {
            HttpsUrlFault::NoHost => format!("Host is missing in HTTPS URI [{shown}]."),
            HttpsUrlFault::NotHttps => not_https(text),
            HttpsUrlFault::Unparsable => format!("Failed to parse HTTPS URI [{shown}]."),
            HttpsUrlFault::UserInfo => format!("User info is not allowed in HTTPS URI [{shown}]."),
        }
    })
}

/// What is wrong with a URL of another scheme.
pub(super) fn not_https(text: Written<'_>) -> Wrong {
    let shown = public_part(text.text());
    format!("Not allowed to use HTTP URI [{}]. Only HTTPS is supported.", text.part(&shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_url_is_refused_in_elasticsearchs_words() {
        for (text, expected) in [
            ("https-keys.json", "Host is missing in HTTPS URI [https-keys.json]."),
            ("https://?a=b", "Host is missing in HTTPS URI [https://?\u{2026}]."),
            ("https:hunter2@a", "Host is missing in HTTPS URI [https:\u{2026}@a]."),
            ("https://a b/", "Failed to parse HTTPS URI [https://a b/]."),
            ("https://a/\u{7f}?b", "Failed to parse HTTPS URI [https://a/\u{7f}?\u{2026}]."),
            (
                "https://user:hunter2@a/",
                "User info is not allowed in HTTPS URI [https://\u{2026}@a/].",
            ),
            (
                "https://https:hunter2@a:1/@b?c=hunter2",
                "User info is not allowed in HTTPS URI [https://\u{2026}@a:1/@b?\u{2026}].",
            ),
            ("http://a", "Not allowed to use HTTP URI [http://a]. Only HTTPS is supported."),
        ] {
            assert_eq!(https(text.into()), Err(expected.into()), "{text}");
        }
        let hidden = https(Written::from_environment("https://:1"));
        assert_eq!(hidden, Err("Host is missing in HTTPS URI [${\u{2026}}].".into()));
    }
}
