//! The rule of recalling, held against chains that remember nothing.

use super::super::Instance;
use super::*;
use crate::engine::realm::testing::{Changing, Says, Signer, Spec, Told, ask, at, chain, snapshot};
use crate::engine::token::claims::TokenRules;
use crate::engine::token::keys::Key;
use crate::engine::token::{Bearer, Compact, Token};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use std::cell::Cell;

/// What happens to a chain.
#[derive(Clone, Debug)]
enum Event {
    /// A token, by its place in the hand, from a client with this secret.
    Check { token: usize, secret: Option<&'static str> },
    /// Whether answers carry metadata from now on.
    Metadata(bool),
    /// A key source has other keys.
    Keys { source: usize, keys: usize },
    /// A realm has other settings.
    Realm { place: usize, shape: Shape },
    /// A realm has another client secret.
    Secret { place: usize, secret: Option<&'static str> },
    /// Two realms change places.
    Swap(usize, usize),
    /// Time passes, in seconds.
    Wait(u64),
}

/// A realm, with its key source by its number.
#[derive(Clone, Debug)]
struct Shape {
    issuer: &'static str,
    audience: &'static str,
    secret: Option<&'static str>,
    hmac: Option<u8>,
    source: Option<usize>,
    size: u32,
    skew: u32,
}

/// Most realms here know most clients, so that tokens get to be remembered.
const SECRETS: [Option<&str>; 5] = [None, None, Some("s1"), Some("s1"), Some("s2")];

/// A realm, which is often like most others: so they stand in each other's way.
fn shape() -> impl Strategy<Value = Shape> {
    let plain = (0..2_usize).prop_map(|source| Shape {
        issuer: "i",
        audience: "a",
        secret: None,
        hmac: None,
        source: Some(source),
        size: 100,
        skew: 0,
    });
    prop_oneof![plain, any_shape()]
}

fn any_shape() -> impl Strategy<Value = Shape> {
    let who = (select(vec!["i", "i", "i", "j"]), select(vec!["a", "a", "a", "b"]));
    let keys = (
        select(vec![None, None, Some(1), Some(2)]),
        select(vec![Some(0), Some(0), Some(1), Some(1), None]),
    );
    let memory = (select(vec![100, 100, 100, 2, 1, 0]), select(vec![0, 0, 5]));
    (who, select(SECRETS.to_vec()), keys, memory).prop_map(|(who, secret, keys, memory)| Shape {
        issuer: who.0,
        audience: who.1,
        secret,
        hmac: keys.0,
        source: keys.1,
        size: memory.0,
        skew: memory.1,
    })
}

fn event() -> impl Strategy<Value = Event> {
    let secret = || select(SECRETS.to_vec());
    let place = 0..4_usize;
    prop_oneof![
        15 => (0..2_usize, select(vec![Some("s1"), Some("s1"), Some("s1"), Some("s2"), Some("s3"), None]))
            .prop_map(|(token, secret)| Event::Check { token, secret }),
        1 => any::<bool>().prop_map(Event::Metadata),
        4 => (0..2_usize, select(vec![0, 0, 1, 1, 2, 3, 4, 5, 6, 7])).prop_map(|(source, keys)| Event::Keys { source, keys }),
        1 => (place.clone(), shape()).prop_map(|(place, shape)| Event::Realm { place, shape }),
        1 => (place.clone(), secret()).prop_map(|(place, secret)| Event::Secret { place, secret }),
        1 => (place.clone(), place).prop_map(|(one, other)| Event::Swap(one, other)),
        1 => (0..12_u64).prop_map(Event::Wait),
    ]
}

fn says() -> impl Strategy<Value = Says> {
    let plain = (0..2_usize).prop_map(|key| Says { signer: Signer::Es256(key), ..Says::default() });
    prop_oneof![plain, says_anything()]
}

fn says_anything() -> impl Strategy<Value = Says> {
    let signers = [Signer::Es256(0), Signer::Es256(0), Signer::Es256(1), Signer::Hs256(1)];
    let signer = prop_oneof![12 => select(signers.to_vec()), 1 => Just(Signer::Nobody)];
    let who = (
        select(vec!["i", "i", "i", "j"]),
        select(vec!["a", "a", "a", "b"]),
        select(vec!["ana", "bob"]),
    );
    (signer, select(vec![None, Some("1")]), who, select(vec![10, 1000, 1000])).prop_map(
        |(signer, kid, (issuer, audience, subject), ends)| Says {
            signer,
            kid,
            issuer,
            audience,
            subject,
            ends,
            ..Says::default()
        },
    )
}

fn keys(which: usize) -> Vec<Key> {
    let [first, second] = [0, 1];
    match which {
        0 => vec![Signer::public(first, None, None)],
        1 => vec![Signer::public(second, None, None)],
        2 => vec![Signer::public(first, None, None), Signer::public(second, None, None)],
        3 => vec![Signer::public(first, Some("1"), None)],
        4 => vec![Signer::public(first, Some("2"), None), Signer::public(second, Some("1"), None)],
        5 => vec![Signer::public(first, None, Some("ES256"))],
        6 => vec![Signer::public(first, None, Some("ES384")), Signer::public(second, None, None)],
        _ => Vec::new(),
    }
}

/// A chain that remembers, and what a new one would be made of.
struct World {
    specs: Vec<Spec>,
    realms: Vec<JwtRealm>,
    sources: [Arc<Changing>; 2],
    /// How many realms have been made.
    made: u64,
    metadata: bool,
    seconds: u64,
}

impl World {
    fn new(shapes: &[Shape]) -> Self {
        let sources = [Changing::new(keys(0)), Changing::new(keys(2))];
        let (specs, realms) = (Vec::new(), Vec::new());
        let mut world = Self { specs, realms, sources, made: 0, metadata: false, seconds: 0 };
        for shape in shapes {
            let spec = world.spec(shape);
            world.realms.push(world.realm(&spec));
            world.specs.push(spec);
            world.made += 1;
        }
        world
    }

    fn spec(&self, shape: &Shape) -> Spec {
        let Shape { issuer, audience, secret, hmac, source, size, skew } = *shape;
        let public = source.map(|source| Arc::clone(&self.sources[source]));
        Spec { issuer, audience, secret, hmac, public, size, ttl: 30, skew }
    }

    fn realm(&self, spec: &Spec) -> JwtRealm {
        let place = self.specs.len();
        JwtRealm { name: "r".to_owned(), ..spec.realm(Instance { generation: self.made, place }) }
    }

    /// Asks the chain that remembers and one that is made anew.
    fn ask_both(&mut self, token: &str, secret: Option<&str>) -> [Told; 2] {
        let new = self.specs.iter().map(|spec| self.realm(spec)).collect();
        let chain = snapshot(std::mem::take(&mut self.realms), self.metadata);
        let told = ask(&chain, token, secret, at(self.seconds));
        self.realms = chain.realms;
        [told, ask(&snapshot(new, self.metadata), token, secret, at(self.seconds))]
    }

    /// Lets anything but a check happen.
    fn change(&mut self, event: Event) {
        let count = self.specs.len();
        match event {
            Event::Check { .. } => {}
            Event::Metadata(metadata) => self.metadata = metadata,
            Event::Keys { source, keys: which } => self.sources[source].set(keys(which)),
            Event::Realm { place, shape } => {
                let spec = self.spec(&shape);
                self.made += 1;
                self.realms[place % count] = self.realm(&spec);
                self.specs[place % count] = spec;
            }
            Event::Secret { place, secret } => {
                let spec = &mut self.specs[place % count];
                spec.secret = secret;
                self.realms[place % count].client_authentication = spec.client_authentication();
            }
            Event::Swap(one, other) => {
                self.specs.swap(one % count, other % count);
                self.realms.swap(one % count, other % count);
            }
            Event::Wait(seconds) => self.seconds += seconds,
        }
    }
}

/// What recalling saved.
#[derive(Default)]
struct Saved {
    hits: Cell<u32>,
    hits_behind: Cell<u32>,
    not_asked_again: Cell<u32>,
}

impl Saved {
    /// Holds the steps of a chain that remembers against those of one that does not.
    fn compare(&self, told: &[String], new: &[String]) -> Result<(), TestCaseError> {
        let is_of = |one: &String, other: &String| one.split(' ').next() == other.split(' ').next();
        let (told, new): (Vec<_>, Vec<_>) =
            (told.chunk_by(is_of).collect(), new.chunk_by(is_of).collect());
        prop_assert_eq!(told.len(), new.len(), "realms");
        for (told, new) in told.into_iter().zip(new) {
            if told == new {
                continue;
            }
            let (last, way) = told.split_last().unwrap();
            prop_assert!(new.starts_with(way), "{:?}", told);
            let end = new.last().unwrap();
            if last.ends_with(" cache passed") {
                prop_assert!(end.ends_with(" user passed"), "{:?}", new);
                add(&self.hits);
                if !last.starts_with('0') {
                    add(&self.hits_behind);
                }
            } else {
                prop_assert!(last.ends_with(" cache declined before"), "{:?}", told);
                prop_assert!(end.contains(" signature ") || end.contains(" claims "), "{:?}", new);
                prop_assert!(!end.ends_with(" passed"), "{:?}", new);
                add(&self.not_asked_again);
            }
        }
        Ok(())
    }
}

fn add(count: &Cell<u32>) {
    count.set(count.get() + 1);
}

/// Every sentence of the rule at once: whatever was remembered, forgotten or changed before, a check
/// ends as if this were the first one, and the witness hears no step that a first one would not walk.
#[test]
fn a_chain_that_remembers_ends_every_check_as_one_that_does_not() {
    let saved = Saved::default();
    let case = (vec(shape(), 1..5), vec(says(), 2), vec(event(), 1..60));
    let config =
        ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&case, |(shapes, hand, events)| {
        let hand: Vec<_> = hand.into_iter().map(Says::token).collect();
        let mut world = World::new(&shapes);
        for event in events {
            let Event::Check { token, secret } = event else {
                world.change(event);
                continue;
            };
            let [told, new] = world.ask_both(&hand[token], secret);
            prop_assert_eq!(told.end, new.end, "{:?} and {:?}", told.steps, new.steps);
            prop_assert_eq!(&told.said, &new.said);
            saved.compare(&told.steps, &new.steps)?;
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    // Otherwise nothing would have been proven.
    let saved = [&saved.hits, &saved.hits_behind, &saved.not_asked_again].map(Cell::get);
    assert!(saved.into_iter().zip([500, 200, 100]).all(|(is, least)| is > least), "{saved:?}");
}

#[test]
fn nothing_is_judged_where_no_realm_before_could_accept() {
    let other_keys = || Some(Changing::new(keys(1)));
    let foreign = || Spec { issuer: "j", ..Spec::default() };
    let of_another_client = || Spec { secret: Some("s"), ..Spec::default() };
    let declines = || Spec { public: other_keys(), ..Spec::default() };
    let of_another_audience = || Spec { audience: "b", ..Spec::default() };
    let token = Says::default().token();
    for (before, is_recalled) in [
        (vec![], true),
        (vec![foreign()], true),
        (vec![of_another_client()], true),
        (vec![declines()], true),
        (vec![foreign(), declines(), of_another_client(), declines()], true),
        (vec![of_another_audience()], false),
        (vec![declines(), of_another_audience()], false),
    ] {
        let place = before.len();
        let chain = chain(&[before, vec![Spec::default()]].concat());
        assert_eq!(ask(&chain, &token, None, at(0)).end, ("ok", Some(place)));
        let text = Fingerprint::of(token.as_bytes());
        let recalled = recall(&chain.realms, &text, &Presented::Nothing, at(0), false);
        let realm = recalled.map(|recalled| recalled.realm());
        assert_eq!(realm, is_recalled.then_some(RealmId(place)), "{place}");
    }
}

#[test]
fn of_another_realms_token_is_told_what_reading_it_tells() {
    let token = Says::default().token();
    let compact = Compact::decode(Bearer::new(token.as_bytes(), usize::MAX).unwrap()).unwrap();
    let token = Token::read(&compact).unwrap();
    let rules = TokenRules::for_tests("j", "a");
    let read = rules.check_issuer(&token).unwrap_err();
    assert_eq!(OtherIssuer.to_string(), read.to_string());
    assert_eq!(OtherIssuer.reason(), read.reason());
}
