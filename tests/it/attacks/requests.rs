//! Requests that are denied for what they are, before or without a look at their credentials.

use super::{Attack, hold_as_they_stand};
use crate::support::check::Check;
use crate::support::corp::{self, SECRET};
use crate::support::token::Claims;

const UNUSABLE: &str = "no usable HTTP request in the check";

/// Good credentials on any request line.
fn good(method: &str, path: &str) -> Check {
    Check::new(method, path).bearer(&Claims::good().token()).client_secret(SECRET)
}

#[test]
fn a_request_without_method_or_path_is_no_usable_request() {
    let gate = corp::setup().start();
    let cases = [
        ("no method", good("", "/")),
        ("no path", good("GET", "")),
        ("a path without a slash", good("GET", "admin")),
        ("a whole URL", good("GET", "http://shop.example.com/")),
        ("a query alone", good("GET", "?a=b")),
        ("more than an asterisk", good("OPTIONS", "*x")),
        (
            "no HTTP request",
            Check::get().edit(|check| {
                check.attributes.as_mut().unwrap().request.as_mut().unwrap().http = None;
            }),
        ),
        (
            "no request",
            Check::get().edit(|check| check.attributes.as_mut().unwrap().request = None),
        ),
        ("no attributes", Check::get().edit(|check| check.attributes = None)),
    ];
    let attacks =
        cases.map(|(what, check)| Attack::new(what, check, (400, "bad_request"), UNUSABLE));
    hold_as_they_stand(&gate, &attacks);
}

#[test]
fn method_and_path_are_the_requests_own_and_never_a_header() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    let connect = good("GET", "/").header(":method", "CONNECT").header(":path", "nonsense");
    assert!(caller.check(&connect).is_allow());
    let asterisk = good("OPTIONS", "*");
    assert!(caller.check(&asterisk).is_allow());
    let hidden = good("CONNECT", "/").header(":method", "GET").header(":path", "/");
    assert_eq!(caller.check(&hidden).outcome(), (403, "rule_denied"));
}

#[test]
fn connect_is_denied_whoever_asks() {
    let gate = corp::setup().start();
    let denied = (403, "rule_denied");
    let sentence = "action [CONNECT shop.example.com] is unauthorized";
    let other = "action [CONNECT db.internal:5432] is unauthorized";
    let attacks = [
        Attack::new("good credentials", good("CONNECT", "/"), denied, sentence),
        Attack::new("no path", good("CONNECT", ""), denied, sentence),
        Attack::new("nobody", Check::new("CONNECT", ""), denied, sentence),
        Attack::new("a websocket", good("CONNECT", "/chat?x=y"), denied, sentence),
        Attack::new("host", good("CONNECT", "").host("db.internal:5432"), denied, other),
    ];
    hold_as_they_stand(&gate, &attacks);
    // Methods are compared exactly: this is another one, which the upstream may judge.
    assert!(gate.caller().check(&good("connect", "/")).is_allow());
}

#[test]
fn a_route_that_asks_for_something_of_ours_is_denied_until_that_works() {
    let gate = corp::setup().start();
    let denied = (403, "rule_denied");
    let sentence = "action [GET /a] is unauthorized";
    let nobody = || Check::new("GET", "/a?b=c");
    let attacks: Vec<_> = [
        ("realmgate.access", "public"),
        ("realmgate.access", "authenticated"),
        ("realmgate.access", ""),
        ("realmgate.realms", "corp"),
        ("realmgate.require_roles", "admin"),
        ("realmgate.anything", "x"),
        ("realmgate.", ""),
    ]
    .iter()
    .flat_map(|(name, value)| {
        [good("GET", "/a?b=c"), nobody()].map(|check| {
            let what = format!("{name}: {value}");
            Attack::new(&what, check.extension(name, value), denied, sentence)
        })
    })
    .collect();
    hold_as_they_stand(&gate, &attacks);
    let others = good("GET", "/").extension("team", "x").extension("realmgatex", "y");
    assert!(gate.caller().check(&others).is_allow());
}

#[test]
fn a_repeated_credential_is_refused_before_any_route_is_looked_at() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    for check in [good("CONNECT", ""), good("GET", "/").extension("realmgate.access", "public")] {
        let check = check.header("authorization", "Bearer a,Bearer b");
        assert_eq!(caller.check(&check).outcome(), (400, "multiple_header_values"));
    }
}

#[test]
fn the_uri_of_an_answer_is_the_path_with_its_query_as_it_came() {
    let gate = corp::setup().start();
    let path = "/a/../b//%2e?token=x&y=[z]";
    let answer = gate.caller().check(&Check::new("GET", path));
    let wanted = format!("missing authentication credentials for REST request [{path}]");
    assert_eq!(answer.sentence(), wanted);
}

#[test]
fn values_that_an_answer_echoes_are_cut_at_a_kibibyte_and_at_a_character() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    // 1 + 341 × 3 is 1,024, so the cut falls on a character's end; with two bytes before, inside.
    for (before, kept) in [("/", 341), ("/a", 340)] {
        let path = format!("{before}{}", "\u{20ac}".repeat(600));
        let shown = format!("{before}{}", "\u{20ac}".repeat(kept));
        let wanted = format!("missing authentication credentials for REST request [{shown}]");
        assert_eq!(caller.check(&Check::new("GET", &path)).sentence(), wanted);
    }
    let long = Claims::good().with("sub", "s".repeat(3000)).with("exp", 0);
    let label = long.label();
    let wanted = super::unable(&label[..1024]);
    assert_eq!(caller.check(&corp::with(&long)).sentence(), wanted);
    let target = "t".repeat(3000);
    let answer = caller.check(&corp::good().header("es-security-runas-user", &target));
    assert!(answer.sentence().ends_with(&format!("run as [{}]", &target[..1024])), "{answer:?}");
}
