//! What the demo runs: the upstream, Realmgate in this process, Envoy as a child.
//!
//! Rule: a usual port is taken if nobody has it, any free one otherwise, on 127.0.0.1 alone.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use realmgate::app::{self, App};
use realmgate::settings::{self, GrpcAddress};

use crate::Failure;
use crate::kit::bootstrap::{Bootstrap, USUAL_PORT};
use crate::kit::find::Found;
use crate::kit::run::Envoy;

const USUAL_GRPC: u16 = 9191;
const USUAL_HTTP: u16 = 9192;

/// A running Realmgate with the quickstart's realms.
pub(crate) struct Realmgate {
    pub(crate) grpc: SocketAddr,
    pub(crate) http: SocketAddr,
    // Held because dropping it would end the service; the process's end is the end of it.
    _app: App,
}

/// Starts Realmgate as `realmgate serve --quickstart` does.
pub(crate) fn realmgate() -> Result<Realmgate, Failure> {
    // Whoever takes a usual port between our look and our start takes it from the first try only.
    let app = start(usual(USUAL_GRPC), usual(USUAL_HTTP)).or_else(|_| start(0, 0))?;
    let GrpcAddress::Tcp(grpc) = *app.grpc() else {
        return Err(Failure::Realmgate(format!("it listens on {}", app.grpc())));
    };
    Ok(Realmgate { grpc, http: app.http(), _app: app })
}

fn start(grpc: u16, http: u16) -> Result<App, Failure> {
    let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)).to_string();
    let settings = settings::quickstart(Some(&address(grpc)), Some(&address(http)));
    let settings = settings.map_err(|why| Failure::Realmgate(why.to_string()))?;
    app::start(settings).map_err(|why| Failure::Realmgate(why.to_string()))
}

/// Starts Envoy with the shipped configuration.
pub(crate) fn envoy(
    found: &Found,
    realmgate: SocketAddr,
    upstream: SocketAddr,
) -> Result<Envoy, Failure> {
    let bootstrap = Bootstrap::shipped(realmgate, upstream);
    let usual = bootstrap.clone().on_port(usual(USUAL_PORT));
    let envoy = Envoy::start(&found.path, &usual);
    Ok(envoy.or_else(|_| Envoy::start(&found.path, &bootstrap))?)
}

/// This port if it is free, else 0, by which the system picks one.
fn usual(port: u16) -> u16 {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    // Some systems let a wildcard listener and ours share a port: whoever answers has it.
    let taken = TcpStream::connect(address).is_ok() || TcpListener::bind(address).is_err();
    if taken { 0 } else { port }
}
