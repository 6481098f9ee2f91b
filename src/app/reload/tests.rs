//! The reload thread's looks, one by one, at real files.

mod sequence;

use super::*;
use crate::app::build;
use crate::settings::tests::{Folder, realm};
use crate::settings::{Sources, Version};

fn reloader() -> (Folder, Reloader) {
    let key = "keystore/xpack.security.authc.realms.jwt.r1.hmac_key";
    let folder = Folder::new("reload")
        .with("gate.yml", realm("r1", 1, ""))
        .with(key, "a-key-of-at-least-32-bytes-length");
    let reloader = reloader_of(&folder);
    (folder, reloader)
}

/// The reload thread of the configuration `gate.yml` in `folder`, before it runs.
fn reloader_of(folder: &Folder) -> Reloader {
    let config = folder.0.join("gate.yml");
    let sources = Sources::new(&config, None);
    let Version { made, key_files, reading } = sources.read(None);
    let settings = made.unwrap().settings;
    let metrics = Arc::new(Metrics::new().unwrap());
    let clock = Clock::start();
    let reports = Arc::new(KeyReports::new(Arc::clone(&metrics), clock.clone()));
    let keys = KeySources::none(Arc::clone(&reports)).unwrap().next(&settings, &key_files);
    let first = build::first(&settings, &keys, &metrics).unwrap();
    let checks = Arc::new(Checks::new(first, clock.clone()));
    let drain = settings.drain.clone();
    let live = Arc::new(watch::Sender::new(Live { is_ready: false, realms: Vec::new(), drain }));
    let readiness = Arc::new(Readiness::default());
    reports.show_in(&checks, Arc::clone(&readiness), Arc::clone(&live));
    let shutdown = Shutdown(watch::Sender::new(false));
    let (watch, pace, refused) = (Watch::new(sources, reading), Pace::default(), None);
    Reloader {
        watch,
        pace,
        settings,
        keys,
        checks,
        shutdown,
        clock,
        metrics,
        readiness,
        reports,
        live,
        refused,
        retry: None,
    }
}

#[test]
fn a_bug_is_a_refusal_until_what_is_written_has_been_judged() {
    let (_folder, mut reloader) = reloader();
    assert!(matches!(reloader.look(false), Turn::Quiet));
    assert_eq!(reloader.panicked(), Reload::Refused);
    assert!(reloader.refused.as_ref().is_some_and(|why| why.contains("a bug")));
    assert!(matches!(reloader.look(false), Turn::Unsettled), "it is judged anew");
    assert!(matches!(reloader.look(false), Turn::Done(Reload::Unchanged)));
    assert_eq!(reloader.refused, None);
    assert!(matches!(reloader.look(false), Turn::Quiet));
}
