//! The preset `elasticsearch_run_as`: a service credential and a user name for a cluster, and
//! never one without the other.

use crate::support::corp;
use crate::support::gate::{Gate, Setup};
use crate::support::token::Claims;

const CREDENTIAL: &str = "ApiKey c2VydmljZTpjcmVkZW50aWFs";

fn setup() -> Setup {
    corp::setup()
        .set("realmgate.identity.preset", "elasticsearch_run_as")
        .secret("realmgate.identity.elasticsearch.authorization", CREDENTIAL)
}

fn outcome(gate: &Gate, subject: &str) -> (u16, String) {
    let answer = gate.caller().check(&corp::with(&Claims::good().with("sub", subject)));
    (answer.status(), answer.reason().to_owned())
}

#[test]
fn the_preset_sets_the_service_credential_and_the_user_and_removes_all_else() {
    let gate = setup().start();
    let claims = Claims::good().with("mail", "ana@example.com").with("sub", "ana lima");
    let answer = gate.caller().check(&corp::with(&claims));
    let set: Vec<_> = answer.set().iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(set, [("authorization", CREDENTIAL), ("es-security-runas-user", "ana lima")]);
    for name in super::DEFAULT_NAMES {
        assert!(answer.removed().contains(*name), "{name}");
    }
    for name in ["es-client-authentication", "es_security_runas_user", "x-proxy-user"] {
        assert!(answer.removed().contains(name), "{name}");
    }
}

#[test]
fn a_name_that_the_cluster_would_read_otherwise_is_refused() {
    let gate = setup().start();
    let refused = (403, "identity_not_representable".to_owned());
    for subject in [
        "caf\u{e9}",
        "50%",
        " ana",
        "ana ",
        "a\r\nb",
        "a\0",
        "\u{7f}",
        "elastic",
        "kibana",
        "kibana_system",
        "logstash_system",
        "beats_system",
        "apm_system",
        "remote_monitoring_user",
        "_xpack",
        "_system",
        "_",
    ] {
        assert_eq!(outcome(&gate, subject), refused, "{subject:?}");
    }
    for subject in ["ana", "Elastic", "elastic2", "a_b", "a b", "a,b"] {
        assert_eq!(outcome(&gate, subject), (200, "ok".to_owned()), "{subject:?}");
    }
}

#[test]
fn a_denial_never_carries_the_service_credential() {
    let gate = setup().start();
    let claims = Claims::good().with("exp", 0);
    let attempts = [
        corp::with(&claims),
        corp::with(&Claims::good().with("sub", "elastic")),
        corp::good().header("es-security-runas-user", "eve"),
    ];
    for check in attempts {
        let answer = gate.caller().check(&check);
        assert!(!answer.is_allow());
        assert!(!format!("{answer:?}").contains(CREDENTIAL));
    }
}
