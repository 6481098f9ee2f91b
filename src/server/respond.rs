//! From a decision to the bytes of its answer: the only maker of a `CheckResponse`.
//!
//! What Envoy does with an answer decides its shape. `status.code` alone says allow or deny, an
//! absent `status` reads as allow, and so it is always written and comes from the verdict. A header
//! is overwritten only with `append: false` *and* `OVERWRITE_IF_EXISTS_OR_ADD` (1.37 reads one, all
//! others read the other), only `value` is read, and removals run after all sets, so that no name
//! may be in both. A gRPC error would mean that there is no decision: then Envoy's failure mode
//! decides, which may be *allow*, and no setting of ours can change it.

use crate::engine::identity::DynamicMetadata;
use crate::engine::{Allow, Decision, Denial, Verdict};
use bytes::Bytes;
use prost::encoding::{WireType, encode_key, encode_varint};

/// What respond needs to know of a configuration, worked out once.
#[derive(Debug)]
pub(super) struct Answers {
    /// `headers_to_remove` of every allow, encoded.
    always_removed: Vec<u8>,
    dynamic_metadata: DynamicMetadata,
}

impl Answers {
    /// Encodes what every allow of a configuration has in common.
    pub(super) fn new(always_removed: &[String], dynamic_metadata: DynamicMetadata) -> Self {
        let mut names = Writer(Vec::new());
        for name in always_removed {
            names.text(ok_response::HEADERS_TO_REMOVE, name);
        }
        Self { always_removed: names.0, dynamic_metadata }
    }

    /// The encoded `CheckResponse`. `realm` is the name of the realm that `decision` speaks of.
    pub(super) fn respond(&self, decision: &Decision<'_>, realm: Option<&str>) -> Bytes {
        let mut answer = Writer(Vec::with_capacity(2048));
        answer.message(check_response::STATUS, |status| {
            status.number(rpc_status::CODE, decision.reason().status().grpc().cast_unsigned());
        });
        match &decision.verdict {
            Verdict::Allow(allow) => {
                answer.message(check_response::OK_RESPONSE, |ok| self.allow(ok, allow));
            }
            Verdict::Deny(denial) => {
                answer.message(check_response::DENIED_RESPONSE, |denied| deny(denied, denial));
            }
        }
        if self.dynamic_metadata != DynamicMetadata::None {
            answer.message(check_response::DYNAMIC_METADATA, |metadata| {
                self.metadata(metadata, decision, realm);
            });
        }
        answer.0.into()
    }

    fn allow(&self, ok: &mut Writer, allow: &Allow<'_>) {
        for (name, value) in &allow.set {
            ok.header(ok_response::HEADERS, name, value);
        }
        ok.0.extend_from_slice(&self.always_removed);
        for name in &allow.also_removed {
            ok.text(ok_response::HEADERS_TO_REMOVE, name);
        }
    }

    /// A `google.protobuf.Struct`, each member only as far as it was established.
    fn metadata(&self, metadata: &mut Writer, decision: &Decision<'_>, realm: Option<&str>) {
        metadata.member("decision", |value| value.text(value::STRING, decision.name()));
        metadata.member("reason", |value| value.text(value::STRING, decision.reason().code()));
        if let Some(realm) = realm {
            metadata.member("realm", |value| value.text(value::STRING, realm));
        }
        metadata.member("run_as", |value| value.boolean(value::BOOL, false));
        if self.dynamic_metadata == DynamicMetadata::Full
            && let Some(user) = &decision.established.user
        {
            metadata.member("username", |value| value.text(value::STRING, user));
            metadata.member("authenticated_user", |value| value.text(value::STRING, user));
        }
    }
}

fn deny(denied: &mut Writer, denial: &Denial) {
    denied.message(denied_response::STATUS, |status| {
        status.number(http_status::CODE, denial.status().http().into());
    });
    denied.header(denied_response::HEADERS, "content-type", denial.content_type());
    if let Some(challenge) = denial.challenge() {
        denied.header(denied_response::HEADERS, "www-authenticate", challenge);
    }
    denied.text(denied_response::BODY, &denial.body());
}

/// Field numbers of Envoy's messages (`external_auth.proto`, `base.proto`, `status.proto`,
/// `struct.proto`), one module a message.
mod check_response {
    pub(super) const STATUS: u32 = 1;
    pub(super) const DENIED_RESPONSE: u32 = 2;
    pub(super) const OK_RESPONSE: u32 = 3;
    pub(super) const DYNAMIC_METADATA: u32 = 4;
}
mod rpc_status {
    pub(super) const CODE: u32 = 1;
}
mod ok_response {
    pub(super) const HEADERS: u32 = 2;
    pub(super) const HEADERS_TO_REMOVE: u32 = 5;
}
mod denied_response {
    pub(super) const STATUS: u32 = 1;
    pub(super) const HEADERS: u32 = 2;
    pub(super) const BODY: u32 = 3;
}
mod http_status {
    pub(super) const CODE: u32 = 1;
}
mod header_value_option {
    pub(super) const HEADER: u32 = 1;
    pub(super) const APPEND: u32 = 2;
    pub(super) const APPEND_ACTION: u32 = 3;
    pub(super) const OVERWRITE_IF_EXISTS_OR_ADD: u32 = 2;
}
mod header_value {
    pub(super) const KEY: u32 = 1;
    pub(super) const VALUE: u32 = 2;
}
mod structure {
    pub(super) const FIELDS: u32 = 1;
    pub(super) const KEY: u32 = 1;
    pub(super) const VALUE: u32 = 2;
}
mod value {
    pub(super) const STRING: u32 = 3;
    pub(super) const BOOL: u32 = 4;
}

/// Writes protobuf in one pass, into one buffer.
struct Writer(Vec<u8>);

impl Writer {
    fn text(&mut self, field: u32, text: &str) {
        encode_key(field, WireType::LengthDelimited, &mut self.0);
        encode_varint(text.len() as u64, &mut self.0);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// An integer; as everywhere in proto3, zero is what is not written.
    fn number(&mut self, field: u32, number: u32) {
        if number != 0 {
            encode_key(field, WireType::Varint, &mut self.0);
            encode_varint(number.into(), &mut self.0);
        }
    }

    /// A boolean of a `oneof`, which is written even when false.
    fn boolean(&mut self, field: u32, value: bool) {
        encode_key(field, WireType::Varint, &mut self.0);
        self.0.push(value.into());
    }

    /// A message, which is there even if `fill` writes nothing.
    fn message(&mut self, field: u32, fill: impl FnOnce(&mut Self)) {
        encode_key(field, WireType::LengthDelimited, &mut self.0);
        let at = self.0.len();
        self.0.push(0);
        fill(self);
        let length = self.0.len() - at - 1;
        if let Ok(short @ ..0x80) = u8::try_from(length) {
            self.0[at] = short;
        } else {
            let mut varint = Vec::with_capacity(5);
            encode_varint(length as u64, &mut varint);
            self.0.splice(at..=at, varint);
        }
    }

    fn header(&mut self, field: u32, name: &str, value: &str) {
        self.message(field, |option| {
            option.message(header_value_option::HEADER, |header| {
                header.text(header_value::KEY, name);
                header.text(header_value::VALUE, value);
            });
            option.message(header_value_option::APPEND, |_false| {});
            option.number(
                header_value_option::APPEND_ACTION,
                header_value_option::OVERWRITE_IF_EXISTS_OR_ADD,
            );
        });
    }

    fn member(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        self.message(structure::FIELDS, |entry| {
            entry.text(structure::KEY, name);
            entry.message(structure::VALUE, fill);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::request::{RequestView, Unusable};
    use crate::engine::{Established, RealmId, Reason};
    use envoy_types::pb::envoy::config::core::v3::HeaderValueOption;
    use envoy_types::pb::envoy::service::auth::v3::CheckResponse;
    use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
    use envoy_types::pb::google::protobuf::value::Kind;
    use prost::Message;
    use std::borrow::Cow;
    use std::collections::BTreeMap;

    fn answer(decision: &Decision<'_>, metadata: DynamicMetadata) -> CheckResponse {
        let answers = Answers::new(&["always".to_owned()], metadata);
        CheckResponse::decode(answers.respond(decision, Some("realm"))).unwrap()
    }

    fn allow<'s>(set: Vec<(&'s str, Cow<'s, str>)>) -> Decision<'s> {
        let allow = Allow { set, always_removed: &[], also_removed: vec!["also".into()] };
        Decision::allow(allow, RealmId(0), "us\u{e9}r".to_owned())
    }

    #[expect(deprecated, reason = "Envoy 1.37 and older read `append`")]
    fn headers(options: &[HeaderValueOption]) -> Vec<(String, String)> {
        options
            .iter()
            .map(|option| {
                assert_eq!(option.append.as_ref().map(|append| append.value), Some(false));
                assert_eq!(option.append_action, 2, "OVERWRITE_IF_EXISTS_OR_ADD");
                let header = option.header.clone().unwrap();
                assert!(header.raw_value.is_empty());
                (header.key, header.value)
            })
            .collect()
    }

    fn metadata(answer: &CheckResponse) -> BTreeMap<String, String> {
        let fields = answer.dynamic_metadata.as_ref().map(|metadata| metadata.fields.clone());
        let text = |kind| match kind {
            Some(Kind::StringValue(text)) => text,
            Some(Kind::BoolValue(value)) => value.to_string(),
            other => panic!("{other:?}"),
        };
        fields
            .unwrap_or_default()
            .into_iter()
            .map(|(name, value)| (name, text(value.kind)))
            .collect()
    }

    #[test]
    fn an_allow_sets_and_removes_what_it_says_whatever_the_lengths() {
        for length in [0, 1, 100, 127, 128, 200, 16_383, 16_384, 70_000] {
            let value = "v".repeat(length);
            let decision = allow(vec![("name", value.as_str().into()), ("other", "x".into())]);
            let answer = answer(&decision, DynamicMetadata::Full);
            assert_eq!(answer.status.as_ref().map(|status| status.code), Some(0));
            let Some(HttpResponse::OkResponse(ok)) = &answer.http_response else { panic!() };
            let expected = [("name", value.as_str()), ("other", "x")];
            assert_eq!(headers(&ok.headers), expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
            assert_eq!(ok.headers_to_remove, ["always", "also"]);
        }
    }

    #[test]
    fn a_denial_has_its_status_its_body_and_one_challenge() {
        let view = RequestView::new(b"GET", b"/x", b"h", Vec::new(), std::iter::empty()).unwrap();
        let denials = [
            (Denial::missing_credentials(&view), 16, 401, true),
            (Denial::forbidden_to_all(&view), 7, 403, false),
            (Denial::unusable(Unusable::default()), 3, 400, false),
            (Denial::unavailable(Reason::Overloaded), 14, 503, false),
            (Denial::unavailable(Reason::Ok), 14, 503, false),
        ];
        for (denial, code, status, challenged) in denials {
            let body = denial.body().into_owned();
            let answer =
                answer(&Decision::deny(denial, Established::default()), DynamicMetadata::None);
            assert_eq!(answer.status.as_ref().map(|status| status.code), Some(code));
            assert_eq!(answer.dynamic_metadata, None);
            let Some(HttpResponse::DeniedResponse(denied)) = answer.http_response else { panic!() };
            assert_eq!(denied.status.unwrap().code, status);
            assert_eq!(denied.body, body);
            let mut expected = vec![("content-type".to_owned(), "application/json".to_owned())];
            if challenged {
                let challenge = r#"Bearer realm="security""#;
                expected.push(("www-authenticate".to_owned(), challenge.to_owned()));
            }
            assert_eq!(headers(&denied.headers), expected);
        }
    }

    #[test]
    fn dynamic_metadata_tells_as_much_as_is_wanted() {
        let full = "authenticated_user=us\u{e9}r decision=allow realm=realm reason=ok run_as=false \
                    username=us\u{e9}r";
        for (wanted, expected) in [
            (DynamicMetadata::Full, full),
            (DynamicMetadata::Decision, "decision=allow realm=realm reason=ok run_as=false"),
            (DynamicMetadata::None, ""),
        ] {
            let metadata = metadata(&answer(&allow(Vec::new()), wanted));
            let told: Vec<_> =
                metadata.iter().map(|(name, value)| format!("{name}={value}")).collect();
            assert_eq!(told.join(" "), expected);
        }
    }
}
