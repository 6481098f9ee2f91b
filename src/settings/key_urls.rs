//! Where the URLs of key sets are written, for what turns out when they are fetched.
//!
//! The one rule: what is said of a URL's keys names the line that the URL stands in, as for any other
//! setting, and fetches nothing.

use super::Settings;
use super::document;
use super::problems::{Place, Problems};
use super::realm::{self, JwtRealm, NO_USABLE_KEY, PublicKeys};
use super::section::Section;
use crate::jwks::{self, Document};
use std::sync::Arc;

/// The URLs of one version.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyUrls {
    /// Nothing, said of this version.
    said: Problems,
    written: Vec<Written>,
}

/// A realm's URL.
#[derive(Clone, Debug, PartialEq)]
struct Written {
    realm: String,
    place: Place,
    /// Of the realm's first line.
    start: Place,
    /// As much of it as may be printed.
    url: String,
}

/// What became of fetching the keys of a realm: the document, or one line that says why there is none.
pub type Fetched = Result<Arc<Document>, String>;

const PATH: &str = "pkc_jwkset_path";

impl KeyUrls {
    /// Those of `settings`, which `document` makes. `problems` is what was said of it so far.
    pub(super) fn new(
        document: &document::Document,
        settings: &Settings,
        problems: &Problems,
    ) -> Self {
        let written = settings.realms.iter().filter_map(|realm| {
            let Some(PublicKeys::Url(url)) = &realm.keys.public else { return None };
            let prefix = format!("{}{}.", realm::PREFIX, realm.name);
            let section = Section::new(&prefix, document, realm::TABLE);
            Some(Written {
                realm: realm.name.clone(),
                place: section.place(PATH),
                start: section.place(""),
                url: section.shown(PATH, url),
            })
        });
        Self { said: problems.emptied(), written: written.collect() }
    }

    /// What is to be said where nothing was fetched.
    pub fn nothing(&self) -> Problems {
        self.said.clone()
    }

    /// What is to be said of what was `fetched` for `realms`. That there are no keys is a problem,
    /// unless the service `starts_without`.
    pub fn judge(
        &self,
        realms: &[JwtRealm],
        fetched: impl Fn(&JwtRealm) -> Option<Fetched>,
        starts_without: bool,
    ) -> Problems {
        let mut said = self.said.clone();
        for written in &self.written {
            let realm = realms.iter().find(|realm| realm.name == written.realm);
            match realm.and_then(|realm| Some((realm, fetched(realm)?))) {
                None => {}
                Some((realm, Ok(document))) => written.warn(realm, &document, &mut said),
                Some((realm, Err(why))) => written.miss(realm, &why, starts_without, &mut said),
            }
        }
        said
    }
}

impl Written {
    fn miss(&self, realm: &JwtRealm, why: &str, starts_without: bool, said: &mut Problems) {
        let (key, url) = (realm.key(PATH), &self.url);
        let what = format!("Can't get contents for setting [{key}] value [{url}]: {why}");
        if starts_without {
            said.warn(self.place.clone(), &key, what);
        } else {
            said.report(self.place.clone(), Some(&key), what);
        }
    }

    fn warn(
        &self,
        realm: &JwtRealm,
        Document { parsed, note, .. }: &Document,
        said: &mut Problems,
    ) {
        let cautions = jwks::cautions(parsed, &realm.token.allowed_algorithms);
        for caution in note.iter().cloned().chain(cautions) {
            said.warn(self.place.clone(), &realm.key(PATH), caution);
        }
        if !realm.has_usable_key(&parsed.keys) {
            let key = format!("{}{}", realm::PREFIX, realm.name);
            said.warn(self.start.clone(), &key, NO_USABLE_KEY);
        }
    }
}
