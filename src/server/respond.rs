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
