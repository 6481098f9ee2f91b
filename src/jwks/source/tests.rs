//! Sources with a loader that the test works by hand, on a real runtime.

mod issuers;
mod unasked;

use super::super::reloads::MAX_WAITING;
use super::super::{Brake, Family, Loading, RealmKeys, parse};
use super::*;
use crate::engine::realm::testing::Signer;
use crate::engine::token::signature::KeySource as _;
use futures_util::FutureExt;
use serde_json::json;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Semaphore, mpsc};

type Answer = Result<Loaded, String>;

/// Answers each load with what the test gives it next, as soon as it gives it.
struct ByHand {
    answers: tokio::sync::Mutex<mpsc::UnboundedReceiver<Answer>>,
    begun: Arc<Semaphore>,
    loads: Arc<Mutex<Vec<(String, bool)>>>,
    dropped: Arc<AtomicUsize>,
}

impl Loader for ByHand {
    fn load<'l>(&'l self, issuers: &'l [String], is_conditional: bool) -> Loading<'l> {
        self.loads.lock().unwrap().push((issuers.join(" "), is_conditional));
        self.begun.add_permits(1);
        Box::pin(async { self.answers.lock().await.recv().await.expect("a bug of the loader") })
    }
}

impl Drop for ByHand {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

/// Writes down what it hears.
#[derive(Default)]
struct Heard {
    lines: Mutex<Vec<String>>,
    /// What happens while it hears of a load.
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Reports for Heard {
    fn asked(&self, realm: &str, request: KeyRequest) {
        self.lines.lock().unwrap().push(format!("{realm} {}", request.code()));
    }

    fn loaded(&self, report: &Report<'_>) {
        let Report { source, trigger, waited, readers, result, fault, .. } = report;
        assert_eq!((*source, readers.is_empty()), ("the source", false));
        let (trigger, result) = (trigger.code(), result.code());
        let fault = fault.map(|fault| format!(": {fault}")).unwrap_or_default();
        self.lines.lock().unwrap().push(format!("{trigger} {result}{fault} {waited:?}"));
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(happens) = meanwhile {
            happens();
        }
    }
}

struct World {
    source: Arc<Source>,
    answers: mpsc::UnboundedSender<Answer>,
    begun: Arc<Semaphore>,
    heard: Arc<Heard>,
    dropped: Arc<AtomicUsize>,
    /// The issuers of each load, and whether it was conditional.
    loads: Arc<Mutex<Vec<(String, bool)>>>,
}

/// What `document` says with the test's key of this number, for `issuer` alone if it is given.
fn document(which: usize, issuer: Option<&str>) -> Document {
    let text = json!({ "keys": [Signer::jwk(which)] }).to_string();
    let parsed = parse(text.as_bytes(), Family::Public).unwrap();
    let issuer = issuer.map(str::to_owned);
    let text = Fingerprint::of(text.as_bytes());
    Document { text, parsed, issuer, note: None, fresh_until: None }
}

#[expect(clippy::unnecessary_wraps, reason = "as the loader answers")]
fn brings(which: usize) -> Answer {
    Ok(Loaded::Document(document(which, None).into()))
}

fn terms(poll: Option<Poll>) -> Terms {
    let reader = |realm: &str, issuer: &str| Reader { realm: realm.into(), issuer: issuer.into() };
    let brake = Brake { burst: 2, interval: Duration::from_secs(10) };
    Terms { readers: vec![reader("a", "i"), reader("b", "j")], brake, poll }
}

impl World {
    /// A source that holds the first key, unless it was never loaded.
    fn new(is_loaded: bool, poll: Option<Poll>) -> Self {
        let (answers, given) = mpsc::unbounded_channel();
        let (begun, heard) = (Arc::new(Semaphore::new(0)), Arc::new(Heard::default()));
        let (dropped, loads) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let loader = ByHand {
            answers: tokio::sync::Mutex::new(given),
            begun: Arc::clone(&begun),
            loads: Arc::clone(&loads),
            dropped: Arc::clone(&dropped),
        };
        let source = Source::new(
            "the source".into(),
            Box::new(loader),
            terms(poll),
            is_loaded.then(|| Arc::new(document(0, None))),
            Handle::current(),
            Arc::clone(&heard) as _,
        );
        Self { source, answers, begun, heard, dropped, loads }
    }

    fn view(&self, realm: &str, issuer: &str) -> RealmKeys {
        let reader = Reader { realm: realm.into(), issuer: issuer.into() };
        RealmKeys::new(Arc::clone(&self.source), reader)
    }

    fn give(&self, answer: Answer) {
        self.answers.send(answer).unwrap();
    }

    /// Waits until a load has begun.
    async fn until_begun(&self) {
        self.begun.acquire().await.unwrap().forget();
    }

    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.lines.lock().unwrap())
    }
}

/// The version that `keys` shows.
fn version(keys: &RealmKeys) -> Option<Fingerprint> {
    keys.current().map(|keys| keys.version())
}

#[expect(clippy::unnecessary_wraps, reason = "as a view shows it")]
fn version_of(which: usize) -> Option<Fingerprint> {
    Some(document(which, None).parsed.keys.version())
}

fn now() -> Monotonic {
    Monotonic::default()
}

#[tokio::test]
async fn all_who_ask_together_wait_for_one_load_and_see_what_it_brought() {
    let world = World::new(true, None);
    let (a, b) = (world.view("a", "i"), world.view("b", "j"));
    let used = version(&a);
    let asked: Vec<_> = (0..200).map(|n| if n % 2 == 0 { &a } else { &b }).collect();
    let all = futures_util::future::join_all(asked.iter().map(|keys| keys.renewed(used, now())));
    let brought = async {
        world.until_begun().await;
        world.give(brings(1));
    };
    tokio::join!(all, brought);
    assert_eq!([version(&a), version(&b)], [version_of(1); 2]);
    let mut heard = world.heard();
    assert_eq!(heard.pop().unwrap(), r#"signature_failure changed ["a", "b"]"#);
    let count = |what: &str| heard.iter().filter(|line| line.ends_with(what)).count();
    assert_eq!((count("a started"), count(" coalesced")), (1, 199));
    assert_eq!(world.begun.available_permits(), 0, "there was one load");
    // Who used the keys before has nothing to wait for.
    a.renewed(used, now()).await;
    assert_eq!(world.heard(), ["a coalesced"]);
}

#[tokio::test]
async fn a_load_goes_on_though_nobody_waits_for_it_any_more() {
    let world = World::new(true, None);
    let keys = world.view("a", "i");
    let asking = {
        let mut asking = pin!(keys.renewed(version(&keys), now()));
        let asks = futures_util::future::poll_immediate(&mut asking).await;
        asks.is_none()
    };
    assert!(asking, "it waited until it went away");
    world.until_begun().await;
    world.give(brings(1));
    world.source.until_ended(1).await;
    assert_eq!(version(&keys), version_of(1));
}

#[tokio::test]
async fn a_load_that_brings_nothing_leaves_the_keys_and_is_told() {
    let world = World::new(true, None);
    let keys = world.view("a", "i");
    for (answer, heard, fault) in [
        (Err("gone".to_owned()), "signal error: gone []", Some("gone")),
        (Ok(Loaded::NotModified { fresh_until: None }), "signal unchanged []", None),
        (Err("gone".to_owned()), "signal error: gone []", Some("gone")),
        (brings(0), "signal unchanged []", None),
    ] {
        world.give(answer);
        world.source.load(Trigger::Signal).await;
        assert_eq!(world.heard(), [heard]);
        assert_eq!(world.source.fault().as_deref(), fault);
        assert_eq!(version(&keys), version_of(0));
    }
}

#[tokio::test]
async fn an_empty_set_is_taken_like_any_other() {
    let world = World::new(true, None);
    let keys = world.view("a", "i");
    let text = br#"{"keys":[]}"#;
    let parsed = parse(text, Family::Public).unwrap();
    let text = Fingerprint::of(text);
    let empty = Document { text, parsed, issuer: None, note: None, fresh_until: None };
    world.give(Ok(Loaded::Document(empty.into())));
    assert_eq!(world.source.load(Trigger::Signal).await, KeyLoad::Changed);
    assert!(keys.current().unwrap().is_empty());
}

#[tokio::test]
async fn a_load_that_panics_ends_like_one_that_failed() {
    let mut world = World::new(true, None);
    let keys = world.view("a", "i");
    // Without anybody to give answers the loader panics.
    world.answers = mpsc::unbounded_channel().0;
    keys.renewed(version(&keys), now()).await;
    let heard = [
        "a started".to_owned(),
        r#"signature_failure error: the load was given up ["a"]"#.to_owned(),
    ];
    assert_eq!(world.heard(), heard);
    assert_eq!(version(&keys), version_of(0));
    assert_eq!(world.source.load(Trigger::Signal).await, KeyLoad::Error, "the slot is free");
}

#[tokio::test]
async fn a_load_waits_for_the_one_under_way_and_then_is_its_own() {
    let world = World::new(true, None);
    let keys = world.view("a", "i");
    let asked = keys.renewed(version(&keys), now());
    let (signal, brought) = (world.source.load(Trigger::Signal), async {
        world.until_begun().await;
        assert_eq!(world.begun.available_permits(), 0, "one load at a time");
        world.give(brings(1));
        world.until_begun().await;
        world.give(brings(0));
    });
    let ((), result, ()) = tokio::join!(asked, signal, brought);
    assert_eq!((result, version(&keys)), (KeyLoad::Changed, version_of(0)));
    let heard = world.heard();
    assert_eq!(heard[1..], [r#"signature_failure changed ["a"]"#, "signal changed []"]);
}

#[tokio::test]
async fn a_load_that_ends_while_the_one_before_it_is_told_of_has_ended() {
    let world = World::new(true, None);
    let source = Arc::clone(&world.source);
    *world.heard.meanwhile.lock().unwrap() = Some(Box::new(move || {
        assert_eq!(source.state().reloads.begin(Trigger::Signal), Ok(2), "the slot is free");
        source.land(Err("gone".to_owned()), Duration::ZERO);
    }));
    world.give(brings(1));
    world.source.load(Trigger::Interval).await;
    assert_eq!(world.heard(), ["interval changed []", "signal error: gone []"]);
    assert_eq!(*world.source.ended.borrow(), 2);
}

#[tokio::test]
async fn a_check_that_goes_away_makes_room_for_another() {
    let world = World::new(true, None);
    let keys = world.view("a", "i");
    for _ in 0..=MAX_WAITING {
        let asked = keys.renewed(version(&keys), now());
        assert!(asked.now_or_never().is_none(), "it waited until it went away");
    }
    let heard = world.heard();
    assert_eq!(heard[0], "a started");
    assert!(heard[1..].iter().all(|line| line == "a coalesced"), "{heard:?}");
}
