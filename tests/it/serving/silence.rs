//! No secret, token or signature in any log line at TRACE, whatever happens.

use serde_json::json;

use crate::support::caller::{Call, frame};
use crate::support::check::Check;
use crate::support::gate::{Gate, Setup};
use crate::support::token::{Claims, encode, parts, sign};
use crate::support::{corp, http};

/// A claim that no setting maps.
const UNMAPPED: &str = "a-claim-that-nobody-maps";
const CREDENTIAL: &str = "Basic c2VydmljZTpzZXJ2aWNlLXBhc3N3b3Jk";

/// Something that a log line must not hold.
struct Hidden(String);

impl Hidden {
    /// A text and the forms in which a careless line would print it.
    fn forms(text: &str) -> Vec<Self> {
        let bytes = text.as_bytes();
        let numbers: Vec<String> = bytes.iter().take(16).map(u8::to_string).collect();
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        [text.to_owned(), encode(text), numbers.join(", "), hex.concat()].map(Self).into()
    }
}

/// Everything that was sent or configured and is nobody's business.
fn hidden(tokens: &[String]) -> Vec<Hidden> {
    let secrets = [corp::KEY, corp::SECRET, CREDENTIAL, "another-clients-secret", UNMAPPED];
    let secrets = secrets.iter().flat_map(|secret| Hidden::forms(secret));
    let tokens = tokens.iter().flat_map(|token| {
        let [_, payload, signature] = parts(token);
        [token.clone(), payload, signature].map(Hidden)
    });
    secrets.chain(tokens).collect()
}

/// Plays something of every kind, each with a path of its own, and returns the tokens used.
fn play(gate: &Gate) -> Vec<String> {
    let good = Claims::good().with("unmapped", UNMAPPED);
    let tokens = vec![
        good.token(),
        good.clone().with("exp", 0).token(),
        good.signed("HS256", "another-key-that-is-long-enough-for-hs256"),
        good.clone().with("groups", json!([1])).token(),
        good.clone().with("exp", "soon").token(),
        good.clone().with("sub", "\u{e9}").token(),
        good.with("sub", "").token(),
        sign(r#"{"alg":"HS256","kid":7}"#, "{}", "HS256", corp::KEY),
        sign("{", "[", "HS256", corp::KEY),
    ];
    let caller = gate.caller();
    for (n, token) in tokens.iter().enumerate() {
        let check = Check::new("GET", &format!("/token/{n}?access_token={token}")).bearer(token);
        let good = check.clone().client_secret(corp::SECRET);
        let run_as = good.clone().header("es-security-runas-user", "eve");
        let wrong = check.clone().client_secret("another-clients-secret");
        let twice = good.clone().header("authorization", &format!("Bearer {token},Bearer {token}"));
        let basic = good.clone().header("authorization", &format!("Basic {token}"));
        for check in [good.clone(), run_as, wrong, check, twice, basic] {
            caller.check(&check);
            caller.check(&check.into_entries());
        }
        let bytes = good.encode();
        caller.check_bytes(&bytes[..bytes.len() - 7]);
        caller.call(Call::frames(frame(1, &bytes)));
        caller.call(Call::check(&bytes).metadata("grpc-timeout", "1m"));
        caller.call(Call::check(&bytes).path("/x.Y/Z").metadata("authorization", token));
    }
    http::get(gate.http(), &format!("/readyz?verbose&token={}", tokens[0]));
    http::get(gate.http(), &format!("/{}", tokens[0]));
    tokens
}

fn nothing_hidden_is_logged(setup: Setup) {
    let mut gate = setup
        .set("realmgate.log.decisions", "all")
        .set("realmgate.log.lines_per_second", 100_000)
        .set("realmgate.drain.grace", "0s")
        .rust_log("trace")
        .start();
    let tokens = play(&gate);
    gate.terminate();
    let log = gate.wait_exit().stderr;
    let search = |text: &str| log.lines().find(|line| line.contains(text)).map(str::to_owned);
    for n in 0..tokens.len() {
        // The control: the same search finds what every line may hold.
        assert!(search(&format!("/token/{n}")).is_some(), "no line of /token/{n} in\n{log}");
    }
    for Hidden(text) in hidden(&tokens) {
        assert_eq!(search(&text), None, "{text}");
    }
}

#[test]
fn no_secret_token_or_signature_is_logged_at_trace() {
    nothing_hidden_is_logged(corp::setup());
}

#[test]
fn no_service_credential_is_logged_at_trace() {
    nothing_hidden_is_logged(
        corp::setup()
            .set("realmgate.identity.preset", "elasticsearch_run_as")
            .secret("realmgate.identity.elasticsearch.authorization", CREDENTIAL),
    );
}

#[test]
fn no_secret_is_logged_at_trace_where_logs_are_text() {
    nothing_hidden_is_logged(corp::setup().set("realmgate.log.format", "text"));
}

#[test]
fn no_secret_stands_in_the_command_line_or_the_metrics() {
    let gate = corp::setup().start();
    play(&gate);
    let metrics = http::get(gate.http(), "/metrics").body;
    assert!(!metrics.contains(corp::SECRET) && !metrics.contains(corp::KEY));
    assert!(!gate.log().contains(corp::SECRET) && !gate.log().contains(corp::KEY));
}
