//! The table: what is asked, and what must come of it.
//!
//! Rule: a row is data; both ways of playing it, through Envoy and without, judge it alike.

use std::fmt;

use serde_json::Value;

use crate::kit::guide;
use crate::kit::http::Request;

/// The path that every row asks for.
pub(crate) const PATH: &str = "/hello";

/// Of these rows what the upstream saw is worth showing.
pub(crate) const SHOWN_REQUESTS: [&str; 2] =
    ["the guide's request, jwt8", "the guide's request, jwt2"];

/// Headers that no client's request may bring to the upstream.
const SECRETS: [&str; 3] = ["authorization", "es-client-authentication", "es-security-runas-user"];

/// One row.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) request: Request,
    expected: Verdict,
    /// Where nobody stands in front of Realmgate that refuses an underscore.
    expected_bare: Verdict,
}

impl Row {
    /// What must come of it.
    pub(crate) const fn expected(&self, without_envoy: bool) -> &Verdict {
        if without_envoy { &self.expected_bare } else { &self.expected }
    }
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The upstream was asked, and took the client for this user.
    Allowed {
        user: String,
        realm: String,
        /// The e-mail address, empty where none was told.
        email: String,
        /// What the upstream saw and must not have seen.
        leaked: Vec<String>,
    },
    /// Realmgate turned it away, with Elasticsearch's error and for this reason.
    Denied { status: u16, reason: String },
    /// Envoy turned it away without asking.
    Refused { status: u16 },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed { user, realm, email, leaked } => {
                write!(f, "200, {user} of {realm}")?;
                // Whole it is among the headers below; the table has no room for it.
                if let Some((name, _)) = email.split_once('@') {
                    write!(f, ", {name}@\u{2026}")?;
                }
                if leaked.is_empty() { Ok(()) } else { write!(f, ", leaked {}", leaked.join(" ")) }
            }
            Self::Denied { status, reason } => write!(f, "{status}, {reason}"),
            Self::Refused { status } => write!(f, "{status}, by Envoy"),
        }
    }
}

impl Verdict {
    /// Of the headers that the upstream was sent.
    pub(crate) fn allowed(headers: &[(String, String)]) -> Self {
        let value = |name: &str| {
            let same = headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
            same.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" and ")
        };
        let leaked = headers.iter().filter(|(name, _)| leaks(name));
        Self::Allowed {
            user: value("x-es-username"),
            realm: value("x-es-realm"),
            email: value("x-es-email"),
            leaked: leaked.map(|(name, _)| name.clone()).collect(),
        }
    }

    /// Of an answer that is not the upstream's; `reason` is what Realmgate counted, if anything.
    pub(crate) fn turned_away(status: u16, body: &[u8], reason: Option<String>) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        match reason.filter(|_| body["error"]["type"] == "security_exception") {
            Some(reason) => Self::Denied { status, reason },
            None => Self::Refused { status },
        }
    }
}

/// Whether this name carries a secret, or is read as an identity header though it is none.
fn leaks(name: &str) -> bool {
    let folded = name.to_ascii_lowercase().replace('_', "-");
    SECRETS.contains(&folded.as_str()) || (folded.starts_with("x-es-") && name.contains('_'))
}

/// The guide's requests, and two of somebody who would like to be somebody else.
pub(crate) fn rows() -> Vec<Row> {
    let (token, secret) = (Some(guide::TOKEN), Some(guide::SECRET));
    let (expired, forged) = (guide::expired(), guide::forged());
    let runs_as = good().header("es-security-runas-user", "elastic");
    let claims_name = good().header("x-es-username", "elastic");
    let claims_folded_name = good().header("x_es_username", "elastic");
    vec![
        row(SHOWN_REQUESTS[0], good(), allowed()),
        row(SHOWN_REQUESTS[1], good_2(), allowed_2()),
        row(
            "jwt2 with jwt8's secret",
            asking(Some(guide::TOKEN_2), secret),
            denied(401, "client_secret_mismatch"),
        ),
        row("no token, no secret", asking(None, None), denied(401, "no_credentials")),
        row("no client secret", asking(token, None), denied(401, "client_secret_missing")),
        row(
            "a wrong client secret",
            asking(token, Some("guess")),
            denied(401, "client_secret_mismatch"),
        ),
        row("an expired token", asking(Some(&expired), secret), denied(401, "token_expired")),
        row("a forged signature", asking(Some(&forged), secret), denied(401, "signature_invalid")),
        row("run-as without the right", runs_as, denied(403, "run_as_denied")),
        row("x-es-username: elastic", claims_name, allowed()),
        Row {
            expected: Verdict::Refused { status: 400 },
            ..row("x_es_username: elastic", claims_folded_name, allowed())
        },
    ]
}

fn row(what: &'static str, request: Request, expected: Verdict) -> Row {
    Row { what, request, expected_bare: expected.clone(), expected }
}

fn good() -> Request {
    asking(Some(guide::TOKEN), Some(guide::SECRET))
}

fn good_2() -> Request {
    asking(Some(guide::TOKEN_2), Some(guide::SECRET_2))
}

fn asking(token: Option<&str>, secret: Option<&str>) -> Request {
    let mut request = Request::get(PATH);
    if let Some(token) = token {
        request = request.header("Authorization", &guide::bearer(token));
    }
    if let Some(secret) = secret {
        request = request.header("ES-Client-Authentication", &guide::shared_secret(secret));
    }
    request
}

fn allowed() -> Verdict {
    as_user(guide::USER, guide::REALM, "")
}

fn allowed_2() -> Verdict {
    as_user(guide::USER_2, guide::REALM_2, guide::EMAIL_2)
}

fn as_user(user: &str, realm: &str, email: &str) -> Verdict {
    let [user, realm, email] = [user, realm, email].map(str::to_owned);
    Verdict::Allowed { user, realm, email, leaked: Vec::new() }
}

fn denied(status: u16, reason: &str) -> Verdict {
    Verdict::Denied { status, reason: reason.to_owned() }
}
