//! Loads from a real server on loopback, which does what each test tells it.

#[allow(dead_code, reason = "the tests of the whole service use the rest")]
#[path = "../../../../tests/it/support/https/mod.rs"]
mod https;

mod connection;
mod faults;
mod found;
mod loader;

use super::*;
use crate::jwks::back_channel::{Authorities, Proxy, ProxyScheme, Tls, Verification};
use crate::jwks::pem;
use https::{Answer, Authority, Flaw, Pem, Server, Versions};

/// What a test of something else waits for at most. A server that stalls is not waited for.
const LONG: Duration = Duration::from_secs(4);
/// What a test of a stall waits for.
const SHORT: Duration = Duration::from_millis(200);

/// A set of no keys.
const EMPTY: &str = r#"{"keys":[]}"#;

const ISSUER: &str = "https://issuer/";

/// How a server of `authority` is asked, unless a test says otherwise.
fn channel(authority: &Authority) -> BackChannel {
    let these = pem::certificates(authority.pem().as_bytes()).unwrap();
    let tls = Tls {
        authorities: Authorities::These(these),
        client: None,
        verification: Verification::Full,
        tls13: true,
        tls12: true,
    };
    BackChannel { connect_timeout: LONG, socket_timeout: LONG, proxy: None, tls }
}

/// A server whose certificate is good, and how it is asked.
fn server() -> (Server, BackChannel) {
    let authority = Authority::new("authority");
    (Server::start(&authority.server(Flaw::None)), channel(&authority))
}

fn fetcher(url: &str, channel: &BackChannel) -> Fetcher {
    Fetcher::new(HttpsUrl::parse(url).unwrap(), channel)
}

/// Whose keys are wanted.
fn issuers() -> [String; 2] {
    ["https://other".to_owned(), ISSUER.to_owned()]
}

/// What is loaded from the server's `/keys` without knowing anything.
async fn load(server: &Server, channel: &BackChannel) -> Result<Document, LoadFault> {
    load_from(&server.url("/keys"), channel).await
}

async fn load_from(url: &str, channel: &BackChannel) -> Result<Document, LoadFault> {
    match fetcher(url, channel).load(&issuers(), None).await? {
        Loaded::Document(document) => Ok(document),
        Loaded::NotModified(_) => panic!("nothing was known"),
    }
}

/// The line of a load that fails, `HOST` standing for the server's.
async fn fault(server: &Server, channel: &BackChannel) -> String {
    let fault = load(server, channel).await.expect_err("the load fails");
    shown(server, &fault)
}

fn shown(server: &Server, fault: &LoadFault) -> String {
    fault.to_string().replace(&server.address().to_string(), "HOST")
}
