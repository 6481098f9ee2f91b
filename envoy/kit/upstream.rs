//! The service behind Envoy: it answers with what it was sent, on its own or in Elasticsearch's
//! clothes.
//!
//! Rule: header lines are told in the order and number in which they came, so a test sees exactly
//! what a real upstream would have seen.

use std::collections::{HashMap, VecDeque};
use std::io::{self, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use super::http::{chunks, header_lines};

/// What is remembered of what came; the demo may run for days.
const REMEMBERED: usize = 64;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    /// In order, repeats kept.
    pub(crate) headers: Vec<(String, String)>,
}

impl Seen {
    /// The answer's body.
    fn to_json(&self) -> Value {
        let pairs = self.headers.iter().map(|(name, value)| json!([name, value]));
        json!({ "method": self.method, "path": self.target, "headers": pairs.collect::<Vec<_>>() })
    }

    /// The values of a header, whatever the case of its name.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let same = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str()).collect()
    }
}

/// Whom an upstream answers as.
#[derive(Clone, Copy, Debug, Default)]
enum Guise {
    #[default]
    Echo,
    /// Elasticsearch's own clients take no answer without its product header and media type.
    Elasticsearch,
}

impl Guise {
    const fn headers(self) -> &'static str {
        match self {
            Self::Echo => "content-type: application/json\r\n",
            Self::Elasticsearch => {
                "x-elastic-product: Elasticsearch\r\n\
                 content-type: application/vnd.elasticsearch+json;compatible-with=9\r\n"
            }
        }
    }

    fn body(self, seen: &Seen) -> Value {
        let mut body = seen.to_json();
        if let Self::Elasticsearch = self {
            body["version"] = json!({ "number": "9.5.0" });
            body["tagline"] = json!("You Know, for Search");
        }
        body
    }
}

/// A running upstream on loopback.
#[derive(Debug)]
pub(crate) struct Upstream {
    address: SocketAddr,
    state: Arc<State>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    guise: Guise,
    ended: AtomicBool,
    hits: AtomicUsize,
    seen: Mutex<VecDeque<Seen>>,
    /// The open ones, by number.
    connections: Mutex<HashMap<usize, TcpStream>>,
}

impl Upstream {
    /// Listens on a free port.
    pub(crate) fn start() -> io::Result<Self> {
        Self::start_as(Guise::Echo)
    }

    /// The same for Elasticsearch's clients, which are told that this is theirs.
    pub(crate) fn elasticsearch() -> io::Result<Self> {
        Self::start_as(Guise::Elasticsearch)
    }

    fn start_as(guise: Guise) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let state = Arc::new(State { guise, ..State::default() });
        let shared = Arc::clone(&state);
        let acceptor = std::thread::spawn(move || accept(&listener, &shared));
        Ok(Self { address, state, acceptor: Some(acceptor) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests have reached it.
    pub(crate) fn hits(&self) -> usize {
        self.state.hits.load(Ordering::SeqCst)
    }

    /// The last request that reached it.
    pub(crate) fn last(&self) -> Option<Seen> {
        lock(&self.state.seen).back().cloned()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        // Wakes the acceptor, which then sees the flag; if that fails there is nobody to wake.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        for (_, connection) in lock(&self.state.connections).drain() {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

fn accept(listener: &TcpListener, state: &Arc<State>) {
    for (number, connection) in listener.incoming().enumerate() {
        if state.ended.load(Ordering::SeqCst) {
            return;
        }
        let Ok(connection) = connection else { continue };
        if let Ok(twin) = connection.try_clone() {
            lock(&state.connections).insert(number, twin);
        }
        let shared = Arc::clone(state);
        std::thread::spawn(move || {
            // A connection ends when its peer goes, or breaks off: neither is our failure.
            let _ = serve(connection, &shared);
            lock(&shared.connections).remove(&number);
        });
    }
}

fn serve(connection: TcpStream, state: &State) -> io::Result<()> {
    let mut writer = connection.try_clone()?;
    let mut reader = BufReader::new(connection);
    loop {
        let seen = read_request(&mut reader)?;
        state.hits.fetch_add(1, Ordering::SeqCst);
        remember(state, &seen);
        if seen.all("upgrade").iter().any(|what| what.eq_ignore_ascii_case("websocket")) {
            return echo(&mut reader, &mut writer);
        }
        let body = state.guise.body(&seen).to_string();
        let (headers, length) = (state.guise.headers(), body.len());
        let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {length}\r\n\r\n");
        writer.write_all(head.as_bytes())?;
        if seen.method != "HEAD" {
            writer.write_all(body.as_bytes())?;
        }
    }
}

fn remember(state: &State, seen: &Seen) {
    let mut all = lock(&state.seen);
    if all.len() == REMEMBERED {
        all.pop_front();
    }
    all.push_back(seen.clone());
}

fn read_request(reader: &mut BufReader<TcpStream>) -> io::Result<Seen> {
    let first = super::http::line(reader)?;
    let mut words = first.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (method, target) = (word(), word());
    let seen = Seen { method, target, headers: header_lines(reader)? };
    if seen.all("transfer-encoding").contains(&"chunked") {
        chunks(reader)?;
    } else if let Some(length) = seen.all("content-length").first().and_then(|n| n.parse().ok()) {
        io::copy(&mut reader.take(length), &mut io::sink())?;
    }
    Ok(seen)
}

/// After an upgrade whatever comes goes back; frames are none of our business.
fn echo(reader: &mut BufReader<TcpStream>, writer: &mut TcpStream) -> io::Result<()> {
    writer.write_all(
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n",
    )?;
    io::copy(reader, writer).map(drop)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
