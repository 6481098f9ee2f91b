//! Denials: Elasticsearch's error bodies, their headers, and the google.rpc codes beside them.

use serde_json::{Value, json};

use crate::support::answer::{Answer, Verdict};
use crate::support::check::Check;
use crate::support::corp;
use crate::support::gate::Gate;
use crate::support::token::Claims;

const CHALLENGE: &str = "Bearer realm=\"security\"";

fn headers(answer: &Answer) -> Vec<(&str, &str)> {
    let Verdict::Deny { headers, .. } = &answer.verdict else { panic!("allowed: {answer:?}") };
    let mut headers: Vec<_> = headers.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    headers.sort_unstable();
    headers
}

/// Elasticsearch's body of an error without a header member.
fn error(status: u16, kind: &str, reason: &str) -> Value {
    json!({
        "error": {
            "root_cause": [{ "type": kind, "reason": reason }],
            "type": kind,
            "reason": reason,
        },
        "status": status,
    })
}

#[test]
fn an_unauthorized_answer_is_elasticsearchs_with_a_challenge() {
    let gate = corp::setup().start();
    let answer = gate.caller().check(&Check::new("GET", "/a?b=c"));
    assert_eq!((answer.status(), answer.code), (401, 16));
    let reason = "missing authentication credentials for REST request [/a?b=c]";
    let mut wanted = error(401, "security_exception", reason);
    let header = json!({ "WWW-Authenticate": CHALLENGE });
    wanted["error"]["root_cause"][0]["header"] = header.clone();
    wanted["error"]["header"] = header;
    assert_eq!(answer.body_json(), wanted);
    let wanted = [("content-type", "application/json"), ("www-authenticate", CHALLENGE)];
    assert_eq!(headers(&answer), wanted);
}

#[test]
fn the_members_of_a_body_stand_in_elasticsearchs_order() {
    let gate = corp::setup().start();
    let body = gate.caller().check(&Check::get()).body().to_owned();
    let members = [
        "{\"error\":{\"root_cause\":[{\"type\":",
        "\"reason\":",
        "\"header\":",
        "],\"type\":",
        "\"reason\":",
        "\"header\":",
        "},\"status\":401}",
    ];
    let mut rest = body.as_str();
    for member in members {
        let at = rest.find(member).unwrap_or_else(|| panic!("{member} is out of order in {body}"));
        rest = &rest[at + member.len()..];
    }
    assert_eq!(rest, "");
}

#[test]
fn a_forbidden_answer_has_no_challenge() {
    let gate = corp::setup().start();
    let answer = gate.caller().check(&Check::new("CONNECT", ""));
    assert_eq!((answer.status(), answer.code), (403, 7));
    let reason = "action [CONNECT shop.example.com] is unauthorized";
    assert_eq!(answer.body_json(), error(403, "security_exception", reason));
    assert_eq!(headers(&answer), [("content-type", "application/json")]);
}

#[test]
fn a_bad_request_is_an_illegal_argument() {
    let gate = corp::setup().start();
    let repeated = corp::good().header("authorization", "Bearer a,Bearer b");
    let cases = [
        (repeated, "multiple values for single-valued header [Authorization]."),
        (Check::new("", "/"), "no usable HTTP request in the check"),
    ];
    for (check, reason) in cases {
        let answer = gate.caller().check(&check);
        assert_eq!((answer.status(), answer.code), (400, 3));
        assert_eq!(answer.body_json(), error(400, "illegal_argument_exception", reason));
        assert_eq!(headers(&answer), [("content-type", "application/json")]);
    }
}

#[test]
fn a_failure_of_the_gate_is_unavailable() {
    let setup = corp::setup().set("realmgate.identity.remove", json!(["x-internal-*"]));
    let check = Check::bare("GET", "/").bearer(&Claims::good().token());
    let answer = setup.start().caller().check(&check.client_secret(corp::SECRET));
    assert_eq!((answer.status(), answer.code), (503, 14));
    let wanted = error(503, "security_exception", "authentication service unavailable");
    assert_eq!(answer.body_json(), wanted);
    assert_eq!(headers(&answer), [("content-type", "application/json")]);
}

#[test]
fn a_grpc_caller_gets_the_sentence_alone_as_text() {
    let gate = corp::setup().start();
    let kinds = ["application/grpc", "application/grpc+proto", "application/grpc-web+proto"];
    for kind in kinds {
        let check = Check::new("POST", "/a.B/C").header("content-type", kind);
        for check in [check.clone(), check.into_entries()] {
            let answer = gate.caller().check(&check);
            let sentence = "missing authentication credentials for REST request [/a.B/C]";
            assert_eq!((answer.status(), answer.code, answer.body()), (401, 16, sentence));
            let wanted = [("content-type", "text/plain"), ("www-authenticate", CHALLENGE)];
            assert_eq!(headers(&answer), wanted, "{kind}");
        }
    }
    for kind in ["application/json", "text/plain", "x-application/grpc", ""] {
        let answer = gate.caller().check(&Check::get().header("content-type", kind));
        assert_eq!(answer.header("content-type"), Some("application/json"), "{kind}");
    }
}

#[test]
fn a_grpc_caller_of_no_usable_request_gets_text_too() {
    let gate = corp::setup().start();
    let check = Check::new("POST", "http://x/").header("content-type", "application/grpc");
    let answer = gate.caller().check(&check);
    let sentence = "no usable HTTP request in the check";
    assert_eq!((answer.status(), answer.code, answer.body()), (400, 3, sentence));
    assert_eq!(headers(&answer), [("content-type", "text/plain")]);
}

#[test]
fn a_body_is_json_whatever_it_echoes() {
    let gate = corp::setup().start();
    for path in ["/\"},{\"a\":\"", "/\\", "/\u{1}\u{1f}\u{7f}", "/caf\u{e9}\u{2028}", "/<script>"] {
        assert_eq!(
            gate.caller().check(&Check::new("GET", path)).sentence(),
            format!("missing authentication credentials for REST request [{path}]")
        );
    }
    let claims = Claims::good().with("sub", "\"\r\n\0").with("exp", 0);
    let answer = gate.caller().check(&corp::with(&claims));
    let wanted = format!("unable to authenticate user [{}] for REST request [/]", claims.label());
    assert_eq!(answer.sentence(), wanted);
}

#[test]
fn a_client_learns_no_reason_code() {
    let gate: Gate = corp::setup().start();
    let expired = corp::with(&Claims::good().with("exp", 0));
    let wrong = corp::good().header("es-client-authentication", "SharedSecret x");
    for check in [expired, wrong] {
        let answer = gate.caller().check(&check);
        let wanted = [("content-type", "application/json"), ("www-authenticate", CHALLENGE)];
        assert_eq!(headers(&answer), wanted);
        assert!(!answer.body().contains(answer.reason()), "{answer:?}");
    }
}
