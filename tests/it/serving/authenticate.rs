//! `GET /_security/_authenticate`: who the sender is, as Elasticsearch would say it.

use serde_json::{Value, json};

use crate::support::answer::Verdict;
use crate::support::check::Check;
use crate::support::gate::{Gate, Setup};
use crate::support::http::{Page, request, sample, send};
use crate::support::token::{self, Claims, HS256};
use crate::support::{corp, wait};

const PATH: &str = "/_security/_authenticate";

fn ask(gate: &Gate, headers: &[(&str, &str)]) -> Page {
    send(gate.http(), "GET", PATH, headers).unwrap()
}

/// The credential headers of a token and the secret of `corp`.
fn credentials(token: &str) -> [(&'static str, String); 2] {
    let secret = format!("SharedSecret {}", corp::SECRET);
    [("Authorization", format!("Bearer {token}")), ("ES-Client-Authentication", secret)]
}

fn ask_with(gate: &Gate, token: &str) -> Page {
    let credentials = credentials(token);
    ask(gate, &credentials.each_ref().map(|(name, value)| (*name, value.as_str())))
}

#[test]
fn a_token_of_the_quickstart_is_answered_in_elasticsearchs_body() {
    let gate = Gate::quickstart();
    let claims = Claims::good().with("iss", "iss8").with("aud", "aud8");
    let claims = claims.with("sub", "security_test_user").with("level", 3);
    let token = claims.signed(HS256, "hmac-oidc-key-string-for-hs256-algorithm");
    let bearer = format!("Bearer {token}");
    let client = "SharedSecret client-shared-secret-string";
    let headers = [("Authorization", bearer.as_str()), ("ES-Client-Authentication", client)];
    let page = ask(&gate, &headers);
    assert_eq!((page.status, page.header("content-type")), (200, Some("application/json")));
    assert_eq!(page.header("www-authenticate"), None);
    assert_eq!(
        page.body,
        "{\"username\":\"security_test_user\",\"roles\":[],\"full_name\":null,\"email\":null,\
         \"metadata\":{\"jwt_claim_aud\":[\"aud8\"],\"jwt_claim_iss\":\"iss8\",\
         \"jwt_claim_level\":3,\"jwt_claim_sub\":\"security_test_user\",\
         \"jwt_token_type\":\"id_token\"},\"enabled\":true,\
         \"authentication_realm\":{\"name\":\"jwt8\",\"type\":\"jwt\"},\
         \"lookup_realm\":{\"name\":\"jwt8\",\"type\":\"jwt\"},\
         \"authentication_type\":\"realm\"}"
    );
}

#[test]
fn properties_are_told_whether_or_not_the_upstream_is_told() {
    let gate = corp::setup().set("realmgate.identity.headers.email", "").start();
    let claims = Claims::good().with("name", "Ana B").with("mail", "ana@example.com");
    let told: Value = serde_json::from_str(&ask_with(&gate, &claims.token()).body).unwrap();
    assert_eq!((&told["full_name"], &told["email"]), (&json!("Ana B"), &json!("ana@example.com")));
    assert_eq!(told["metadata"]["jwt_claim_name"], "Ana B");
}

#[test]
fn a_token_that_the_gate_remembers_is_told_with_its_metadata() {
    let gate = corp::setup().start();
    let claims = Claims::good();
    for _ in 0..2 {
        assert!(gate.caller().check(&corp::with(&claims)).is_allow());
        let told: Value = serde_json::from_str(&ask_with(&gate, &claims.token()).body).unwrap();
        assert_eq!(told["metadata"]["jwt_claim_sub"], "ana", "{told}");
    }
}

#[test]
fn a_refusal_is_the_gates_for_the_same_headers() {
    let gate = corp::setup().start();
    let token = Claims::good().token();
    let [header, payload, _] = token::parts(&token);
    let [bearer, client] = credentials(&token);
    let expired = credentials(&Claims::good().with("exp", 0).token());
    let forged = credentials(&format!("{header}.{payload}.{}", token::encode("forged")));
    let run_as = |target: &str| ("es-security-runas-user", target.to_owned());
    let grpc = ("content-type", "application/grpc".to_owned());
    let empty_secret = ("es-client-authentication", "SharedSecret".to_owned());
    for (headers, status) in [
        (vec![], 401),
        (vec![grpc.clone()], 401),
        (vec![bearer.clone()], 401),
        (vec![bearer.clone(), empty_secret], 401),
        (vec![("authorization", "Bearer x.y.z".to_owned())], 401),
        (vec![("authorization", "Basic x".to_owned())], 401),
        (expired.to_vec(), 401),
        (forged.to_vec(), 401),
        (vec![bearer.clone(), client.clone(), run_as("")], 401),
        (vec![bearer.clone(), client.clone(), run_as("eve")], 403),
        (vec![bearer.clone(), client.clone(), run_as("eve"), grpc], 403),
        (vec![bearer.clone(), bearer.clone(), client.clone()], 400),
        (vec![bearer, client, run_as("a"), run_as("b")], 400),
    ] {
        let line = |(name, value): &(&'static str, String)| (*name, value.clone());
        let lines: Vec<_> = headers.iter().map(line).collect();
        let sent: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let page = ask(&gate, &sent);
        let check = sent.iter().fold(Check::new("GET", PATH).into_entries(), |check, (n, v)| {
            check.entry(&n.to_ascii_lowercase(), v)
        });
        let answer = gate.caller().check(&check);
        let Verdict::Deny { status: gates, headers, body } = &answer.verdict else { panic!() };
        assert_eq!((page.status, *gates), (status, status), "{sent:?}");
        assert_eq!(&page.body, body, "{sent:?}");
        for (name, value) in headers {
            assert_eq!(page.header(name), Some(value.as_str()), "{name} of {sent:?}");
        }
        assert_eq!(page.header("www-authenticate").is_some(), status == 401, "{sent:?}");
    }
}

#[test]
fn it_counts_for_the_realm_and_not_as_a_check() {
    let gate = corp::setup().start();
    assert_eq!(ask_with(&gate, &Claims::good().token()).status, 200);
    assert_eq!(ask_with(&gate, &Claims::good().with("exp", 0).token()).status, 401);
    assert_eq!(ask(&gate, &[]).status, 401);
    let text = gate.scrape();
    for (series, count) in [
        (r#"realmgate_jwt_validation_duration_seconds_count{realm="corp",outcome="valid"}"#, 1.0),
        (r#"realmgate_jwt_validation_duration_seconds_count{realm="corp",outcome="invalid"}"#, 1.0),
        (r#"realmgate_client_authentication_total{realm="corp",result="current"}"#, 2.0),
        ("realmgate_checks_in_flight", 0.0),
        (r#"realmgate_check_duration_seconds_count{decision="allow"}"#, 0.0),
        (r#"realmgate_check_duration_seconds_count{decision="deny"}"#, 0.0),
        (
            r#"grpc_server_handling_seconds_count{grpc_type="unary",grpc_service="envoy.service.auth.v3.Authorization",grpc_method="Check"}"#,
            0.0,
        ),
    ] {
        assert_eq!(sample(&text, series), Some(count), "{series}");
    }
    let checks = text.lines().filter(|line| line.starts_with("realmgate_checks_total{"));
    assert!(
        checks.clone().count() > 0 && checks.clone().all(|line| line.ends_with(" 0")),
        "{text}"
    );
}

#[test]
fn it_is_logged_as_a_check_is() {
    let gate = corp::setup().set("realmgate.log.decisions", "all").start();
    ask_with(&gate, &Claims::good().token());
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    ask(&gate, &[("traceparent", trace), ("x-request-id", "5f1d")]);
    let line = gate.wait_for_event(|line| line["reason"] == "ok");
    for (name, value) in [
        ("event", "check"),
        ("decision", "allow"),
        ("realm", "corp"),
        ("user", "ana"),
        ("method", "GET"),
        ("path", PATH),
    ] {
        assert_eq!(line[name], value, "{name} of {line}");
    }
    let line = gate.wait_for_event(|line| line["reason"] == "no_credentials");
    assert_eq!(line["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!((&line["decision"], &line["request_id"]), (&json!("deny"), &json!("5f1d")));
    // Nothing filters the headers of this listener.
    assert!(!gate.log().contains("filtered_headers"), "{}", gate.log());
}

#[test]
fn a_flood_of_it_meets_the_cap_of_the_log() {
    let gate = corp::setup().set("realmgate.log.lines_per_second", 1).start();
    wait::eventually("a line is dropped and counted", || {
        ask(&gate, &[]);
        (gate.metric("realmgate_log_lines_dropped_total") > 0).then_some(())
    });
}

#[test]
fn it_takes_no_writes_and_where_it_is_off_it_is_not_there() {
    let setting = "realmgate.http.security_api";
    let served = |setup: Setup, get: u16, post: u16| {
        let gate = setup.start();
        for (method, status) in [("GET", get), ("POST", post), ("PUT", post), ("DELETE", post)] {
            let page = request(gate.http(), method, PATH).unwrap();
            assert_eq!(page.status, status, "{method}");
        }
        let unknown = request(gate.http(), "GET", "/_security/user").unwrap();
        assert_eq!((unknown.status, unknown.body.as_str()), (404, ""));
        gate
    };
    served(corp::setup(), 401, 405);
    let gate = served(corp::setup().set(setting, false), 404, 404);
    let page = ask_with(&gate, &Claims::good().token());
    assert_eq!((page.status, page.body.as_str()), (404, ""));
    let anywhere = corp::setup().set("realmgate.http.address", "0.0.0.0:0");
    let ended = anywhere.set(setting, true).start();
    let warning = "whoever can reach the HTTP address can try tokens there";
    assert!(ended.log().contains(warning), "{}", ended.log());
}
