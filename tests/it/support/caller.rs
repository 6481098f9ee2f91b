//! A gRPC client of bytes: it can send what no generated client would, and hides nothing of the
//! answer.
//!
//! Rule: [`Caller::check`] takes nothing but status OK and one well-formed answer, because
//! anything else would open the door under Envoy's `failure_mode_allow`.

use std::pin::Pin;
use std::sync::LazyLock;
use std::time::Duration;

use axum::body::Body as Chunks;
use bytes::Bytes;
use http::{HeaderMap, Request};
use tokio::runtime::{Builder, Runtime};
use tokio_stream::StreamExt;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codegen::Body as _;
use tonic::transport::{Channel, Endpoint};

use super::answer::Answer;
use super::check::Check;
use super::wait;

/// The method that Envoy calls.
pub(crate) const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

/// Drives every connection of every test, also between two calls.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

/// One connection.
#[derive(Clone, Debug)]
pub(crate) struct Caller(Channel);

/// One request as it goes over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    ends: bool,
}

/// One response as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) http: u16,
    pub(crate) headers: HeaderMap,
    /// The messages' frames, all of them.
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: HeaderMap,
}

impl Call {
    /// One whole `Check` with these bytes as its message.
    pub(crate) fn check(message: &[u8]) -> Self {
        Self::frames(frame(0, message))
    }

    /// One `Check` whose body is exactly this, framing included.
    pub(crate) fn frames(body: Vec<u8>) -> Self {
        Self { path: CHECK.to_owned(), headers: Vec::new(), body, ends: true }
    }

    /// Calls another method.
    pub(crate) fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Adds gRPC metadata.
    pub(crate) fn metadata(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Never ends the body: what is there is sent, and then nothing.
    pub(crate) fn stalled(mut self) -> Self {
        self.ends = false;
        self
    }

    fn request(self) -> Request<Body> {
        let mut request = Request::post(self.path)
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let sent = tokio_stream::once(Ok::<_, std::convert::Infallible>(Bytes::from(self.body)));
        let chunks = if self.ends {
            Chunks::from_stream(sent)
        } else {
            Chunks::from_stream(sent.chain(tokio_stream::pending()))
        };
        request.body(Body::new(chunks)).unwrap()
    }
}

impl Reply {
    /// `grpc-status`, wherever it stands.
    pub(crate) fn grpc_status(&self) -> Option<i32> {
        let value = self.trailers.get("grpc-status").or_else(|| self.headers.get("grpc-status"));
        value.and_then(|value| value.to_str().ok()?.parse().ok())
    }

    /// The one message of an answer with status OK.
    pub(crate) fn message(&self) -> &[u8] {
        assert_eq!((self.http, self.grpc_status()), (200, Some(0)), "no gRPC OK: {self:?}");
        let (head, message) = self.body.split_at_checked(5).expect("a frame");
        assert_eq!(head[0], 0, "a compressed answer that nobody asked for");
        let length = u32::from_be_bytes(head[1..5].try_into().unwrap());
        assert_eq!(usize::try_from(length).unwrap(), message.len(), "one frame and no more");
        message
    }
}

/// One length-prefixed message.
pub(crate) fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[flag], &length.to_be_bytes()[..], message].concat()
}

impl Caller {
    /// A connection to `HOST:PORT` or `unix:/path`, made at the first call.
    pub(crate) fn to(address: &str) -> Self {
        let unix = address.starts_with("unix:");
        let uri = if unix { address.to_owned() } else { format!("http://{address}") };
        let endpoint = Endpoint::from_shared(uri).unwrap().connect_timeout(wait::PATIENCE);
        let _inside = RUNTIME.enter();
        Self(endpoint.connect_lazy())
    }

    /// Sends a check and reads its answer.
    pub(crate) fn check(&self, check: &Check) -> Answer {
        self.check_bytes(&check.encode())
    }

    /// Sends any bytes as a check's message and reads the answer.
    pub(crate) fn check_bytes(&self, message: &[u8]) -> Answer {
        Answer::read(self.call(Call::check(message)).message())
    }

    /// Sends anything; the connection must hold until the answer is there.
    pub(crate) fn call(&self, call: Call) -> Reply {
        self.try_call(call).unwrap_or_else(|why| panic!("no answer: {why}"))
    }

    /// Sends anything, which may fail.
    pub(crate) fn try_call(&self, call: Call) -> Result<Reply, String> {
        RUNTIME.block_on(async {
            let exchange = exchange(self.0.clone(), call);
            tokio::time::timeout(wait::PATIENCE, exchange).await.map_err(|_| "too late")?
        })
    }

    /// Sends anything in the background; the answer is there when it is asked for.
    pub(crate) fn begin(&self, call: Call) -> Pending {
        Pending(RUNTIME.spawn(exchange(self.0.clone(), call)))
    }

    /// The connection, for generated clients.
    pub(crate) fn channel(&self) -> Channel {
        self.0.clone()
    }
}

/// A call under way.
#[derive(Debug)]
pub(crate) struct Pending(tokio::task::JoinHandle<Result<Reply, String>>);

impl Pending {
    /// Waits for the answer.
    pub(crate) fn reply(self) -> Result<Reply, String> {
        block_on(self.0).unwrap()
    }

    /// Whether the answer is there.
    pub(crate) fn is_done(&self) -> bool {
        self.0.is_finished()
    }
}

/// Drives a future of the test's own on the connections' runtime.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let limit = wait::PATIENCE + Duration::from_secs(30);
    RUNTIME.block_on(async { tokio::time::timeout(limit, future).await.expect("in time") })
}

async fn exchange(mut channel: Channel, call: Call) -> Result<Reply, String> {
    std::future::poll_fn(|cx| channel.poll_ready(cx)).await.map_err(|why| format!("{why:?}"))?;
    let response = channel.call(call.request()).await.map_err(|why| format!("{why:?}"))?;
    let (head, mut body) = response.into_parts();
    let mut reply = Reply {
        http: head.status.as_u16(),
        headers: head.headers,
        body: Vec::new(),
        trailers: HeaderMap::new(),
    };
    loop {
        let next = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let Some(next) = next.transpose().map_err(|why| format!("{why:?}"))? else {
            return Ok(reply);
        };
        match next.into_data() {
            Ok(data) => reply.body.extend_from_slice(&data),
            Err(other) => reply.trailers.extend(other.into_trailers().unwrap_or_default()),
        }
    }
}
