//! A filter behind Realmgate that reads the token itself: Envoy's own `jwt_authn`.
//!
//! Rule: it sees the request as Realmgate left it, so without `forward_credentials` it finds none.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::kit::bootstrap::Bootstrap;
use super::kit::guide;
use super::scene::{Scene, assert_absent, assert_identity, good, jwt8};

fn with_jwt_authn(bootstrap: Bootstrap) -> Bootstrap {
    let key = URL_SAFE_NO_PAD.encode(guide::KEY);
    bootstrap.filter_behind(&format!(
        r#"- name: envoy.filters.http.jwt_authn
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
    providers:
      guide:
        issuer: iss8
        audiences: [aud8]
        forward: true
        local_jwks: {{ inline_string: '{{"keys":[{{"kty":"oct","alg":"HS256","k":"{key}"}}]}}' }}
    rules:
      - match: {{ prefix: / }}
        requires: {{ provider_name: guide }}"#
    ))
}

#[test]
fn a_jwt_filter_behind_finds_no_token() {
    let scene = Scene::of(jwt8(), with_jwt_authn);
    let outcome = scene.ask(&good("/"));
    assert!(outcome.seen.is_none());
    assert_eq!(
        (outcome.response.status, outcome.response.text().as_str()),
        (401, "Jwt is missing")
    );
}

#[test]
fn a_jwt_filter_behind_finds_the_token_that_is_forwarded_and_nothing_else() {
    let forward = serde_json::json!(["authorization"]);
    let scene = Scene::of(jwt8().set("realmgate.forward_credentials", forward), with_jwt_authn);
    let outcome = scene.ask(&good("/"));
    assert_eq!(outcome.response.status, 200, "{}", outcome.response.text());
    let seen = outcome.seen.expect("the upstream is asked");
    assert_identity(&seen.headers);
    assert_eq!(seen.all("authorization"), [guide::bearer(guide::TOKEN)]);
    assert_absent(&seen.headers, &["es-client-authentication", "es-security-runas-user"]);
}
