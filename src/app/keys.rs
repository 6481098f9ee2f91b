//! The public keys that realms read: one source for each file and URL, which outlives what is in
//! force.
//!
//! The one rule: a source is made once and loaded by itself; whoever changes what is in force only
//! tells it who reads it now.

use super::StartError;
use super::file_loader::FileLoader;
use super::reports::KeyReports;
use crate::engine::Monotonic;
use crate::engine::token::signature::KeySource;
use crate::jwks::{
    BackChannel, Brake, HttpsUrl, Loader, Poll, Reader, RealmKeys, Source, Terms, UrlLoader,
};
use crate::observe::{Metrics, Trigger};
use crate::server::clock::Clock;
use crate::settings::{
    self, Fetched, JwtRealm, KeyFile, KeyFiles, KeyUrls, Problems, PublicKeys, Settings,
};
use futures_util::future::join_all;
use std::collections::BTreeMap;
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

impl LoadThread {
    fn start() -> io::Result<Self> {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build()?;
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
    /// until their terms are set. A new file holds what was read of it, a new URL nothing yet; one whose
    /// keys are of an issuer that nobody wants any more is as good as new.
    pub(super) fn next(&self, settings: &Settings, files: &KeyFiles) -> Self {
        let mut next = Self {
            thread: Arc::clone(&self.thread),
            reports: Arc::clone(&self.reports),
            sources: Vec::new(),
        };
        for origin in settings.realms.iter().filter_map(Origin::of) {
            if next.get(&origin).is_none() {
                let known = self.still_good(&origin, settings);
                let source = known.or_else(|| self.source(&origin, settings, files));
                next.sources.extend(source.map(|source| (origin, source)));
            }
        }
        next
    }

    /// The source of `origin`, unless what it holds is for none of the issuers of `settings`.
    fn still_good(&self, origin: &Origin, settings: &Settings) -> Option<Arc<Source>> {
        let source = self.get(origin)?;
        let readers = terms(settings, origin).readers;
        let is_good = source
            .document()
            .is_none_or(|held| readers.iter().any(|reader| held.is_for(&reader.issuer).is_ok()));
        is_good.then(|| Arc::clone(source))
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
                let loader = FileLoader::new(path);
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
        for (origin, source) in &self.sources {
            let is_known = before.is_some_and(|before| before.contains(source));
            if matches!(origin, Origin::Url(..)) && !is_known {
                source.poll();
            }
        }
    }

    /// Whether what `realm` reads in `next` is among these already, if it reads anything.
    pub(super) fn has_the_source_of(&self, realm: &JwtRealm, next: &Self) -> bool {
        next.source_of(realm).is_none_or(|source| self.contains(source))
    }

    fn contains(&self, source: &Arc<Source>) -> bool {
        self.sources.iter().any(|(_, other)| Arc::ptr_eq(source, other))
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

    /// The keys of `realm`, where they are others than what it had `before` as `was`.
    pub(super) fn new_to(
        &self,
        realm: &JwtRealm,
        before: &Self,
        was: Option<&JwtRealm>,
    ) -> Option<NewKeys> {
        let source = self.source_of(realm)?;
        self.fetched(realm)?.ok()?;
        let was = was.and_then(|was| before.source_of(was));
        match before.contains(source) {
            false => Some(NewKeys::Loaded(source.took())),
            true if was.is_none_or(|was| !Arc::ptr_eq(was, source)) => Some(NewKeys::Shared),
            true => None,
        }
    }

    /// Why each realm of `settings` that has no keys has none.
    pub(super) fn faults(&self, settings: &Settings) -> BTreeMap<Arc<str>, String> {
        let realms = settings.realms.iter();
        let fault =
            |realm: &JwtRealm| Some((realm.name.as_str().into(), self.fetched(realm)?.err()?));
        realms.filter_map(fault).collect()
    }

    /// What came of fetching the keys of `realm`.
    fn fetched(&self, realm: &JwtRealm) -> Option<Fetched> {
        let source = self.source_of(realm)?;
        let nothing = || {
            source.fault().unwrap_or_else(|| {
                "there was no answer within [realmgate.jwks.startup_timeout]".to_owned()
            })
        };
        Some(match source.document() {
            None => Err(nothing()),
            Some(document) => document.is_for(&realm.token.allowed_issuer).map(|()| document),
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

    /// Has the sources of these `files` take what was read of them.
    pub(super) fn take_files(&self, files: &[(&PathBuf, &KeyFile)]) {
        let takes = files.iter().filter_map(|(path, file)| {
            let read = file.read.as_ref().map(Arc::clone).map_err(ToString::to_string);
            let source = self.get(&Origin::File((*path).clone()))?;
            Some(source.take(Trigger::FileChange, read))
        });
        self.thread.handle.block_on(join_all(takes));
    }

    /// Loads all once more, at the same time, but these `files`.
    pub(super) fn load_all_but(&self, files: &[(&PathBuf, &KeyFile)]) {
        let is_among = |origin: &Origin| {
            let Origin::File(path) = origin else { return false };
            files.iter().any(|(other, _)| *other == path)
        };
        let sources = self.sources.iter().filter(|(origin, _)| !is_among(origin));
        let loads = sources.map(|(_, source)| source.load(Trigger::Signal));
        self.thread.handle.block_on(join_all(loads));
    }
}

/// What is new of a realm's keys.
pub(super) enum NewKeys {
    /// They were loaded for it; that took so long.
    Loaded(Duration),
    /// Others had them before.
    Shared,
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
