//! A whole scene: Realmgate at TRACE, an upstream, Envoy between them and the client.
//!
//! Rule: at the end of every scene Realmgate's log is searched for what was sent to it in
//! confidence, so the promise about logs is kept by all of these tests and not by one.

use serde_json::{Value, json};

use super::kit::bootstrap::Bootstrap;
use super::kit::guide;
use super::kit::http::{Request, Response};
use super::kit::run::Envoy;
use super::kit::upstream::{Seen, Upstream};
use super::logs;
use crate::support::gate::{Gate, Setup};

/// Everything that one test needs.
pub(super) struct Scene {
    // In this order: whoever asks another goes first.
    pub(super) envoy: Envoy,
    pub(super) upstream: Upstream,
    gate: Gate,
}

/// What a client got, and what the upstream was asked on its behalf.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) response: Response,
    pub(super) seen: Option<Seen>,
}

impl Scene {
    /// The quickstart behind the shipped configuration.
    pub(super) fn shipped() -> Self {
        Self::edited(|bootstrap| bootstrap)
    }

    /// The quickstart behind the shipped configuration with one change.
    pub(super) fn edited(edit: impl FnOnce(Bootstrap) -> Bootstrap) -> Self {
        Self::of(Setup::quickstart(), edit)
    }

    /// A Realmgate of the test's own.
    pub(super) fn of(setup: Setup, edit: impl FnOnce(Bootstrap) -> Bootstrap) -> Self {
        Self::before(Upstream::start().unwrap(), setup, edit)
    }

    /// An upstream of the test's own, too.
    pub(super) fn before(
        upstream: Upstream,
        setup: Setup,
        edit: impl FnOnce(Bootstrap) -> Bootstrap,
    ) -> Self {
        let gate = setup.rust_log("trace").start();
        let bootstrap = Bootstrap::shipped(gate.grpc().parse().unwrap(), upstream.address());
        let envoy = super::envoy(&edit(bootstrap));
        Self { envoy, upstream, gate }
    }

    /// Sends one request.
    pub(super) fn ask(&self, request: &Request) -> Outcome {
        let before = self.upstream.hits();
        let response = request.send(self.envoy.address()).unwrap();
        let seen = self.upstream.last().filter(|_| self.upstream.hits() > before);
        Outcome { response, seen }
    }

    /// The running Realmgate.
    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // A test that has failed has its own story to tell.
        if !std::thread::panicking() {
            logs::assert_discreet(&self.gate.log());
        }
    }
}

/// The realm `jwt8` of the guide as a configuration of its own, for tests that add to it.
pub(super) fn jwt8() -> Setup {
    let realm = "xpack.security.authc.realms.jwt.jwt8";
    let mut config = json!({});
    let settings = [
        ("order", json!(8)),
        ("allowed_issuer", json!("iss8")),
        ("allowed_audiences", json!(["aud8"])),
        ("allowed_signature_algorithms", json!(["HS256"])),
        ("claims.principal", json!("sub")),
        ("client_authentication.type", json!("shared_secret")),
    ];
    for (name, value) in settings {
        config[format!("{realm}.{name}")] = value;
    }
    Setup::json(config)
        .secret(&format!("{realm}.hmac_key"), guide::KEY)
        .secret(&format!("{realm}.client_authentication.shared_secret"), guide::SECRET)
}

/// The guide's request for this target.
pub(super) fn good(target: &str) -> Request {
    credentials(Request::get(target))
}

/// Adds the guide's credentials.
pub(super) fn credentials(request: Request) -> Request {
    request
        .header("Authorization", &guide::bearer(guide::TOKEN))
        .header("ES-Client-Authentication", &guide::shared_secret(guide::SECRET))
}

/// What the upstream learns of the guide's user.
pub(super) const IDENTITY: [(&str, &str); 3] = [
    ("x-es-authenticated-user", guide::USER),
    ("x-es-realm", guide::REALM),
    ("x-es-username", guide::USER),
];

/// Everything that an upstream could take for an identity of ours, sorted.
pub(super) fn identity_in(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    let ours = headers.iter().filter(|(name, _)| folded(name).starts_with("x-es-"));
    let mut identity: Vec<_> = ours.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    identity.sort_unstable();
    identity
}

/// The first header of these names, in any spelling that an upstream may fold to them.
pub(super) fn first_of<'a>(
    names: &[&str],
    headers: &'a [(String, String)],
) -> Option<&'a (String, String)> {
    headers.iter().find(|(name, _)| names.contains(&folded(name).as_str()))
}

/// The guide's user, and nothing else that could be taken for one.
pub(super) fn assert_identity(headers: &[(String, String)]) {
    assert_eq!(identity_in(headers), IDENTITY);
}

/// None of these names, in any spelling.
pub(super) fn assert_absent(headers: &[(String, String)], names: &[&str]) {
    assert_eq!(first_of(names, headers), None, "the upstream was sent it");
}

fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// The headers that carry what a client proves itself with.
pub(super) const CREDENTIALS: &[&str] =
    &["authorization", "es-client-authentication", "es-security-runas-user"];

/// An error body in Elasticsearch's shape, which is checked here, and its one reason.
pub(super) fn reason_of(response: &Response) -> String {
    let body: Value = response.json();
    let error = &body["error"];
    assert_eq!(body["status"], response.status, "{body}");
    assert_eq!(error["root_cause"].as_array().map(Vec::len), Some(1), "{body}");
    for member in ["type", "reason", "header"] {
        assert_eq!(error["root_cause"][0][member], error[member], "{member} in {body}");
    }
    assert_eq!(response.all("content-type"), ["application/json"]);
    error["reason"].as_str().unwrap_or_else(|| panic!("no reason in {body}")).to_owned()
}
