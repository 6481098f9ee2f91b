//! Notices when a configuration is written anew.
//!
//! The one rule: a new version is taken only when two looks in a row saw the same, so that one that
//! is still being written is never taken for whole. Whoever looks decides when.

use super::files::Reading;
use super::{Settings, Sources, Version};

/// Looks at a configuration again and again.
#[derive(Debug)]
pub struct Watch {
    sources: Sources,
    /// What the last version that was taken or refused was made of, unless that was never said.
    known: Option<Reading>,
    /// What the last look saw, if that was something new.
    pending: Option<Reading>,
}

/// What a look has seen.
#[derive(Debug)]
pub enum Look {
    /// The version that is known.
    Known,
    /// Another one, which the next look has to see again.
    Unsettled,
    /// A new version.
    New(Box<Version>),
}

impl Watch {
    /// Watches `sources`, of which the version made of `known` is in force.
    pub fn new(sources: Sources, known: Reading) -> Self {
        Self { sources, known: Some(known), pending: None }
    }

    /// Takes what is written for new, whatever it is.
    pub fn forget(&mut self) {
        self.known = None;
        self.pending = None;
    }

    /// Looks. A new version is held against what is `in_force`.
    pub fn look(&mut self, in_force: &Settings) -> Look {
        if self.known.as_ref().is_some_and(Reading::is_current) {
            self.pending = None;
            return Look::Known;
        }
        let version = self.sources.read(Some(in_force));
        if self.pending.as_ref() != Some(&version.reading) {
            self.pending = Some(version.reading);
            return Look::Unsettled;
        }
        self.pending = None;
        self.known = Some(version.reading.clone());
        Look::New(Box::new(version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::{Folder, realm};
    use crate::settings::{Loaded, Problems};
    use std::fs;

    const KEY: &str = "keystore/xpack.security.authc.realms.jwt.r1.hmac_key";

    /// A configuration that is in force, and its watch.
    fn watched(name: &str) -> (Folder, Settings, Watch) {
        let folder = Folder::new(name)
            .with("gate.yml", realm("r1", 1, ""))
            .with(KEY, "a-key-of-at-least-32-bytes-length");
        let sources = Sources::new(&folder.0.join("gate.yml"), None);
        let Version { made, reading, .. } = sources.read(None);
        (folder, made.unwrap().settings, Watch::new(sources, reading))
    }

    /// The looks that settle on a new version: one that sees it, one that sees it again.
    fn settled(watch: &mut Watch, in_force: &Settings) -> Result<Loaded, Problems> {
        assert!(matches!(watch.look(in_force), Look::Unsettled));
        match watch.look(in_force) {
            Look::New(version) => version.made,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_written_once_is_known_from_the_start() {
        let (_folder, settings, mut watch) = watched("known");
        for _ in 0..3 {
            assert!(matches!(watch.look(&settings), Look::Known));
        }
    }

    #[test]
    fn a_new_version_is_taken_at_the_second_look_that_sees_it() {
        let (folder, settings, mut watch) = watched("second");
        let folder = folder.with("gate.yml", realm("r1", 2, ""));
        let loaded = settled(&mut watch, &settings).unwrap();
        assert_eq!(loaded.settings.realms[0].order, 2);
        assert!(matches!(watch.look(&loaded.settings), Look::Known));
        let _folder = folder.with(KEY, "another-key-of-at-least-32-bytes!");
        let next = settled(&mut watch, &loaded.settings).unwrap();
        assert_ne!(next.settings, loaded.settings, "a secret is a part of it");
    }

    #[test]
    fn a_file_that_is_still_being_written_is_not_taken_though_it_could_be_read() {
        let (folder, settings, mut watch) = watched("half");
        let whole = realm("r1", 1, "  allowed_subjects: [admin]\n");
        // Every beginning that ends with a line is a configuration of its own.
        let half = whole.strip_suffix("  allowed_subjects: [admin]\n").unwrap();
        let folder = folder.with("gate.yml", format!("{half}# more comes\n"));
        assert!(matches!(watch.look(&settings), Look::Unsettled));
        let _folder = folder.with("gate.yml", whole);
        let loaded = settled(&mut watch, &settings).unwrap();
        assert!(loaded.settings.realms[0].token.allowed_subjects.is_some());
    }

    #[test]
    fn what_comes_back_to_what_is_known_before_it_is_taken_is_nothing_new() {
        let (folder, settings, mut watch) = watched("back");
        let folder = folder.with("gate.yml", "broken: [");
        assert!(matches!(watch.look(&settings), Look::Unsettled));
        let folder = folder.with("gate.yml", realm("r1", 1, ""));
        assert!(matches!(watch.look(&settings), Look::Known));
        let _folder = folder.with("gate.yml", "broken: [");
        assert!(settled(&mut watch, &settings).is_err(), "the count begins anew");
    }

    #[test]
    fn a_broken_version_is_told_once_and_a_good_one_is_taken_after_it() {
        let (folder, settings, mut watch) = watched("broken");
        let folder = folder.with("gate.yml", realm("r1", 1, "  allowed_subject: [a]\n"));
        let problems = settled(&mut watch, &settings).unwrap_err();
        assert!(problems.to_string().contains("gate.yml:7: "), "{problems}");
        assert!(matches!(watch.look(&settings), Look::Known));
        fs::remove_file(folder.0.join("gate.yml")).unwrap();
        assert!(settled(&mut watch, &settings).unwrap_err().to_string().contains("cannot be read"));
        let _folder = folder.with("gate.yml", realm("r1", 3, ""));
        assert_eq!(settled(&mut watch, &settings).unwrap().settings.realms[0].order, 3);
    }

    #[test]
    fn a_keystore_that_appears_beside_the_file_is_noticed() {
        let (folder, settings, _) = watched("beside-later");
        let keystore = folder.0.join("keystore");
        fs::rename(&keystore, folder.0.join("away")).unwrap();
        let sources = Sources::new(&folder.0.join("gate.yml"), None);
        let Version { made, reading, .. } = sources.read(None);
        assert!(made.is_err(), "there is no key");
        let mut watch = Watch::new(sources, reading);
        assert!(matches!(watch.look(&settings), Look::Known));
        fs::rename(folder.0.join("away"), &keystore).unwrap();
        assert!(settled(&mut watch, &settings).is_ok());
    }

    #[test]
    fn what_a_running_service_cannot_change_needs_a_restart() {
        let (folder, settings, mut watch) = watched("restart");
        for (key, value) in [
            ("grpc.address", "127.0.0.1:1"),
            ("http.address", "127.0.0.1:2"),
            ("grpc.reflection", "true"),
            ("grpc.max_connection_age", "1h"),
            ("grpc.max_concurrent_streams", "1"),
        ] {
            let text = format!("realmgate.{key}: {value}\n{}", realm("r1", 1, ""));
            fs::write(folder.0.join("gate.yml"), text).unwrap();
            let problems = settled(&mut watch, &settings).unwrap_err();
            let line = format!("gate.yml:1: realmgate.{key}: a change needs a restart");
            assert!(problems.to_string().contains(&line), "{problems}");
        }
    }
}
