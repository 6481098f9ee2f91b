//! gRPC health and the health pages of the HTTP listener.

use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::support::caller::{Caller, block_on};
use crate::support::{corp, http};

/// The health of a service by gRPC, or the gRPC code of the refusal.
pub(crate) fn health(caller: &Caller, service: &str) -> Result<ServingStatus, tonic::Code> {
    let request = HealthCheckRequest { service: service.to_owned() };
    let mut client = HealthClient::new(caller.channel());
    let response = block_on(client.check(request)).map_err(|status| status.code())?;
    Ok(response.into_inner().status())
}

#[test]
fn grpc_health_is_serving_for_the_whole_the_service_and_each_realm() {
    let gate = corp::setup().start();
    for service in ["", "envoy.service.auth.v3.Authorization", "realm/corp"] {
        assert_eq!(health(&gate.caller(), service), Ok(ServingStatus::Serving), "{service:?}");
    }
    for service in ["realm/other", "corp", "envoy.service.auth.v2.Authorization"] {
        assert_eq!(health(&gate.caller(), service), Err(tonic::Code::NotFound), "{service:?}");
    }
}

#[test]
fn the_http_listener_is_alive_and_ready() {
    let gate = corp::setup().start();
    assert_eq!(http::get(gate.http(), "/livez").status, 200);
    assert_eq!(http::get(gate.http(), "/readyz").status, 200);
    let verbose = http::get(gate.http(), "/readyz?verbose");
    assert_eq!(verbose.status, 200);
    let mut lines: Vec<_> = verbose.body.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["[+]config ok", "[+]drain ok", "[+]realm/corp ok"]);
}

#[test]
fn the_http_listener_serves_nothing_else_and_takes_no_writes() {
    let gate = corp::setup().start();
    for path in ["/", "/config", "/debug/pprof", "/metrics/x", "/livez/", "/../etc/passwd"] {
        assert_eq!(http::get(gate.http(), path).status, 404, "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        for path in ["/metrics", "/livez", "/readyz"] {
            let page = http::request(gate.http(), method, path).unwrap();
            assert_eq!(page.status, 405, "{method} {path}");
        }
    }
}
