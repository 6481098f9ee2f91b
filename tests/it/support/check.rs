//! A check as Envoy builds it: Envoy's own message, filled by hand, in either header form.

use envoy_types::pb::envoy::config::core::v3::{HeaderMap, HeaderValue};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest};
use prost::Message;

/// The host of every check that names none.
pub(crate) const HOST: &str = "shop.example.com";

/// One check, built by adding to it.
#[derive(Clone, Debug)]
pub(crate) struct Check(CheckRequest);

impl Check {
    /// `GET /` from a client that sends no header of its own.
    pub(crate) fn get() -> Self {
        Self::new("GET", "/")
    }

    /// Any request line, with the pseudo-headers that Envoy shows in the map.
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self::bare(method, path)
            .header(":method", method)
            .header(":path", path)
            .header(":authority", HOST)
            .header(":scheme", "http")
    }

    /// Any request line without any header, as a filtering Envoy shows it.
    pub(crate) fn bare(method: &str, path: &str) -> Self {
        let http = HttpRequest {
            id: "7264511090310934817".to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            host: HOST.to_owned(),
            scheme: "http".to_owned(),
            protocol: "HTTP/1.1".to_owned(),
            ..HttpRequest::default()
        };
        let mut request = CheckRequest::default();
        let attributes = request.attributes.insert(AttributeContext::default());
        attributes.request.get_or_insert_default().http = Some(http);
        Self(request)
    }

    /// One header in the joined form, the map `headers`.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.http().headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// One entry in the raw form, `header_map`, as Envoy sends it: in `raw_value`.
    pub(crate) fn entry(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let raw_value = value.as_ref().to_vec();
        self.push(HeaderValue { key: name.to_owned(), raw_value, ..HeaderValue::default() })
    }

    /// One entry in the raw form that uses `value`.
    pub(crate) fn entry_as_text(self, name: &str, value: &str) -> Self {
        let (key, value) = (name.to_owned(), value.to_owned());
        self.push(HeaderValue { key, value, ..HeaderValue::default() })
    }

    fn push(mut self, entry: HeaderValue) -> Self {
        self.http().header_map.get_or_insert_with(HeaderMap::default).headers.push(entry);
        self
    }

    /// The same request with every joined header as an entry of the raw form instead.
    pub(crate) fn into_entries(mut self) -> Self {
        let mut headers: Vec<_> = std::mem::take(&mut self.http().headers).into_iter().collect();
        headers.sort();
        headers.into_iter().fold(self, |check, (name, value)| check.entry(&name, value))
    }

    /// `authorization: Bearer …`.
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// `es-client-authentication: SharedSecret …`.
    pub(crate) fn client_secret(self, secret: &str) -> Self {
        self.header("es-client-authentication", &format!("SharedSecret {secret}"))
    }

    /// The host that the request names.
    pub(crate) fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.http().host);
        self
    }

    /// One context extension of the route.
    pub(crate) fn extension(mut self, name: &str, value: &str) -> Self {
        let attributes = self.0.attributes.get_or_insert_default();
        attributes.context_extensions.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The whole message, for what has no verb here.
    pub(crate) fn edit(mut self, change: impl FnOnce(&mut CheckRequest)) -> Self {
        change(&mut self.0);
        self
    }

    /// The HTTP part.
    pub(crate) fn http(&mut self) -> &mut HttpRequest {
        let attributes = self.0.attributes.get_or_insert_default();
        attributes.request.get_or_insert_default().http.get_or_insert_default()
    }

    /// The bytes that go over the wire.
    pub(crate) fn encode(&self) -> Vec<u8> {
        self.0.encode_to_vec()
    }
}
