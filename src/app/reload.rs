//! The reload thread: it looks at the configuration and puts new versions in force.
//!
//! The one rule: a version is taken whole or not at all, and whoever waits for a look is told what
//! became of it.

use super::Live;
use super::build::{self, Before};
use crate::http::Readiness;
use crate::observe::{Metrics, Reload};
use crate::server::clock::Clock;
use crate::server::ext_authz::Checks;
use crate::settings::{Loaded, Look, Problems, Settings, Watch};
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often the configuration is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two looks that nobody asked for.
    pub poll: Duration,
    /// Between the two looks that have to agree.
    pub settle: Duration,
}

impl Default for Pace {
    /// A change is in force within three seconds.
    fn default() -> Self {
        Self { poll: Duration::from_secs(2), settle: Duration::from_millis(250) }
    }
}

enum Order {
    /// Look now, and tell what became of it.
    Look(Sender<Reload>),
    Stop,
}

/// Asks for looks, from wherever.
#[derive(Clone, Debug)]
pub struct Reloads(Sender<Order>);

impl Reloads {
    /// Has the configuration looked at now. What comes out of it can be received, once.
    pub fn look(&self) -> Receiver<Reload> {
        let (answer, answered) = mpsc::channel();
        // An error means that the service is at its end; the receiver learns it too.
        let _ = self.0.send(Order::Look(answer));
        answered
    }

    /// Ends the thread.
    pub(super) fn stop(&self) {
        // An error means that it has ended.
        let _ = self.0.send(Order::Stop);
    }
}

/// Looks, and puts in force.
pub(super) struct Reloader {
    pub(super) watch: Watch,
    pub(super) pace: Pace,
    pub(super) settings: Settings,
    pub(super) checks: Arc<Checks>,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
    pub(super) readiness: Arc<Readiness>,
    pub(super) live: watch::Sender<Live>,
    /// Whether the version that is written is broken.
    pub(super) is_refused: bool,
}

/// The most lines of a refusal that are logged.
const LINES: usize = 20;

/// What a look came to.
enum Turn {
    /// Nothing is new, and nobody asked.
    Quiet,
    /// Something is new, and has to be seen again.
    Unsettled,
    /// This became of it.
    Done(Reload),
}

impl Reloader {
    /// Looks until it is stopped.
    pub(super) fn spawn(self) -> io::Result<(Reloads, JoinHandle<()>)> {
        let (orders, received) = mpsc::channel();
        let thread = std::thread::Builder::new().name("reload".to_owned());
        let thread = thread.spawn(move || self.run(&received))?;
        Ok((Reloads(orders), thread))
    }

    fn run(mut self, orders: &Receiver<Order>) {
        let mut asking = Vec::new();
        let mut is_settled = true;
        let mut due = Instant::now() + self.pace.poll;
        loop {
            match orders.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Order::Look(answer)) => {
                    asking.push(answer);
                    // Two looks that have to agree keep their distance, whoever asks.
                    if is_settled {
                        due = Instant::now();
                    }
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            let turn = self.turn(!asking.is_empty());
            is_settled = !matches!(turn, Turn::Unsettled);
            due = Instant::now() + if is_settled { self.pace.poll } else { self.pace.settle };
            if let Turn::Done(result) = turn {
                self.metrics.reloaded(result, self.clock.unix_seconds());
                for answer in asking.drain(..) {
                    // Who asked may have gone.
                    let _: Result<(), _> = answer.send(result);
                }
            }
        }
    }

    /// One look, which a bug cannot end for good.
    fn turn(&mut self, is_asked: bool) -> Turn {
        let look = AssertUnwindSafe(|| self.look(is_asked));
        std::panic::catch_unwind(look).unwrap_or(Turn::Done(Reload::Refused))
    }

    fn look(&mut self, is_asked: bool) -> Turn {
        match self.watch.look(&self.settings) {
            Look::Unsettled => Turn::Unsettled,
            Look::Known if !is_asked => Turn::Quiet,
            Look::Known => Turn::Done(self.known()),
            Look::New(made) => Turn::Done(self.take(*made)),
        }
    }

    fn take(&mut self, made: Result<Loaded, Problems>) -> Reload {
        match made {
            Ok(loaded) if loaded.settings == self.settings => {
                self.is_refused = false;
                self.readiness.configured(build::names(&self.settings));
                self.known()
            }
            Ok(loaded) => self.apply(loaded),
            Err(problems) => self.refuse(&problems),
        }
    }

    /// What is written was judged before.
    fn known(&self) -> Reload {
        let result = if self.is_refused { Reload::Refused } else { Reload::Unchanged };
        tracing::info!(event = EVENT, result = result.code(), "the configuration was looked at");
        result
    }

    fn apply(&mut self, Loaded { settings, warnings }: Loaded) -> Reload {
        let in_force = self.checks.in_force();
        let before = Before { settings: &self.settings, in_force: &in_force };
        let next = build::next(&settings, before, self.clock.now().monotonic);
        let generation = next.snapshot().generation;
        self.checks.replace(next);
        let realms = build::names(&settings);
        let gone = build::names(&self.settings);
        for realm in gone.iter().filter(|realm| !realms.contains(realm)) {
            self.metrics.forget_realm(realm);
        }
        self.readiness.configured(realms.clone());
        self.live.send_replace(Live { realms, drain: settings.drain.clone() });
        super::set_log(&settings.log);
        self.settings = settings;
        self.is_refused = false;
        for warning in warnings.lines() {
            tracing::warn!(event = EVENT, warning);
        }
        let result = Reload::Applied;
        tracing::info!(event = EVENT, result = result.code(), generation, "a new configuration");
        result
    }

    fn refuse(&mut self, problems: &Problems) -> Reload {
        self.is_refused = true;
        let result = Reload::Refused;
        let lines: Vec<_> = problems.refusals().collect();
        for problem in lines.iter().take(LINES) {
            tracing::error!(event = EVENT, result = result.code(), problem, "refused");
        }
        let first = lines.first().cloned().unwrap_or_default();
        let more = match lines.len() {
            0 | 1 => String::new(),
            many => format!(" (and {} more)", many - 1),
        };
        self.readiness.refused(format!("{first}{more}"));
        result
    }
}

const EVENT: &str = "config_reload";
