//! The load: connections and streams as an Envoy under load has them, over HTTP/2 by hand.
//! Rule: an answer that is not the expected one ends the measurement.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

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

/// A request in its gRPC frame.
#[derive(Clone)]
pub(crate) struct Framed(Bytes);

impl Framed {
    pub(crate) fn new(message: &[u8]) -> Result<Self, String> {
        let length = u32::try_from(message.len()).map_err(|_| "the request is too large")?;
        let mut frame = BytesMut::with_capacity(5 + message.len());
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
        if frame.len() < 5 || frame[0] != 0 {
            return Err("the answer is no uncompressed gRPC message".to_owned());
        }
        Ok(frame.slice(5..))
    }))
}

/// A turn: so many checks, each answered by a message of this length, from one thread a core.
pub(crate) fn turn(
    address: SocketAddr,
    request: &Framed,
    answer: &Bytes,
    checks: u32,
) -> Result<(), String> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(CONNECTIONS);
    let left = Arc::new(AtomicU32::new(checks));
    let expected = answer.len() + 5;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|index| {
                let share = (index..CONNECTIONS).step_by(threads).count();
                let left = &left;
                scope.spawn(move || drive(address, request, expected, left, share))
            })
            .collect();
        threads
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .try_for_each(|end| end.unwrap_or_else(|_| Err("a load thread panicked".to_owned())))
    })
}

/// One thread's share of the connections.
fn drive(
    address: SocketAddr,
    request: &Framed,
    expected: usize,
    left: &Arc<AtomicU32>,
    connections: usize,
) -> Result<(), String> {
    runtime()?.block_on(bounded(async {
        let mut streams = JoinSet::new();
        for _ in 0..connections {
            let connection = connect(address).await?;
            for _ in 0..STREAMS {
                streams.spawn(stream(
                    connection.clone(),
                    request.clone(),
                    expected,
                    Arc::clone(left),
                ));
            }
        }
        while let Some(ended) = streams.join_next().await {
            ended.map_err(|error| error.to_string())??;
        }
        Ok(())
    }))
}

/// One check after another, as long as there are any left.
async fn stream(
    mut connection: SendRequest<Bytes>,
    request: Framed,
    expected: usize,
    left: Arc<AtomicU32>,
) -> Result<(), String> {
    let take = |left: u32| left.checked_sub(1);
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
        && !INTERRUPTED.load(Ordering::Relaxed)
    {
        let length = check(&mut connection, &request).await?.len();
        if length != expected {
            return Err(format!("an answer of {length} bytes, where the first had {expected}"));
        }
    }
    Ok(())
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
