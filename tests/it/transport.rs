//! What can go wrong below a check: bytes that are none, frames that are odd, bodies that stall,
//! deadlines, too many at once.
//!
//! Rule: every call of `Check` gets gRPC status OK and an answer that denies, since any other
//! status would let the request in under Envoy's `failure_mode_allow`.

use std::time::{Duration, Instant};

use crate::support::answer::Answer;
use crate::support::caller::{Call, Caller, frame};
use crate::support::check::Check;
use crate::support::folder::Folder;
use crate::support::gate::{Gate, Setup};
use crate::support::{corp, http, wait};

const LARGEST: usize = 4 * 1024 * 1024;

fn answer(caller: &Caller, call: Call) -> Answer {
    Answer::read(caller.call(call).message())
}

/// Each of these must be denied as no usable request, and the next good check still be allowed.
fn unusable(calls: Vec<(&str, Call)>) {
    let gate = corp::setup().start();
    let caller = gate.caller();
    for (what, call) in calls {
        let answer = answer(&caller, call);
        assert_eq!((answer.outcome(), answer.code), ((400, "bad_request"), 3), "{what}");
        assert_eq!(answer.sentence(), "no usable HTTP request in the check", "{what}");
        assert!(caller.check(&corp::good()).is_allow(), "after {what}");
    }
}

#[test]
fn bytes_that_are_no_check_are_denied() {
    let good = corp::good().encode();
    let cut = |at: usize| Call::check(&good[..at]);
    unusable(vec![
        ("nothing", Call::check(b"")),
        ("a byte", Call::check(b"\xff")),
        ("text", Call::check(b"GET / HTTP/1.1\r\n\r\n")),
        ("cut after a byte", cut(1)),
        ("cut in the middle", cut(good.len() / 2)),
        ("cut before the end", cut(good.len() - 1)),
        ("a length beyond the message", Call::check(b"\x0a\xff\xff\xff\xff\x0f")),
        ("a length of 2^64", Call::check(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")),
        ("a number where a message is", Call::check(b"\x08\x01")),
        ("field zero", Call::check(b"\x02\x00")),
        ("an end of no group", Call::check(b"\x0c")),
        ("groups without an end", Call::check(&b"\x0b".repeat(10_000))),
        ("zeros", Call::check(&[0; 1000])),
    ]);
}

#[test]
fn a_check_of_the_network_filter_is_denied() {
    let tcp = Check::get().edit(|check| {
        let attributes = check.attributes.as_mut().unwrap();
        attributes.request = None;
        attributes.source.get_or_insert_default().principal = "spiffe://a/b".to_owned();
    });
    unusable(vec![("no request", Call::check(&tcp.encode()))]);
}

#[test]
fn a_check_over_four_mebibytes_is_denied_and_one_of_that_size_is_decided() {
    let of_size = |size: usize| {
        let mut check = corp::good();
        while check.encode().len() != size {
            let missing = size - check.encode().len();
            // A longer body may need a longer length: what is too much is taken back at once.
            let body = &mut check.http().raw_body;
            body.resize(body.len() + missing.saturating_sub(16).max(1), 0);
        }
        check.encode()
    };
    unusable(vec![
        ("a byte more", Call::check(&of_size(LARGEST + 1))),
        ("twice as much", Call::check(&vec![0; 2 * LARGEST])),
    ]);
    let gate = corp::setup().start();
    assert!(gate.caller().check_bytes(&of_size(LARGEST)).is_allow());
}

#[test]
fn a_compressed_check_is_denied() {
    let good = corp::good().encode();
    let flagged = || Call::frames(frame(1, &good));
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0";
    unusable(vec![
        ("without an encoding", flagged()),
        ("identity", flagged().metadata("grpc-encoding", "identity")),
        ("gzip in name alone", flagged().metadata("grpc-encoding", "gzip")),
        ("gzip", Call::frames(frame(1, gzip)).metadata("grpc-encoding", "gzip")),
        ("zstd", flagged().metadata("grpc-encoding", "zstd")),
        ("an unknown one", flagged().metadata("grpc-encoding", "rot13")),
    ]);
}

#[test]
fn frames_that_are_none_are_denied() {
    let good = frame(0, &corp::good().encode());
    let long = [&[0, 0, 0, 0, 100][..], b"short"].concat();
    unusable(vec![
        ("no frame at all", Call::frames(Vec::new())),
        ("a piece of a frame's head", Call::frames(vec![0, 0, 0])),
        ("a frame that is cut", Call::frames(good[..good.len() - 1].to_vec())),
        ("a length beyond the body", Call::frames(long)),
        ("a length of 4 GiB", Call::frames(vec![0, 0xff, 0xff, 0xff, 0xff, 1])),
        ("an unknown flag", Call::frames(frame(2, &corp::good().encode()))),
    ]);
}

#[test]
fn a_second_message_changes_no_decision_into_an_allow() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    let (bad, good) = (frame(0, &Check::get().encode()), frame(0, &corp::good().encode()));
    let answer = answer(&caller, Call::frames([bad, good].concat()));
    assert!(!answer.is_allow(), "{answer:?}");
}

#[test]
fn a_request_without_time_left_is_denied_as_too_late() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    let good = corp::good().encode();
    // What Envoy grants less the larger of a tenth and ten milliseconds is nothing here.
    for timeout in ["0S", "0m", "1n", "1u", "1m", "10m", "9999u"] {
        let answer = answer(&caller, Call::check(&good).metadata("grpc-timeout", timeout));
        assert_eq!((answer.outcome(), answer.code), ((503, "deadline_exceeded"), 14), "{timeout}");
        assert_eq!(answer.sentence(), "authentication service unavailable");
        assert_eq!(answer.metadata["decision"], "error");
    }
    for timeout in ["2S", "2000m", "1H", "99999999H", "99999999S"] {
        let answer = answer(&caller, Call::check(&good).metadata("grpc-timeout", timeout));
        assert!(answer.is_allow(), "{timeout}: {answer:?}");
    }
}

#[test]
fn a_body_that_stalls_is_answered_within_the_gates_own_deadline() {
    let gate = corp::setup().set("realmgate.limits.deadline", "200ms").start();
    for call in stalls() {
        too_late_within(&gate, call.metadata("grpc-timeout", "600S"), Duration::from_millis(200));
    }
}

#[test]
fn a_body_that_stalls_is_answered_before_envoys_deadline() {
    let gate = corp::setup().set("realmgate.limits.deadline", "20s").start();
    for call in stalls() {
        too_late_within(&gate, call.metadata("grpc-timeout", "200m"), Duration::from_millis(180));
    }
}

fn stalls() -> [Call; 3] {
    let good = frame(0, &corp::good().encode());
    [
        Call::frames(Vec::new()).stalled(),
        Call::frames(good[..3].to_vec()).stalled(),
        Call::frames(good[..good.len() - 1].to_vec()).stalled(),
    ]
}

fn too_late_within(gate: &Gate, call: Call, least: Duration) {
    let began = Instant::now();
    let answer = answer(&gate.caller(), call);
    assert_eq!(answer.outcome(), (503, "deadline_exceeded"));
    // The lower bound is the contract's; the upper one only tells a deadline from patience.
    let took = began.elapsed();
    assert!((least..Duration::from_secs(10)).contains(&took), "{took:?}");
}

#[test]
fn more_checks_than_the_limit_are_overloaded_until_one_ends() {
    let gate = corp::setup()
        .set("realmgate.limits.checks_in_flight", 1)
        .set("realmgate.limits.deadline", "60s")
        .start();
    let caller = gate.caller();
    let stalled = caller.begin(Call::frames(Vec::new()).stalled());
    wait_for_in_flight(&gate, 1.0);
    let answer = caller.check(&corp::good());
    assert_eq!((answer.outcome(), answer.code), ((503, "overloaded"), 14));
    let overloaded = r#"realmgate_checks_total{decision="error",reason="overloaded",realm=""}"#;
    wait_for(&gate, overloaded, 1.0);
    assert_eq!(answer.sentence(), "authentication service unavailable");
    stalled.give_up();
    wait_for_in_flight(&gate, 0.0);
    assert!(caller.check(&corp::good()).is_allow());
}

#[test]
fn a_client_that_goes_away_leaves_no_check_behind() {
    let gate = corp::setup().set("realmgate.limits.deadline", "60s").start();
    let other = gate.caller();
    let stalled: Vec<_> =
        (0..20).map(|_| gate.caller().begin(Call::frames(Vec::new()).stalled())).collect();
    wait_for_in_flight(&gate, 20.0);
    assert!(other.check(&corp::good()).is_allow());
    assert!(stalled.iter().all(|stalled| !stalled.is_done()));
    stalled.into_iter().for_each(crate::support::caller::Pending::give_up);
    wait_for_in_flight(&gate, 0.0);
}

fn wait_for_in_flight(gate: &Gate, count: f64) {
    wait_for(gate, "realmgate_checks_in_flight", count);
}

fn wait_for(gate: &Gate, series: &str, count: f64) {
    wait::eventually(series, || {
        let metrics = http::get(gate.http(), "/metrics").body;
        let value = http::sample(&metrics, series)?;
        (value.to_bits() == count.to_bits()).then_some(())
    });
}

#[test]
fn a_check_that_was_never_decided_is_counted_and_logged_all_the_same() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    let good = corp::good().encode();
    answer(&caller, Call::check(&vec![0; LARGEST + 1]));
    answer(&caller, Call::frames(frame(1, &good)));
    answer(&caller, Call::check(b"\xff"));
    answer(&caller, Call::check(&good).metadata("grpc-timeout", "1m"));
    let bad = r#"realmgate_checks_total{decision="deny",reason="bad_request",realm=""}"#;
    wait_for(&gate, bad, 3.0);
    let late = r#"realmgate_checks_total{decision="error",reason="deadline_exceeded",realm=""}"#;
    wait_for(&gate, late, 1.0);
    for reason in ["bad_request", "deadline_exceeded"] {
        let line = gate.wait_for_event(|line| line["reason"] == reason);
        assert!(line.get("path").is_none(), "{line}");
    }
}

#[test]
fn many_checks_on_one_connection_are_each_decided_by_themselves() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    let good = corp::good().encode();
    let pending: Vec<_> = (0..200)
        .map(|n| {
            let message = if n % 2 == 0 { good.clone() } else { Check::get().encode() };
            (n, caller.begin(Call::check(&message)))
        })
        .collect();
    for (n, pending) in pending {
        let answer = Answer::read(pending.reply().unwrap().message());
        assert_eq!(answer.is_allow(), n % 2 == 0, "{n}: {answer:?}");
    }
}

#[test]
fn a_connection_carries_as_many_checks_at_once_as_the_settings_say() {
    for (setup, most) in
        [(corp::setup(), 1000), (corp::setup().set("realmgate.grpc.max_concurrent_streams", 7), 7)]
    {
        let gate = setup.start();
        let caller = gate.caller();
        assert!(caller.check(&corp::good()).is_allow());
        assert_eq!(caller.most_streams(), most);
    }
}

#[test]
fn a_connection_that_is_old_enough_is_told_to_come_anew() {
    let gate = corp::setup().set("realmgate.grpc.max_connection_age", "1s").start();
    let caller = gate.caller();
    assert!(caller.check(&corp::good()).is_allow());
    wait::eventually("the connection ends", || caller.has_ended().then_some(()));
    assert!(caller.check(&corp::good()).is_allow(), "by a new one");
}

#[test]
fn another_method_is_unimplemented() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    for path in [
        "/envoy.service.auth.v3.Authorization/Nothing",
        "/envoy.service.auth.v2.Authorization/Check",
        "/envoy.service.auth.v3.Authorization/check",
        "/x.Y/Check",
        "/",
    ] {
        let reply = caller.call(Call::check(&corp::good().encode()).path(path));
        assert_eq!(reply.grpc_status(), Some(12), "{path}: {reply:?}");
    }
}

#[test]
fn what_is_no_http_2_does_not_stop_the_listener() {
    use std::io::Write;
    let gate = corp::setup().start();
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\x16\x03\x01\0\x05hello", b"", &[0; 4096]] {
        let mut stream = std::net::TcpStream::connect(gate.grpc()).unwrap();
        // The gate may hang up on the first byte; all that matters is what comes after.
        let _ = stream.write_all(garbage);
    }
    assert!(gate.caller().check(&corp::good()).is_allow());
}

#[test]
fn a_unix_socket_serves_as_a_port_does() {
    let setup = corp::setup();
    let socket = format!("unix:{}", setup.folder().join("gate.sock").display());
    let gate = setup.set("realmgate.grpc.address", &*socket).start();
    assert_eq!(gate.grpc(), socket);
    let caller = gate.caller();
    assert!(caller.check(&corp::good()).is_allow());
    assert_eq!(caller.check(&Check::get()).outcome(), (401, "no_credentials"));
}

#[test]
fn a_socket_left_behind_by_a_gate_that_was_killed_is_taken_over_and_a_living_one_is_not() {
    let folder = Folder::new();
    let socket = format!("unix:{}", folder.path().join("gate.sock").display());
    let setup = || corp::setup().set("realmgate.grpc.address", &*socket);
    drop(setup().start());
    let gate = setup().start();
    assert!(gate.caller().check(&corp::good()).is_allow());
    assert_eq!(setup().run_to_end().status, Some(1));
    assert!(gate.caller().check(&corp::good()).is_allow(), "the first gate still has it");
}

#[test]
fn a_gate_in_yaml_serves_as_one_in_json_does() {
    let yaml = "\
realmgate:
  log.decisions: all
xpack.security.authc.realms.jwt.corp:
  order: 1
  allowed_issuer: \"https://idp.example.com/\"
  allowed_audiences: [ api ]
  allowed_signature_algorithms: [HS256]
  claims.principal: sub
";
    let setup = Setup::yaml(yaml)
        .secret(&corp::setting("hmac_key"), corp::KEY)
        .secret(&corp::setting("client_authentication.shared_secret"), corp::SECRET);
    assert!(setup.start().caller().check(&corp::good()).is_allow());
}
