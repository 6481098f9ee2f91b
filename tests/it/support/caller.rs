//! A gRPC client of bytes: it can send what no generated client would, and hides nothing of the
//! answer.
//!
//! Rule: [`Caller::check`] takes nothing but status OK and one well-formed answer, because
//! anything else would open the door under Envoy's `failure_mode_allow`.

use std::sync::{Arc, LazyLock, Mutex};

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderMap, Request};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::{Builder, Runtime};
use tonic::transport::{Channel, Endpoint};

use super::answer::Answer;
use super::check::Check;
use super::wait;

/// The method that Envoy calls.
pub(crate) const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

/// Drives every connection of every test, also between two calls.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

/// One connection, made at the first call and again when it was lost.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    address: String,
    connection: Arc<Mutex<Option<SendRequest<Bytes>>>>,
}

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

    fn request(&self) -> Request<()> {
        let request = Request::post(format!("http://gate.example{}", self.path))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        let headers = self.headers.iter();
        headers
            .fold(request, |request, (name, value)| request.header(name, value))
            .body(())
            .unwrap()
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
        Self { address: address.to_owned(), connection: Arc::default() }
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
        self.begin(call).reply()
    }

    /// Sends anything in the background; the answer is there when it is asked for.
    pub(crate) fn begin(&self, call: Call) -> Pending {
        let caller = self.clone();
        Pending(RUNTIME.spawn(async move {
            let exchange = caller.exchange(&call);
            tokio::time::timeout(wait::PATIENCE, exchange).await.map_err(|_| "no answer in time")?
        }))
    }

    /// A connection of its own for a generated client.
    pub(crate) fn channel(&self) -> Channel {
        let unix = self.address.starts_with("unix:");
        let uri = if unix { self.address.clone() } else { format!("http://{}", self.address) };
        let _inside = RUNTIME.enter();
        Endpoint::from_shared(uri).unwrap().connect_lazy()
    }

    /// How many calls the gate allows at once on the connection, which has carried a call.
    pub(crate) fn most_streams(&self) -> usize {
        self.connection.lock().unwrap().as_ref().unwrap().current_max_send_streams()
    }

    /// Whether the connection, which has carried a call, takes no more of them.
    pub(crate) fn has_ended(&self) -> bool {
        let known = self.connection.lock().unwrap().clone().unwrap();
        block_on(known.ready()).is_err()
    }

    async fn exchange(&self, call: &Call) -> Result<Reply, String> {
        let mut sender = self.sender().await?;
        let bare = call.ends && call.body.is_empty();
        let (response, mut stream) = sender.send_request(call.request(), bare).map_err(text)?;
        if !bare {
            stream.send_data(Bytes::from(call.body.clone()), call.ends).map_err(text)?;
        }
        // The stream is kept until the answer is there: dropped, a stalled one would be reset.
        let reply = read(response).await;
        drop(stream);
        reply
    }

    async fn sender(&self) -> Result<SendRequest<Bytes>, String> {
        let known = self.connection.lock().unwrap().clone();
        if let Some(known) = known
            && let Ok(ready) = known.ready().await
        {
            return Ok(ready);
        }
        let made = match self.address.strip_prefix("unix:") {
            Some(path) => handshake(UnixStream::connect(path).await.map_err(text)?).await?,
            None => handshake(TcpStream::connect(&self.address).await.map_err(text)?).await?,
        };
        *self.connection.lock().unwrap() = Some(made.clone());
        made.ready().await.map_err(text)
    }
}

async fn handshake<T>(stream: T) -> Result<SendRequest<Bytes>, String>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = h2::client::handshake(stream).await.map_err(text)?;
    // It ends with the connection; why it ended, the calls on it tell.
    tokio::spawn(connection);
    Ok(sender)
}

async fn read(response: ResponseFuture) -> Result<Reply, String> {
    let (head, mut stream) = response.await.map_err(text)?.into_parts();
    let mut body = Vec::new();
    while let Some(data) = stream.data().await {
        let data = data.map_err(text)?;
        stream.flow_control().release_capacity(data.len()).map_err(text)?;
        body.extend_from_slice(&data);
    }
    let trailers = stream.trailers().await.map_err(text)?.unwrap_or_default();
    Ok(Reply { http: head.status.as_u16(), headers: head.headers, body, trailers })
}

fn text(why: impl std::fmt::Display) -> String {
    why.to_string()
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

    /// Gives the call up, as a client does that goes away.
    pub(crate) fn give_up(self) {
        self.0.abort();
    }
}

/// Drives a future of the test's own on the connections' runtime.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.block_on(future)
}
