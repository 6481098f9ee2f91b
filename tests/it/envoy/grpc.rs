//! A gRPC client and a gRPC upstream: identities as metadata, refusals as gRPC errors.
//!
//! Rule: the client is a plain gRPC client that knows nothing of Realmgate.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::metadata::{KeyAndValueRef, MetadataMap};
use tonic::transport::{Channel, Server, server::TcpIncoming};
use tonic::{Code, Request, Status};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};
use tonic_health::server::{HealthReporter, HealthService};

use super::RUNTIME;
use super::kit::bootstrap::Bootstrap;
use super::kit::guide;
use super::kit::run::Envoy;
use super::logs;
use super::scene::{CREDENTIALS, assert_absent, assert_identity};
use crate::support::gate::{Gate, Setup};

type Seen = Arc<Mutex<Vec<MetadataMap>>>;

/// Realmgate, Envoy, and a health service as the upstream.
struct Call {
    envoy: Envoy,
    gate: Gate,
    seen: Seen,
    upstream: JoinHandle<()>,
}

impl Call {
    fn start() -> Self {
        let gate = Setup::quickstart().rust_log("trace").start();
        let seen = Seen::default();
        let (address, upstream) = serve(Arc::clone(&seen));
        let bootstrap = Bootstrap::shipped(gate.grpc().parse().unwrap(), address);
        let envoy = super::envoy(&bootstrap.with_http2_upstream());
        Self { envoy, gate, seen, upstream }
    }

    fn ask(&self, metadata: &[(&'static str, String)]) -> Result<i32, Status> {
        let mut request = Request::new(HealthCheckRequest { service: String::new() });
        for (name, value) in metadata {
            request.metadata_mut().append(*name, value.parse().unwrap());
        }
        let address = format!("http://{}", self.envoy.address());
        RUNTIME.block_on(async {
            let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
            let answer = HealthClient::new(channel).check(request).await?;
            Ok(answer.into_inner().status)
        })
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.upstream.abort();
        if !std::thread::panicking() {
            logs::assert_discreet(&self.gate.log());
        }
    }
}

fn serve(seen: Seen) -> (SocketAddr, JoinHandle<()>) {
    let listener = RUNTIME.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = listener.local_addr().unwrap();
    let look = move |request: Request<()>| {
        seen.lock().unwrap().push(request.metadata().clone());
        Ok(request)
    };
    let health = HealthService::from_health_reporter(HealthReporter::new());
    let service = HealthServer::with_interceptor(health, look);
    let server = Server::builder().add_service(service);
    let serving = server.serve_with_incoming(TcpIncoming::from(listener));
    (address, RUNTIME.spawn(async { serving.await.unwrap() }))
}

fn credentials() -> Vec<(&'static str, String)> {
    vec![
        ("authorization", guide::bearer(guide::TOKEN)),
        ("es-client-authentication", guide::shared_secret(guide::SECRET)),
    ]
}

fn lines(metadata: &MetadataMap) -> Vec<(String, String)> {
    let text = |pair| match pair {
        KeyAndValueRef::Ascii(name, value) => {
            Some((name.to_string(), value.to_str().unwrap().to_owned()))
        }
        KeyAndValueRef::Binary(..) => None,
    };
    metadata.iter().filter_map(text).collect()
}

#[test]
fn a_grpc_call_comes_through_with_an_identity_that_the_client_cannot_choose() {
    let call = Call::start();
    let mut metadata = credentials();
    metadata.push(("x-es-username", "mallory".to_owned()));
    metadata.push(("x-es-roles", "superuser".to_owned()));
    assert_eq!(call.ask(&metadata).unwrap(), ServingStatus::Serving as i32);
    let seen = call.seen.lock().unwrap();
    let headers = lines(&seen[0]);
    assert_identity(&headers);
    assert_absent(&headers, CREDENTIALS);
    assert_absent(&headers, &["x-es-roles"]);
}

#[test]
fn a_refused_grpc_call_fails_as_grpc_calls_fail() {
    let call = Call::start();
    let refused = call.ask(&credentials()[..1]).unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let expected = "unable to authenticate user ['aud:aud8' 'iss:iss8' 'sub:security_test_user'] \
                    for REST request [/grpc.health.v1.Health/Check]";
    assert_eq!(refused.message(), expected);
    let challenges = refused.metadata().get_all("www-authenticate").iter().collect::<Vec<_>>();
    assert_eq!(challenges, [r#"Bearer realm="security""#]);
    assert!(call.seen.lock().unwrap().is_empty());
}

#[test]
fn a_grpc_call_that_may_not_run_as_somebody_is_denied_permission() {
    let call = Call::start();
    let mut metadata = credentials();
    metadata.push(("es-security-runas-user", "elastic".to_owned()));
    let refused = call.ask(&metadata).unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(refused.message().starts_with("action [POST /grpc.health.v1.Health/Check]"));
    assert!(call.seen.lock().unwrap().is_empty());
}
