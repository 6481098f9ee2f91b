//! The service within this process: its configuration is looked at when the test says so, and the
//! time may be the test's.
//!
//! Rule: only the pace and the clock are the test's; files, looks and listeners are the real ones.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use realmgate::app::{self, App, Configured, Pace, Reloads};
use realmgate::engine::{Monotonic, Now, UnixTime};
use realmgate::observe::Reload;
use realmgate::server::clock::Clock;
use realmgate::settings::{Loaded, Sources, Version, Watch};

use super::caller::Caller;
use super::gate::Setup;
use super::http;

/// A running service and its files.
pub(crate) struct Inside {
    app: Option<App>,
    reloads: Reloads,
    setup: Option<Setup>,
}

impl Inside {
    /// Starts the service of these files. It looks at them only when it is told to, twice in a row.
    pub(crate) fn start(setup: Setup) -> Self {
        Self::start_by(Clock::start(), setup)
    }

    /// The same by this clock.
    pub(crate) fn start_by(clock: Clock, setup: Setup) -> Self {
        let hour = Duration::from_secs(3600);
        Self::run(Pace { poll: hour, settle: Duration::ZERO, retry: hour }, clock, setup)
    }

    /// Starts the service of these files, at which it looks all the time.
    pub(crate) fn start_watching(setup: Setup) -> Self {
        let soon = Duration::from_millis(10);
        Self::run(Pace { poll: soon, settle: soon, retry: soon }, Clock::start(), setup)
    }

    fn run(pace: Pace, clock: Clock, setup: Setup) -> Self {
        let setup = setup.set("realmgate.drain.grace", "0s");
        setup.write();
        let sources = Sources::new(&setup.config_file(), Some(&setup.keystore()));
        let Version { made, key_files, reading } = sources.read(None);
        let loaded = made.unwrap_or_else(|problems| panic!("{problems}"));
        let Loaded { settings, key_urls, .. } = loaded;
        let watch = Some((Watch::new(sources, reading), pace));
        let key_urls = Some(key_urls);
        let app = app::start(Configured { settings, key_files, key_urls, watch, clock }).unwrap();
        let reloads = app.reloads().unwrap();
        Self { app: Some(app), reloads, setup: Some(setup) }
    }

    /// Where checks are answered.
    pub(crate) fn grpc(&self) -> String {
        self.app.as_ref().unwrap().grpc().to_string()
    }

    /// Where metrics and readiness are shown.
    pub(crate) fn http(&self) -> SocketAddr {
        self.app.as_ref().unwrap().http()
    }

    /// A series of the metrics.
    pub(crate) fn metric(&self, series: &str) -> i64 {
        http::metric(self.http(), series)
    }

    /// A client of the gRPC listener, with a connection of its own.
    pub(crate) fn caller(&self) -> Caller {
        Caller::to(&self.grpc())
    }

    /// What it was started with, or last changed to.
    pub(crate) fn setup(&self) -> &Setup {
        self.setup.as_ref().unwrap()
    }

    /// Writes the files anew, changed so.
    pub(crate) fn change(&mut self, change: impl FnOnce(Setup) -> Setup) {
        Setup::rewrite(&mut self.setup, change);
    }

    /// The same, and has them looked at; what became of it.
    pub(crate) fn reload(&mut self, change: impl FnOnce(Setup) -> Setup) -> Reload {
        self.change(change);
        self.look()
    }

    /// The same of a change that must be applied.
    pub(crate) fn apply(&mut self, change: impl FnOnce(Setup) -> Setup) {
        assert_eq!(self.reload(change), Reload::Applied);
    }

    /// Has the files looked at as they stand.
    pub(crate) fn look(&self) -> Reload {
        self.reloads.look().recv().unwrap()
    }
}

/// A clock that stands still until it is moved.
pub(crate) struct Still(Arc<Mutex<Duration>>);

impl Still {
    /// One that stands at the time of now.
    pub(crate) fn now() -> (Self, Clock) {
        let moved = Arc::new(Mutex::new(Duration::ZERO));
        let told = Arc::clone(&moved);
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let clock = Clock::telling(move || {
            let moved = *told.lock().unwrap();
            let unix = UnixTime::new(since_epoch + moved);
            Now { unix, monotonic: Monotonic::new(moved) }
        });
        (Self(moved), clock)
    }

    /// Moves it on.
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        if let Some(app) = self.app.take() {
            app.shutdown().begin();
            let _ = app.wait();
        }
    }
}
