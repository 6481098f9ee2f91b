//! The HTTP listener: metrics, liveness, readiness, and the API that tells who is asking.
//!
//! The one rule: nothing on this listener writes.

mod security_api;

use crate::observe::Metrics;
use crate::server::ext_authz::Checks;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Whether this process wants requests, and why not.
#[derive(Debug, Default)]
pub struct Readiness {
    config: Mutex<Config>,
    has_started: AtomicBool,
    draining: AtomicBool,
}

#[derive(Debug, Default)]
struct Config {
    realms: Vec<RealmReadiness>,
    /// What is wrong with the version that is written, if it is not the one in force.
    refused: Option<String>,
}

/// A realm that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealmReadiness {
    /// Its name.
    pub name: String,
    /// Why it has no keys, if it has none: one line.
    pub fault: Option<String>,
}

impl Readiness {
    /// What is in force is what is written, or `refused` says why it is not: one line.
    pub fn configured(&self, refused: Option<String>) {
        self.config().refused = refused;
    }

    /// These realms are in force.
    pub fn set_realms(&self, realms: Vec<RealmReadiness>) {
        self.config().realms = realms;
    }

    /// From now on requests are wanted.
    pub fn start(&self) {
        self.has_started.store(true, Ordering::Relaxed);
    }

    /// From now on other processes had better be asked.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether requests are wanted.
    pub fn is_ready(&self) -> bool {
        self.has_started.load(Ordering::Relaxed) && !self.draining.load(Ordering::Relaxed)
    }

    /// One line a part.
    fn verbose(&self) -> String {
        let config = self.config();
        let mut text = match &config.refused {
            None => "[+]config ok\n".to_owned(),
            Some(why) => format!("[-]config: {why}\n"),
        };
        for RealmReadiness { name, fault } in &config.realms {
            // Writing to a string cannot fail.
            let _ = match fault {
                None => writeln!(text, "[+]realm/{name} ok"),
                Some(why) => writeln!(text, "[-]realm/{name}: {why}"),
            };
        }
        let is_draining = self.draining.load(Ordering::Relaxed);
        text.push_str(if is_draining { "[-]drain: draining\n" } else { "[+]drain ok\n" });
        text
    }

    fn config(&self) -> MutexGuard<'_, Config> {
        // Whoever panicked left nothing half-done here.
        self.config.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Parts {
    metrics: Arc<Metrics>,
    readiness: Arc<Readiness>,
}

/// The routes of the listener.
pub fn routes(metrics: Arc<Metrics>, readiness: Arc<Readiness>, checks: &Arc<Checks>) -> Router {
    Router::new()
        .route("/metrics", get(metrics_text))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .with_state(Arc::new(Parts { metrics, readiness }))
        .merge(security_api::routes(checks))
}

async fn metrics_text(State(parts): State<Arc<Parts>>) -> Response {
    let scraped = parts.metrics.scrape().ok();
    let answer = scraped.and_then(|(text, kind)| Some((HeaderValue::from_str(&kind).ok()?, text)));
    match answer {
        Some((kind, text)) => ([(CONTENT_TYPE, kind)], text).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn readyz(State(parts): State<Arc<Parts>>, RawQuery(query): RawQuery) -> Response {
    let readiness = &parts.readiness;
    let ready = readiness.is_ready();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let parameters = query.as_deref().unwrap_or_default().split('&');
    let verbose = parameters.filter_map(|one| one.split('=').next()).any(|name| name == "verbose");
    let text = match (verbose, ready) {
        (true, _) => readiness.verbose(),
        (false, true) => "ok\n".to_owned(),
        (false, false) => "not ready\n".to_owned(),
    };
    (status, text).into_response()
}
