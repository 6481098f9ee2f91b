//! The gRPC edge: which service a call is for.
//!
//! `Check` goes straight to its service. Everything else, health above all, goes through tonic's
//! router, which answers UNIMPLEMENTED to what nobody serves.

use super::ext_authz::{CHECK, Checks};
use http::{Request, Response};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::service::Routes;

/// The service of every connection.
#[derive(Clone)]
pub struct Edge {
    checks: Arc<Checks>,
    others: Routes,
}

impl Edge {
    /// Serves `checks`, and `others` beside them.
    pub fn new(checks: Arc<Checks>, others: Routes) -> Self {
        Self { checks, others }
    }
}

impl Service<Request<Body>> for Edge {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if request.uri().path() == CHECK {
            let checks = Arc::clone(&self.checks);
            return Box::pin(async move { Ok(checks.call(request).await) });
        }
        // Routes are always ready.
        Box::pin(self.others.call(request))
    }
}
