//! Fuzzes the whole way of a check: received bytes, view, decision, answer, decision log, with the
//! quickstart realms.
//! Rule: whatever the bytes are, there is an answer that Envoy cannot misread, and it is an allow
//! only if they hold the guide's own token and client secret, each once.

#![no_main]

mod answer;
#[allow(dead_code, reason = "the other target reads all of it")]
mod json;

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use answer::{Answer, is_name};
use bytes::Bytes;
use envoy_types::pb::envoy::service::auth::v3::CheckRequest;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;
use futures_util::FutureExt;
use libfuzzer_sys::fuzz_target;
use prost::Message;
use realmgate::app::KeySources;
use realmgate::engine::{Monotonic, Now, UnixTime};
use realmgate::observe::{DecisionLog, Decisions, Metrics, Observer, Seen};
use realmgate::server::clock::Clock;
use realmgate::server::ext_authz::{Checks, InForce};
use realmgate::server::signatures::SignatureThreads;
use realmgate::settings::{self, KeyFiles};

/// What proves a client and a user in the guide, and the name of the user.
struct Genuine {
    token: &'static str,
    secret: &'static str,
    user: &'static str,
}

const GENUINE: [Genuine; 2] = [
    Genuine {
        token: "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJpc3M4IiwiYXVkIjoiYXVkOCIsInN1YiI6\
            InNlY3VyaXR5X3Rlc3RfdXNlciIsImV4cCI6NDA3MDkwODgwMCwiaWF0Ijo5NDY2ODQ4MDB9.UnnFmsoFKfNm\
            KMsVoDQmKI_3-j95PCaKdgqqau3jPMY",
        secret: "client-shared-secret-string",
        user: "security_test_user",
    },
    Genuine {
        token: "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJhdWQiOlsiZXMwMSIsImVzMDIiLCJlczAzIl0sInN1\
            YiI6InVzZXIyIiwiaXNzIjoibXktaXNzdWVyIiwiZXhwIjo0MDcwOTA4ODAwLCJpYXQiOjk0NjY4NDgwMCwiZ\
            W1haWwiOiJ1c2VyMkBzb21ldGhpbmcuZXhhbXBsZS5jb20ifQ.UgO_9w--EoRyUKcWM5xh9SimTfMzl1aVu6Z\
            BsRWhxQA",
        secret: "test-secret",
        user: "user2",
    },
];

static CHECKS: LazyLock<Checks> = LazyLock::new(|| {
    let checks = checks();
    for allowed in [
        include_bytes!("seeds/check/allowed").as_slice(),
        include_bytes!("seeds/check/allowed_separate"),
        include_bytes!("seeds/check/jwt2"),
    ] {
        // Where nothing at all is let in, the target would prove nothing.
        assert!(decide(&checks, allowed).user.is_some(), "a seed is not allowed any more");
    }
    checks
});

fuzz_target!(|input: &[u8]| {
    let answer = decide(&CHECKS, input);
    if let Some(user) = &answer.user {
        must_be_genuine(input, user);
        if let Some(request) = CheckRequest::decode(input).ok().and_then(http) {
            must_be_allowable(&request);
            answer.must_leave_nothing_of(&request);
        }
    }
});

fn checks() -> Checks {
    // Lines are written as in service, to nowhere.
    tracing_subscriber::fmt().json().with_writer(std::io::sink).init();
    let settings = settings::quickstart(None, None).expect("the quickstart is sound");
    let realms: Vec<_> = settings.realms.iter().map(|realm| realm.name.clone()).collect();
    let metrics = Arc::new(Metrics::new().expect("metrics agree"));
    let log = DecisionLog::new(Decisions::All, u32::MAX);
    let observer = Observer::new(metrics, log, &realms, usize::MAX);
    let keys = KeySources::of(&settings, &KeyFiles::new()).expect("there are threads");
    let snapshot = realmgate::app::snapshot(&settings, &keys).expect("there is randomness");
    let signatures = Arc::new(SignatureThreads::start().expect("there are threads"));
    let in_force = InForce::new(snapshot, observer, signatures, Duration::from_secs(5));
    Checks::new(in_force, Clock::start())
}

fn decide(checks: &Checks, input: &[u8]) -> Answer {
    let unix = UnixTime::new(Duration::from_secs(1_800_000_000));
    let now = Now { unix, monotonic: Monotonic::new(Duration::ZERO) };
    let at = Instant::now();
    let seen = Seen { at, until: at + Duration::from_secs(5), trace: None };
    let answer = checks.decide(Bytes::copy_from_slice(input), now, &seen).now_or_never();
    Answer::read(answer.expect("nothing of the quickstart has to wait"))
}

/// Nobody can make a token of these realms but who has their keys, and the fuzzer has not.
fn must_be_genuine(input: &[u8], user: &str) {
    let holds = |text: &str| input.windows(text.len()).any(|part| part == text.as_bytes());
    let genuine = GENUINE
        .iter()
        .any(|genuine| genuine.user == user && holds(genuine.token) && holds(genuine.secret));
    assert!(genuine, "{user} is let in without token and secret");
}

/// What may never be let in, genuine or not.
fn must_be_allowable(request: &Request) {
    let http = &request.http;
    assert!(!http.method.is_empty() && http.method != "CONNECT", "allowed: {:?}", http.method);
    assert!(http.path.starts_with('/') || http.path == "*", "allowed: {:?}", http.path);
    let hints = &request.hints;
    assert!(!hints.iter().any(|hint| hint.starts_with("realmgate.")), "allowed: {hints:?}");
    // Until roles exist, nobody may act as anybody.
    assert_eq!(request.values("es-security-runas-user").len(), 0, "a run-as is allowed");
    let separate = http.header_map.iter().flat_map(|map| &map.headers);
    let repeats = separate.filter(|header| is_name(&header.key, "authorization")).count();
    assert!(repeats < 2, "a repeated authorization is allowed");
    for name in ["authorization", "es-client-authentication"] {
        let values = request.values(name);
        assert!(values.iter().all(|value| *value == values[0]), "{name} is allowed: {values:?}");
    }
}

/// What a request shows, by Envoy's own definition of it.
pub(crate) struct Request {
    http: HttpRequest,
    hints: Vec<String>,
}

/// `None` of a check without an HTTP request.
fn http(check: CheckRequest) -> Option<Request> {
    let attributes = check.attributes?;
    let hints = attributes.context_extensions.into_keys().collect();
    Some(Request { http: attributes.request?.http?, hints })
}

impl Request {
    /// Every header, of both forms.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let joined =
            self.http.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let separate = self.http.header_map.iter().flat_map(|map| &map.headers).map(|header| {
            let raw = header.raw_value.as_slice();
            let value = if raw.is_empty() { header.value.as_bytes() } else { raw };
            (header.key.as_str(), value)
        });
        joined.chain(separate)
    }

    fn values(&self, name: &str) -> Vec<&[u8]> {
        self.headers().filter(|(given, _)| is_name(given, name)).map(|(_, value)| value).collect()
    }
}
