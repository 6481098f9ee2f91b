//! The load: connections and streams as an Envoy under load has them, over HTTP/2 by hand.
//! Rule: an answer that is not the expected one ends the measurement.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::rounds::INTERRUPTED;

/// Connections of a turn; Envoy keeps one or more for each of its workers.
pub(crate) const CONNECTIONS: usize = 10;
/// Checks in flight on each.
pub(crate) const STREAMS: usize = 4;
/// A turn that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(120);
/// What gRPC puts before a message: a flag, and the length in four bytes.
const FRAME_HEADER: usize = 5;

/// A request in its gRPC frame.
#[derive(Clone)]
pub(crate) struct Framed(Bytes);

impl Framed {
    pub(crate) fn new(message: &[u8]) -> Result<Self, String> {
        let length = u32::try_from(message.len()).map_err(|_| "the request is too large")?;
        let mut frame = BytesMut::with_capacity(FRAME_HEADER + message.len());
        frame.put_u8(0);
        frame.put_u32(length);
        frame.put(message);
        Ok(Self(frame.freeze()))
    }
}

/// One check; its answer's message.
pub(crate) fn first(address: SocketAddr, request: &Framed) -> Result<Bytes, String> {
    runtime()?.block_on(bounded(async {
        let mut connection = connect(address).await?;
        let frame = check(&mut connection, request).await?;
        if frame.len() < FRAME_HEADER || frame[0] != 0 {
            return Err("the answer is no uncompressed gRPC message".to_owned());
        }
        Ok(frame.slice(FRAME_HEADER..))
    }))
}

/// What is sent: these requests in turn, until so many were begun or it is stopped.
pub(crate) struct Source {
    requests: Vec<Framed>,
    /// How long every answer's message is.
    answer_len: usize,
    begun: AtomicUsize,
    limit: AtomicUsize,
}

impl Source {
    /// The same request so many times.
    pub(crate) fn of(request: &Framed, answer: &Bytes, checks: u32) -> Arc<Self> {
        let limit = usize::try_from(checks).unwrap_or(usize::MAX);
        Self::new(vec![request.clone()], answer, limit)
    }

    /// These requests round and round.
    pub(crate) fn endless(requests: Vec<Framed>, answer: &Bytes) -> Arc<Self> {
        Self::new(requests, answer, usize::MAX)
    }

    fn new(requests: Vec<Framed>, answer: &Bytes, limit: usize) -> Arc<Self> {
        let (begun, limit) = (AtomicUsize::new(0), AtomicUsize::new(limit));
        Arc::new(Self { requests, answer_len: answer.len(), begun, limit })
    }

    /// How many checks were begun.
    pub(crate) fn begun(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }

    /// No further check is begun.
    pub(crate) fn stop(&self) {
        self.limit.store(0, Ordering::Relaxed);
    }

    fn next(&self) -> Option<&Framed> {
        let stopped = |begun| begun >= self.limit.load(Ordering::Relaxed);
        let take = |begun| (!stopped(begun)).then_some(begun + 1);
        let begun = self.begun.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok()?;
        (!INTERRUPTED.load(Ordering::Relaxed)).then(|| &self.requests[begun % self.requests.len()])
    }
}

/// A turn: all that the source gives, from one thread a core.
pub(crate) fn turn(address: SocketAddr, source: &Arc<Source>) -> Result<(), String> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(CONNECTIONS);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|index| {
                let connections = (index..CONNECTIONS).step_by(threads).count();
                scope.spawn(move || drive(address, source, connections, STREAMS).map(drop))
            })
            .collect();
        threads.into_iter().try_for_each(joined)
    })
}

/// What a load's thread ended with.
pub(crate) fn joined<T>(thread: ScopedJoinHandle<'_, Result<T, String>>) -> Result<T, String> {
    thread.join().unwrap_or_else(|_| Err("a load thread panicked".to_owned()))
}

/// All that the source gives, from this thread over connections of its own; how long each took.
pub(crate) fn drive(
    address: SocketAddr,
    source: &Arc<Source>,
    connections: usize,
    streams: usize,
) -> Result<Vec<Duration>, String> {
    runtime()?.block_on(bounded(async {
        let mut running = JoinSet::new();
        for _ in 0..connections {
            let connection = connect(address).await?;
            for _ in 0..streams {
                running.spawn(stream(connection.clone(), Arc::clone(source)));
            }
        }
        let mut times = Vec::new();
        while let Some(ended) = running.join_next().await {
            times.append(&mut ended.map_err(|error| error.to_string())??);
        }
        if INTERRUPTED.load(Ordering::Relaxed) {
            return Err("interrupted".to_owned());
        }
        Ok(times)
    }))
}

/// One check after another, as long as the source gives any.
async fn stream(
    mut connection: SendRequest<Bytes>,
    source: Arc<Source>,
) -> Result<Vec<Duration>, String> {
    let mut times = Vec::new();
    while let Some(request) = source.next() {
        let begun = Instant::now();
        let frame = check(&mut connection, request).await?;
        times.push(begun.elapsed());
        let (length, expected) = (frame.len(), source.answer_len + FRAME_HEADER);
        if length != expected {
            return Err(format!("an answer of {length} bytes, where the first had {expected}"));
        }
    }
    Ok(times)
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Bytes>, String> {
    let tcp = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    tcp.set_nodelay(true).map_err(|error| error.to_string())?;
    let (requests, connection) =
        h2::client::handshake(tcp).await.map_err(|error| error.to_string())?;
    // Its end shows as an error of the request that waits for it.
    tokio::spawn(connection);
    Ok(requests)
}

/// One call of `Check`, with the headers that Envoy sends; the answer's frame.
async fn check(connection: &mut SendRequest<Bytes>, request: &Framed) -> Result<Bytes, String> {
    let head = http::Request::post("http://realmgate/envoy.service.auth.v3.Authorization/Check")
        .header("te", "trailers")
        .header("grpc-timeout", "2000m")
        .header("content-type", "application/grpc")
        .header("x-envoy-internal", "true")
        .header("x-forwarded-for", "127.0.0.1")
        .body(())
        .map_err(|error| error.to_string())?;
    let answered = async {
        let (response, mut body) = connection.clone().ready().await?.send_request(head, false)?;
        body.send_data(request.0.clone(), true)?;
        let mut body = response.await?.into_body();
        let mut frame = Bytes::new();
        while let Some(data) = body.data().await {
            let data = data?;
            body.flow_control().release_capacity(data.len())?;
            frame = if frame.is_empty() { data } else { [frame, data].concat().into() };
        }
        Ok::<_, h2::Error>((frame, body.trailers().await?))
    };
    let (frame, trailers) = answered.await.map_err(|error| error.to_string())?;
    let status = trailers.as_ref().and_then(|trailers| trailers.get("grpc-status"));
    if status.is_none_or(|status| status != "0") {
        return Err(format!("a check without an answer: gRPC status {status:?}"));
    }
    Ok(frame)
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
}

async fn bounded<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::time::timeout(PATIENCE, work)
        .await
        .unwrap_or_else(|_| Err(format!("not done within {PATIENCE:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(message: &str) -> Framed {
        Framed::new(message.as_bytes()).unwrap()
    }

    fn given(source: &Source, most: usize) -> Vec<&[u8]> {
        let given = std::iter::from_fn(|| source.next());
        given.take(most).map(|request| &request.0[FRAME_HEADER..]).collect()
    }

    #[test]
    fn a_source_gives_a_request_as_often_as_it_is_told() {
        let source = Source::of(&framed("a"), &Bytes::new(), 3);
        assert_eq!(given(&source, 10), [b"a", b"a", b"a"]);
        assert_eq!(source.begun(), 3);
    }

    #[test]
    fn an_endless_source_gives_its_requests_in_turn_until_it_is_stopped() {
        let source = Source::endless(vec![framed("a"), framed("b")], &Bytes::new());
        assert_eq!(given(&source, 5), [b"a", b"b", b"a", b"b", b"a"]);
        source.stop();
        assert_eq!(given(&source, 5).len(), 0);
    }
}
