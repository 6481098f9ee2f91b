//! An authorizer that turns everybody away and keeps the bytes that it was asked with.
//!
//! Rule: it decodes nothing, so what is stored is what Envoy sent.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Request, Response, Status};

use super::RUNTIME;

/// `CheckResponse { status: { code: 7 } }`.
const DENY: &[u8] = &[0x0a, 0x02, 0x08, 0x07];

type Asked = Arc<Mutex<Vec<Bytes>>>;

/// A running recorder.
#[derive(Debug)]
pub(super) struct Recorder {
    address: SocketAddr,
    asked: Asked,
    server: JoinHandle<()>,
}

impl Recorder {
    /// Listens on a free port of loopback.
    pub(super) fn start() -> Self {
        let asked = Asked::default();
        let service = Authorization(Arc::clone(&asked));
        let listener = RUNTIME.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let server = RUNTIME.spawn(async move {
            let (reporter, health) = tonic_health::server::health_reporter();
            let serving = tonic_health::ServingStatus::Serving;
            reporter.set_service_status(Authorization::NAME, serving).await;
            let server = Server::builder().add_service(health).add_service(service);
            server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
        });
        Self { address, asked, server }
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it was asked since this was last called.
    pub(super) fn take(&self) -> Vec<Bytes> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[derive(Clone)]
struct Authorization(Asked);

impl NamedService for Authorization {
    const NAME: &'static str = "envoy.service.auth.v3.Authorization";
}

impl Service<http::Request<Body>> for Authorization {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let check = Check(Arc::clone(&self.0));
        Box::pin(async move { Ok(Grpc::new(Bare).unary(check, request).await) })
    }
}

struct Check(Asked);

impl UnaryService<Bytes> for Check {
    type Response = Bytes;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Status>> + Send>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        self.0.lock().unwrap().push(request.into_inner());
        Box::pin(async { Ok(Response::new(Bytes::from_static(DENY))) })
    }
}

/// Bytes in, bytes out.
struct Bare;

impl Codec for Bare {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bare {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(item);
        Ok(())
    }
}

impl Decoder for Bare {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
