//! Several realms: who judges, who is passed over, and which refusal is told.
//!
//! Rule: of all refusals the one that got furthest along the line is reported, ties by order.

use serde_json::json;

use crate::support::check::Check;
use crate::support::gate::{Gate, Setup};
use crate::support::token::Claims;
use crate::support::{corp, http, wait};

const OTHER_KEY: &str = "another-key-that-is-long-enough-for-hs256-and-more";
const OTHER_SECRET: &str = "another-client-secret";

/// The realm `other` beside `corp`, which has order 1: same issuer, its own key and secret.
struct Other {
    order: i64,
    settings: Vec<(&'static str, serde_json::Value)>,
    key: &'static str,
    secret: &'static str,
}

impl Other {
    fn at(order: i64) -> Self {
        Self { order, settings: Vec::new(), key: OTHER_KEY, secret: OTHER_SECRET }
    }

    fn set(mut self, suffix: &'static str, value: impl Into<serde_json::Value>) -> Self {
        self.settings.push((suffix, value.into()));
        self
    }

    fn start(self) -> Gate {
        let name = |suffix: &str| format!("xpack.security.authc.realms.jwt.other.{suffix}");
        let setup = corp::setup()
            .set(&name("order"), self.order)
            .set(&name("allowed_issuer"), corp::ISSUER)
            .set(&name("allowed_audiences"), json!([corp::AUDIENCE]))
            .set(&name("allowed_signature_algorithms"), json!(["HS256"]))
            .set(&name("claims.principal"), "sub")
            .secret(&name("hmac_key"), self.key)
            .secret(&name("client_authentication.shared_secret"), self.secret);
        let settings = self.settings.into_iter();
        settings
            .fold(setup, |setup: Setup, (suffix, value)| setup.set(&name(suffix), value))
            .start()
    }
}

/// Status, reason and realm of the refusal.
fn refusal(gate: &Gate, check: &Check) -> (u16, String, String) {
    let answer = gate.caller().check(check);
    let text = |name: &str| answer.metadata[name].as_str().unwrap_or_default().to_owned();
    (answer.status(), text("reason"), text("realm"))
}

fn refused(reason: &str, realm: &str) -> (u16, String, String) {
    (401, reason.to_owned(), realm.to_owned())
}

fn others_token(claims: &Claims) -> String {
    claims.signed("HS256", OTHER_KEY)
}

#[test]
fn two_realms_of_one_issuer_may_have_different_secrets_and_keys() {
    for order in [0, 2] {
        let gate = Other::at(order).start();
        let caller = gate.caller();
        let theirs =
            Check::get().bearer(&others_token(&Claims::good())).client_secret(OTHER_SECRET);
        assert_eq!(caller.check(&theirs).header("x-es-realm"), Some("other"));
        assert_eq!(caller.check(&corp::good()).header("x-es-realm"), Some("corp"));
    }
}

#[test]
fn a_secret_of_one_realm_does_not_admit_to_the_other() {
    let gate = Other::at(2).start();
    let crossed = Check::get().bearer(&others_token(&Claims::good())).client_secret(corp::SECRET);
    // `corp` knows the client and not the key; `other` knows the key and not the client.
    assert_eq!(refusal(&gate, &crossed), refused("signature_invalid", "corp"));
    let crossed = corp::good().client_secret(OTHER_SECRET);
    assert_eq!(refusal(&gate, &crossed), refused("signature_invalid", "other"));
}

#[test]
fn the_refusal_that_got_furthest_is_told_whatever_the_order() {
    for order in [0, 2] {
        let gate = Other::at(order).set("allowed_audiences", json!(["elsewhere"])).start();
        let check = corp::good().client_secret(OTHER_SECRET);
        assert_eq!(refusal(&gate, &check), refused("audience_mismatch", "other"), "{order}");
        let check = corp::with(&Claims::good().with("exp", 0));
        assert_eq!(refusal(&gate, &check), refused("token_expired", "corp"), "{order}");
    }
}

#[test]
fn of_equal_refusals_the_first_by_order_is_told() {
    for (order, first) in [(0, "other"), (2, "corp")] {
        let gate = Other::at(order).start();
        let check = corp::good().client_secret("nobodys");
        assert_eq!(refusal(&gate, &check), refused("client_secret_mismatch", first));
    }
}

#[test]
fn a_realm_of_another_issuer_is_passed_over_and_not_told() {
    for order in [0, 2] {
        let gate = Other::at(order).set("allowed_issuer", "https://elsewhere/").start();
        assert!(gate.caller().check(&corp::good()).is_allow());
        let check = corp::good().client_secret("nobodys");
        assert_eq!(refusal(&gate, &check), refused("client_secret_mismatch", "corp"));
        let nobodys = corp::with(&Claims::good().with("iss", "https://nobody/"));
        assert_eq!(refusal(&gate, &nobodys).1, "issuer_mismatch");
        let series = r#"realmgate_client_authentication_total{realm="other",result="mismatch"}"#;
        wait::eventually("no client was counted", || {
            let metrics = http::get(gate.http(), "/metrics").body;
            http::sample(&metrics, series).filter(|count| *count < 0.5)
        });
    }
}

#[test]
fn a_claim_of_an_impossible_type_does_not_end_the_chain() {
    // `corp` maps groups and `other` does not; both have the same key and client.
    let mut other = Other::at(2);
    (other.key, other.secret) = (corp::KEY, corp::SECRET);
    let gate = other.start();
    let answer = gate.caller().check(&corp::with(&Claims::good().with("groups", 7)));
    assert_eq!(answer.header("x-es-realm"), Some("other"), "{answer:?}");
}

#[test]
fn a_disabled_realm_judges_nobody() {
    let gate = Other::at(0).set("enabled", false).start();
    let check = Check::get().bearer(&others_token(&Claims::good())).client_secret(OTHER_SECRET);
    assert_eq!(refusal(&gate, &check), refused("client_secret_mismatch", "corp"));
}
