//! Plays a row without Envoy: asks Realmgate itself, and does to the request what Envoy would do.
//!
//! Rule: set first, then remove, as Envoy does; no status, or status 0, lets the request through.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Request as Asked};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{
    AttributeContext, CheckRequest, CheckResponse, OkHttpResponse,
};
use tokio::runtime::Runtime;
use tonic::transport::Channel;

use crate::Failure;
use crate::kit::http::Request;
use crate::rows::PATH;

/// What came of a request.
pub(crate) enum Answer {
    /// The upstream would be sent these headers.
    Allowed(Vec<(String, String)>),
    /// The client would be sent this.
    Denied { status: u16, body: String },
}

/// A connection to Realmgate's gRPC listener.
pub(crate) struct Bare {
    runtime: Runtime,
    client: AuthorizationClient<Channel>,
}

impl Bare {
    /// Connects.
    pub(crate) fn to(realmgate: SocketAddr) -> Result<Self, Failure> {
        let failed = |why: &dyn std::fmt::Display| Failure::Check(why.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|why| failed(&why))?;
        let client = runtime.block_on(AuthorizationClient::connect(format!("http://{realmgate}")));
        Ok(Self { client: client.map_err(|why| failed(&why))?, runtime })
    }

    /// Asks about one request.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<Answer, Failure> {
        let answer = self.runtime.block_on(self.client.check(check(request)));
        let answer = answer.map_err(|why| Failure::Check(why.to_string()))?.into_inner();
        Ok(applied(answer, request))
    }
}

/// The check that Envoy would send, as far as a decision reads it.
fn check(request: &Request) -> CheckRequest {
    let headers = request.lines().iter().map(|(name, value)| (name.to_lowercase(), value.clone()));
    let pseudo = [(":method", "GET"), (":path", PATH), (":authority", "localhost")];
    let pseudo = pseudo.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let http = HttpRequest {
        method: "GET".to_owned(),
        path: PATH.to_owned(),
        host: "localhost".to_owned(),
        headers: headers.chain(pseudo).collect(),
        ..HttpRequest::default()
    };
    let request = Asked { http: Some(http), ..Asked::default() };
    let attributes = AttributeContext { request: Some(request), ..AttributeContext::default() };
    CheckRequest { attributes: Some(attributes) }
}

fn applied(answer: CheckResponse, request: &Request) -> Answer {
    let allowed = answer.status.is_none_or(|status| status.code == 0);
    match answer.http_response {
        Some(HttpResponse::OkResponse(ok)) if allowed => Answer::Allowed(sent_on(ok, request)),
        Some(HttpResponse::DeniedResponse(denied)) if !allowed => {
            let status = denied.status.map_or(403, |status| status.code);
            Answer::Denied { status: status.try_into().unwrap_or(0), body: denied.body }
        }
        _ if allowed => Answer::Allowed(request.lines().to_vec()),
        _ => Answer::Denied { status: 403, body: String::new() },
    }
}

fn sent_on(ok: OkHttpResponse, request: &Request) -> Vec<(String, String)> {
    let lower = request.lines().iter().map(|(name, value)| (name.to_lowercase(), value.clone()));
    let mut headers: BTreeMap<String, String> = lower.collect();
    let set = ok.headers.into_iter().filter_map(|option| option.header);
    headers.extend(set.map(|header| (header.key.to_lowercase(), header.value)));
    for name in ok.headers_to_remove {
        headers.remove(&name.to_lowercase());
    }
    headers.into_iter().collect()
}
