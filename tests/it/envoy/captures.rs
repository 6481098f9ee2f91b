//! The captured check requests in `tests/vectors/check-requests`: what a real Envoy sends.
//!
//! Rule: each stored file is still what Envoy sends for the same request, but for what differs
//! from run to run (ports, times, ids). `REALMGATE_WRITE_CAPTURES=1` writes them anew.

use std::net::SocketAddr;
use std::path::PathBuf;

use envoy_types::pb::envoy::config::core::v3::{HeaderValue, address, socket_address};
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest};
use prost::Message;

use super::kit::bootstrap::Bootstrap;
use super::kit::guide;
use super::kit::http::Request;
use super::kit::run::Envoy;
use super::recorder::Recorder;
use super::{RUNTIME, envoy};

/// The host that every captured request names.
const HOST: &str = "shop.example.com";
/// No upstream is needed where nobody is let in.
const NOBODY: &str = "127.0.0.1:1";

#[test]
fn a_request_with_the_guides_token() {
    hold("jwt8", &Recorded::of(Bootstrap::shipped, |envoy| send(envoy, &jwt8())));
}

#[test]
fn the_same_with_raw_headers() {
    hold("jwt8-raw", &Recorded::of(raw, |envoy| send(envoy, &jwt8())));
}

#[test]
fn a_post_with_many_headers() {
    hold("post-many-headers", &Recorded::of(Bootstrap::shipped, |envoy| send(envoy, &post())));
}

#[test]
fn a_post_with_many_raw_headers() {
    hold("post-many-headers-raw", &Recorded::of(raw, |envoy| send(envoy, &post())));
}

#[test]
fn a_websocket_handshake() {
    let request = credentials(Request::get("/chat"))
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    hold("websocket", &Recorded::of(Bootstrap::shipped, |envoy| send(envoy, &request)));
}

#[test]
fn a_connect() {
    let target = format!("{HOST}:443");
    let request = credentials(Request::new("CONNECT", &target));
    hold("connect", &Recorded::of(connect_route, |envoy| send(envoy, &request)));
}

#[test]
fn a_grpc_call() {
    hold("grpc", &Recorded::of(Bootstrap::shipped, call));
}

fn raw(realmgate: SocketAddr, upstream: SocketAddr) -> Bootstrap {
    Bootstrap::shipped(realmgate, upstream).ext_authz_with("encode_raw_headers: true")
}

fn connect_route(realmgate: SocketAddr, upstream: SocketAddr) -> Bootstrap {
    Bootstrap::shipped(realmgate, upstream).with_connect()
}

fn jwt8() -> Request {
    credentials(Request::get("/logs/_search?q=status:500&size=10"))
        .header("User-Agent", "elasticsearch-py/9.5.0")
        .header("Accept", "application/vnd.elasticsearch+json; compatible-with=9")
}

fn credentials(request: Request) -> Request {
    request
        .header("Host", HOST)
        .header("Authorization", &guide::bearer(guide::TOKEN))
        .header("ES-Client-Authentication", &guide::shared_secret(guide::SECRET))
}

/// As large as a browser behind two proxies makes them, with repeats and bytes beyond ASCII.
fn post() -> Request {
    let fixed = [
        ("Content-Type", "application/x-ndjson"),
        ("Cookie", "session=6f1c0d2b; theme=dark"),
        ("Cookie", "consent=yes"),
        ("X-Forwarded-For", "203.0.113.7, 198.51.100.2"),
        ("Accept-Language", "de-CH,de;q=0.9,en;q=0.8"),
        ("X-Tag", "one"),
        ("X-Tag", "two"),
        ("X-Name", "Zoë"),
        ("X-Empty", ""),
        ("X-Es-Username", "elastic"),
        ("es-security-runas-user", "elastic"),
    ];
    let many = (0..30).map(|n| (format!("X-Custom-{n:02}"), format!("value number {n}")));
    let request = credentials(Request::new("POST", "/logs/_bulk?refresh=true")).headers(fixed);
    let request = many.fold(request, |request, (name, value)| request.header(&name, &value));
    request.body(b"{\"index\":{}}\n{\"message\":\"hello\"}\n")
}

fn send(envoy: SocketAddr, request: &Request) {
    let (answer, _) = request.upgrade(envoy).unwrap();
    assert_eq!(answer.status, 403, "the recorder lets nobody in");
}

fn call(envoy: SocketAddr) {
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{envoy}")).unwrap();
    let endpoint = endpoint.origin(format!("http://{HOST}").parse().unwrap());
    let mut request = tonic::Request::new(HealthCheckRequest { service: String::new() });
    let mut set = |name, value: String| request.metadata_mut().insert(name, value.parse().unwrap());
    set("authorization", guide::bearer(guide::TOKEN));
    set("es-client-authentication", guide::shared_secret(guide::SECRET));
    RUNTIME.block_on(async {
        let mut client = HealthClient::new(endpoint.connect().await.unwrap());
        client.check(request).await.expect_err("the recorder lets nobody in");
    });
}

/// The one check of one request.
struct Recorded(Vec<u8>);

impl Recorded {
    fn of(
        bootstrap: impl FnOnce(SocketAddr, SocketAddr) -> Bootstrap,
        ask: impl FnOnce(SocketAddr),
    ) -> Self {
        let recorder = Recorder::start();
        let envoy: Envoy = envoy(&bootstrap(recorder.address(), NOBODY.parse().unwrap()));
        ask(envoy.address());
        let asked = recorder.take();
        assert_eq!(asked.len(), 1, "one request is one check");
        Self(asked[0].to_vec())
    }
}

/// Compares with the stored file, or writes it.
fn hold(name: &str, recorded: &Recorded) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/check-requests");
    let file = folder.join(format!("{name}.bin"));
    if std::env::var_os("REALMGATE_WRITE_CAPTURES").is_some() {
        std::fs::write(&file, &recorded.0).unwrap();
    }
    let stored = std::fs::read(&file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    assert_eq!(settled(&recorded.0), settled(&stored), "{name} is not what Envoy sends");
}

/// What does not differ from run to run, the headers in the order of their names.
fn settled(bytes: &[u8]) -> (AttributeContext, Vec<(String, String)>) {
    let mut attributes = CheckRequest::decode(bytes).unwrap().attributes.unwrap();
    let request = attributes.request.as_mut().unwrap();
    request.time = None;
    let http = request.http.as_mut().unwrap();
    http.id.clear();
    let joined = std::mem::take(&mut http.headers).into_iter();
    let entries = http.header_map.take().map(|map| map.headers).unwrap_or_default().into_iter();
    let mut headers: Vec<_> = joined.chain(entries.map(pair)).collect();
    headers.sort();
    let settle =
        |(name, value)| if name == "x-request-id" { (name, String::new()) } else { (name, value) };
    let headers = headers.into_iter().map(settle).collect();
    for peer in [&mut attributes.source, &mut attributes.destination].into_iter().flatten() {
        let address = peer.address.as_mut().and_then(|address| address.address.as_mut());
        if let Some(address::Address::SocketAddress(socket)) = address {
            socket.port_specifier = Some(socket_address::PortSpecifier::PortValue(0));
        }
    }
    (attributes, headers)
}

fn pair(header: HeaderValue) -> (String, String) {
    let value = if header.raw_value.is_empty() {
        header.value
    } else {
        String::from_utf8_lossy(&header.raw_value).into_owned()
    };
    (header.key, value)
}
