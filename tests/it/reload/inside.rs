//! The service within this process, whose configuration is looked at when the test says so.
//!
//! Rule: only the pace is the test's; files, looks and listeners are the real ones.

use std::net::SocketAddr;
use std::time::Duration;

use realmgate::app::{self, App, Configured, Pace, Reloads};
use realmgate::observe::Reload;
use realmgate::settings::{Loaded, Sources, Version, Watch};

use crate::support::caller::Caller;
use crate::support::gate::Setup;

/// A running service and its files.
pub(super) struct Inside {
    app: Option<App>,
    reloads: Reloads,
    setup: Option<Setup>,
}

impl Inside {
    /// Starts the service of these files. It looks at them only when it is told to, twice in a row.
    pub(super) fn start(setup: Setup) -> Self {
        let setup = setup.set("realmgate.drain.grace", "0s");
        setup.write();
        let sources = Sources::new(&setup.config_file(), Some(&setup.keystore()));
        let Version { made, key_files, reading } = sources.read(None);
        let loaded = made.unwrap_or_else(|problems| panic!("{problems}"));
        let Loaded { settings, key_urls, .. } = loaded;
        let pace = Pace { poll: Duration::from_secs(3600), settle: Duration::ZERO };
        let watch = Some((Watch::new(sources, reading), pace));
        let app = app::start(Configured { settings, key_files, key_urls: Some(key_urls), watch })
            .unwrap();
        let reloads = app.reloads().unwrap();
        Self { app: Some(app), reloads, setup: Some(setup) }
    }

    /// Where checks are answered.
    pub(super) fn grpc(&self) -> String {
        self.app.as_ref().unwrap().grpc().to_string()
    }

    /// Where metrics and readiness are shown.
    pub(super) fn http(&self) -> SocketAddr {
        self.app.as_ref().unwrap().http()
    }

    /// A client of the gRPC listener, with a connection of its own.
    pub(super) fn caller(&self) -> Caller {
        Caller::to(&self.grpc())
    }

    /// What it was started with, or last changed to.
    pub(super) fn setup(&self) -> &Setup {
        self.setup.as_ref().unwrap()
    }

    /// Writes the files anew, changed so, and has them looked at; what became of it.
    pub(super) fn reload(&mut self, change: impl FnOnce(Setup) -> Setup) -> Reload {
        let setup = change(self.setup.take().unwrap());
        setup.write();
        self.setup = Some(setup);
        self.look()
    }

    /// The same of a change that must be applied.
    pub(super) fn apply(&mut self, change: impl FnOnce(Setup) -> Setup) {
        assert_eq!(self.reload(change), Reload::Applied);
    }

    /// Has the files looked at as they stand.
    pub(super) fn look(&self) -> Reload {
        self.reloads.look().recv().unwrap()
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
