//! From the bytes of a check to the request that the engine decides: protobuf ends here.
//!
//! The one rule: whatever the bytes are, the result is a request or an error to deny with, and
//! what is borrowed from them is not copied.

use crate::engine::request::{Form, Header, RequestView, Unusable};
use bytes::Bytes;
use prost::Message;

/// The lean messages of `proto/check.proto`.
#[allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub)]
pub mod proto {
    include!(concat!(env!("OUT_DIR"), "/realmgate.check.rs"));
}

/// Decodes a `CheckRequest`. What is no protobuf message is no usable request.
pub fn decode(bytes: Bytes) -> Result<proto::CheckRequest, Unusable> {
    proto::CheckRequest::decode(bytes).map_err(|_| Unusable::default())
}

/// Shows the HTTP request of `check`. A check of Envoy's network filter has none.
pub fn view(check: &proto::CheckRequest) -> Result<RequestView<'_>, Unusable> {
    let attributes = check.attributes.as_ref().ok_or(Unusable::default())?;
    let http = attributes.request.as_ref().and_then(|request| request.http.as_ref());
    let http = http.ok_or(Unusable::default())?;
    let hints = attributes.context_extensions.iter().map(|entry| entry.key.as_ref());
    RequestView::new(&http.method, &http.path, &http.host, headers(http), hints)
}

fn headers(http: &proto::HttpRequest) -> Vec<Header<'_>> {
    let joined = http.headers.iter().map(|entry| Header {
        name: &entry.key,
        value: &entry.value,
        form: Form::Joined,
    });
    let separate = http.header_map.iter().flat_map(|map| &map.headers).map(|entry| Header {
        name: &entry.key,
        value: if entry.raw_value.is_empty() { &entry.value } else { &entry.raw_value },
        form: Form::Separate,
    });
    joined.chain(separate).collect()
}
