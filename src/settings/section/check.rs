//! What becomes of each key of a section, before any value is read.
//!
//! The one rule: whatever is written is acted on, refused or warned about.

use super::{Checked, NO_EFFECT, NOT_YET, Section, Standing, is_group, is_secure, standing};
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
        let key = &entry.key;
        let standing = standing(self.table, suffix);
        if let (None, Value::Broken(reported)) = (standing, &entry.value) {
            return Err(*reported); // That is enough to say of it.
        }
        let what = match standing {
            Some(Standing::Served) => return Ok(()),
            Some(
                Standing::NotYet
                | Standing::NoEffect
                | Standing::NeverEffect
                | Standing::Refused(_),
            ) if which == Checked::NamesOnly => return Ok(()),
            Some(Standing::NotYet) => {
                if !is_unset(&entry.value) {
                    self.wrong(suffix, NOT_YET, problems);
                }
                return Ok(());
            }
            Some(Standing::NoEffect | Standing::NeverEffect) => {
                problems.warn(Place::Line(entry.line), key, NO_EFFECT);
                return Ok(());
            }
            Some(Standing::Refused(why)) => why.into(),
            Some(Standing::Secure | Standing::SecureNotYet | Standing::SecureNoEffect) => format!(
                "Setting [{key}] is a secure setting and must be stored inside the keystore, but \
                 was found inside the configuration file"
            ),
            None if entry.value == Value::Empty && is_group(self.table, suffix) => return Ok(()),
            None => {
                let nearest =
                    self.nearest(suffix, |it| !matches!(it, Standing::Refused(_)), problems);
                format!("unknown setting [{key}]{nearest}")
            }
        };
        Err(self.wrong(suffix, what, problems))
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
        let what = match standing(self.table, &key[self.prefix.len()..]) {
            Some(Standing::Secure) => return Ok(()),
            Some(Standing::SecureNotYet) => {
                problems.report(place, Some(key), NOT_YET);
                return Ok(());
            }
            Some(Standing::SecureNoEffect) => {
                problems.warn(place, key, NO_EFFECT);
                return Ok(());
            }
            Some(Standing::Refused(why)) => why.into(),
            Some(
                Standing::Served | Standing::NotYet | Standing::NoEffect | Standing::NeverEffect,
            ) => format!(
                "Setting [{key}] is a non-secure setting and must be stored inside the \
                 configuration file, but was found inside the keystore"
            ),
            None => {
                let nearest = self.nearest(&key[self.prefix.len()..], is_secure, problems);
                format!("unknown secure setting [{key}]{nearest}")
            }
        };
        Err(problems.report(place, Some(key), what))
    }

    /// What is added to the refusal of an unknown suffix, the nearest known one being `of`.
    fn nearest(
        &self,
        suffix: &str,
        of: impl Fn(Standing) -> bool,
        problems: &mut Problems,
    ) -> String {
        let known = self.table.iter().filter(|known| of(known.standing));
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
