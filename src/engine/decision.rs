//! How a check ends: complete, and said in no transport's terms.
//!
//! The one rule: there is no decision by default and no allow by omission. Outside of tests an
//! [`Allow`] comes from an identity alone, and a [`Denial`] can never carry the status of one.

use super::reason::{Reason, Status};
use super::request::{RequestView, Unusable};
use super::witness::{RealmId, Refusal};
use std::borrow::Cow;
use std::fmt;

/// The challenge of every 401: JWT realms know the bearer scheme alone.
const CHALLENGE: &str = r#"Bearer realm="security""#;

/// The longest text of a caller that an error repeats, in bytes.
const REPEATED: usize = 1024;

/// The end of one check.
#[derive(Debug)]
pub struct Decision<'s> {
    /// Who was found out to be calling, as far as that got.
    pub established: Established,
    /// Whether the request may pass.
    pub verdict: Verdict<'s>,
}

/// Whether the request may pass.
#[derive(Debug)]
pub enum Verdict<'s> {
    /// It may, as this identity.
    Allow(Allow<'s>),
    /// It may not.
    Deny(Denial),
}

/// What is known of the caller when the check ends.
#[derive(Debug, Default)]
pub struct Established {
    /// The realm that authenticated the caller, or whose refusal is reported.
    pub realm: Option<RealmId>,
    /// The user who authenticated.
    pub user: Option<String>,
}

/// What an allowed request is changed to.
#[derive(Debug)]
pub struct Allow<'s> {
    /// Headers that are set, whatever the client sent under these names.
    pub set: Vec<(&'s str, Cow<'s, str>)>,
    /// Names that are removed from every request of this configuration.
    pub always_removed: &'s [String],
    /// Names that are removed from this request too. None of them is set.
    pub also_removed: Vec<Cow<'s, str>>,
}

/// A refusal, with Elasticsearch's error.
#[derive(Debug)]
pub struct Denial {
    reason: Reason,
    sentence: String,
    /// What the operator is told besides.
    detail: Option<String>,
    /// The caller speaks gRPC, where the sentence becomes the `grpc-message`.
    plain: bool,
}

impl<'s> Decision<'s> {
    /// An allow for the `user` whom `realm` authenticated.
    pub fn allow(allow: Allow<'s>, realm: RealmId, user: String) -> Self {
        let established = Established { realm: Some(realm), user: Some(user) };
        Self { established, verdict: Verdict::Allow(allow) }
    }

    /// A refusal of a caller of whom this much is known.
    pub fn deny(denial: Denial, established: Established) -> Self {
        Self { established, verdict: Verdict::Deny(denial) }
    }

    /// The reason code of this end.
    pub fn reason(&self) -> Reason {
        match &self.verdict {
            Verdict::Allow(_) => Reason::Ok,
            Verdict::Deny(denial) => denial.reason,
        }
    }

    /// The decision as it stands in metrics, logs and dynamic metadata.
    pub fn name(&self) -> &'static str {
        self.reason().status().decision()
    }
}

impl Denial {
    /// A refusal of `request`. `Ok` is no reason to refuse, and would let the request pass.
    fn new(request: &RequestView<'_>, reason: Reason, sentence: String) -> Self {
        let reason = if reason == Reason::Ok { Reason::InternalError } else { reason };
        Self { reason, sentence, detail: None, plain: request.is_grpc() }
    }

    /// 503: there is no decision, and the fault is ours. Nothing of the request is known.
    pub fn unavailable(reason: Reason) -> Self {
        let reason =
            if reason.status() == Status::Unavailable { reason } else { Reason::InternalError };
        let sentence = "authentication service unavailable".to_owned();
        Self { reason, sentence, detail: None, plain: false }
    }

    /// The same refusal, said to the caller of `request`.
    #[must_use]
    pub fn to_caller_of(self, request: &RequestView<'_>) -> Self {
        Self { plain: request.is_grpc(), ..self }
    }

    /// The same refusal, with what exactly was wrong, for the operator.
    #[must_use]
    pub fn because(self, detail: impl std::fmt::Display) -> Self {
        Self { detail: Some(detail.to_string()), ..self }
    }

    /// 400: there is no request to decide about.
    pub fn unusable(what: Unusable) -> Self {
        let (sentence, plain) = (what.to_string(), what.is_grpc);
        Self { reason: Reason::BadRequest, sentence, detail: None, plain }
    }

    /// 400: the single-valued header `name` has several values.
    pub fn multiple_values(request: &RequestView<'_>, name: &str) -> Self {
        let sentence = format!("multiple values for single-valued header [{name}].");
        Self::new(request, Reason::MultipleHeaderValues, sentence)
    }

    /// 401: there is nothing to authenticate with.
    pub fn missing_credentials(request: &RequestView<'_>) -> Self {
        let uri = repeated(request.path);
        let sentence = format!("missing authentication credentials for REST request [{uri}]");
        Self::new(request, Reason::NoCredentials, sentence)
    }

    /// 401: there is a bearer value that no realm can read.
    pub fn unreadable_credentials(request: &RequestView<'_>, reason: Reason) -> Self {
        let sentence = "unable to authenticate with provided credentials and anonymous access is \
            not allowed for this request";
        Self::new(request, reason, sentence.to_owned())
    }

    /// 401: something failed that is no answer about the caller.
    pub fn failed_attempt(request: &RequestView<'_>, reason: Reason) -> Self {
        Self::new(request, reason, "error attempting to authenticate request".to_owned())
    }

    /// 401: the token that goes by `label` was refused.
    pub fn unauthenticated(request: &RequestView<'_>, reason: Reason, label: &str) -> Self {
        let (label, uri) = (repeated(label.as_bytes()), repeated(request.path));
        let sentence = format!("unable to authenticate user [{label}] for REST request [{uri}]");
        Self::new(request, reason, sentence)
    }

    /// 403: forbidden whoever is calling.
    pub fn forbidden_to_all(request: &RequestView<'_>) -> Self {
        let sentence = format!("action [{}] is unauthorized", action(request));
        Self::new(request, Reason::RuleDenied, sentence)
    }

    /// 403: `user` may not act as `target`.
    pub fn run_as_denied(request: &RequestView<'_>, user: &str, target: &[u8]) -> Self {
        let (action, user, target) = (action(request), repeated(user.as_bytes()), repeated(target));
        let sentence = format!(
            "action [{action}] is unauthorized for user [{user}] with effective roles [], because \
             user [{user}] is unauthorized to run as [{target}]"
        );
        Self::new(request, Reason::RunAsDenied, sentence)
    }

    /// 403: the identity of `user`, given percent-encoded, does not fit the headers.
    pub fn not_representable(request: &RequestView<'_>, user: &str) -> Self {
        let (action, user) = (action(request), repeated(user.as_bytes()));
        let sentence = format!("action [{action}] is unauthorized for user [{user}]");
        Self::new(request, Reason::IdentityNotRepresentable, sentence)
    }

    /// The reason code.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// What is answered; never [`Status::Ok`].
    pub fn status(&self) -> Status {
        self.reason.status()
    }

    /// The challenge that goes with the answer, if it asks for credentials.
    pub fn challenge(&self) -> Option<&'static str> {
        (self.status() == Status::Unauthorized).then_some(CHALLENGE)
    }

    /// The media type of [`Self::body`].
    pub fn content_type(&self) -> &'static str {
        if self.plain { "text/plain" } else { "application/json" }
    }

    /// Elasticsearch's error body, or its sentence alone for a gRPC caller.
    pub fn body(&self) -> Cow<'_, str> {
        if self.plain {
            return Cow::Borrowed(&self.sentence);
        }
        let kind = match self.status() {
            Status::BadRequest => "illegal_argument_exception",
            Status::Ok | Status::Unauthorized | Status::Forbidden | Status::Unavailable => {
                "security_exception"
            }
        };
        let reason = serde_json::Value::from(self.sentence.as_str());
        let header = self.challenge().map_or_else(String::new, |challenge| {
            format!(r#","header":{{"WWW-Authenticate":{}}}"#, serde_json::Value::from(challenge))
        });
        let cause = format!(r#""type":"{kind}","reason":{reason}{header}"#);
        let status = self.status().http();
        format!(r#"{{"error":{{"root_cause":[{{{cause}}}],{cause}}},"status":{status}}}"#).into()
    }
}

impl fmt::Display for Denial {
    /// What was wrong, for the operator. Never the sentence, which repeats queries and claims.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail.as_deref().unwrap_or(self.reason.meaning()))
    }
}

impl Refusal for Denial {
    fn reason(&self) -> Reason {
        self.reason
    }
}

/// The action that a 403 names: the method and the path without query, of a `CONNECT` the host.
fn action(request: &RequestView<'_>) -> String {
    let target = if request.is_connect() { request.host } else { request.bare_path() };
    repeated(&[request.method, b" ", target].concat())
}

/// A caller's text as an error repeats it: cut at 1 KiB, at a character.
pub(super) fn repeated(text: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(text).into_owned();
    let cut = (0..=REPEATED.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(cut.unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::request::{Form, Header};

    fn view<'a>(method: &'a str, path: &'a str, content_type: &'a str) -> RequestView<'a> {
        let headers = vec![Header {
            name: b"Content-Type",
            value: content_type.as_bytes(),
            form: Form::Joined,
        }];
        let (method, path) = (method.as_bytes(), path.as_bytes());
        RequestView::new(method, path, b"host:1", headers, std::iter::empty()).unwrap()
    }

    #[test]
    fn a_401_has_elasticsearch_s_body_with_the_challenge() {
        let denial = Denial::missing_credentials(&view("GET", "/a?b=\"", ""));
        assert_eq!(
            denial.body(),
            r#"{"error":{"root_cause":[{"type":"security_exception","reason":"missing authentication credentials for REST request [/a?b=\"]","header":{"WWW-Authenticate":"Bearer realm=\"security\""}}],"type":"security_exception","reason":"missing authentication credentials for REST request [/a?b=\"]","header":{"WWW-Authenticate":"Bearer realm=\"security\""}},"status":401}"#
        );
        assert_eq!(denial.content_type(), "application/json");
    }

    #[test]
    fn a_400_is_an_illegal_argument_without_a_challenge() {
        let denial = Denial::multiple_values(&view("GET", "/", ""), "Authorization");
        assert_eq!(
            denial.body(),
            r#"{"error":{"root_cause":[{"type":"illegal_argument_exception","reason":"multiple values for single-valued header [Authorization]."}],"type":"illegal_argument_exception","reason":"multiple values for single-valued header [Authorization]."},"status":400}"#
        );
        assert_eq!(denial.challenge(), None);
    }

    #[test]
    fn a_grpc_caller_is_told_the_sentence_alone() {
        let denial = Denial::forbidden_to_all(&view("POST", "/pkg.S/M", "application/grpc+proto"));
        assert_eq!(denial.content_type(), "text/plain");
        assert_eq!(denial.body(), "action [POST /pkg.S/M] is unauthorized");
        let unavailable = Denial::unavailable(Reason::InternalError);
        let unavailable = unavailable.to_caller_of(&view("POST", "/", "application/grpc"));
        assert_eq!(unavailable.body(), "authentication service unavailable");
    }

    #[test]
    fn an_action_is_the_method_and_the_path_or_the_host_of_a_connect() {
        for (method, path, expected) in [
            ("GET", "/a/b?c#d", "GET /a/b"),
            ("GET", "/a#d?c", "GET /a"),
            ("CONNECT", "", "CONNECT host:1"),
            ("OPTIONS", "*", "OPTIONS *"),
        ] {
            assert_eq!(action(&view(method, path, "")), expected);
        }
    }

    #[test]
    fn a_repeated_text_is_cut_at_a_kibibyte_at_a_character() {
        assert_eq!(repeated(&[b'x'; 1024]).len(), 1024);
        assert_eq!(repeated(&[b'x'; 1025]).len(), 1024);
        let text = format!("x{}", "\u{e9}".repeat(600));
        assert_eq!(repeated(text.as_bytes()).len(), 1023);
        assert_eq!(repeated(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(action(&view(&"M".repeat(3000), "/", "")).len(), 1024);
    }

    #[test]
    fn ok_is_no_reason_to_deny_with() {
        let view = view("GET", "/", "");
        assert_eq!(Denial::failed_attempt(&view, Reason::Ok).reason(), Reason::InternalError);
        assert_eq!(Denial::unavailable(Reason::Ok).reason(), Reason::InternalError);
    }
}
