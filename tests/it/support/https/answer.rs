//! What a server of the tests answers, byte by byte.

use std::time::Duration;

/// The bytes that are sent, and what happens then.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(super) bytes: Vec<u8>,
    pub(super) then: Then,
}

/// What happens when all is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The connection ends as TLS wants it.
    Close,
    /// It ends as if somebody had cut the wire.
    Cut,
    /// Nothing, until the other side has enough of it.
    Stall,
    /// A byte of white space at a time, as often as this.
    Drip(Duration),
    /// The same bytes again and again, until the other side has enough of it.
    Repeat(Vec<u8>),
}

impl Answer {
    /// A head of a status line and headers, and a body.
    pub(crate) fn new(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let length = format!("Content-Length: {}", body.len());
        let mut bytes = head(status, headers.iter().copied().chain([&*length]));
        bytes.extend_from_slice(body);
        Self { bytes, then: Then::Close }
    }

    /// A document.
    pub(crate) fn ok(body: impl AsRef<[u8]>) -> Self {
        Self::new("200 OK", &["Content-Type: application/json"], body)
    }

    /// A redirect.
    pub(crate) fn redirect(to: &str) -> Self {
        Self::new("302 Found", &[&format!("Location: {to}")], "")
    }

    /// Nothing, and the connection stays.
    pub(crate) fn silence() -> Self {
        Self { bytes: Vec::new(), then: Then::Stall }
    }

    /// A head and the beginning of a body, and the connection stays.
    pub(crate) fn stalled_body() -> Self {
        let mut bytes = head("200 OK", ["Content-Length: 100"]);
        bytes.extend_from_slice(b"{");
        Self { bytes, then: Then::Stall }
    }

    /// A head and a body that comes byte by byte, as often as this, for a minute at least.
    pub(crate) fn dripping_body(period: Duration) -> Self {
        let length = 60 * 1000 / period.as_millis().max(1);
        let bytes = head("200 OK", [&*format!("Content-Length: {length}")]);
        Self { bytes, then: Then::Drip(period) }
    }

    /// A head and the beginning of a body, and the connection is cut.
    pub(crate) fn truncated_body() -> Self {
        Self { then: Then::Cut, ..Self::stalled_body() }
    }

    /// A body of white space, in chunks, without an end.
    pub(crate) fn endless_body() -> Self {
        let bytes = head("200 OK", ["Transfer-Encoding: chunked"]);
        let chunk = format!("{:x}\r\n{}\r\n", 16_384, " ".repeat(16_384));
        Self { bytes, then: Then::Repeat(chunk.into_bytes()) }
    }

    /// These bytes, whatever they are.
    pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), then: Then::Close }
    }

    /// The connection ends without a word.
    pub(crate) fn close() -> Self {
        Self::raw("")
    }
}

fn head<'h>(status: &str, headers: impl IntoIterator<Item = &'h str>) -> Vec<u8> {
    let mut lines = vec![format!("HTTP/1.1 {status}")];
    lines.extend(headers.into_iter().chain(["Connection: close", "", ""]).map(str::to_owned));
    lines.join("\r\n").into_bytes()
}
