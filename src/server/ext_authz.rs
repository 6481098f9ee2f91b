//! `envoy.service.auth.v3.Authorization/Check`: view, authorize, respond.
//!
//! The one rule: every check gets an answer that Envoy takes for ours. Whatever keeps a check from
//! being decided (bytes that are none, the deadline, too many at once, a panic) becomes a denial,
//! and so does any gRPC status that the transport would answer in our place.

use super::clock::Clock;
use super::codec::BytesCodec;
use super::deadline::{self, ENOUGH_TO_FETCH, Within, budget, patience};
use super::respond::Answers;
use super::signatures::SignatureThreads;
use super::view;
use crate::engine::request::Unusable;
use crate::engine::{Decision, Denial, Established, Now, Reason, Snapshot, authorize};
use crate::observe::{Observer, Seen};
use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Map};
use http::{HeaderMap, Request, Response};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tonic::body::Body;
use tonic::codec::{EncodeBody, SingleMessageCompressionOverride};
use tonic::server::{Grpc, UnaryService};

/// The full method name.
pub const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

/// The service's name, as health checks use it.
pub const SERVICE: &str = "envoy.service.auth.v3.Authorization";

/// The largest check that is read, in bytes.
const MAX_CHECK: usize = 4 * 1024 * 1024;

/// How a check is decided, as an argument: a test puts another way in its place.
type Decide = for<'c> fn(&'c InForce, Bytes, Now, &'c Seen) -> BoxFuture<'c, Bytes>;

/// Everything that was configured together for checks: what decides, answers and watches them.
pub struct InForce {
    snapshot: Snapshot,
    answers: Answers,
    observer: Observer,
    signatures: Arc<SignatureThreads>,
    deadline: Duration,
    security_api: bool,
    fetches_keys: bool,
}

impl InForce {
    /// Checks are decided by `snapshot`, each within `deadline`, and signatures that take long are
    /// verified by `signatures`.
    pub fn new(
        snapshot: Snapshot,
        observer: Observer,
        signatures: Arc<SignatureThreads>,
        deadline: Duration,
    ) -> Self {
        let identity = &snapshot.identity;
        let answers = Answers::new(identity.always_removed(), identity.dynamic_metadata());
        let (security_api, fetches_keys) = (false, false);
        Self { snapshot, answers, observer, signatures, deadline, security_api, fetches_keys }
    }

    /// The same, and whoever reaches the HTTP listener can ask who they are, if `is_served`.
    #[must_use]
    pub fn with_security_api(self, is_served: bool) -> Self {
        Self { security_api: is_served, ..self }
    }

    /// The same, and a check may have to wait for keys that are fetched, if `may_be`.
    #[must_use]
    pub fn with_fetched_keys(self, may_be: bool) -> Self {
        Self { fetches_keys: may_be, ..self }
    }

    /// Whether whoever reaches the HTTP listener can ask who they are.
    pub fn serves_security_api(&self) -> bool {
        self.security_api
    }

    /// How long a check may take.
    pub(super) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// What verifies signatures, which outlives a configuration.
    pub fn signatures(&self) -> &Arc<SignatureThreads> {
        &self.signatures
    }

    /// What decides.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// What watches.
    pub fn observer(&self) -> &Observer {
        &self.observer
    }

    /// Decides the check that `bytes` hold: the whole way of a request.
    async fn decide(&self, bytes: Bytes, now: Now, seen: &Seen) -> Bytes {
        let check = view::decode(bytes);
        let request = check.as_ref().map_err(|unusable| *unusable).and_then(view::view);
        match request {
            Ok(request) => {
                let mut witness = self.observer.witness();
                let waits = Within { signatures: &self.signatures, until: seen.until };
                let decision = authorize(&self.snapshot, &request, now, &waits, &mut witness).await;
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

/// Answers checks by what is in force when they begin, shared by all connections.
pub struct Checks {
    in_force: ArcSwap<InForce>,
    clock: Clock,
    decide: Decide,
    warned_of_impatience: AtomicBool,
}

impl Checks {
    /// Checks under `in_force`, at the time of `clock`.
    pub fn new(in_force: InForce, clock: Clock) -> Self {
        let decide: Decide = |in_force, bytes, now, seen| in_force.decide(bytes, now, seen).boxed();
        let warned_of_impatience = AtomicBool::new(false);
        Self { in_force: ArcSwap::from_pointee(in_force), clock, decide, warned_of_impatience }
    }

    /// What is in force now.
    pub fn in_force(&self) -> Arc<InForce> {
        self.in_force.load_full()
    }

    /// Every check that begins from now on is decided by `in_force`; those under way end as they
    /// began.
    pub fn replace(&self, in_force: InForce) {
        self.in_force.store(Arc::new(in_force));
    }

    /// The time of what is decided now.
    pub(super) fn now(&self) -> Now {
        self.clock.now()
    }

    /// How many checks are under way.
    pub fn under_way(&self) -> i64 {
        self.in_force.load().observer.under_way()
    }

    /// Once for the process: it is the same for every check of that Envoy.
    fn warn_of_impatience(&self) {
        if !self.warned_of_impatience.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                event = "grpc_timeout",
                "a caller waits for less than {ENOUGH_TO_FETCH:?}, in which keys cannot be fetched \
                 anew: raise `timeout` of the ext_authz filter's grpc_service"
            );
        }
    }

    /// Answers one call, whatever comes.
    pub(super) async fn call(self: Arc<Self>, request: Request<Body>) -> Response<Body> {
        let (in_force, at) = (self.in_force(), Instant::now());
        let patience = patience(request.headers());
        if in_force.fetches_keys && patience.is_some_and(|time| time < ENOUGH_TO_FETCH) {
            self.warn_of_impatience();
        }
        let budget = budget(patience, in_force.deadline);
        let seen = Seen { at, until: deadline::end(at, budget), trace: trace(request.headers()) };
        let Some(_under_way) = in_force.observer.enter() else {
            return in_force.unavailable(Reason::Overloaded, &seen);
        };
        if budget.is_zero() {
            return in_force.unavailable(Reason::DeadlineExceeded, &seen);
        }
        let mut grpc = Grpc::new(BytesCodec).max_decoding_message_size(MAX_CHECK);
        let (clock, decide) = (&self.clock, self.decide);
        let check = Check { in_force: &in_force, clock, decide, seen: &seen };
        // Pinned here, so that what wraps it moves a pointer and not the whole future.
        let unary = pin!(grpc.unary(check, request));
        let answered = AssertUnwindSafe(unary).catch_unwind();
        match tokio::time::timeout_at(seen.until.into(), answered).await {
            Ok(Ok(response)) if response.headers().contains_key("grpc-status") => {
                let unusable = Denial::unusable(Unusable::default());
                in_force.answer(&Decision::deny(unusable, Established::default()), &seen)
            }
            Ok(Ok(response)) => response,
            Ok(Err(_panic)) => in_force.unavailable(Reason::InternalError, &seen),
            Err(_elapsed) => in_force.unavailable(Reason::DeadlineExceeded, &seen),
        }
    }

    /// Decides the check that `bytes` hold, as one that came in by a call.
    pub async fn decide(&self, bytes: Bytes, now: Now, seen: &Seen) -> Bytes {
        self.in_force().decide(bytes, now, seen).await
    }
}

/// One call of the method, once its message has been read.
struct Check<'c> {
    in_force: &'c InForce,
    clock: &'c Clock,
    decide: Decide,
    seen: &'c Seen,
}

impl<'c> UnaryService<Bytes> for Check<'c> {
    type Response = Bytes;
    type Future = Map<BoxFuture<'c, Bytes>, Answered>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let (bytes, now) = (request.into_inner(), self.clock.now());
        let decided = (self.decide)(self.in_force, bytes, now, self.seen);
        decided.map(|answer| Ok(tonic::Response::new(answer)))
    }
}

/// An answer is one in every case.
type Answered = fn(Bytes) -> Result<tonic::Response<Bytes>, tonic::Status>;

/// The trace id of a W3C `traceparent`: Envoy sends it as gRPC metadata.
pub(super) fn trace(headers: &HeaderMap) -> Option<String> {
    let parent = headers.get("traceparent")?.to_str().ok()?;
    let id = parent.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::observe::{DecisionLog, Decisions, Metrics};
    use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
    use envoy_types::pb::envoy::service::auth::v3::{CheckRequest, CheckResponse};
    use prost::Message;
    use std::pin::Pin;
    use tonic::codegen::Body as _;

    /// The quickstart, each of whose checks may take `deadline`, one at a time.
    pub(in crate::server) fn in_force(deadline: Duration) -> InForce {
        let settings = crate::settings::quickstart(None, None).unwrap();
        let metrics = Arc::new(Metrics::new().unwrap());
        let log = DecisionLog::new(Decisions::None, 0);
        let observer = Observer::new(metrics, log, &["jwt8".to_owned()], 1);
        let files = crate::settings::KeyFiles::new();
        let keys = crate::app::KeySources::of(&settings, &files).unwrap();
        let snapshot = crate::app::snapshot(&settings, &keys).unwrap();
        InForce::new(snapshot, observer, Arc::new(SignatureThreads::start().unwrap()), deadline)
    }

    /// Checks of the quickstart, decided by `decide`.
    pub(in crate::server) fn checks(decide: Option<Decide>) -> Arc<Checks> {
        let mut checks = Checks::new(in_force(Duration::from_secs(60)), Clock::start());
        checks.decide = decide.unwrap_or(checks.decide);
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
        let checks = checks(Some(|_, _, _, _| async { panic!("a bug") }.boxed()));
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
        let in_force = checks.in_force();
        let held = in_force.observer.enter();
        assert_eq!(denial(Arc::clone(&checks).call(request(GET)).await).await, 503);
        drop(held);
        assert_eq!(denial(Arc::clone(&checks).call(request(GET)).await).await, 401);
    }

    #[tokio::test]
    async fn a_check_that_waits_is_under_way_until_its_deadline_is_answered_503() {
        let checks = checks(Some(|_, _, _, _| std::future::pending().boxed()));
        let mut call = request(GET);
        call.headers_mut().insert("grpc-timeout", "50m".parse().unwrap());
        let waiting = tokio::spawn(Arc::clone(&checks).call(call));
        while checks.under_way() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(denial(waiting.await.unwrap()).await, 503);
        assert_eq!(checks.under_way(), 0);
        // Nor does one whose caller goes away keep its place.
        let waiting = tokio::spawn(Arc::clone(&checks).call(request(GET)));
        while checks.under_way() == 0 {
            tokio::task::yield_now().await;
        }
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert_eq!(checks.under_way(), 0);
    }

    #[tokio::test]
    async fn a_caller_that_cannot_wait_for_keys_is_warned_about_once_where_keys_are_fetched() {
        for (fetches, timeout, warned) in [
            (true, Some("499m"), true),
            (true, Some("500m"), false),
            (true, None, false),
            (false, Some("1m"), false),
        ] {
            let in_force = in_force(Duration::from_secs(60)).with_fetched_keys(fetches);
            let checks = Arc::new(Checks::new(in_force, Clock::start()));
            let mut call = request(GET);
            if let Some(timeout) = timeout {
                call.headers_mut().insert("grpc-timeout", timeout.parse().unwrap());
            }
            Arc::clone(&checks).call(call).await;
            assert_eq!(checks.warned_of_impatience.load(Ordering::Relaxed), warned, "{timeout:?}");
        }
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
