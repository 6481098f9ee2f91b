//! An answer, read as Envoy reads it.
//! Rule: what is read here could be sent to any Envoy, and would do what it says.

use std::collections::HashSet;

use bytes::Bytes;
use envoy_types::pb::envoy::config::core::v3::HeaderValueOption;
use envoy_types::pb::envoy::config::core::v3::header_value_option::HeaderAppendAction;
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{
    CheckResponse, DeniedHttpResponse, OkHttpResponse,
};
use prost::Message;

use crate::Request;
use crate::json::{self, Value};

/// Never the client's own on an allowed request.
const OURS: [&str; 18] = [
    "authorization",
    "es-client-authentication",
    "es-secondary-authorization",
    "es-security-runas-user",
    "opendistro-security-impersonate-as",
    "x-es-authenticated-user",
    "x-es-dn",
    "x-es-email",
    "x-es-full-name",
    "x-es-groups",
    "x-es-lookup-realm",
    "x-es-metadata",
    "x-es-realm",
    "x-es-roles",
    "x-es-username",
    "x-forwarded-user",
    "x-proxy-roles",
    "x-proxy-user",
];

/// A sound answer.
pub(crate) struct Answer {
    /// Whom an allow names; `None` of a denial.
    pub(crate) user: Option<String>,
    set: HashSet<String>,
    removed: HashSet<String>,
}

impl Answer {
    /// Reads an answer; one that is not sound ends the run.
    pub(crate) fn read(bytes: Bytes) -> Self {
        let answer = CheckResponse::decode(bytes).expect("an answer that Envoy can decode");
        let code = answer.status.expect("a status, without which Envoy allows").code;
        let metadata = answer.dynamic_metadata.expect("metadata for access logs").fields;
        assert!(metadata.contains_key("decision") && metadata.contains_key("reason"));
        match answer.http_response {
            Some(HttpResponse::OkResponse(ok)) if code == 0 => Self::allow(ok),
            Some(HttpResponse::DeniedResponse(denied)) if code != 0 => Self::deny(&denied, code),
            other => panic!("status {code} with {other:?}"),
        }
    }

    fn allow(ok: OkHttpResponse) -> Self {
        let headers: Vec<_> = ok.headers.iter().map(header).collect();
        let set: HashSet<_> = headers.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(set.len(), headers.len(), "a header is set twice: {headers:?}");
        let removed: HashSet<_> = ok.headers_to_remove.into_iter().collect();
        assert!(set.is_disjoint(&removed), "set and removed: {headers:?}, {removed:?}");
        for name in OURS.map(|name| [name.to_owned(), name.replace('-', "_")]).as_flattened() {
            assert!(set.contains(name) || removed.contains(name), "{name} is left in");
        }
        let user = headers.into_iter().find(|(name, _)| name == "x-es-username");
        Self { user: Some(user.expect("a user's name").1), set, removed }
    }

    fn deny(denied: &DeniedHttpResponse, code: i32) -> Self {
        let status = denied.status.as_ref().expect("an HTTP status").code;
        assert!(
            matches!((status, code), (400, 3) | (401, 16) | (403, 7) | (503, 14)),
            "HTTP status {status} with gRPC code {code}"
        );
        let headers: Vec<_> = denied.headers.iter().map(header).collect();
        let value = |wanted: &str| {
            headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
        };
        assert_eq!(value("www-authenticate").is_some(), status == 401, "{headers:?}");
        match value("content-type") {
            Some("application/json") => must_be_error(&denied.body, status),
            Some("text/plain") => assert!(!denied.body.is_empty()),
            other => panic!("content type {other:?}"),
        }
        Self { user: None, set: HashSet::new(), removed: HashSet::new() }
    }

    /// Of an allowed request: no header that could be taken for one of ours stays as the client
    /// sent it, however it spells the name.
    pub(crate) fn must_leave_nothing_of(&self, request: &Request) {
        for (name, _) in request.headers() {
            let name = name.to_ascii_lowercase();
            let folded = name.replace('_', "-");
            if OURS.contains(&folded.as_str()) {
                let gone = self.set.contains(&name) || self.removed.contains(&name);
                assert!(gone, "{name} of the client is left in");
            }
        }
    }
}

/// Whether two names are the same header.
pub(crate) fn is_name(given: &str, wanted: &str) -> bool {
    given.eq_ignore_ascii_case(wanted)
}

/// Name and value, which every Envoy overwrites the client's own with.
#[expect(deprecated, reason = "Envoy 1.37 reads `append`, and nothing else")]
fn header(option: &HeaderValueOption) -> (String, String) {
    let header = option.header.as_ref().expect("a header");
    assert_eq!(option.append.as_ref().map(|append| append.value), Some(false), "{header:?}");
    assert_eq!(option.append_action(), HeaderAppendAction::OverwriteIfExistsOrAdd, "{header:?}");
    assert!(header.raw_value.is_empty(), "Envoy ignores a raw value: {header:?}");
    assert!(!header.value.is_empty(), "an empty header: {header:?}");
    let printable = header.value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    assert!(printable, "no header value: {header:?}");
    assert_eq!(header.key, header.key.to_ascii_lowercase());
    (header.key.clone(), header.value.clone())
}

/// Elasticsearch's error.
fn must_be_error(body: &str, status: i32) {
    let body = json::parse(body.as_bytes()).expect("an error in JSON");
    let told = body.get("status");
    let same = matches!(told, Some(Value::Number(told)) if *told == status.to_string());
    assert!(same, "HTTP status {status} with {body:?}");
    let reason = body.get("error").and_then(|error| error.get("reason"));
    assert!(matches!(reason, Some(Value::Text(_))), "no reason: {body:?}");
}
