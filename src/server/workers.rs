//! The threads that serve connections: one runtime each, and one acceptor that deals them out.
//!
//! A connection stays with its worker, so a check never changes threads. Several runtimes of one
//! thread serve about half as much again as one runtime of several threads, and dealing them out in
//! turn keeps Envoy's few long-lived connections even, which the kernel's hash would not.

use super::edge::Edge;
use std::io;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Server;
use tonic::transport::server::Connected;

/// How connections are treated.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    /// A connection is told to come anew after this time, so that long-lived ones spread over all
    /// replicas.
    pub max_age: Duration,
    /// Streams that one connection may have open at once.
    pub max_streams: u32,
}

/// Streams of a connection that may be reset before they are looked at: Envoy cancels a check when
/// its client goes away, and many may do so at once.
const MAX_RESETS: usize = 1000;

/// The most metadata that a call may have, in bytes. Tracers put there what a client sent, and a
/// call over the limit is refused by the transport, which Envoy takes for a failure.
const MAX_METADATA: u32 = 1024 * 1024;

/// Connections that may wait for one worker.
const WAITING: usize = 128;

/// An accepted socket that belongs to no runtime yet.
pub trait Socket: Send + 'static {
    /// The same socket within a runtime.
    type Io: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static;

    /// Registers the socket with the runtime of the calling thread.
    fn register(self) -> io::Result<Self::Io>;
}

impl Socket for std::net::TcpStream {
    type Io = tokio::net::TcpStream;

    fn register(self) -> io::Result<Self::Io> {
        tokio::net::TcpStream::from_std(self)
    }
}

impl Socket for std::os::unix::net::UnixStream {
    type Io = tokio::net::UnixStream;

    fn register(self) -> io::Result<Self::Io> {
        tokio::net::UnixStream::from_std(self)
    }
}

/// The running workers.
pub struct Workers<S> {
    queues: Vec<mpsc::Sender<S>>,
    threads: Vec<JoinHandle<()>>,
    next: usize,
}

impl<S: Socket> Workers<S> {
    /// Starts `count` workers that serve `edge` until `stop` turns true, and then until their
    /// connections have ended.
    pub fn start(
        count: usize,
        connections: Connections,
        edge: &Edge,
        stop: &watch::Receiver<bool>,
    ) -> io::Result<Self> {
        let mut workers = Self { queues: Vec::new(), threads: Vec::new(), next: 0 };
        for number in 0..count {
            let (queue, sockets) = mpsc::channel(WAITING);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let (edge, stop) = (edge.clone(), stop.clone());
            let serve = move || runtime.block_on(serve(sockets, connections, edge, stop));
            let thread = std::thread::Builder::new().name(format!("checks-{number}"));
            workers.threads.push(thread.spawn(serve)?);
            workers.queues.push(queue);
        }
        Ok(workers)
    }

    /// Gives `socket` to the next worker in turn. A worker whose queue is full is passed over.
    pub fn deal(&mut self, mut socket: S) {
        for _ in 0..self.queues.len() {
            self.next = (self.next + 1) % self.queues.len();
            match self.queues[self.next].try_send(socket) {
                Ok(()) => return,
                Err(refused) => socket = refused.into_inner(),
            }
        }
        tracing::warn!("a connection was refused: every worker's queue is full");
    }

    /// Takes no more sockets, and hands out the threads, which end with their connections.
    pub fn into_threads(self) -> Vec<JoinHandle<()>> {
        self.threads
    }
}

async fn serve<S: Socket>(
    sockets: mpsc::Receiver<S>,
    connections: Connections,
    edge: Edge,
    mut stop: watch::Receiver<bool>,
) {
    let incoming = ReceiverStream::new(sockets).map(Socket::register);
    let stopped = async move {
        // An error means that the application is gone, which is a reason to stop as well.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    let served = Server::builder()
        .max_concurrent_streams(connections.max_streams)
        .max_connection_age(connections.max_age)
        .http2_max_header_list_size(MAX_METADATA)
        .http2_max_pending_accept_reset_streams(Some(MAX_RESETS))
        .serve_with_incoming_shutdown(edge, incoming, stopped)
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "a worker ended early");
    }
}
