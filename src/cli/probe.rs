//! `realmgate probe`: one question to a running service, for images without a shell.
//!
//! The one rule: silence is success.

use super::{Exit, tell};
use clap::Args;
use http::uri::Authority;
use std::error::Error;
use std::time::Duration;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// Whom to ask.
#[derive(Debug, Args)]
pub(super) struct Probe {
    /// The gRPC address of the service: HOST:PORT or unix:PATH.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9191", value_parser = endpoint)]
    address: Box<Endpoint>,
}

/// How long the answer may take, the connection included.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the service does not serve.
#[derive(Debug, thiserror::Error)]
enum NotServing {
    #[error("the service answers {0}")]
    Answer(&'static str),
    #[error("{}", chain(.0))]
    Connect(#[from] tonic::transport::Error),
    #[error("no answer within 5 s")]
    Late,
    #[error("cannot start: {0}")]
    Runtime(#[from] std::io::Error),
    #[error("{}: {}", .0.code(), .0.message())]
    Status(Box<tonic::Status>),
}

/// Asks once.
pub(super) fn run(probe: &Probe) -> Exit {
    match ask_in_time(&probe.address) {
        Ok(()) => Exit::Success,
        Err(why) => {
            tell(format_args!("realmgate: not serving: {why}"));
            Exit::Failure
        }
    }
}

fn ask_in_time(address: &Endpoint) -> Result<(), NotServing> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let answer = tokio::time::timeout(PATIENCE, ask(address)).await;
        answer.unwrap_or(Err(NotServing::Late))
    })
}

async fn ask(address: &Endpoint) -> Result<(), NotServing> {
    let mut client = HealthClient::new(address.connect().await?);
    // The empty name asks for the service as a whole.
    let answer = client.check(HealthCheckRequest { service: String::new() }).await;
    let answer = answer.map_err(|status| NotServing::Status(Box::new(status)))?;
    match answer.into_inner().status() {
        ServingStatus::Serving => Ok(()),
        other @ (ServingStatus::NotServing
        | ServingStatus::ServiceUnknown
        | ServingStatus::Unknown) => Err(NotServing::Answer(other.as_str_name())),
    }
}

/// Reads `HOST:PORT` or `unix:PATH`.
fn endpoint(address: &str) -> Result<Box<Endpoint>, String> {
    let wrong = || "expected HOST:PORT or unix:PATH".to_owned();
    let uri = match address.strip_prefix("unix:") {
        Some("") => return Err(wrong()),
        Some(_) => address.to_owned(),
        None => {
            let authority: Authority = address.parse().map_err(|_| wrong())?;
            authority.port_u16().ok_or_else(wrong)?;
            format!("http://{authority}")
        }
    };
    Endpoint::from_shared(uri).map(Box::new).map_err(|_| wrong())
}

/// An error with its causes: the outermost of a transport says nothing.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        // Wrappers repeat what they wrap.
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_with_a_port_or_a_socket() {
        for address in ["127.0.0.1:9191", "[::1]:9191", "localhost:1", "unix:/run/a", "unix:a"] {
            assert!(endpoint(address).is_ok(), "{address}");
        }
        for address in ["", "localhost", "127.0.0.1", "unix:", "http://a:1", "a:1/x", "a:99999"] {
            assert!(endpoint(address).is_err(), "{address}");
        }
    }

    #[test]
    fn nobody_there_is_not_serving() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let missing = std::env::temp_dir().join("realmgate-no-such-socket");
        for address in [free.to_string(), format!("unix:{}", missing.display())] {
            let why = ask_in_time(&endpoint(&address).unwrap()).unwrap_err();
            assert!(matches!(why, NotServing::Connect(_)), "{address}: {why}");
            assert!(why.to_string().contains("(os error "), "{why}");
        }
    }
}
