//! Checks that no Envoy sends, through the whole service: whatever the bytes, the answer is one
//! that Envoy can read.
//!
//! Rule: text in a check need not be UTF-8, text in an answer must be; else Envoy takes the answer
//! for an error, and opens under `failure_mode_allow`.

use bytes::Bytes;
use proptest::prelude::*;
use prost::Message;
use realmgate::server::view::proto;
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::caller::Caller;
use crate::support::check::Check;
use crate::support::corp::{self, SECRET};
use crate::support::gate::Gate;
use crate::support::token::Claims;

const JUNK: &[u8] = b"\xff\xc0\x80\r\n\0";

fn gate() -> Gate {
    corp::setup()
        .set("realmgate.identity.remove", json!(["x-internal-*"]))
        .set("realmgate.log.decisions", "all")
        .start()
}

/// A good check as the lean message, which can hold any bytes.
fn lean(change: impl FnOnce(&mut proto::HttpRequest)) -> Vec<u8> {
    let bytes = corp::good().into_entries().encode();
    let mut check = proto::CheckRequest::decode(Bytes::from(bytes)).unwrap();
    let request = check.attributes.as_mut().and_then(|one| one.request.as_mut()).unwrap();
    change(request.http.as_mut().unwrap());
    check.encode_to_vec()
}

fn with_entry(name: &[u8], value: &[u8]) -> Vec<u8> {
    lean(|http| {
        let (key, raw_value) = (Bytes::copy_from_slice(name), Bytes::copy_from_slice(value));
        let entry = proto::HeaderValue { key, value: Bytes::new(), raw_value };
        http.header_map.get_or_insert_default().headers.push(entry);
    })
}

fn answer(caller: &Caller, message: &[u8]) -> Answer {
    caller.check_bytes(message)
}

#[test]
fn a_request_line_of_any_bytes_gets_an_answer_that_can_be_read() {
    let gate = gate();
    let caller = gate.caller();
    let junk = || Bytes::from_static(JUNK);
    let path = || Bytes::from([b"/", JUNK].concat());
    assert!(answer(&caller, &lean(|http| http.path = path())).is_allow());
    assert!(answer(&caller, &lean(|http| http.method = junk())).is_allow());
    assert!(answer(&caller, &lean(|http| http.host = junk())).is_allow());
    let denied = answer(
        &caller,
        &lean(|http| {
            http.path = path();
            let entries = &mut http.header_map.as_mut().unwrap().headers;
            entries.retain(|entry| entry.key != "authorization");
        }),
    );
    assert_eq!(denied.outcome(), (401, "no_credentials"));
    let connect = answer(
        &caller,
        &lean(|http| {
            http.method = Bytes::from_static(b"CONNECT");
            http.host = junk();
        }),
    );
    assert_eq!(connect.outcome(), (403, "rule_denied"));
}

#[test]
fn a_header_name_of_any_bytes_gets_an_answer_that_can_be_read() {
    let gate = gate();
    let caller = gate.caller();
    let names: [&[u8]; 8] = [
        b"",
        JUNK,
        b"x-internal-\xff",
        b"x-internal-\r\nx-es-username: root",
        b"x_es-username\xff",
        b"\xffx-es_username",
        b"x-es_usern\xc3\xa4me",
        b":x-internal-",
    ];
    for name in names {
        let answer = answer(&caller, &with_entry(name, b"1"));
        // A name that is no token is no header that an upstream could get.
        let tokens = answer
            .removed()
            .iter()
            .all(|name| name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':'));
        assert!(tokens, "{name:?}: {:?}", answer.removed());
    }
}

#[test]
fn a_credential_of_any_bytes_gets_an_answer_that_can_be_read() {
    let gate = gate();
    let caller = gate.caller();
    let run_as = answer(&caller, &with_entry(b"es-security-runas-user", JUNK));
    assert_eq!(run_as.outcome(), (403, "run_as_denied"));
    let secret = [b"SharedSecret ", JUNK].concat();
    let check = Check::get().entry("authorization", format!("Bearer {}", Claims::good().token()));
    let check = check.entry("es-client-authentication", secret);
    assert_eq!(caller.check(&check).outcome(), (401, "client_secret_mismatch"));
    let bearer = [b"Bearer ", JUNK].concat();
    let check = Check::get().client_secret(SECRET).entry("authorization", bearer);
    assert_eq!(caller.check(&check).outcome(), (401, "not_a_jwt"));
}

#[test]
fn a_good_check_that_is_changed_anywhere_gets_an_answer_that_can_be_read() {
    let gate = gate();
    let caller = gate.caller();
    let good = [corp::good().encode(), corp::good().into_entries().encode()];
    let config = ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() };
    proptest!(config, |(
        form in 0..2_usize,
        at in any::<prop::sample::Index>(),
        put in proptest::collection::vec(any::<u8>(), 0..4),
        drop in 0..4_usize,
    )| {
        let mut bytes = good[form].clone();
        let at = at.index(bytes.len());
        let end = (at + drop).min(bytes.len());
        bytes.splice(at..end, put);
        // Reading it is the test: it holds every answer to what all of them promise.
        let answer = caller.check_bytes(&bytes);
        if answer.is_allow() {
            prop_assert_eq!(answer.principal(), Some("ana".to_owned()));
        }
    });
    assert!(caller.check(&corp::good()).is_allow());
}
