//! What a client gets: through, or Elasticsearch's own error.
//!
//! Rule: whoever is turned away has not reached the upstream, which each row asks itself.

use serde_json::{Value, json};

use super::kit::guide;
use super::kit::http::Request;
use super::scene::{
    CREDENTIALS, Outcome, Scene, assert_absent, assert_identity, credentials, good, reason_of,
};
use crate::support::wait::eventually;

const TARGET: &str = "/logs/_search?q=1";
/// What the guide's token is called where it is refused: all its claims that are text.
const TOKEN_NAME: &str = "'aud:aud8' 'iss:iss8' 'sub:security_test_user'";

#[test]
fn the_guides_user_comes_through_with_an_identity_and_without_credentials() {
    let scene = Scene::shipped();
    let outcome = scene.ask(&good(TARGET).header("X-Mine", "kept"));
    assert_eq!(outcome.response.status, 200);
    let seen = outcome.seen.expect("the upstream is asked");
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", TARGET));
    assert_eq!(seen.all("x-mine"), ["kept"]);
    assert_identity(&seen.headers);
    assert_absent(&seen.headers, CREDENTIALS);
}

#[test]
fn a_body_comes_through_whole_and_counts_for_nothing() {
    let scene = Scene::shipped();
    let request = credentials(Request::new("POST", "/logs/_bulk")).body(&vec![b'x'; 100_000]);
    let seen = scene.ask(&request).seen.expect("the upstream is asked");
    assert_eq!(seen.all("content-length"), ["100000"]);
    assert_identity(&seen.headers);
}

#[test]
fn whoever_is_refused_gets_elasticsearchs_401() {
    let scene = Scene::shipped();
    let as_user = format!("unable to authenticate user [{TOKEN_NAME}] for REST request [{TARGET}]");
    let as_elastic = as_user.replace(guide::USER, "elastic");
    let unread = "unable to authenticate with provided credentials and anonymous access is not \
                  allowed for this request";
    let missing = format!("missing authentication credentials for REST request [{TARGET}]");
    let rows = [
        ("nothing", Request::get(TARGET), missing.clone()),
        ("a secret alone", asking(None, Some(guide::SECRET)), missing.clone()),
        ("Basic", Request::get(TARGET).header("Authorization", "Basic dTpw"), missing),
        ("no JWT", asking(Some("garbage"), Some(guide::SECRET)), unread.to_owned()),
        ("no client secret", asking(Some(guide::TOKEN), None), as_user.clone()),
        ("a wrong secret", asking(Some(guide::TOKEN), Some("wrong-secret")), as_user.clone()),
        ("expired", asking(Some(&guide::expired()), Some(guide::SECRET)), as_user.clone()),
        ("forged", asking(Some(&guide::forged()), Some(guide::SECRET)), as_elastic),
        ("an empty run-as", good(TARGET).header("es-security-runas-user", ""), as_user),
    ];
    for (row, request, reason) in rows {
        let response = turned_away(row, scene.ask(&request), 401);
        assert_eq!(reason_of(&response), reason, "{row}");
        assert_eq!(response.all("www-authenticate"), [r#"Bearer realm="security""#], "{row}");
        let header = json!({ "WWW-Authenticate": r#"Bearer realm="security""# });
        assert_eq!(response.json()["error"]["header"], header, "{row}");
        assert_eq!(response.json()["error"]["type"], "security_exception", "{row}");
    }
}

#[test]
fn run_as_is_refused_with_403_as_long_as_nobody_may() {
    let scene = Scene::shipped();
    let request = good(TARGET).header("ES-Security-Runas-User", "elastic");
    let response = turned_away("run-as", scene.ask(&request), 403);
    let user = guide::USER;
    let reason = reason_of(&response);
    let beginning = format!("action [GET /logs/_search] is unauthorized for user [{user}]");
    let end = format!("because user [{user}] is unauthorized to run as [elastic]");
    assert!(reason.starts_with(&beginning) && reason.ends_with(&end), "{reason}");
    assert_eq!(response.all("www-authenticate"), <[&str; 0]>::default());
}

#[test]
fn two_authorizations_are_400() {
    let scene = Scene::shipped();
    let request = good(TARGET).header("Authorization", &guide::bearer(guide::TOKEN));
    let response = turned_away("twice", scene.ask(&request), 400);
    assert_eq!(reason_of(&response), "multiple values for single-valued header [Authorization].");
    assert_eq!(response.json()["error"]["type"], "illegal_argument_exception");
}

#[test]
fn connect_is_not_let_in() {
    let request = credentials(Request::new("CONNECT", "shop.example.com:443"));
    let shipped = Scene::shipped();
    let outcome = shipped.ask(&request);
    assert!(outcome.seen.is_none() && outcome.response.status >= 400, "{outcome:?}");
    let routed = Scene::edited(super::kit::bootstrap::Bootstrap::with_connect);
    let response = turned_away("CONNECT", routed.ask(&request), 403);
    let reason = reason_of(&response);
    assert!(reason.starts_with("action [CONNECT shop.example.com"), "{reason}");
    assert!(reason.ends_with("is unauthorized"), "{reason}");
}

#[test]
fn a_context_extension_of_realmgates_is_refused_until_it_is_understood() {
    let scene = Scene::edited(|bootstrap| {
        bootstrap.edit(
            "                          route: { cluster: upstream }\n",
            r#"                          route: { cluster: upstream }
                          typed_per_filter_config:
                            envoy.filters.http.ext_authz:
                              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute
                              check_settings: { context_extensions: { realmgate.access: public } }
"#,
        )
    });
    turned_away("an extension", scene.ask(&good(TARGET)), 403);
}

#[test]
fn the_access_log_tells_who_came_and_why_somebody_did_not() {
    let scene = Scene::shipped();
    scene.ask(&good("/in?secret=1"));
    scene.ask(&asking(Some(&guide::expired()), Some(guide::SECRET)));
    let lines = eventually("two lines in the access log", || {
        let text = scene.envoy.access_log();
        let lines: Vec<Value> =
            text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        (lines.len() == 2).then_some(lines)
    });
    let told = |line: &Value| {
        ["path", "status", "flags", "decision", "reason", "realm", "username"]
            .map(|name| line[name].clone())
            .to_vec()
    };
    // The status is a number there, and what is not known is null.
    let expected = |texts: [&str; 6], username: Value| {
        let json =
            texts.map(|text| text.parse::<u16>().map_or(json!(text), |number| json!(number)));
        [json.to_vec(), vec![username]].concat()
    };
    let allowed = expected(["/in", "200", "-", "allow", "ok", guide::REALM], json!(guide::USER));
    let denied = ["/logs/_search", "401", "UAEX", "deny", "token_expired", guide::REALM];
    let denied = expected(denied, Value::Null);
    assert_eq!(lines.iter().map(told).collect::<Vec<_>>(), [allowed, denied]);
}

fn asking(token: Option<&str>, secret: Option<&str>) -> Request {
    let authorization = token.map(|token| ("Authorization", guide::bearer(token)));
    let client = secret.map(|it| ("ES-Client-Authentication", guide::shared_secret(it)));
    let lines = [authorization, client].into_iter().flatten();
    lines.fold(Request::get(TARGET), |request, (name, value)| request.header(name, &value))
}

fn turned_away(row: &str, outcome: Outcome, status: u16) -> super::kit::http::Response {
    assert!(outcome.seen.is_none(), "{row} reached the upstream: {:?}", outcome.seen);
    assert_eq!(outcome.response.status, status, "{row}: {}", outcome.response.text());
    outcome.response
}
