//! Checks without a pause from several connections, each held against what may be in force.
//!
//! Rule: a check that began under version `low` and ended under version `high` was decided by one
//! of these versions whole, and never by anything else.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::support::answer::Answer;
use crate::support::caller::Caller;
use crate::support::check::Check;
use crate::support::gate::Setup;
use crate::support::token::Claims;
use crate::support::{corp, wait};

/// Connections that ask at once.
const CONNECTIONS: usize = 4;

/// The name and the alias of whom all checks are about.
const NAMES: [&str; 2] = ["ana", "anna"];

/// Where a version says what it is, beside the claim that a realm reads and a removal that every
/// answer has: in the name of a header.
const HEADER: &str = "realmgate.identity.headers.username";

/// The set-up of version `number`.
pub(super) fn version(setup: Setup, number: u64) -> Setup {
    let claim = if number.is_multiple_of(2) { "sub" } else { "alias" };
    setup
        .set(HEADER, header(number))
        .set("realmgate.identity.remove", removed(number))
        .set(&corp::setting("claims.principal"), claim)
}

fn header(number: u64) -> String {
    format!("x-user-of-version-{number}")
}

fn removed(number: u64) -> String {
    format!("x-removed-by-version-{number}")
}

/// Checks under way.
pub(super) struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    /// The oldest version that may still be in force, and the newest that may already be.
    low: AtomicU64,
    high: AtomicU64,
    secret: Mutex<String>,
    is_over: AtomicBool,
    /// How many checks each connection has ended.
    done: Vec<AtomicU64>,
    wrong: Mutex<Vec<String>>,
}

impl Load {
    /// Asks the service at `grpc`, where version 0 is in force.
    pub(super) fn start(grpc: &str) -> Self {
        let shared = Arc::new(Shared {
            low: AtomicU64::new(0),
            high: AtomicU64::new(0),
            secret: Mutex::new(corp::SECRET.to_owned()),
            is_over: AtomicBool::new(false),
            done: (0..CONNECTIONS).map(|_| AtomicU64::new(0)).collect(),
            wrong: Mutex::default(),
        });
        let ask = |number| {
            let (shared, caller) = (Arc::clone(&shared), Caller::to(grpc));
            std::thread::spawn(move || shared.ask(number, &caller))
        };
        let threads = (0..CONNECTIONS).map(ask).collect();
        Self { shared, threads }
    }

    /// From now on version `number` may be in force.
    pub(super) fn may_be(&self, number: u64) {
        self.shared.high.store(number, Ordering::SeqCst);
    }

    /// From now on nothing older than version `number` is in force. Every connection has asked since
    /// when this returns.
    pub(super) fn is(&self, number: u64) {
        self.shared.low.store(number, Ordering::SeqCst);
        self.round();
    }

    /// From now on clients present this secret.
    pub(super) fn present(&self, secret: &str) {
        secret.clone_into(&mut self.shared.secret.lock().unwrap());
        self.round();
    }

    /// Waits until every connection has begun and ended a check.
    pub(super) fn round(&self) {
        let done = || self.shared.done.iter().map(|done| done.load(Ordering::SeqCst));
        let before: Vec<_> = done().collect();
        // The one that ends next may have begun before.
        wait::eventually("every connection asks twice", || {
            done().zip(&before).all(|(now, before)| now >= before + 2).then_some(())
        });
    }

    /// Ends it; how many checks there were, none of which went wrong.
    pub(super) fn end(mut self) -> u64 {
        self.shared.is_over.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
        let wrong = self.shared.wrong.lock().unwrap();
        assert!(wrong.is_empty(), "{} wrong answers: {:#?}", wrong.len(), &wrong[..1]);
        self.shared.done.iter().map(|done| done.load(Ordering::SeqCst)).sum()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
    }
}

impl Shared {
    fn ask(&self, number: usize, caller: &Caller) {
        let token = Claims::good().with("sub", NAMES[0]).with("alias", NAMES[1]).token();
        let forged = format!("{token}A");
        while !self.is_over.load(Ordering::SeqCst) {
            let low = self.low.load(Ordering::SeqCst);
            let secret = self.secret.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let good = caller.check(&Check::get().bearer(&token).client_secret(&secret));
            let bad = caller.check(&Check::get().bearer(&forged).client_secret(&secret));
            let high = self.high.load(Ordering::SeqCst);
            if !(low..=high).any(|version| is_of(&good, version)) {
                self.wrong(format!("between {low} and {high}: {good:?}"));
            }
            if bad.status() != 401 {
                self.wrong(format!("a forged token between {low} and {high}: {bad:?}"));
            }
            self.done[number].fetch_add(1, Ordering::SeqCst);
        }
    }

    fn wrong(&self, what: String) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }
}

/// Whether version `number` decides so, all of it.
fn is_of(answer: &Answer, number: u64) -> bool {
    let name = NAMES[usize::try_from(number % 2).unwrap()];
    answer.is_allow()
        && answer.header(&header(number)) == Some(name)
        && answer.removed().contains(&removed(number))
}
