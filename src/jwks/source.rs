//! A source of public keys, which realms share: what it holds, and the loads that renew it.
//!
//! The one rule: a load belongs to a task, never to who waits for it; what it brings is held whole or
//! not at all, and while it brings nothing the keys before stay.

use super::loader::{Document, Loaded, Loader};
use super::poll::{self, Last, Poll};
use super::reloads::{Answer, Reloads};
use super::terms::{Reader, Report, Reports, Terms};
use crate::engine::Monotonic;
use crate::engine::crypto::Fingerprint;
use crate::observe::{KeyLoad, KeyRequest, Trigger};
use arc_swap::ArcSwapOption;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The longest that a load may take, whatever its loader allows itself.
const LONGEST: Duration = Duration::from_secs(10);

/// A source of public keys.
pub struct Source {
    name: String,
    loader: Box<dyn Loader>,
    runtime: Handle,
    reports: Arc<dyn Reports>,
    held: ArcSwapOption<Document>,
    state: Mutex<State>,
    /// The number of the last load that has ended.
    ended: watch::Sender<u64>,
    poll: watch::Sender<Option<Poll>>,
}

struct State {
    reloads: Reloads,
    readers: Vec<Reader>,
    last: Last,
    fault: Option<String>,
    /// How long the last load took.
    took: Duration,
    is_in_force: bool,
}

impl Source {
    /// The source `name`, whose loads run on `runtime`. It holds `document`, if it was read before.
    pub fn new(
        name: String,
        loader: Box<dyn Loader>,
        terms: Terms,
        document: Option<Arc<Document>>,
        runtime: Handle,
        reports: Arc<dyn Reports>,
    ) -> Arc<Self> {
        let version = document.as_ref().map(|document| document.parsed.keys.version());
        let reloads = Reloads::new(terms.brake, version);
        let last = if document.is_some() { Last::First } else { Last::NeverGood(0) };
        let (readers, fault, took) = (terms.readers, None, Duration::ZERO);
        let state = State { reloads, readers, last, fault, took, is_in_force: false };
        Arc::new(Self {
            name,
            loader,
            runtime,
            reports,
            held: ArcSwapOption::new(document),
            state: Mutex::new(state),
            ended: watch::Sender::new(0),
            poll: watch::Sender::new(terms.poll),
        })
    }

    /// It is in force from `now` on, on these terms.
    pub fn set_terms(&self, terms: Terms, now: Monotonic) {
        let Terms { readers, brake, poll } = terms;
        let mut state = self.state();
        state.readers = readers;
        state.is_in_force = true;
        state.reloads.set_brake(brake, now);
        drop(state);
        self.poll.send_if_modified(|now| std::mem::replace(now, poll) != poll);
    }

    /// Begins to look at it without being asked, for as long as somebody has it.
    pub fn poll(self: &Arc<Self>) {
        self.runtime.spawn(look(Arc::downgrade(self), self.poll.subscribe()));
    }

    /// What it holds; nothing if it was never loaded.
    pub fn document(&self) -> Option<Arc<Document>> {
        self.held.load_full()
    }

    /// Why the last load brought nothing, if it did not.
    pub fn fault(&self) -> Option<String> {
        self.state().fault.clone()
    }

    /// How long the last load took.
    pub fn took(&self) -> Duration {
        self.state().took
    }

    /// Tries to load it for the first time, again and again, but no longer than `patience`; without any
    /// patience once.
    pub async fn load_first(self: &Arc<Self>, patience: Duration) {
        if patience.is_zero() {
            self.load(Trigger::Startup).await;
            return;
        }
        let tried = async {
            while self.load(Trigger::Startup).await == KeyLoad::Error {
                tokio::time::sleep(self.until_next(None).unwrap_or_default()).await;
            }
        };
        // Elapsing is told by what it holds.
        let _ = tokio::time::timeout(patience, tried).await;
    }

    /// Loads it once, after the load that is under way, if one is.
    pub async fn load(self: &Arc<Self>, trigger: Trigger) -> KeyLoad {
        self.begin(trigger).await;
        // An error means that the runtime is at its end.
        self.take_off(trigger).await.unwrap_or(KeyLoad::Error)
    }

    /// Takes what somebody has `read` of it as a load of its own, after the load that is under way, if
    /// one is.
    pub async fn take(&self, trigger: Trigger, read: Result<Arc<Document>, String>) -> KeyLoad {
        self.begin(trigger).await;
        self.land(read.map(Loaded::Document), Duration::ZERO)
    }

    /// Waits until a load may begin. It has begun then, and has to land.
    async fn begin(&self, trigger: Trigger) {
        loop {
            let begun = self.state().reloads.begin(trigger);
            match begun {
                Ok(_) => return,
                Err(under_way) => self.until_ended(under_way).await,
            }
        }
    }

    /// A check of `realm` asks at `now` for other keys than those of the version `used`.
    pub(super) async fn renewed(
        self: &Arc<Self>,
        realm: &Arc<str>,
        used: Option<Fingerprint>,
        now: Monotonic,
    ) {
        let answer = self.state().reloads.ask(used, realm, now);
        let (request, load) = match answer {
            Answer::Newer => (KeyRequest::Coalesced, None),
            Answer::Begin(number) => (KeyRequest::Started, Some(number)),
            Answer::Join(number) => (KeyRequest::Coalesced, Some(number)),
            Answer::Braked => (KeyRequest::Suppressed, None),
        };
        let waiting = load.map(|number| (number, Waiting(self)));
        if request == KeyRequest::Started {
            drop(self.take_off(Trigger::SignatureFailure));
        }
        self.reports.asked(realm, request);
        if let Some((number, _waiting)) = waiting {
            self.until_ended(number).await;
        }
    }

    async fn until_ended(&self, number: u64) {
        // An error is impossible: the sender is this source's.
        let _ = self.ended.subscribe().wait_for(|ended| *ended >= number).await;
    }

    /// Begins the load that the state says is under way.
    fn take_off(self: &Arc<Self>, trigger: Trigger) -> JoinHandle<KeyLoad> {
        let mut flight =
            UnderWay { source: Arc::clone(self), since: Instant::now(), landed: false };
        self.runtime.spawn(async move {
            let issuers: Vec<_> =
                flight.source.state().readers.iter().map(|reader| reader.issuer.clone()).collect();
            let is_conditional = trigger == Trigger::Interval;
            let load = flight.source.loader.load(&issuers, is_conditional);
            let loaded = tokio::time::timeout(LONGEST, load).await;
            let loaded = loaded.unwrap_or_else(|_| Err(format!("it took longer than {LONGEST:?}")));
            flight.landed = true;
            flight.source.land(loaded, flight.since.elapsed())
        })
    }

    /// Takes what a load brought, tells of it, and lets go who waited.
    fn land(&self, loaded: Result<Loaded, String>, took: Duration) -> KeyLoad {
        let mut state = self.state();
        let was_loaded = self.held.load().is_some();
        let (result, document, fault) = match loaded {
            Ok(Loaded::Document(document)) => match self.refuse(&document, &state.readers) {
                Some(fault) => (KeyLoad::Error, None, Some(fault)),
                None => (self.hold(&document), Some(document), None),
            },
            Ok(Loaded::NotModified { fresh_until }) => {
                state.last = Last::Good(fresh_until);
                (KeyLoad::Unchanged, None, None)
            }
            Err(fault) => (KeyLoad::Error, None, Some(fault)),
        };
        state.last = match (&document, &fault, state.last) {
            (Some(_), _, _) if !was_loaded => Last::First,
            (Some(document), _, _) => Last::Good(document.fresh_until),
            (None, Some(_), Last::NeverGood(failed)) => Last::NeverGood(failed.saturating_add(1)),
            (None, Some(_), _) => Last::Failed,
            (None, None, last) => last,
        };
        state.fault.clone_from(&fault);
        state.took = took;
        let version = document.as_ref().map(|document| document.parsed.keys.version());
        let flight = state.reloads.land(version);
        let (readers, is_in_force) = (state.readers.clone(), state.is_in_force);
        drop(state);
        let Some(flight) = flight else { return result };
        let _ended = Landed { source: self, number: flight.number };
        self.reports.loaded(&Report {
            source: &self.name,
            trigger: flight.trigger,
            waited: &flight.realms,
            readers: &readers,
            result,
            document: document.as_deref(),
            fault: fault.as_deref(),
            has_keys: self.held.load().is_some(),
            is_in_force,
            took,
        });
        result
    }

    /// Why `document` is not taken: it is another issuer's than the one before, whose keys one of the
    /// `readers` wants.
    fn refuse(&self, document: &Document, readers: &[Reader]) -> Option<String> {
        let before = self.document()?;
        let wanted = before.issuer.as_ref()?;
        let is_wanted = readers.iter().any(|reader| reader.issuer == *wanted);
        document.is_for(wanted).err().filter(|_| is_wanted)
    }

    fn hold(&self, document: &Arc<Document>) -> KeyLoad {
        let before = self.held.swap(Some(Arc::clone(document)));
        let is_same = before
            .is_some_and(|before| before.text == document.text && before.issuer == document.issuer);
        if is_same { KeyLoad::Unchanged } else { KeyLoad::Changed }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked left nothing half-done here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A check that waits. Dropped, it waits no more.
struct Waiting<'s>(&'s Source);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().reloads.leave();
    }
}

/// A load under way. One that comes to no end (a bug, or the end of the runtime) ends all the same.
struct UnderWay {
    source: Arc<Source>,
    since: Instant,
    landed: bool,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if !self.landed {
            self.source.land(Err("the load was given up".to_owned()), self.since.elapsed());
        }
    }
}

/// A load that has ended and been told of, or not. Dropped, it lets go who waited for it.
struct Landed<'s> {
    source: &'s Source,
    number: u64,
}

impl Drop for Landed<'_> {
    fn drop(&mut self) {
        // The next one may have ended meanwhile.
        self.source.ended.send_modify(|ended| *ended = self.number.max(*ended));
    }
}

/// Looks at the source again and again, as often as its terms say, until nobody has it.
async fn look(source: Weak<Source>, mut terms: watch::Receiver<Option<Poll>>) {
    loop {
        let poll = *terms.borrow_and_update();
        let Some(delay) = source.upgrade().map(|source| source.until_next(poll)) else { return };
        let changed = match delay {
            Some(delay) => tokio::time::timeout(delay, terms.changed()).await.ok(),
            None => Some(terms.changed().await),
        };
        match changed {
            Some(Ok(())) => {}
            // Nobody has it any more.
            Some(Err(_)) => return,
            None => {
                let Some(source) = source.upgrade() else { return };
                source.load(Trigger::Interval).await;
            }
        }
    }
}

impl Source {
    /// How long until the next look. One that has never been loaded is looked at whatever `poll` is.
    fn until_next(&self, poll: Option<Poll>) -> Option<Duration> {
        let last = self.state().last;
        let poll = match (poll, last) {
            (Some(poll), _) => poll,
            (None, Last::NeverGood(_)) => Poll { min: LONGEST, max: LONGEST },
            (None, _) => return None,
        };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        Some(poll::delay(last, poll, now, random()))
    }
}

/// A number within 0 and 1.
fn random() -> f64 {
    let mut bytes = [0; 4];
    // Without a random number all wait equally long.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
