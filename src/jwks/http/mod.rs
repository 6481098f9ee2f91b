//! Fetches a key set from an https URL.
//!
//! The one rule: a load asks once, within its bounds, and says what it found. When to ask, and what
//! to do with it, is somebody else's. A load that is dropped leaves nothing behind.

mod answer;
mod discovery;
mod fault;
mod get;
mod tls;

pub(super) use answer::{Freshness, Validators};
pub(super) use fault::{Cause, LoadFault};

use super::back_channel::BackChannel;
use super::fault::NotAKeySet;
use super::set::{Family, Parsed, parse};
use super::url::HttpsUrl;
use crate::engine::crypto::Fingerprint;
use get::{Answer, Got, Way, fault};
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

/// How long a load may take, whatever the settings say.
const LONGEST: Duration = Duration::from_secs(10);

/// Fetches one key set.
pub(super) struct Fetcher {
    url: HttpsUrl,
    channel: Arc<BackChannel>,
    /// Made when it is needed first, since it may hold all authorities of the system.
    tls: OnceCell<ClientConfig>,
}

/// What a load found.
#[derive(Debug)]
pub(super) enum Loaded {
    /// What is known already, and how long it is good.
    NotModified(Freshness),
    /// A key set.
    Document(Document),
}

/// A key set as it was fetched.
#[derive(Debug)]
pub(super) struct Document {
    /// Tells its text from every other.
    pub(super) text: Fingerprint,
    /// What it says.
    pub(super) parsed: Parsed,
    /// The way to it, if that led over a discovery document.
    pub(super) followed: Option<Followed>,
    /// What the next load may ask with; nothing where it led over a discovery document.
    pub(super) validators: Validators,
    /// How long it is good.
    pub(super) freshness: Freshness,
}

/// The way over a discovery document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Followed {
    /// Whose it is: one of those that were asked for.
    pub(super) issuer: String,
    /// Where the keys are.
    pub(super) jwks_uri: HttpsUrl,
}

impl Fetcher {
    /// A fetcher of what `url` holds, or of what the discovery document there names. Nothing is opened
    /// or read yet.
    pub(super) fn new(url: HttpsUrl, channel: &BackChannel) -> Self {
        Self { url, channel: Arc::new(channel.clone()), tls: OnceCell::new() }
    }

    /// Fetches the set for realms of these `issuers`, unless it is the one that is `known`.
    pub(super) async fn load(
        &self,
        issuers: &[String],
        known: Option<&Validators>,
    ) -> Result<Loaded, LoadFault> {
        let longest = self.channel.connect_timeout.saturating_add(self.channel.socket_timeout);
        let longest = longest.min(LONGEST);
        let deadline = Instant::now() + longest;
        let tls = self.tls.get_or_try_init(|| self.tls()).await?;
        let mut way = Way::new(&self.channel, tls, longest, deadline);
        let answer = match known.filter(|known| !known.is_empty()) {
            None => way.get(&self.url).await?,
            Some(known) => match way.get_unless(&self.url, known).await? {
                Got::Document(answer) => answer,
                Got::NotModified(headers) => {
                    return Ok(Loaded::NotModified(Freshness::of(&headers)));
                }
            },
        };
        match parse(&answer.text, Family::Public) {
            Ok(parsed) => {
                let validators = Validators::of(&answer.headers);
                Ok(Loaded::Document(document(&answer, parsed, validators, None)))
            }
            Err(NotAKeySet::NoKeys) => {
                self.follow(&answer.text, issuers, way).await.map(Loaded::Document)
            }
            Err(cause) => Err(self.fault(cause.into())),
        }
    }

    /// Goes on to where the discovery document `text` leads, if it is one.
    async fn follow(
        &self,
        text: &[u8],
        issuers: &[String],
        mut way: Way<'_>,
    ) -> Result<Document, LoadFault> {
        let found = discovery::read(text, issuers);
        let found = found.unwrap_or_else(|| Err(NotAKeySet::NoKeys.into()));
        let followed = found.map_err(|cause| self.fault(cause))?;
        let answer = way.get(&followed.jwks_uri).await?;
        let parsed = parse(&answer.text, Family::Public)
            .map_err(|cause| fault(&self.channel, followed.jwks_uri.clone(), cause.into()))?;
        Ok(document(&answer, parsed, Validators::default(), Some(followed)))
    }

    async fn tls(&self) -> Result<ClientConfig, LoadFault> {
        let channel = Arc::clone(&self.channel);
        let made = spawn_blocking(move || tls::configuration(&channel.tls)).await;
        match made {
            Ok(made) => made.map_err(|unready| self.fault(unready.into())),
            Err(error) => Err(self.fault(Cause::Unready(error.to_string()))),
        }
    }

    fn fault(&self, cause: Cause) -> LoadFault {
        fault(&self.channel, self.url.clone(), cause)
    }
}

fn document(
    answer: &Answer,
    parsed: Parsed,
    validators: Validators,
    followed: Option<Followed>,
) -> Document {
    let text = Fingerprint::of(&answer.text);
    Document { text, parsed, followed, validators, freshness: Freshness::of(&answer.headers) }
}
#[cfg(test)]
mod tests;
