//! `es-security-runas-user` where nobody may act as anybody, and where run-as is switched off.

use serde_json::json;

use crate::support::check::Check;
use crate::support::corp;
use crate::support::gate::{Gate, Setup};

const ENABLED: &str = "xpack.security.authc.run_as.enabled";
const HEADER: &str = "es-security-runas-user";

fn switched_off() -> Setup {
    corp::setup().set(ENABLED, "false")
}

#[test]
fn switched_off_a_run_as_header_is_refused_after_the_chain_empty_or_not() {
    let gate = switched_off().start();
    let caller = gate.caller();
    for target in ["eve", ""] {
        let answer = caller.check(&corp::good().header(HEADER, target));
        assert_eq!(answer.outcome(), (403, "run_as_denied"), "{target:?}");
        assert_eq!(
            answer.sentence(),
            format!(
                "action [GET /] is unauthorized for user [ana] with effective roles [], because \
                 user [ana] is unauthorized to run as [{target}]"
            )
        );
    }
    let stranger = caller.check(&Check::get().header(HEADER, "eve"));
    assert_eq!(stranger.outcome(), (401, "no_credentials"));
    assert!(caller.check(&corp::good()).is_allow());
    gate.wait_for_metric(r#"realmgate_run_as_total{result="denied"}"#, 2);
}

#[test]
fn switched_off_and_forwarded_a_run_as_header_belongs_to_the_upstream() {
    let gate = switched_off().set("realmgate.forward_credentials", json!([HEADER])).start();
    for target in ["eve", ""] {
        let answer = gate.caller().check(&corp::good().header(HEADER, target));
        assert_eq!(answer.principal().as_deref(), Some("ana"), "{target:?}");
        assert!(!answer.removed().contains(HEADER), "{target:?}");
    }
}

#[test]
fn switched_on_an_empty_run_as_header_is_no_authentication() {
    let mut gate = corp::setup().start();
    let outcome = |gate: &Gate| {
        let answer = gate.caller().check(&corp::good().header(HEADER, ""));
        (answer.status(), answer.reason().to_owned())
    };
    assert_eq!(outcome(&gate), (401, "run_as_empty".to_owned()));
    gate.reload("applied", |setup| setup.set(ENABLED, "false"));
    assert_eq!(outcome(&gate), (403, "run_as_denied".to_owned()));
}
