//! The public keys that realms read: one source for each file and URL, which outlives what is in
//! force.
//!
//! The one rule: a source is made once and loaded by itself; whoever changes what is in force only
//! tells it who reads it now.

use super::StartError;
use super::reports::KeyReports;
use crate::engine::Monotonic;
use crate::engine::token::signature::KeySource;
use crate::jwks::{
    BackChannel, Brake, HttpsUrl, Loaded, Loader, Loading, Poll, Reader, RealmKeys, Source, Terms,
    UrlLoader,
};
use crate::observe::{Metrics, Trigger};
use crate::server::clock::Clock;
use crate::settings::{
    self, Fetched, JwtRealm, KeyFile, KeyFiles, KeyUrls, Problems, PublicKeys, Settings,
};
use futures_util::future::join_all;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// The thread that loads run on. It ends when nobody has it any more.
pub(super) struct LoadThread {
    handle: Handle,
    _end: oneshot::Sender<()>,
}

/// The most loads that may be held up in the file system at once.
const BLOCKED: usize = 16;

impl LoadThread {
    fn start() -> io::Result<Self> {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().max_blocking_threads(BLOCKED).build()?;
        let (handle, (end, ended)) = (runtime.handle().clone(), oneshot::channel());
        let run = move || {
            // It ends by an error: nothing is ever sent.
            let _: Result<(), _> = runtime.block_on(ended);
            // A load may be held up by a file system that never answers.
            runtime.shutdown_background();
        };
        std::thread::Builder::new().name("keys".to_owned()).spawn(run)?;
        Ok(Self { handle, _end: end })
    }
}

/// What feeds a source: where this is equal, it is the same source.
#[derive(Clone, PartialEq, Eq)]
enum Origin {
    File(PathBuf),
    Url(HttpsUrl, Box<BackChannel>),
}

impl Origin {
    fn of(realm: &JwtRealm) -> Option<Self> {
        Some(match realm.keys.public.as_ref()? {
            PublicKeys::File(path) => Self::File(path.clone()),
            PublicKeys::Url(url) => Self::Url(url.clone(), Box::new(realm.back_channel.clone())),
        })
    }
}

/// The sources of what is in force. Their loads run as long as this is kept.
#[derive(Clone)]
pub struct KeySources {
    thread: Arc<LoadThread>,
    reports: Arc<KeyReports>,
    sources: Vec<(Origin, Arc<Source>)>,
}

impl KeySources {
    /// None yet. `reports` hears of their loads.
    pub(super) fn none(reports: Arc<KeyReports>) -> io::Result<Self> {
        let thread = Arc::new(LoadThread::start()?);
        Ok(Self { thread, reports, sources: Vec::new() })
    }

    /// The sources of `settings` without a service, and the key files that they name. Nothing is fetched
    /// yet.
    pub fn of(settings: &Settings, files: &KeyFiles) -> Result<Self, StartError> {
        let reports = KeyReports::new(Arc::new(Metrics::new()?), Clock::start());
        Ok(Self::none(Arc::new(reports))?.next(settings, files))
    }

    /// The sources of `settings`, with these among them that it reads, too: those go on as they are
    /// until their terms are set. A new file holds what was read of it, a new URL nothing yet.
    pub(super) fn next(&self, settings: &Settings, files: &KeyFiles) -> Self {
        let mut next = Self {
            thread: Arc::clone(&self.thread),
            reports: Arc::clone(&self.reports),
            sources: Vec::new(),
        };
        for origin in settings.realms.iter().filter_map(Origin::of) {
            if next.get(&origin).is_none() {
                let source = self.get(&origin).cloned();
                let source = source.or_else(|| self.source(&origin, settings, files));
                next.sources.extend(source.map(|source| (origin, source)));
            }
        }
        next
    }

    fn get(&self, origin: &Origin) -> Option<&Arc<Source>> {
        self.sources.iter().find(|(other, _)| other == origin).map(|(_, source)| source)
    }

    /// A new source. A new file that cannot be read has refused the version.
    fn source(
        &self,
        origin: &Origin,
        settings: &Settings,
        files: &KeyFiles,
    ) -> Option<Arc<Source>> {
        let (name, loader, document): (_, Box<dyn Loader>, _) = match origin {
            Origin::File(path) => {
                let read = files.get(path)?.read.as_ref().ok()?;
                let loader = FileLoader(path.clone());
                (path.display().to_string(), Box::new(loader), Some(Arc::clone(read)))
            }
            Origin::Url(url, back_channel) => {
                (url.to_string(), Box::new(UrlLoader::new(url.clone(), back_channel)), None)
            }
        };
        let (runtime, reports) = (self.thread.handle.clone(), Arc::clone(&self.reports) as _);
        let source = Source::new(name, loader, terms(settings, origin), document, runtime, reports);
        Some(source)
    }

    /// What their loads run on.
    pub(super) fn thread(&self) -> Arc<LoadThread> {
        Arc::clone(&self.thread)
    }

    /// Loads those for the first time that nobody has tried to load yet, for as long as `patience`.
    /// False if `over` came first.
    pub(super) fn load_first(&self, patience: Duration, over: impl Future<Output = ()>) -> bool {
        let sources = self.sources.iter().map(|(_, source)| source);
        let new = sources.filter(|source| source.document().is_none() && source.fault().is_none());
        let loads = join_all(new.map(|source| source.load_first(patience)));
        self.thread.handle.block_on(async {
            tokio::select! {
                biased;
                () = over => false,
                _ = loads => true,
            }
        })
    }

    /// What is to be said of what was fetched for the realms of `settings`. That there are no keys is a
    /// problem, unless the service `starts_without`.
    pub fn judge(&self, urls: &KeyUrls, settings: &Settings, starts_without: bool) -> Problems {
        urls.judge(&settings.realms, |realm| self.fetched(realm), starts_without)
    }

    /// Has those of URLs looked at from now on that are not among `before`, where somebody looks at
    /// them already.
    pub(super) fn poll_new(&self, before: Option<&Self>) {
        let is_known = |origin: &Origin| before.is_some_and(|before| before.get(origin).is_some());
        for (origin, source) in &self.sources {
            if matches!(origin, Origin::Url(..)) && !is_known(origin) {
                source.poll();
            }
        }
    }

    /// Tells the sources that `settings` is in force from `now` on.
    pub(super) fn set_terms(&self, settings: &Settings, now: Monotonic) {
        for (origin, source) in &self.sources {
            source.set_terms(terms(settings, origin), now);
        }
    }

    /// The source of `realm`.
    fn source_of(&self, realm: &JwtRealm) -> Option<&Arc<Source>> {
        self.get(&Origin::of(realm)?)
    }

    /// What `realm` sees of its source.
    pub(super) fn seen_by(&self, realm: &JwtRealm) -> Option<Arc<dyn KeySource>> {
        let source = Arc::clone(self.source_of(realm)?);
        Some(Arc::new(RealmKeys::new(source, reader(realm))))
    }

    /// Whether `realm` has a source among these.
    pub(super) fn has(&self, realm: &JwtRealm) -> bool {
        self.source_of(realm).is_some()
    }

    /// Whether there are keys for `realm` among these.
    pub(super) fn holds_for(&self, realm: &JwtRealm) -> bool {
        self.fetched(realm).is_some_and(|fetched| fetched.is_ok())
    }

    /// Whether two realms read the same source.
    pub(super) fn is_same(one: &JwtRealm, other: &JwtRealm) -> bool {
        Origin::of(one) == Origin::of(other)
    }

    /// What came of fetching the keys of `realm`.
    fn fetched(&self, realm: &JwtRealm) -> Option<Fetched> {
        let source = self.source_of(realm)?;
        let nothing = || source.fault().unwrap_or_else(|| "there was no answer in time".to_owned());
        let issuer = &realm.token.allowed_issuer;
        Some(match source.document() {
            None => Err(nothing()),
            Some(document) => match &document.issuer {
                Some(other) if other != issuer => {
                    Err(format!("it is the discovery document of the issuer [{other}]"))
                }
                _ => Ok(document),
            },
        })
    }

    /// Whether the source of the file `path` does not know what was read of it.
    pub(super) fn differs(&self, path: &Path, file: &KeyFile) -> bool {
        let read = file.read.as_ref().ok().map(|document| document.text);
        let holds = |source: &Source| source.document().map(|document| document.text);
        let is_known =
            |source: &Source| read.is_some() && holds(source) == read && source.fault().is_none();
        self.get(&Origin::File(path.to_owned())).is_some_and(|source| !is_known(source))
    }

    /// Loads the files that are `among` once more, all at the same time.
    pub(super) fn load_files(&self, among: impl Fn(&Path) -> bool) {
        self.load(Trigger::FileChange, |origin| match origin {
            Origin::File(path) => among(path),
            Origin::Url(..) => false,
        });
    }

    /// Loads all once more, at the same time, but the files that are `among` those.
    pub(super) fn load_all_but(&self, among: impl Fn(&Path) -> bool) {
        self.load(Trigger::Signal, |origin| match origin {
            Origin::File(path) => !among(path),
            Origin::Url(..) => true,
        });
    }

    fn load(&self, trigger: Trigger, which: impl Fn(&Origin) -> bool) {
        let sources = self.sources.iter().filter(|(origin, _)| which(origin));
        let loads = sources.map(|(_, source)| source.load(trigger));
        self.thread.handle.block_on(join_all(loads));
    }
}

fn reader(realm: &JwtRealm) -> Reader {
    let issuer = realm.token.allowed_issuer.clone();
    Reader { realm: realm.name.as_str().into(), issuer }
}

/// What `settings` want of a source.
fn terms(settings: &Settings, origin: &Origin) -> Terms {
    let is_reader = |realm: &&JwtRealm| Origin::of(realm).as_ref() == Some(origin);
    let realms = || settings.realms.iter().filter(is_reader);
    let settings::Jwks { reload_burst: burst, reload_interval: interval, .. } = settings.jwks;
    let polls = realms().map(|realm| &realm.key_reload).filter(|reload| reload.enabled);
    // One that is polled by several realms is polled as often as the most eager of them wants.
    let poll = polls
        .map(|reload| Poll { min: reload.url_interval_min, max: reload.url_interval_max })
        .reduce(|one, other| Poll { min: one.min.min(other.min), max: one.max.min(other.max) });
    Terms { readers: realms().map(reader).collect(), brake: Brake { burst, interval }, poll }
}

/// Reads a file once and takes it if it is a set of keys.
struct FileLoader(PathBuf);

impl Loader for FileLoader {
    fn load<'l>(&'l self, _: &'l [String], _: bool) -> Loading<'l> {
        let path = self.0.clone();
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || settings::read_key_file(&path)).await;
            let document = read.map_err(|error| error.to_string())?;
            document.map(Loaded::Document).map_err(|fault| fault.to_string())
        })
    }
}
