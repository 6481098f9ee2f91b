//! The dynamic metadata: what access logs and RBAC may read of a decision.

use serde_json::{Value, json};

use crate::support::check::Check;
use crate::support::corp;
use crate::support::gate::{Gate, Setup};
use crate::support::token::Claims;

const MODE: &str = "realmgate.identity.dynamic_metadata";

fn metadata(gate: &Gate, check: &Check) -> Value {
    let mut metadata = gate.caller().check(check).metadata;
    // Nobody has roles yet; a list of none may be told or left out.
    if metadata["roles"] == json!([]) {
        metadata.as_object_mut().unwrap().remove("roles");
    }
    metadata
}

#[test]
fn an_allow_tells_the_decision_and_the_user() {
    let wanted = json!({
        "decision": "allow", "reason": "ok", "realm": "corp", "run_as": false,
        "username": "ana", "authenticated_user": "ana",
    });
    assert_eq!(metadata(&corp::setup().start(), &corp::good()), wanted);
    assert_eq!(metadata(&corp::setup().set(MODE, "full").start(), &corp::good()), wanted);
}

#[test]
fn a_user_name_stands_in_the_metadata_as_it_is() {
    let check = corp::with(&Claims::good().with("sub", "caf\u{e9} 50%"));
    let metadata = metadata(&corp::setup().start(), &check);
    assert_eq!(metadata["username"], "caf\u{e9} 50%");
}

#[test]
fn a_denial_tells_no_more_than_was_established() {
    let gate = corp::setup().start();
    let told = |check: &Check| {
        let metadata = metadata(&gate, check);
        let names = ["decision", "reason", "realm", "run_as", "username", "authenticated_user"];
        names.map(|name| metadata[name].clone())
    };
    let nobody = told(&Check::get());
    assert_eq!(nobody[..2], [json!("deny"), json!("no_credentials")]);
    assert_eq!(nobody[4..], [Value::Null, Value::Null]);
    let expired = told(&corp::with(&Claims::good().with("exp", 0)));
    assert_eq!(expired[..3], [json!("deny"), json!("token_expired"), json!("corp")]);
    assert_eq!(expired[4..], [Value::Null, Value::Null]);
    let run_as = told(&corp::good().header("es-security-runas-user", "eve"));
    let ana = json!("ana");
    let wanted =
        [json!("deny"), json!("run_as_denied"), json!("corp"), json!(false), ana.clone(), ana];
    assert_eq!(run_as, wanted);
}

#[test]
fn an_answer_of_503_is_an_error() {
    let setup = corp::setup().set("realmgate.identity.remove", json!(["x-internal-*"]));
    let check = Check::bare("GET", "/").bearer(&Claims::good().token());
    let metadata = metadata(&setup.start(), &check.client_secret(corp::SECRET));
    assert_eq!(
        (&metadata["decision"], &metadata["reason"]),
        (&json!("error"), &json!("internal_error"))
    );
}

#[test]
fn the_mode_decision_names_nobody() {
    let gate = corp::setup().set(MODE, "decision").start();
    let wanted = json!({ "decision": "allow", "reason": "ok", "realm": "corp", "run_as": false });
    assert_eq!(metadata(&gate, &corp::good()), wanted);
    let run_as = metadata(&gate, &corp::good().header("es-security-runas-user", "eve"));
    assert_eq!(run_as["reason"], "run_as_denied");
    assert_eq!(run_as.get("username").or(run_as.get("authenticated_user")), None);
}

#[test]
fn the_mode_none_tells_nothing() {
    let setup: Setup = corp::setup().set(MODE, "none");
    let gate = setup.start();
    for check in [corp::good(), Check::get(), Check::get().edit(|check| check.attributes = None)] {
        let metadata = gate.caller().check(&check).metadata;
        assert!(metadata.is_null() || metadata == json!({}), "{metadata}");
    }
}
