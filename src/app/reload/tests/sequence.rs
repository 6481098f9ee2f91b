//! Sequences of changes, and after each of them every verdict as a new process would have it.

use super::reloader_of;
use crate::app::reload::{Reloader, Turn};
use crate::engine::realm::testing::{Says, Signer, ask_of, at};
use crate::engine::{Inline, Key, Lost, Wait, Waits, Work};
use crate::observe::Reload;
use crate::settings::tests::Folder;
use crate::settings::{Sources, Version};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use serde_json::json;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;

/// What an operator does.
#[derive(Clone, Debug)]
enum Event {
    /// Writes a realm anew.
    Realm(usize, Realm),
    /// Takes a realm out, unless it is the last one.
    Gone(usize),
    /// Breaks a line of the configuration, or mends it.
    Broken(bool),
    /// Writes a key file, or removes it.
    Keys(usize, usize),
    /// Sends a signal.
    Signal,
}

#[derive(Clone, Debug)]
struct Realm {
    issuer: &'static str,
    audience: &'static str,
    subject: Option<&'static str>,
    required: Option<&'static str>,
    algorithms: &'static str,
    skew: &'static str,
    secret: Option<&'static str>,
    keys: Keys,
    is_watched: bool,
    size: u32,
}

#[derive(Clone, Copy, Debug)]
enum Keys {
    File(usize),
    Hmac(u8),
    HmacSet(u8),
    Both(usize, u8),
}

impl Keys {
    fn file(self) -> Option<usize> {
        match self {
            Self::File(file) | Self::Both(file, _) => Some(file),
            Self::Hmac(_) | Self::HmacSet(_) => None,
        }
    }
}

fn realm() -> impl Strategy<Value = Realm> {
    let keys = prop_oneof![
        6 => (0..2_usize).prop_map(Keys::File),
        1 => select(vec![b'x', b'y']).prop_map(Keys::Hmac),
        1 => select(vec![b'x', b'y']).prop_map(Keys::HmacSet),
        2 => (0..2_usize, select(vec![b'x', b'y'])).prop_map(|(file, key)| Keys::Both(file, key)),
    ];
    let who = (select(vec!["i", "i", "i", "j"]), select(vec!["a", "a", "a", "b"]));
    let what = (
        select(vec![None, None, None, Some("ana")]),
        select(vec![None, None, None, Some("x")]),
        select(vec!["[ES256, HS256]", "[ES256, HS256]", "[ES256]", "[HS256]"]),
        select(vec!["0s", "5s"]),
    );
    let how = (select(vec![None, Some("s1"), Some("s2")]), keys, prop::bool::weighted(0.8));
    (who, what, how, select(vec![0, 1, 100])).prop_map(|(who, what, how, size)| Realm {
        issuer: who.0,
        audience: who.1,
        subject: what.0,
        required: what.1,
        algorithms: what.2,
        skew: what.3,
        secret: how.0,
        keys: how.1,
        is_watched: how.2,
        size,
    })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..2_usize, realm()).prop_map(|(place, realm)| Event::Realm(place, realm)),
        1 => (0..2_usize).prop_map(Event::Gone),
        1 => any::<bool>().prop_map(Event::Broken),
        4 => (0..2_usize, 0..CONTENTS).prop_map(|(file, content)| Event::Keys(file, content)),
        1 => Just(Event::Signal),
    ]
}

fn says() -> impl Strategy<Value = Says> {
    let signers = [Signer::Es256(0), Signer::Es256(0), Signer::Es256(1), Signer::Hs256(b'x')];
    let kid = select(vec![None, Some("1")]);
    let what =
        (select(vec!["i", "i", "i", "j"]), select(vec!["ana", "bob"]), select(vec!["x", "y"]));
    // At one second past the start some are good by the skew alone.
    let ends = select(vec![1000, 1000, 1000, 0]);
    (select(signers.to_vec()), kid, what, ends).prop_map(|(signer, kid, what, ends)| {
        let (issuer, subject, dept) = what;
        Says { signer, kid, issuer, subject, dept: Some(dept), ends, ..Says::default() }
    })
}

const CONTENTS: usize = 10;

/// A key file's content, if it is there, and whether it is a key set.
fn content(which: usize) -> (Option<String>, bool) {
    let key = |which, kid: Option<&str>, alg: Option<&str>| {
        let mut key = Signer::jwk(which);
        for (name, value) in [("kid", kid), ("alg", alg)] {
            key.as_object_mut().unwrap().extend(value.map(|it| (name.to_owned(), json!(it))));
        }
        key
    };
    let set = |keys: &[serde_json::Value]| (Some(json!({ "keys": keys }).to_string()), true);
    match which {
        0 => set(&[key(0, None, None)]),
        1 => set(&[key(1, None, None)]),
        2 => set(&[key(0, None, None), key(1, None, None)]),
        3 => set(&[key(0, Some("1"), None), key(1, Some("2"), None)]),
        4 => set(&[key(0, None, Some("ES384"))]),
        5 => set(&[]),
        6 => (Some(r#"{"keys":["#.to_owned()), false),
        7 => (Some("<html>503</html>".to_owned()), false),
        8 => (Some(String::new()), false),
        _ => (None, false),
    }
}

/// What is written.
#[derive(Clone, Debug)]
struct Written {
    realms: BTreeMap<usize, Realm>,
    is_broken: bool,
    /// Of each key file.
    contents: [usize; 2],
}

impl Written {
    fn uses(&self, file: usize) -> bool {
        self.realms.values().any(|realm| realm.keys.file() == Some(file))
    }

    fn is_watched(&self, file: usize) -> bool {
        self.realms.values().any(|realm| realm.keys.file() == Some(file) && realm.is_watched)
    }

    fn write(&self, folder: &Folder) {
        for secret in fs::read_dir(folder.0.join("keystore")).unwrap() {
            fs::remove_file(secret.unwrap().path()).unwrap();
        }
        let mut text = String::new();
        for (place, realm) in &self.realms {
            realm.write(*place, &mut text, folder);
        }
        if self.is_broken {
            text.push_str("realmgate.limits.deadlin: 1s\n");
        }
        fs::write(folder.0.join("gate.yml"), text).unwrap();
        for (file, which) in self.contents.iter().enumerate() {
            let path = folder.0.join(format!("keys{file}.json"));
            match content(*which).0 {
                Some(content) => fs::write(path, content).unwrap(),
                None => drop(fs::remove_file(path)),
            }
        }
    }
}

impl Realm {
    fn write(&self, place: usize, text: &mut String, folder: &Folder) {
        let Self { issuer, audience, algorithms, skew, is_watched, size, .. } = self;
        let kind = if self.secret.is_some() { "shared_secret" } else { "none" };
        let realm = format!("xpack.security.authc.realms.jwt.r{place}");
        write!(
            text,
            "{realm}:\n  order: {place}\n  allowed_issuer: {issuer}\n  \
             allowed_audiences: {audience}\n  claims.principal: sub\n  \
             allowed_signature_algorithms: {algorithms}\n  allowed_clock_skew: {skew}\n  \
             client_authentication.type: {kind}\n  \
             client_authentication.rotation_grace_period: 0s\n  \
             pkc_jwkset_reload.enabled: {is_watched}\n  jwt.cache.size: {size}\n"
        )
        .unwrap();
        let mut set = |suffix: &str, value: Option<String>| {
            text.extend(value.map(|value| format!("  {suffix}: {value}\n")));
        };
        set("allowed_subjects", self.subject.map(str::to_owned));
        set("required_claims.dept", self.required.map(str::to_owned));
        set("pkc_jwkset_path", self.keys.file().map(|file| format!("keys{file}.json")));
        let secret = |suffix: &str, value: &[u8]| {
            fs::write(folder.0.join(format!("keystore/{realm}.{suffix}")), value).unwrap();
        };
        if let Some(value) = self.secret {
            secret("client_authentication.shared_secret", value.as_bytes());
        }
        match self.keys {
            Keys::File(_) => {}
            Keys::Hmac(byte) | Keys::Both(_, byte) => secret("hmac_key", &[byte; 32]),
            Keys::HmacSet(byte) => {
                let set = json!({ "keys": [Signer::oct(byte)] }).to_string();
                secret("hmac_jwkset", set.as_bytes());
            }
        }
    }
}

/// A running service, the files that it is served from, and those that a new one would need to come
/// to the same.
struct World {
    written: Written,
    in_force: Written,
    folder: Folder,
    shadow: Folder,
    reloader: Reloader,
}

impl World {
    fn new(realms: Vec<Realm>) -> Self {
        let realms = realms.into_iter().enumerate().collect();
        let written = Written { realms, is_broken: false, contents: [0, 2] };
        let (folder, shadow) = (Folder::new("sequence"), Folder::new("sequence-shadow"));
        written.write(&folder);
        let reloader = reloader_of(&folder);
        Self { in_force: written.clone(), written, folder, shadow, reloader }
    }

    /// Does what the operator does, has it looked at, and works out what must be in force.
    fn happen(&mut self, event: Event) {
        let is_signal = matches!(event, Event::Signal);
        match event {
            Event::Gone(place) if self.written.realms.len() > 1 => {
                self.written.realms.remove(&place);
            }
            // The last realm stays.
            Event::Signal | Event::Gone(_) => {}
            Event::Broken(is_broken) => self.written.is_broken = is_broken,
            Event::Keys(file, content) => self.written.contents[file] = content,
            Event::Realm(place, realm) => drop(self.written.realms.insert(place, realm)),
        }
        self.written.write(&self.folder);
        let is_good = |file: usize| content(self.written.contents[file]).1;
        let can_be_had =
            |file: usize| !self.written.uses(file) || self.in_force.uses(file) || is_good(file);
        let is_taken = !self.written.is_broken && [0, 1].into_iter().all(can_be_had);
        let before = self.in_force.clone();
        if is_taken {
            self.in_force.realms = self.written.realms.clone();
        }
        for file in [0, 1] {
            let is_new = self.in_force.uses(file) && !before.uses(file);
            let is_looked_at = is_signal || is_new || self.in_force.is_watched(file);
            if self.in_force.uses(file) && is_looked_at && is_good(file) {
                self.in_force.contents[file] = self.written.contents[file];
            }
        }
        let refused = self.look(is_signal) == Some(Reload::Refused);
        assert!(is_taken || refused || self.reloader.refused.is_some(), "{:?}", self.written);
        assert_eq!(self.reloader.refused.is_some(), !is_taken, "{:?}", self.written);
    }

    /// Looks until it is settled.
    fn look(&mut self, is_asked: bool) -> Option<Reload> {
        for _ in 0..3 {
            match self.reloader.look(is_asked) {
                Turn::Unsettled => {}
                Turn::Quiet => return None,
                Turn::Done(result) => return Some(result),
                Turn::Panicked => panic!("a bug"),
            }
        }
        panic!("nobody writes, but it does not settle");
    }

    /// Asks the running service and a new one about every token of the `hand`; how many of them were
    /// remembered.
    fn compare(&self, hand: &[String]) -> Result<u32, TestCaseError> {
        self.in_force.write(&self.shadow);
        let Version { made, key_files, .. } =
            Sources::new(&self.shadow.0.join("gate.yml"), None).read(None);
        let settings = made.unwrap_or_else(|problems| panic!("{problems}")).settings;
        let keys = crate::app::KeySources::of(&settings, &key_files).unwrap();
        let new = crate::app::snapshot(&settings, &keys).unwrap();
        let in_force = self.reloader.checks.in_force();
        let mut hits = 0;
        for token in hand {
            for secret in [None, Some("s1"), Some("s2")] {
                let told = ask_of(in_force.snapshot(), &LeavesKeys, token, secret, at(1));
                let expected = ask_of(&new, &LeavesKeys, token, secret, at(1));
                prop_assert_eq!(told.end, expected.end, "{:?}: {:?}", self.in_force, told.steps);
                prop_assert_eq!(told.said, expected.said);
                hits += u32::from(told.steps.iter().any(|step| step.ends_with("cache passed")));
            }
        }
        Ok(hits)
    }
}

/// Asks for no other keys where a signature is not good: then it would be the tokens that decide when
/// a file is looked at, too.
struct LeavesKeys;

impl Waits for LeavesKeys {
    async fn verify(&self, work: Work) -> Result<Option<Arc<Key>>, Lost> {
        Inline.verify(work).await
    }

    async fn in_time(&self, _: Wait<'_>) -> Option<()> {
        Some(())
    }
}

/// Nothing that was in force before shows in a verdict: not in a remembered one, either.
#[test]
fn after_each_change_every_verdict_is_that_of_a_new_process() {
    let (hits, refused) = (Cell::new(0), Cell::new(0));
    let case = (vec(realm(), 1..3), vec(says(), 3), vec(event(), 1..16));
    let config =
        ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&case, |(realms, hand, events)| {
        let hand: Vec<_> = hand.into_iter().map(Says::token).collect();
        let mut world = World::new(realms);
        world.compare(&hand)?;
        for event in events {
            world.happen(event);
            hits.set(hits.get() + world.compare(&hand)?);
            refused.set(refused.get() + u32::from(world.reloader.refused.is_some()));
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    // Otherwise nothing would have been proven.
    assert!(hits.get() > 50 && refused.get() > 10, "{} {}", hits.get(), refused.get());
}
