//! Loads a key set from its URL, whenever it is asked to.
//!
//! The one rule: to hear that nothing has changed is enough only where the last answer said how to ask
//! so.

use super::back_channel::BackChannel;
use super::http::{self, Fetcher, Validators};
use super::url::HttpsUrl;
use super::{Document, Loaded, Loader, Loading};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Loads a URL's key set.
pub struct UrlLoader {
    fetcher: Fetcher,
    /// Of the last document that was loaded.
    validators: Mutex<Option<Validators>>,
}

impl UrlLoader {
    /// A loader of what `url` holds. Nothing is opened or read yet.
    pub fn new(url: HttpsUrl, back_channel: &BackChannel) -> Self {
        Self { fetcher: Fetcher::new(url, back_channel), validators: Mutex::default() }
    }

    async fn fetch(&self, issuers: &[String], is_conditional: bool) -> Result<Loaded, String> {
        let known = self.validators().clone().filter(|_| is_conditional);
        let loaded = self.fetcher.load(issuers, known.as_ref()).await;
        Ok(match loaded.map_err(|fault| fault.to_string())? {
            http::Loaded::NotModified(freshness) => {
                Loaded::NotModified { fresh_until: freshness.target(now()) }
            }
            http::Loaded::Document(document) => {
                let http::Document { text, parsed, followed, validators, freshness } = document;
                *self.validators() = Some(validators);
                let note = followed.as_ref().map(|followed| {
                    format!(
                        "this is an OpenID discovery document, which is fetched before each load; \
                         its key set is at [{}]",
                        followed.jwks_uri
                    )
                });
                let issuer = followed.map(|followed| followed.issuer);
                let fresh_until = freshness.target(now());
                Loaded::Document(Arc::new(Document { text, parsed, issuer, note, fresh_until }))
            }
        })
    }

    fn validators(&self) -> std::sync::MutexGuard<'_, Option<Validators>> {
        // Whoever panicked left nothing half-done here.
        self.validators.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loader for UrlLoader {
    fn load<'l>(&'l self, issuers: &'l [String], is_conditional: bool) -> Loading<'l> {
        Box::pin(self.fetch(issuers, is_conditional))
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
