//! The lean check request of `proto/` against Envoy's own message, in both directions, and
//! against what a real Envoy sent.
//!
//! Rule: whatever a decision reads is the same in both, and what only one of them knows is passed
//! over by the other.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use bytes::Bytes;
use envoy_types::pb::envoy::config::core::v3::{HeaderMap, HeaderValue};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{
    HttpRequest, Peer, Request, TlsSession,
};
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest};
use envoy_types::pb::google::protobuf::Timestamp;
use proptest::collection::{hash_map, vec};
use proptest::option;
use proptest::prelude::*;
use prost::Message;
use realmgate::server::view::{decode, proto, view};

type Pairs = BTreeMap<Vec<u8>, Vec<u8>>;

/// All that a decision reads of a check; what is absent reads as empty.
#[derive(Debug, Default, PartialEq)]
struct Read {
    has_http: bool,
    method: Vec<u8>,
    path: Vec<u8>,
    host: Vec<u8>,
    headers: Pairs,
    header_map: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)>,
    extensions: Pairs,
}

impl Read {
    fn envoys(check: &CheckRequest) -> Self {
        let attributes = check.attributes.clone().unwrap_or_default();
        let http = attributes.request.and_then(|request| request.http);
        let pairs = |map: HashMap<String, String>| {
            map.into_iter().map(|(name, value)| (name.into_bytes(), value.into_bytes())).collect()
        };
        let has_http = http.is_some();
        let http = http.unwrap_or_default();
        let entries = http.header_map.unwrap_or_default().headers;
        Self {
            has_http,
            method: http.method.into_bytes(),
            path: http.path.into_bytes(),
            host: http.host.into_bytes(),
            headers: pairs(http.headers),
            header_map: entries
                .into_iter()
                .map(|one| (one.key.into_bytes(), one.value.into_bytes(), one.raw_value))
                .collect(),
            extensions: pairs(attributes.context_extensions),
        }
    }

    fn lean(check: &proto::CheckRequest) -> Self {
        let attributes = check.attributes.clone().unwrap_or_default();
        let http = attributes.request.and_then(|request| request.http);
        let pairs = |entries: Vec<proto::MapEntry>| {
            entries.into_iter().map(|entry| (entry.key.to_vec(), entry.value.to_vec())).collect()
        };
        let has_http = http.is_some();
        let http = http.unwrap_or_default();
        let entries = http.header_map.unwrap_or_default().headers;
        Self {
            has_http,
            method: http.method.to_vec(),
            path: http.path.to_vec(),
            host: http.host.to_vec(),
            headers: pairs(http.headers),
            header_map: entries
                .iter()
                .map(|one| (one.key.to_vec(), one.value.to_vec(), one.raw_value.to_vec()))
                .collect(),
            extensions: pairs(attributes.context_extensions),
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-z:_-]{1,20}", Just(String::new())]
}

fn pairs() -> impl Strategy<Value = HashMap<String, String>> {
    hash_map(text(), text(), 0..6)
}

prop_compose! {
    fn header_map()(entries in vec((text(), text(), any::<Vec<u8>>()), 0..6)) -> HeaderMap {
        let header = |(key, value, raw_value)| HeaderValue { key, value, raw_value };
        HeaderMap { headers: entries.into_iter().map(header).collect() }
    }
}

prop_compose! {
    fn http_request()(
        (id, method, path, host) in (text(), text(), text(), text()),
        (scheme, query, fragment, protocol, body) in (text(), text(), text(), text(), text()),
        raw_body in any::<Vec<u8>>(),
        size in any::<i64>(),
        headers in pairs(),
        header_map in option::of(header_map()),
    ) -> HttpRequest {
        HttpRequest {
            id, method, path, host, scheme, query, fragment, protocol, body, raw_body, size,
            headers, header_map,
        }
    }
}

prop_compose! {
    fn attributes()(
        http in option::of(http_request()),
        time in option::of((any::<i64>(), any::<i32>())),
        context_extensions in pairs(),
        principal in option::of(text()),
        sni in option::of(text()),
    ) -> AttributeContext {
        let time = time.map(|(seconds, nanos)| Timestamp { seconds, nanos });
        AttributeContext {
            source: principal.map(|principal| Peer { principal, ..Peer::default() }),
            request: Some(Request { time, http }),
            context_extensions,
            tls_session: sni.map(|sni| TlsSession { sni }),
            ..AttributeContext::default()
        }
    }
}

prop_compose! {
    fn envoys_check()(attributes in option::of(attributes())) -> CheckRequest {
        CheckRequest { attributes }
    }
}

fn bytes() -> impl Strategy<Value = Bytes> {
    text().prop_map(Bytes::from)
}

fn entries() -> impl Strategy<Value = Vec<proto::MapEntry>> {
    let entry = |(key, value)| proto::MapEntry { key: Bytes::from(key), value: Bytes::from(value) };
    pairs().prop_map(move |pairs| pairs.into_iter().map(entry).collect())
}

fn lean_check() -> impl Strategy<Value = proto::CheckRequest> {
    let header = (bytes(), bytes(), any::<Vec<u8>>())
        .prop_map(|(key, value, raw)| proto::HeaderValue { key, value, raw_value: raw.into() });
    let map = vec(header, 0..6).prop_map(|headers| proto::HeaderMap { headers });
    let http = (bytes(), bytes(), bytes(), entries(), option::of(map)).prop_map(
        |(method, path, host, headers, header_map)| proto::HttpRequest {
            method,
            headers,
            path,
            host,
            header_map,
        },
    );
    let request = option::of(http).prop_map(|http| proto::Request { http });
    let attributes = (option::of(request), entries()).prop_map(|(request, context_extensions)| {
        proto::AttributeContext { request, context_extensions }
    });
    option::of(attributes).prop_map(|attributes| proto::CheckRequest { attributes })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_envoy_writes_is_read_as_envoy_means_it(check in envoys_check()) {
        let lean = decode(check.encode_to_vec().into()).unwrap();
        prop_assert_eq!(Read::lean(&lean), Read::envoys(&check));
    }

    #[test]
    fn what_is_written_lean_is_read_by_envoys_message(check in lean_check()) {
        let envoys = CheckRequest::decode(Bytes::from(check.encode_to_vec())).unwrap();
        prop_assert_eq!(Read::envoys(&envoys), Read::lean(&check));
    }

    #[test]
    fn any_bytes_are_a_request_or_a_refusal(bytes in any::<Vec<u8>>()) {
        if let Ok(check) = decode(bytes.into()) {
            let _ = view(&check).is_ok();
        }
    }

    #[test]
    fn a_check_that_is_cut_or_changed_is_a_request_or_a_refusal(
        check in envoys_check(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = check.encode_to_vec();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            for bytes in [bytes.clone(), bytes[..at].to_vec()] {
                if let Ok(check) = decode(bytes.into()) {
                    let _ = view(&check).is_ok();
                }
            }
        }
    }
}

#[test]
fn every_captured_check_is_read_as_envoys_message_reads_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/check-requests");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "bin") {
            continue;
        }
        count += 1;
        let name = path.display();
        let bytes = Bytes::from(std::fs::read(&path).unwrap());
        let envoys =
            CheckRequest::decode(bytes.clone()).unwrap_or_else(|why| panic!("{name}: {why}"));
        let lean = decode(bytes).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(Read::lean(&lean), Read::envoys(&envoys), "{name}");
        let view = view(&lean).unwrap_or_else(|why| panic!("{name}: {why}"));
        let read = Read::lean(&lean);
        assert_eq!((view.method, view.path, view.host), (&*read.method, &*read.path, &*read.host));
        assert!(view.shows_all_headers(), "{name}");
    }
    assert!(count >= 3, "{count} captured checks");
}

#[test]
fn a_field_of_a_later_envoy_is_passed_over() {
    let check = CheckRequest {
        attributes: Some(AttributeContext {
            request: Some(Request {
                http: Some(HttpRequest {
                    method: "GET".to_owned(),
                    path: "/".to_owned(),
                    ..HttpRequest::default()
                }),
                ..Request::default()
            }),
            ..AttributeContext::default()
        }),
    };
    // Field 1000 as a length, a number and a fixed 64 bits.
    let unknown = b"\xc2\x3e\x03abc\xc0\x3e\x07\xc1\x3e01234567";
    let bytes = [&check.encode_to_vec()[..], unknown].concat();
    let lean = decode(bytes.into()).unwrap();
    assert_eq!(Read::lean(&lean), Read::envoys(&check));
    assert_eq!(view(&lean).unwrap().method, b"GET");
}
