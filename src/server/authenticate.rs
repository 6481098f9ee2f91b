//! Who sends a request, told to the sender: what Elasticsearch answers `_authenticate` with.
//!
//! The one rule: it is decided by what is in force for checks and within their bounds, but it is no
//! check: no rule of a route is asked, and it is not counted as one.

use super::deadline::{self, Within};
use super::ext_authz::{Checks, InForce, trace};
use crate::engine::request::{Form, Header, RequestView, Unusable};
use crate::engine::user::Properties;
use crate::engine::{
    Authenticated, Decision, Denial, Established, Now, Reason, Verdict, authenticate,
};
use crate::observe::Seen;
use futures_util::FutureExt;
use http::header::HOST;
use http::request::Parts;
use serde_json::Value;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

/// What the sender is answered.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body's media type.
    pub content_type: &'static str,
    /// The challenge of a 401.
    pub challenge: Option<&'static str>,
    /// The body.
    pub body: String,
}

impl From<&Denial> for Answer {
    fn from(denial: &Denial) -> Self {
        Self {
            status: denial.status().http(),
            content_type: denial.content_type(),
            challenge: denial.challenge(),
            body: denial.body().into_owned(),
        }
    }
}

impl Checks {
    /// Tells the sender of the request `head` who they are.
    pub async fn authenticate(&self, head: &Parts) -> Answer {
        let in_force = self.in_force();
        let at = Instant::now();
        let until = deadline::end(at, in_force.deadline());
        let seen = Seen { at, until, trace: trace(&head.headers) };
        let answered = in_force.authenticate(head, self.now(), &seen);
        bounded(&in_force, &seen, answered).await
    }
}

/// What `answered` comes to, as far as there is room for it, it is done in time and without a panic.
async fn bounded(
    in_force: &InForce,
    seen: &Seen,
    answered: impl Future<Output = Answer>,
) -> Answer {
    let unavailable = |reason| in_force.refuse(&refusal(Denial::unavailable(reason)), None, seen);
    let Some(_under_way) = in_force.observer().enter() else {
        return unavailable(Reason::Overloaded);
    };
    let answered = AssertUnwindSafe(answered).catch_unwind();
    match tokio::time::timeout_at(seen.until.into(), answered).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_panic)) => unavailable(Reason::InternalError),
        Err(_elapsed) => unavailable(Reason::DeadlineExceeded),
    }
}

impl InForce {
    async fn authenticate(&self, head: &Parts, now: Now, seen: &Seen) -> Answer {
        let request = match view(head) {
            Ok(request) => request,
            Err(unusable) => return self.refuse(&refusal(Denial::unusable(unusable)), None, seen),
        };
        let snapshot = self.snapshot();
        let waits = Within { signatures: self.signatures(), until: seen.until };
        let mut witness = self.observer().witness();
        match authenticate(snapshot, &request, now, &waits, &mut witness).await {
            Ok(Authenticated { realm, user }) => {
                let established = Established { realm: Some(realm), user: Some(user.name.clone()) };
                self.observer().answered(Reason::Ok, &established, Some(&request), seen);
                let body = body(&user, &snapshot.realms[realm.0].name);
                Answer { status: 200, content_type: "application/json", challenge: None, body }
            }
            Err(refused) => self.refuse(&refused, Some(&request), seen),
        }
    }

    fn refuse(
        &self,
        decision: &Decision<'_>,
        request: Option<&RequestView<'_>>,
        seen: &Seen,
    ) -> Answer {
        self.observer().answered(decision.reason(), &decision.established, request, seen);
        match &decision.verdict {
            Verdict::Deny(denial) => denial.into(),
            // Nobody is let in by a refusal.
            Verdict::Allow(_) => (&Denial::unavailable(Reason::InternalError)).into(),
        }
    }
}

fn refusal<'s>(denial: Denial) -> Decision<'s> {
    Decision::deny(denial, Established::default())
}

/// The request as it came, every header by itself.
fn view(head: &Parts) -> Result<RequestView<'_>, Unusable> {
    let headers = head.headers.iter().map(|(name, value)| Header {
        name: name.as_str().as_bytes(),
        value: value.as_bytes(),
        form: Form::Separate,
    });
    let path = head.uri.path_and_query().map_or("", |path| path.as_str());
    let host = head.headers.get(HOST).map_or(&b""[..], |host| host.as_bytes());
    let method = head.method.as_str().as_bytes();
    RequestView::new(method, path.as_bytes(), host, headers.collect(), std::iter::empty())
}

/// Elasticsearch's answer, its members in Elasticsearch's order.
fn body(user: &Properties, realm: &str) -> String {
    let text = |text: &str| Value::from(text).to_string();
    let optional = |value: Option<&String>| value.map_or("null".to_owned(), |value| text(value));
    let (name, full_name) = (text(&user.name), optional(user.full_name.as_ref()));
    let email = optional(user.email.as_ref());
    let metadata = user.metadata.as_deref().unwrap_or("{}");
    let realm = format!(r#"{{"name":{},"type":"jwt"}}"#, text(realm));
    format!(
        r#"{{"username":{name},"roles":[],"full_name":{full_name},"email":{email},"metadata":{metadata},"enabled":true,"authentication_realm":{realm},"lookup_realm":{realm},"authentication_type":"realm"}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::super::ext_authz::tests::{checks, in_force};
    use super::*;
    use std::time::Duration;

    fn head(headers: &[(&str, &str)]) -> Parts {
        let request = http::Request::get("/_security/_authenticate?pretty");
        let request = headers.iter().fold(request, |request, (n, v)| request.header(*n, *v));
        request.body(()).unwrap().into_parts().0
    }

    #[tokio::test]
    async fn what_comes_while_too_many_are_under_way_is_answered_503() {
        let checks = checks(None);
        let in_force = checks.in_force();
        let held = in_force.observer().enter();
        assert_eq!(checks.authenticate(&head(&[])).await.status, 503);
        drop(held);
        assert_eq!(checks.authenticate(&head(&[])).await.status, 401);
        assert_eq!(in_force.observer().under_way(), 0);
    }

    #[tokio::test]
    async fn what_takes_too_long_or_panics_is_answered_503() {
        let in_force = in_force(Duration::from_millis(1));
        let at = Instant::now();
        let seen = Seen { at, until: deadline::end(at, in_force.deadline()), trace: None };
        let late = bounded(&in_force, &seen, std::future::pending()).await;
        assert!(seen.at.elapsed() < Duration::from_secs(30), "the deadline is the configured one");
        let lost = bounded(&in_force, &seen, async { panic!("a bug") }).await;
        for answer in [late, lost] {
            assert_eq!((answer.status, answer.challenge), (503, None));
            assert!(answer.body.contains("authentication service unavailable"), "{answer:?}");
        }
        assert_eq!(in_force.observer().under_way(), 0);
    }

    #[tokio::test]
    async fn header_lines_are_entries_of_their_own_and_the_query_is_part_of_the_uri() {
        let answer = checks(None).authenticate(&head(&[])).await;
        let sentence = "credentials for REST request [/_security/_authenticate?pretty]";
        assert!(answer.body.contains(sentence), "{answer:?}");
        assert_eq!(answer.challenge, Some("Bearer realm=\"security\""));
        let twice = [("authorization", "Bearer x"), ("authorization", "Bearer x")];
        assert_eq!(checks(None).authenticate(&head(&twice)).await.status, 400);
        let secret = ("es-client-authentication", "SharedSecret x");
        assert_eq!(checks(None).authenticate(&head(&[secret, secret])).await.status, 401);
    }

    #[test]
    fn the_body_is_elasticsearchs_member_for_member() {
        let mut user = Properties {
            name: "a\"\n".to_owned(),
            groups: vec!["g".to_owned()],
            full_name: Some("A \u{e9}".to_owned()),
            email: None,
            dn: Some("cn=a".to_owned()),
            metadata: Some(r#"{"jwt_token_type":"id_token"}"#.into()),
        };
        assert_eq!(
            body(&user, "jwt1"),
            "{\"username\":\"a\\\"\\n\",\"roles\":[],\"full_name\":\"A \u{e9}\",\"email\":null,\
             \"metadata\":{\"jwt_token_type\":\"id_token\"},\"enabled\":true,\
             \"authentication_realm\":{\"name\":\"jwt1\",\"type\":\"jwt\"},\
             \"lookup_realm\":{\"name\":\"jwt1\",\"type\":\"jwt\"},\
             \"authentication_type\":\"realm\"}"
        );
        user.email = Some("a@x".to_owned());
        assert!(body(&user, "jwt1").contains(r#""email":"a@x","#));
    }
}
