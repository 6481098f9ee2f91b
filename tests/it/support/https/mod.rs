//! An issuer's https server that does what a test tells it, and a proxy before it.
//!
//! Rule: it listens on loopback, on a port of its own, and everything that it started ends when its
//! value is dropped. It knows nothing of Realmgate, so that unit tests can include it, too.

mod answer;
mod certificates;
mod proxy;

pub(crate) use answer::Answer;
pub(crate) use certificates::{Authority, Flaw, Identity, Pem, Versions};
pub(crate) use proxy::Proxy;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use answer::Then;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A server that answers as it is told.
pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<State>,
    _running: Running,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case, and values.
    pub(crate) headers: Vec<(String, String)>,
}

impl Request {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct State {
    /// By target; the last one of a list stands for all that come after it.
    answers: Mutex<HashMap<String, VecDeque<Answer>>>,
    requests: Mutex<Vec<Request>>,
    counts: watch::Sender<Counts>,
    /// Whether answers are kept back.
    held: watch::Sender<bool>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    /// Connections that were made.
    connections: usize,
    /// Connections that stand.
    open: usize,
    requests: usize,
}

impl Server {
    /// Starts a server that shows `identity` and finds nothing anywhere.
    pub(crate) fn start(identity: &Identity) -> Self {
        Self::start_slow(identity, Duration::ZERO)
    }

    /// Starts one that says nothing for this long when somebody connects.
    pub(crate) fn start_slow(identity: &Identity, pause: Duration) -> Self {
        let (running, listener) = Running::start();
        let address = listener.local_addr().unwrap();
        let state = Arc::<State>::default();
        let acceptor = TlsAcceptor::from(Arc::clone(&identity.0));
        let serving = Arc::clone(&state);
        running.spawn(async move {
            loop {
                let Ok((connection, _)) = listener.accept().await else { return };
                let (acceptor, state) = (acceptor.clone(), Arc::clone(&serving));
                state.count(|counts| {
                    counts.connections += 1;
                    counts.open += 1;
                });
                tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    // What the client does is its own business, also when it goes away.
                    if let Ok(connection) = acceptor.accept(connection).await {
                        let _ = state.serve(connection).await;
                    }
                    state.count(|counts| counts.open -= 1);
                });
            }
        });
        Self { address, state, _running: running }
    }

    /// From now on a request for `target` is answered with these, one after the other, and then
    /// with the last one always.
    pub(crate) fn on(&self, target: &str, answers: impl IntoIterator<Item = Answer>) -> &Self {
        let answers = answers.into_iter().collect();
        self.state.answers.lock().unwrap().insert(target.to_owned(), answers);
        self
    }

    /// From now on requests are taken, and their answers kept back.
    pub(crate) fn hold(&self) {
        self.state.held.send_replace(true);
    }

    /// Lets go what was kept back, and keeps nothing back any more.
    pub(crate) fn release(&self) {
        self.state.held.send_replace(false);
    }

    /// The URL of a target.
    pub(crate) fn url(&self, target: &str) -> String {
        format!("https://127.0.0.1:{}{target}", self.address.port())
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that were asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap().clone()
    }

    /// How many connections there were, TLS or not.
    pub(crate) fn connections(&self) -> usize {
        self.state.counts.borrow().connections
    }

    /// Waits until so many requests came in all.
    pub(crate) async fn asked(&self, requests: usize) {
        let mut counts = self.state.counts.subscribe();
        counts.wait_for(|counts| counts.requests >= requests).await.unwrap();
    }

    /// Waits until no connection stands.
    pub(crate) async fn left(&self) {
        let mut counts = self.state.counts.subscribe();
        counts.wait_for(|counts| counts.open == 0).await.unwrap();
    }
}

impl State {
    fn count(&self, change: impl FnOnce(&mut Counts)) {
        self.counts.send_modify(change);
    }

    async fn serve(&self, connection: TlsStream<TcpStream>) -> std::io::Result<()> {
        let mut connection = BufReader::new(connection);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if connection.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let answer = self.answer(&lines);
        // An error is impossible: the sender is this one.
        let _ = self.held.subscribe().wait_for(|held| !held).await;
        connection.write_all(&answer.bytes).await?;
        connection.flush().await?;
        match answer.then {
            Then::Close => connection.shutdown().await,
            Then::Cut => Ok(()),
            Then::Stall => connection.read(&mut [0]).await.map(drop),
            Then::Drip(period) => loop {
                tokio::time::sleep(period).await;
                connection.write_all(b" ").await?;
                connection.flush().await?;
            },
            Then::Repeat(bytes) => loop {
                connection.write_all(&bytes).await?;
            },
        }
    }

    /// Remembers a request, and says what is answered.
    fn answer(&self, lines: &[String]) -> Answer {
        let target = lines.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
        let headers = lines.iter().skip(1).filter_map(|line| line.split_once(": "));
        let headers =
            headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        let request = Request { target: target.to_owned(), headers };
        self.requests.lock().unwrap().push(request);
        self.count(|counts| counts.requests += 1);
        let mut answers = self.answers.lock().unwrap();
        match answers.get_mut(target) {
            Some(answers) if answers.len() > 1 => answers.pop_front(),
            Some(answers) => answers.front().cloned(),
            None => None,
        }
        .unwrap_or_else(|| Answer::new("404 Not Found", &[], ""))
    }
}

/// A runtime of its own, so that it serves whether the test waits or not.
struct Running(Option<Runtime>);

impl Running {
    /// A runtime, and a port that it listens on.
    fn start() -> (Self, TcpListener) {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = {
            let _entered = runtime.enter();
            TcpListener::from_std(listener).unwrap()
        };
        (Self(Some(runtime)), listener)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.as_ref().unwrap().spawn(task);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Also where waiting is not allowed.
        self.0.take().unwrap().shutdown_background();
    }
}
