//! The floor: the smallest tonic server that could answer a check, in its fastest settings.
//! Rule: it knows nothing of the request, and whatever makes it slower than it could be is a bug.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use bytes::{Buf, BufMut, Bytes};
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::body::Body;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};
use tonic::transport::Server;
use tonic::{Request, Response, Status};
use tower_service::Service;

/// Serves the answer on standard input, which begins with its length in four bytes (big endian),
/// and says on standard output where. It ends when standard input does.
pub(crate) fn serve() -> Result<(), String> {
    let mut stdin = std::io::stdin().lock();
    let answer = read_answer(&mut stdin).map_err(|error| format!("no answer to serve: {error}"))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| e.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let workers = start_workers(&answer)?;
    thread::spawn(move || accept(&listener, &workers));
    println!("floor: ready grpc={address}");
    std::io::stdout().flush().map_err(|error| error.to_string())?;
    stdin.read_to_end(&mut Vec::new()).map_err(|error| error.to_string())?;
    Ok(())
}

fn read_answer(from: &mut impl Read) -> std::io::Result<Bytes> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    from.read_exact(&mut answer)?;
    Ok(answer.into())
}

type Worker = mpsc::UnboundedSender<TcpStream>;

/// One single-threaded runtime a core: tonic's cheapest way to serve.
fn start_workers(answer: &Bytes) -> Result<Vec<Worker>, String> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    (0..cores).map(|_| start_worker(answer.clone())).collect()
}

fn start_worker(answer: Bytes) -> Result<Worker, String> {
    let (worker, connections) = mpsc::unbounded_channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    thread::spawn(move || {
        let incoming =
            UnboundedReceiverStream::new(connections).map(tokio::net::TcpStream::from_std);
        runtime.block_on(Server::builder().serve_with_incoming(Floor { answer }, incoming))
    });
    Ok(worker)
}

/// Hands connections round in turn, so that every worker has the same share.
fn accept(listener: &TcpListener, workers: &[Worker]) {
    for worker in workers.iter().cycle() {
        let Ok((connection, _)) = listener.accept() else { return };
        let handed = connection.set_nodelay(true).and_then(|()| connection.set_nonblocking(true));
        if handed.is_err() || worker.send(connection).is_err() {
            return;
        }
    }
}

/// The service: every request is answered the same.
#[derive(Clone)]
struct Floor {
    answer: Bytes,
}

impl Service<http::Request<Body>> for Floor {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let floor = self.clone();
        Box::pin(async move {
            let bytes = AsBytes { answer_len: floor.answer.len() };
            Ok(Grpc::new(bytes).unary(floor, request).await)
        })
    }
}

impl UnaryService<Bytes> for Floor {
    type Response = Bytes;
    type Future = Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, _: Request<Bytes>) -> Self::Future {
        ready(Ok(Response::new(self.answer.clone())))
    }
}

/// Messages as they are; the buffer of an answer is as large as the answer.
#[derive(Clone, Copy)]
struct AsBytes {
    answer_len: usize,
}

impl Codec for AsBytes {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for AsBytes {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, answer: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(answer);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        const FRAME_HEADER: usize = 5;
        BufferSettings::new(self.answer_len + FRAME_HEADER, 32 * 1024)
    }
}

impl Decoder for AsBytes {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = from.remaining();
        Ok(Some(from.copy_to_bytes(length)))
    }
}
