//! The metrics: every name is there from the first scrape, and each counts what it says.

use crate::support::check::Check;
use crate::support::corp;
use crate::support::http::{get, sample};
use crate::support::token::Claims;

#[test]
fn every_series_exists_at_the_first_scrape() {
    let gate = corp::setup().start();
    let page = get(gate.http(), "/metrics");
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    let zero = [
        r#"realmgate_checks_total{decision="allow",reason="ok",realm="corp"}"#,
        r#"realmgate_checks_total{decision="deny",reason="no_credentials",realm=""}"#,
        r#"realmgate_checks_total{decision="deny",reason="signature_invalid",realm="corp"}"#,
        r#"realmgate_checks_total{decision="error",reason="overloaded",realm=""}"#,
        r#"realmgate_check_duration_seconds_count{decision="allow"}"#,
        r#"realmgate_check_duration_seconds_count{decision="deny"}"#,
        r#"realmgate_check_duration_seconds_count{decision="error"}"#,
        r#"realmgate_check_duration_seconds_bucket{decision="allow",le="0.18"}"#,
        r#"realmgate_check_duration_seconds_bucket{decision="allow",le="1.8"}"#,
        r#"realmgate_check_duration_seconds_bucket{decision="allow",le="0.00001"}"#,
        r#"realmgate_check_duration_seconds_bucket{decision="allow",le="2.5"}"#,
        r#"realmgate_jwt_validation_duration_seconds_count{realm="corp",outcome="valid"}"#,
        r#"realmgate_jwt_validation_duration_seconds_count{realm="corp",outcome="invalid"}"#,
        r#"realmgate_client_authentication_total{realm="corp",result="current"}"#,
        r#"realmgate_client_authentication_total{realm="corp",result="previous"}"#,
        r#"realmgate_client_authentication_total{realm="corp",result="missing"}"#,
        r#"realmgate_client_authentication_total{realm="corp",result="mismatch"}"#,
        r#"realmgate_client_authentication_total{realm="corp",result="disabled"}"#,
        r#"realmgate_run_as_total{result="denied"}"#,
        r#"realmgate_config_reloads_total{result="applied"}"#,
        r#"realmgate_config_reloads_total{result="unchanged"}"#,
        r#"realmgate_config_reloads_total{result="refused"}"#,
        "realmgate_checks_in_flight",
        "realmgate_log_lines_dropped_total",
        r#"grpc_server_handled_total{grpc_type="unary",grpc_service="envoy.service.auth.v3.Authorization",grpc_method="Check",grpc_code="OK"}"#,
        r#"grpc_server_handling_seconds_count{grpc_type="unary",grpc_service="envoy.service.auth.v3.Authorization",grpc_method="Check"}"#,
    ];
    for series in zero {
        assert_eq!(sample(&page.body, series), Some(0.0), "{series}");
    }
    let build = page.body.lines().find(|line| line.starts_with("realmgate_build_info{")).unwrap();
    assert!(build.ends_with(" 1"), "{build}");
    for label in ["version=\"", "revision=\"", "rustc=\""] {
        assert!(build.contains(label), "{build}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_is_measured_too() {
    let gate = corp::setup().start();
    let text = gate.scrape();
    for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"] {
        assert!(sample(&text, name).is_some(), "{name}");
    }
}

#[test]
fn each_check_is_counted_once_where_it_belongs() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    for _ in 0..3 {
        assert!(caller.check(&corp::good()).is_allow());
    }
    caller.check(&Check::get());
    caller.check(&corp::with(&Claims::good().with("exp", 0)));
    caller.check(&corp::good().header("es-security-runas-user", "eve"));
    caller.check(&corp::good().header("es-security-runas-user", ""));
    caller.check_bytes(b"\xff");
    let counts = [
        (r#"realmgate_checks_total{decision="allow",reason="ok",realm="corp"}"#, 3),
        (r#"realmgate_checks_total{decision="deny",reason="no_credentials",realm=""}"#, 1),
        (r#"realmgate_checks_total{decision="deny",reason="token_expired",realm="corp"}"#, 1),
        (r#"realmgate_checks_total{decision="deny",reason="run_as_denied",realm="corp"}"#, 1),
        (r#"realmgate_checks_total{decision="deny",reason="run_as_empty",realm="corp"}"#, 1),
        (r#"realmgate_checks_total{decision="deny",reason="bad_request",realm=""}"#, 1),
        (r#"realmgate_check_duration_seconds_count{decision="allow"}"#, 3),
        (r#"realmgate_check_duration_seconds_count{decision="deny"}"#, 5),
        (r#"realmgate_check_duration_seconds_count{decision="error"}"#, 0),
        (r#"realmgate_jwt_validation_duration_seconds_count{realm="corp",outcome="valid"}"#, 1),
        (r#"realmgate_jwt_validation_duration_seconds_count{realm="corp",outcome="cached"}"#, 4),
        (r#"realmgate_jwt_cache_requests_total{realm="corp",result="hit"}"#, 4),
        (r#"realmgate_jwt_cache_requests_total{realm="corp",result="miss"}"#, 2),
        (r#"realmgate_jwt_cache_entries{realm="corp"}"#, 1),
        (r#"realmgate_jwt_validation_duration_seconds_count{realm="corp",outcome="invalid"}"#, 1),
        (r#"realmgate_run_as_total{result="denied"}"#, 2),
        (
            r#"grpc_server_handled_total{grpc_type="unary",grpc_service="envoy.service.auth.v3.Authorization",grpc_method="Check",grpc_code="OK"}"#,
            8,
        ),
    ];
    for (series, count) in counts {
        gate.wait_for_metric(series, count);
    }
    gate.wait_for_metric("realmgate_checks_in_flight", 0);
}

#[test]
fn each_way_of_a_client_to_prove_itself_is_counted() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    let token = Claims::good().token();
    let foreign = Claims::good().with("iss", "other").token();
    caller.check(&corp::good());
    caller.check(&corp::with(&Claims::good().with("exp", 0)));
    caller.check(&Check::get().bearer(&token));
    caller.check(&Check::get().bearer(&token).client_secret("wrong"));
    // A realm that is passed over for its issuer counts no client.
    caller.check(&Check::get().bearer(&foreign));
    let series = |result: &str| {
        format!(r#"realmgate_client_authentication_total{{realm="corp",result="{result}"}}"#)
    };
    for (result, count) in [("current", 2), ("missing", 1), ("mismatch", 1), ("disabled", 0)] {
        gate.wait_for_metric(&series(result), count);
    }
}

#[test]
fn a_realm_that_asks_for_no_secret_counts_its_clients_apart() {
    let kind = corp::setting("client_authentication.type");
    let gate = corp::setup_without_secret().set(&kind, "none").start();
    gate.caller().check(&Check::get().bearer(&Claims::good().token()));
    gate.wait_for_metric(
        r#"realmgate_client_authentication_total{realm="corp",result="disabled"}"#,
        1,
    );
}

#[test]
fn no_label_holds_what_a_caller_sent() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    let claims = Claims::good().with("sub", "mallory-1").with("iss", "issuer-of-mallory");
    let check = corp::with(&claims).header("x-request-id", "request-of-mallory");
    caller.check(&check.host("host-of-mallory"));
    caller.check(&Check::new("MALLORY", "/path-of-mallory"));
    caller.check(&corp::good().header("es-security-runas-user", "mallory-2"));
    gate.wait_for_metric(r#"realmgate_run_as_total{result="denied"}"#, 1);
    assert!(!gate.scrape().to_lowercase().contains("mallory"));
}
