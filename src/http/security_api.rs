//! `GET /_security/_authenticate`: Elasticsearch's answer to who the sender is.
//!
//! The one rule: it is a door to try tokens at, so where it is not served it is not there.

use crate::server::authenticate::Answer;
use crate::server::ext_authz::Checks;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;

/// The route, there while what is in force says so.
pub(super) fn routes(checks: &Arc<Checks>) -> Router {
    let served = from_fn_with_state(Arc::clone(checks), if_served);
    let authenticate = get(authenticate).layer(served);
    Router::new().route("/_security/_authenticate", authenticate).with_state(Arc::clone(checks))
}

async fn if_served(State(checks): State<Arc<Checks>>, request: Request, next: Next) -> Response {
    if checks.in_force().serves_security_api() {
        next.run(request).await
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

async fn authenticate(State(checks): State<Arc<Checks>>, request: Request) -> Response {
    let (head, _body) = request.into_parts();
    let Answer { status, content_type, challenge, body } = checks.authenticate(&head).await;
    // What is no status would be a bug of ours.
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(challenge) = challenge {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}
