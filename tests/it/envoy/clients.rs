//! Elasticsearch's own clients for Python and Node in front, with both tokens of the JWT guide:
//! they see a user, or their own exception with our reason in it.
//!
//! Rule: the clients are used as an application uses them, and the upstream answers as a cluster
//! does, so what is asserted is what an application would see.

use std::path::Path;

use serde_json::{Value, json};

use super::kit::guide;
use super::kit::upstream::Upstream;
use super::scene::Scene;
use crate::support::gate::Setup;
use crate::support::process;
use crate::support::tools;

/// A client, and what it throws.
struct Client {
    name: &'static str,
    command: fn() -> std::process::Command,
    unauthorized: &'static str,
    forbidden: &'static str,
}

const CLIENTS: [Client; 2] = [
    Client {
        name: "Python",
        command: || tools::python("client.py"),
        unauthorized: "AuthenticationException",
        forbidden: "AuthorizationException",
    },
    Client {
        name: "Node",
        command: || tools::node("client.js"),
        unauthorized: "ResponseError",
        forbidden: "ResponseError",
    },
];

/// What an application gives its client.
#[derive(Clone, Debug)]
struct Visit {
    token: String,
    client_authentication: String,
    run_as: Option<&'static str>,
}

impl Client {
    /// What the program tells.
    fn tell(&self, scene: &Scene, visit: &Visit) -> Value {
        let mut command = (self.command)();
        command.arg(format!("http://{}", scene.envoy.address()));
        command.args([&visit.token, &visit.client_authentication]).args(visit.run_as);
        let ended = process::run(command);
        assert_eq!(ended.status, Some(0), "{}: {ended:#?}", self.name);
        serde_json::from_str(&ended.stdout).unwrap()
    }
}

/// The quickstart, in front of what looks like a cluster.
fn scene() -> Scene {
    let upstream = Upstream::elasticsearch().unwrap();
    Scene::before(upstream, Setup::quickstart(), |bootstrap| bootstrap)
}

fn token_of_the_guide(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/guide-tokens.json");
    let guide: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let tokens = guide["tokens"].as_array().unwrap();
    tokens.iter().find(|token| token["name"] == name).unwrap().clone()
}

fn visit(name: &str) -> Visit {
    let guide = token_of_the_guide(name);
    Visit {
        token: text(&guide["token"]).to_owned(),
        client_authentication: text(&guide["es_client_authentication"]).to_owned(),
        run_as: None,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn the_guides_users_are_known_to_the_cluster_behind_both_clients() {
    let scene = scene();
    let jwt8 = json!({
        "x-es-username": "security_test_user",
        "x-es-authenticated-user": "security_test_user",
        "x-es-realm": "jwt8",
    });
    let jwt2 = json!({
        "x-es-username": "user2",
        "x-es-authenticated-user": "user2",
        "x-es-realm": "jwt2",
        "x-es-email": "user2@something.example.com",
    });
    for (realm, identity) in [("jwt8", jwt8), ("jwt2", jwt2)] {
        for client in CLIENTS {
            let told = client.tell(&scene, &visit(realm));
            let expected = json!({ "info": identity, "search": identity });
            assert_eq!(told, expected, "{realm} by {}", client.name);
        }
    }
}

#[test]
fn whoever_is_refused_catches_the_clients_own_exception_with_our_reason_in_it() {
    let scene = scene();
    let other = |token: String| Visit { token, ..visit("jwt8") };
    let wrong_secret = |visit: Visit| Visit {
        client_authentication: guide::shared_secret("wrong-secret"),
        ..visit
    };
    let user = |name: &str| {
        format!(
            "unable to authenticate user ['aud:aud8' 'iss:iss8' 'sub:{name}'] for REST request [/]"
        )
    };
    let user2 = "unable to authenticate user ['aud:es01,es02,es03' \
                 'email:user2@something.example.com' 'iss:my-issuer' 'sub:user2'] \
                 for REST request [/]";
    let unread = "unable to authenticate with provided credentials and anonymous access is not \
                  allowed for this request";
    let rows = [
        ("a wrong secret", wrong_secret(visit("jwt8")), user(guide::USER)),
        ("a wrong secret, jwt2", wrong_secret(visit("jwt2")), user2.to_owned()),
        ("expired", other(guide::expired()), user(guide::USER)),
        ("forged", other(guide::forged()), user("elastic")),
        ("no JWT", other("garbage".to_owned()), unread.to_owned()),
    ];
    for (row, visit, reason) in rows {
        for client in CLIENTS {
            let told = client.tell(&scene, &visit);
            assert_refused(&format!("{row} by {}", client.name), &told, 401, &reason);
            assert_eq!(told["class"], client.unauthorized, "{row}");
        }
    }
    assert_eq!(scene.upstream.hits(), 0);
}

#[test]
fn whoever_may_not_run_as_somebody_catches_that_too() {
    let scene = scene();
    let visit = Visit { run_as: Some("elastic"), ..visit("jwt8") };
    for client in CLIENTS {
        let told = client.tell(&scene, &visit);
        let reason = text(&told["reason"]).to_owned();
        assert_refused(client.name, &told, 403, &reason);
        assert_eq!(told["class"], client.forbidden);
        let end = "because user [security_test_user] is unauthorized to run as [elastic]";
        assert!(reason.starts_with("action [GET /] is unauthorized"), "{reason}");
        assert!(reason.ends_with(end), "{reason}");
    }
}

/// What an application can read out of what it caught.
fn assert_refused(row: &str, told: &Value, status: u16, reason: &str) {
    assert_eq!(told["status"], status, "{row}: {told}");
    assert_eq!(told["reason"], reason, "{row}: {told}");
    assert!(text(&told["shown"]).contains(reason), "{row}: {told}");
}
