//! Binds the listeners, before anything is served, so that a port in use is an error at the start.

use super::workers::Socket;
use socket2::{Domain, Protocol, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Binds `address`. `[::]` listens on both address families, and on IPv4 alone where there is no
/// IPv6.
pub fn tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let any_ipv6 = address.is_ipv6() && address.ip().is_unspecified();
    match bind(address) {
        Err(error) if any_ipv6 && lacks_ipv6(&error) => {
            bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())))
        }
        bound => bound,
    }
}

/// The system's number for an address family that it lacks, which has no kind of its own.
const EAFNOSUPPORT: i32 = if cfg!(target_os = "macos") { 47 } else { 97 };

fn lacks_ipv6(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::AddrNotAvailable)
        || error.raw_os_error() == Some(EAFNOSUPPORT)
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket =
        socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    // A restart need not wait for connections in TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Binds a Unix socket at `path`. A socket that a process left behind is taken over, one that
/// somebody listens on is not, and neither is any other file.
pub fn unix(path: &Path) -> io::Result<UnixListener> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if is_socket && UnixStream::connect(path).is_err() {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Accepts sockets for the workers.
pub trait Acceptor: Send + 'static {
    /// What is accepted.
    type Socket: Socket;

    /// Waits for the next connection.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Socket>> + Send;
}

impl Acceptor for tokio::net::TcpListener {
    type Socket = std::net::TcpStream;

    async fn accept(&self) -> io::Result<Self::Socket> {
        let (stream, _) = Self::accept(self).await?;
        stream.set_nodelay(true)?;
        stream.into_std()
    }
}

impl Acceptor for tokio::net::UnixListener {
    type Socket = UnixStream;

    async fn accept(&self) -> io::Result<Self::Socket> {
        Self::accept(self).await?.0.into_std()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_an_error() {
        let first = tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let error = tcp(first.local_addr().unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn a_socket_file_is_taken_over_only_if_nobody_listens() {
        let path = std::env::temp_dir().join(format!("realmgate-listen-{}", std::process::id()));
        let first = unix(&path).unwrap();
        assert_eq!(unix(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(first);
        drop(unix(&path).unwrap());
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "a file").unwrap();
        assert!(unix(&path).is_err(), "another file is left alone");
        std::fs::remove_file(&path).unwrap();
    }
}
