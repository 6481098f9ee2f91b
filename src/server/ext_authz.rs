//! `envoy.service.auth.v3.Authorization/Check`: view, authorize, respond.
//!
//! The one rule: every check gets an answer that Envoy takes for ours. Whatever keeps a check from
//! being decided (bytes that are none, the deadline, too many at once, a panic) becomes a denial,
//! and so does any gRPC status that the transport would answer in our place.

use super::codec::BytesCodec;
use super::deadline::budget;
use super::respond::Answers;
use super::view;
use crate::engine::request::{RequestView, Unusable};
use crate::engine::{Decision, Denial, Established, Now, Reason, Snapshot, UnixTime};
use crate::observe::{CheckWitness, Observer, Seen};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, Request, Response};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tonic::body::Body;
use tonic::codec::{EncodeBody, SingleMessageCompressionOverride};
use tonic::server::{Grpc, UnaryService};

/// The full method name.
pub const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

/// The service's name, as health checks use it.
pub const SERVICE: &str = "envoy.service.auth.v3.Authorization";

/// The largest check that is read, in bytes.
const MAX_CHECK: usize = 4 * 1024 * 1024;

/// The engine's entry, as an argument: a test puts another one in its place.
type Authorize =
    for<'s> fn(&'s Snapshot, &RequestView<'_>, Now, &mut CheckWitness<'_>) -> Decision<'s>;

/// Everything that decides and answers checks, shared by all connections.
pub struct Checks {
    snapshot: Snapshot,
    answers: Answers,
    observer: Arc<Observer>,
    deadline: Duration,
    authorize: Authorize,
}

impl Checks {
    /// Checks decided by `snapshot`, each within `deadline`.
    pub fn new(snapshot: Snapshot, observer: Arc<Observer>, deadline: Duration) -> Self {
        let identity = &snapshot.identity;
        let answers = Answers::new(identity.always_removed(), identity.dynamic_metadata());
        let authorize: Authorize = |snapshot, request, now, witness| {
            crate::engine::authorize(snapshot, request, now, witness)
        };
        Self { snapshot, answers, observer, deadline, authorize }
    }

    /// How many checks are under way.
    pub fn under_way(&self) -> i64 {
        self.observer.under_way()
    }

    /// Answers one call, whatever comes.
    pub(super) async fn call(self: Arc<Self>, request: Request<Body>) -> Response<Body> {
        let seen = Seen { at: Instant::now(), trace: trace(request.headers()) };
        let Some(_under_way) = self.observer.enter() else {
            return self.unavailable(Reason::Overloaded, &seen);
        };
        let budget = budget(request.headers(), self.deadline);
        if budget.is_zero() {
            return self.unavailable(Reason::DeadlineExceeded, &seen);
        }
        let mut grpc = Grpc::new(BytesCodec).max_decoding_message_size(MAX_CHECK);
        let check = Check { checks: Arc::clone(&self), seen: seen.clone() };
        // Pinned here, so that what wraps it moves a pointer and not the whole future.
        let unary = pin!(grpc.unary(check, request));
        let answered = AssertUnwindSafe(unary).catch_unwind();
        match tokio::time::timeout(budget, answered).await {
            Ok(Ok(response)) if response.headers().contains_key("grpc-status") => {
                let unusable = Denial::unusable(Unusable::default());
                self.answer(&Decision::deny(unusable, Established::default()), &seen)
            }
            Ok(Ok(response)) => response,
            Ok(Err(_panic)) => self.unavailable(Reason::InternalError, &seen),
            Err(_elapsed) => self.unavailable(Reason::DeadlineExceeded, &seen),
        }
    }

    /// Decides the check that `bytes` hold: the whole way of a request.
    pub fn decide(&self, bytes: Bytes, now: Now, seen: &Seen) -> Bytes {
        let check = view::decode(bytes);
        let request = check.as_ref().map_err(|unusable| *unusable).and_then(view::view);
        match request {
            Ok(request) => {
                let mut witness = self.observer.witness();
                let decision = (self.authorize)(&self.snapshot, &request, now, &mut witness);
                self.observer.decided(&decision, Some(&request), seen);
                self.answers.respond(&decision, self.realm(&decision))
            }
            Err(unusable) => {
                let denial = Denial::unusable(unusable);
                self.denied(&Decision::deny(denial, Established::default()), seen)
            }
        }
    }

    fn denied(&self, decision: &Decision<'_>, seen: &Seen) -> Bytes {
        self.observer.decided(decision, None, seen);
        self.answers.respond(decision, None)
    }

    fn realm(&self, decision: &Decision<'_>) -> Option<&str> {
        decision.established.realm.map(|realm| self.snapshot.realms[realm.0].name.as_str())
    }

    fn unavailable(&self, reason: Reason, seen: &Seen) -> Response<Body> {
        self.answer(&Decision::deny(Denial::unavailable(reason), Established::default()), seen)
    }

    fn answer(&self, decision: &Decision<'_>, seen: &Seen) -> Response<Body> {
        let message = tokio_stream::once(Ok(self.denied(decision, seen)));
        let body = EncodeBody::new_server(
            BytesCodec,
            message,
            None,
            SingleMessageCompressionOverride::default(),
            None,
        );
        let mut response = Response::new(Body::new(body));
        let grpc = http::HeaderValue::from_static("application/grpc");
        response.headers_mut().insert(http::header::CONTENT_TYPE, grpc);
        response
    }
}

/// One call of the method, once its message has been read.
struct Check {
    checks: Arc<Checks>,
    seen: Seen,
}

impl UnaryService<Bytes> for Check {
    type Response = Bytes;
    type Future = std::future::Ready<Result<tonic::Response<Bytes>, tonic::Status>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let answer = self.checks.decide(request.into_inner(), now(), &self.seen);
        std::future::ready(Ok(tonic::Response::new(answer)))
    }
}

/// The time of a check that is decided now.
pub fn now() -> Now {
    // A clock before 1970 is as good as none: then every token is from the future.
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Now { unix: UnixTime::new(since_epoch) }
}

/// The trace id of a W3C `traceparent`, which Envoy sends as gRPC metadata.
fn trace(headers: &HeaderMap) -> Option<String> {
    let parent = headers.get("traceparent")?.to_str().ok()?;
    let id = parent.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{DecisionLog, Decisions, Metrics};
    use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
    use envoy_types::pb::envoy::service::auth::v3::{CheckRequest, CheckResponse};
    use prost::Message;
    use std::pin::Pin;
    use tonic::codegen::Body as _;

    /// Checks of the quickstart, decided by `authorize`.
    fn checks(authorize: Option<Authorize>) -> Arc<Checks> {
        let settings = crate::settings::quickstart(None, None).unwrap();
        let realms = vec!["jwt8".to_owned()];
        let metrics = Arc::new(Metrics::new(&realms).unwrap());
        let log = DecisionLog::new(Decisions::None, 0);
        let observer = Arc::new(Observer::new(metrics, log, realms, 1));
        let snapshot = crate::app::snapshot(&settings).unwrap();
        let mut checks = Checks::new(snapshot, observer, Duration::from_secs(60));
        checks.authorize = authorize.unwrap_or(checks.authorize);
        Arc::new(checks)
    }

    fn request(message: impl Into<Bytes>) -> Request<Body> {
        let message = tokio_stream::once(Ok(message.into()));
        let whole = SingleMessageCompressionOverride::default();
        Request::new(Body::new(EncodeBody::new_server(BytesCodec, message, None, whole, None)))
    }

    /// The HTTP status of the denial in `response`, which must be one.
    async fn denial(response: Response<Body>) -> i32 {
        assert_eq!(response.headers().get("grpc-status"), None);
        let mut body = response.into_body();
        let mut bytes = Vec::new();
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
        {
            match frame.unwrap().into_data() {
                Ok(data) => bytes.extend_from_slice(&data),
                Err(trailers) => assert_eq!(trailers.trailers_ref().unwrap()["grpc-status"], "0"),
            }
        }
        let answer = CheckResponse::decode(&bytes[5..]).unwrap();
        assert_ne!(answer.status.unwrap().code, 0);
        match answer.http_response {
            Some(HttpResponse::DeniedResponse(denied)) => denied.status.unwrap().code,
            other => panic!("not a denial: {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_panic_costs_one_check_and_is_answered_503() {
        let checks = checks(Some(|_, _, _, _| panic!("a bug")));
        let get = CheckRequest::decode(GET).unwrap().encode_to_vec();
        for _ in 0..3 {
            assert_eq!(denial(Arc::clone(&checks).call(request(get.clone())).await).await, 503);
        }
    }

    #[tokio::test]
    async fn what_is_no_check_is_answered_400() {
        let checks = checks(None);
        for message in [Vec::new(), vec![0xff], vec![0x0a, 0], vec![0; 5 << 20]] {
            let length = message.len();
            let answer = Arc::clone(&checks).call(request(message)).await;
            assert_eq!(denial(answer).await, 400, "{length} bytes");
        }
        let nothing = Arc::clone(&checks).call(Request::new(Body::empty())).await;
        assert_eq!(denial(nothing).await, 400);
    }

    #[tokio::test]
    async fn a_check_that_comes_while_too_many_are_under_way_is_answered_503() {
        let checks = checks(None);
        let held = checks.observer.enter();
        assert_eq!(denial(Arc::clone(&checks).call(request(GET)).await).await, 503);
        drop(held);
        assert_eq!(denial(Arc::clone(&checks).call(request(GET)).await).await, 401);
    }

    #[test]
    fn an_undecodable_check_is_unusable() {
        assert_eq!(view::decode(Bytes::from_static(b"\xff")).map(drop), Err(Unusable::default()));
    }

    #[test]
    fn a_trace_is_named_by_a_whole_traceparent_only() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", value.parse().unwrap());
            trace(&headers)
        };
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(of(&format!("00-{id}-00f067aa0ba902b7-01")).as_deref(), Some(id));
        for bad in ["", "00", "00-4bf92f", &format!("00-{}-x-01", "z".repeat(32))] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }

    /// A check of `GET /`, encoded.
    const GET: &[u8] = b"\x0a\x0c\x22\x0a\x12\x08\x12\x03GET\x22\x01/";
}
