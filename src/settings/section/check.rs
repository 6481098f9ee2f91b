//! What becomes of each key of a section, before any value is read.
//!
//! The one rule: whatever is written is acted on, refused or warned about.

use super::{Checked, NO_EFFECT, NOT_YET, Section, Setting, Standing, is_group, known};
use crate::settings::document::{Entry, Value};
use crate::settings::keystore::Keystore;
use crate::settings::nearest::{ALIKE, did_you_mean};
use crate::settings::problems::{Place, Problems, Read};

impl Section<'_> {
    /// Records every key that is not known, not built yet or does not belong into the file. What is
    /// not built yet is recorded and can be read all the same.
    pub(in crate::settings) fn check_keys(
        &self,
        which: Checked,
        problems: &mut Problems,
    ) -> Read<()> {
        let mut checked = Ok(());
        for (suffix, entry) in &self.entries {
            checked = checked.and(self.check_key(suffix, entry, which, problems));
        }
        checked
    }

    fn check_key(
        &self,
        suffix: &str,
        entry: &Entry,
        which: Checked,
        problems: &mut Problems,
    ) -> Read<()> {
        let (key, place) = (&entry.key, Place::Line(entry.line));
        let Some(known) = known(self.table, suffix) else {
            return self.check_unknown(suffix, entry, problems);
        };
        let what = match known.standing {
            Standing::Refused(_) if which == Checked::NamesOnly => return Ok(()),
            Standing::Refused(why) => why.into(),
            _ if known.is_secure => format!(
                "Setting [{key}] is a secure setting and must be stored inside the keystore, but \
                 was found inside the configuration file"
            ),
            Standing::Served => return Ok(()),
            _ if which == Checked::NamesOnly => return Ok(()),
            Standing::NotYet => {
                if !is_unset(&entry.value) {
                    problems.report(place, Some(key), NOT_YET);
                }
                return Ok(());
            }
            Standing::NoEffect | Standing::NeverEffect => {
                problems.warn(place, key, NO_EFFECT);
                return Ok(());
            }
        };
        Err(self.wrong(suffix, what, problems))
    }

    fn check_unknown(&self, suffix: &str, entry: &Entry, problems: &mut Problems) -> Read<()> {
        match &entry.value {
            Value::Broken(reported) => Err(*reported), // That is enough to say of it.
            Value::Empty if is_group(self.table, suffix) => Ok(()),
            _ => {
                let is_taken = |known: &Setting| !matches!(known.standing, Standing::Refused(_));
                let nearest = self.nearest(suffix, is_taken, problems);
                let what = format!("unknown setting [{}]{nearest}", entry.key);
                Err(self.wrong(suffix, what, problems))
            }
        }
    }

    /// Records every entry of the keystore under this prefix that is not known, not built yet or
    /// no secure setting. What is not built yet is recorded and can be read all the same.
    pub(in crate::settings) fn check_secrets(
        &self,
        keystore: &Keystore,
        problems: &mut Problems,
    ) -> Read<()> {
        let mut checked = Ok(());
        for key in keystore.under(&self.prefix) {
            checked = checked.and(self.check_secret(key, problems));
        }
        checked
    }

    fn check_secret(&self, key: &str, problems: &mut Problems) -> Read<()> {
        let place = Place::Secret(key.to_owned());
        let what = match known(self.table, &key[self.prefix.len()..]) {
            Some(Setting { standing: Standing::Refused(why), .. }) => (*why).into(),
            Some(Setting { is_secure: false, .. }) => format!(
                "Setting [{key}] is a non-secure setting and must be stored inside the \
                 configuration file, but was found inside the keystore"
            ),
            Some(Setting { standing: Standing::Served, .. }) => return Ok(()),
            Some(Setting { standing: Standing::NotYet, .. }) => {
                problems.report(place, Some(key), NOT_YET);
                return Ok(());
            }
            Some(Setting { standing: Standing::NoEffect | Standing::NeverEffect, .. }) => {
                problems.warn(place, key, NO_EFFECT);
                return Ok(());
            }
            None => {
                let is_secret = |known: &Setting| known.is_secure;
                let nearest = self.nearest(&key[self.prefix.len()..], is_secret, problems);
                format!("unknown secure setting [{key}]{nearest}")
            }
        };
        Err(problems.report(place, Some(key), what))
    }

    /// What is added to the refusal of an unknown suffix, the nearest known one being `of`.
    fn nearest(
        &self,
        suffix: &str,
        of: impl Fn(&Setting) -> bool,
        problems: &mut Problems,
    ) -> String {
        let known = self.table.iter().filter(|known| of(known));
        let known = known.map(|known| known.suffix);
        let nearest = problems.nearest(suffix, known, ALIKE).map(|suffix| self.key(&suffix));
        did_you_mean(nearest.as_deref())
    }
}

/// Whether nothing is asked for by a setting of this value, or what is wrong with it was said.
fn is_unset(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.is_empty(),
        Value::List(texts) => texts.is_empty(),
        Value::Broken(_) => true,
        Value::Nested | Value::Empty => false,
    }
}
