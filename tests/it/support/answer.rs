//! An answer as Envoy reads it, and the promises that every answer keeps.
//!
//! Rule: [`Answer::read`] fails on anything that some Envoy could read in two ways (a missing
//! status, an OK with a denial, a header both set and removed), so every test checks that too.

use std::collections::{BTreeMap, BTreeSet};

use envoy_types::pb::envoy::config::core::v3::HeaderValueOption;
use envoy_types::pb::envoy::config::core::v3::header_value_option::HeaderAppendAction;
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{
    CheckResponse, DeniedHttpResponse, OkHttpResponse,
};
use envoy_types::pb::google::protobuf::value::Kind;
use envoy_types::pb::google::protobuf::{Struct, Value as ProtoValue};
use prost::Message;
use serde_json::{Value, json};

/// What Envoy was told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// The google.rpc code of `status`.
    pub(crate) code: i32,
    pub(crate) verdict: Verdict,
    /// The dynamic metadata as a JSON object; null when there is none.
    pub(crate) metadata: Value,
}

/// The two ends of a check.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    Allow { set: BTreeMap<String, String>, removed: BTreeSet<String> },
    Deny { status: u16, headers: Vec<(String, String)>, body: String },
}

impl Answer {
    /// Decodes an answer, holding it to what the contract promises of every one.
    pub(crate) fn read(message: &[u8]) -> Self {
        let response = CheckResponse::decode(message).expect("a CheckResponse");
        let code = response.status.expect("a status: without one Envoy allows").code;
        let verdict = match response.http_response.expect("an HTTP part") {
            HttpResponse::OkResponse(ok) => allow(code, ok),
            HttpResponse::DeniedResponse(denied) => deny(code, denied),
            HttpResponse::ErrorResponse(_) => panic!("an error_response obeys failure_mode_allow"),
        };
        let metadata = response.dynamic_metadata.map_or(Value::Null, object);
        Self { code, verdict, metadata }
    }

    /// Whether the request goes on.
    pub(crate) fn is_allow(&self) -> bool {
        matches!(self.verdict, Verdict::Allow { .. })
    }

    /// The HTTP status that the client sees from us: 200 for an allow.
    pub(crate) fn status(&self) -> u16 {
        match &self.verdict {
            Verdict::Allow { .. } => 200,
            Verdict::Deny { status, .. } => *status,
        }
    }

    /// The reason code in the dynamic metadata.
    pub(crate) fn reason(&self) -> &str {
        self.metadata["reason"].as_str().unwrap_or_default()
    }

    /// Status and reason code, which a table row names.
    pub(crate) fn outcome(&self) -> (u16, &str) {
        (self.status(), self.reason())
    }

    /// The headers that an allow sets.
    pub(crate) fn set(&self) -> &BTreeMap<String, String> {
        match &self.verdict {
            Verdict::Allow { set, .. } => set,
            Verdict::Deny { .. } => panic!("denied: {self:?}"),
        }
    }

    /// The names that an allow removes.
    pub(crate) fn removed(&self) -> &BTreeSet<String> {
        match &self.verdict {
            Verdict::Allow { removed, .. } => removed,
            Verdict::Deny { .. } => panic!("denied: {self:?}"),
        }
    }

    /// A header of either kind of answer.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        match &self.verdict {
            Verdict::Allow { set, .. } => set.get(name).map(String::as_str),
            Verdict::Deny { headers, .. } => {
                headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
            }
        }
    }

    /// A denial's body.
    pub(crate) fn body(&self) -> &str {
        match &self.verdict {
            Verdict::Deny { body, .. } => body,
            Verdict::Allow { .. } => panic!("allowed: {self:?}"),
        }
    }

    /// A denial's body as JSON.
    pub(crate) fn body_json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    /// The sentence of Elasticsearch's error body.
    pub(crate) fn sentence(&self) -> String {
        self.body_json()["error"]["reason"].as_str().unwrap_or_default().to_owned()
    }

    /// The effective user, decoded.
    pub(crate) fn principal(&self) -> Option<String> {
        self.header("x-es-username").map(percent_decode)
    }
}

fn allow(code: i32, ok: OkHttpResponse) -> Verdict {
    assert_eq!(code, 0, "an ok_response with a code that denies");
    let count = ok.headers.len();
    let set: BTreeMap<_, _> = ok.headers.into_iter().map(overwrite).collect();
    assert_eq!(set.len(), count, "a header is set twice");
    let removed: BTreeSet<_> = ok.headers_to_remove.iter().cloned().collect();
    assert_eq!(removed.len(), ok.headers_to_remove.len(), "a name is removed twice");
    let lower = |name: &String| name.to_ascii_lowercase() == *name;
    assert!(removed.iter().chain(set.keys()).all(lower), "names are in lower case");
    let both: Vec<_> = removed.iter().filter(|name| set.contains_key(*name)).collect();
    assert!(both.is_empty(), "set and removed, so Envoy removes: {both:?}");
    assert!(ok.response_headers_to_add.is_empty() && ok.query_parameters_to_set.is_empty());
    assert!(ok.query_parameters_to_remove.is_empty());
    Verdict::Allow { set, removed }
}

fn deny(code: i32, denied: DeniedHttpResponse) -> Verdict {
    assert_ne!(code, 0, "a denied_response with the code that allows");
    let status = denied.status.expect("an HTTP status").code;
    let status = u16::try_from(status).unwrap();
    assert!((400..600).contains(&status), "a denial is an error: {status}");
    let headers = denied.headers.into_iter().map(overwrite).collect();
    Verdict::Deny { status, headers, body: denied.body }
}

/// Name and value of a header option, which overwrites whichever of its fields Envoy reads.
#[expect(
    deprecated,
    reason = "some Envoys read `append`, others `append_action`: both must say it"
)]
fn overwrite(option: HeaderValueOption) -> (String, String) {
    let header = option.header.expect("a header");
    let append = option.append.expect("append is present").value;
    assert!(!append, "{} appends", header.key);
    let action = HeaderAppendAction::OverwriteIfExistsOrAdd as i32;
    assert_eq!(option.append_action, action, "{} does not overwrite", header.key);
    assert!(header.raw_value.is_empty(), "Envoy ignores raw_value here");
    let visible = header.value.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    assert!(visible, "{} is not visible ASCII: {:?}", header.key, header.value);
    (header.key, header.value)
}

fn object(fields: Struct) -> Value {
    Value::Object(fields.fields.into_iter().map(|(name, value)| (name, plain(value))).collect())
}

fn plain(value: ProtoValue) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(value)) => json!(value),
        Some(Kind::NumberValue(value)) => json!(value),
        Some(Kind::StringValue(value)) => json!(value),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(plain).collect(),
        Some(Kind::StructValue(fields)) => object(fields),
    }
}

/// Undoes the percent-encoding of an identity header.
pub(crate) fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let (hex, after) = after.split_at_checked(2).expect("two digits after a percent sign");
        assert_eq!(hex, hex.to_ascii_uppercase(), "hex digits are capitals");
        bytes.push(u8::from_str_radix(hex, 16).unwrap());
        rest = after;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).expect("UTF-8 behind the percent signs")
}
