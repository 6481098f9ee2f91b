//! A proxy that goes wherever it is asked to by CONNECT.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, copy_bidirectional,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::{Identity, Running};

/// What a proxy does with who asks.
#[derive(Clone, Copy)]
enum Manner {
    /// It goes there, whoever is asked for.
    GoesTo(SocketAddr),
    /// It wants to know who asks.
    Refuses,
}

/// A running proxy.
pub(crate) struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    _running: Running,
}

impl Proxy {
    /// Starts a proxy that is spoken to in plain or, if it has an identity, over TLS. It goes to
    /// `to`, whoever is asked for.
    pub(crate) fn start(identity: Option<&Identity>, to: SocketAddr) -> Self {
        Self::run(identity, Manner::GoesTo(to))
    }

    /// Starts a proxy that is spoken to in plain and lets nobody through.
    pub(crate) fn refusing() -> Self {
        Self::run(None, Manner::Refuses)
    }

    fn run(identity: Option<&Identity>, manner: Manner) -> Self {
        let (running, listener) = Running::start();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let acceptor = identity.map(|identity| TlsAcceptor::from(Arc::clone(&identity.0)));
        let all = Arc::clone(&asked);
        running.spawn(async move {
            loop {
                let Ok((connection, _)) = listener.accept().await else { return };
                let (acceptor, all) = (acceptor.clone(), Arc::clone(&all));
                tokio::spawn(async move {
                    // What the client does is its own business, also when it goes away.
                    let _ = match acceptor {
                        None => connect(connection, manner, &all).await,
                        Some(acceptor) => match acceptor.accept(connection).await {
                            Ok(connection) => connect(connection, manner, &all).await,
                            Err(error) => Err(error),
                        },
                    };
                });
            }
        });
        Self { address, asked, _running: running }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it was asked to go, so far: the first line of each request.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn connect(
    connection: impl AsyncRead + AsyncWrite + Unpin,
    manner: Manner,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut connection = BufReader::new(connection);
    let mut head = Vec::new();
    while head.last().is_none_or(|line| line != "\r\n") {
        let mut line = String::new();
        if connection.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        head.push(line);
    }
    asked.lock().unwrap().push(head[0].trim_end().to_owned());
    let Manner::GoesTo(to) = manner else {
        let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
        connection.write_all(refusal).await?;
        return connection.shutdown().await;
    };
    let mut target = TcpStream::connect(to).await?;
    connection.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    connection.flush().await?;
    copy_bidirectional(&mut connection, &mut target).await.map(drop)
}
