//! The members of one key, read one by one and as leniently as key sets are written.
//!
//! The one rule: only what is asked for is looked at, so that private and unknown members are
//! ignored whatever they are; of two members of one name the last counts, and null is no value.

use super::fault::Fault;
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use zeroize::Zeroize;

/// base64url as people write it: padded or not, and whatever the last character's unused bits are.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The members of a JSON object.
pub(super) struct Members<'a>(HashMap<String, &'a RawValue>);

impl<'a> Members<'a> {
    /// Reads a JSON object. It fails only if one of the names is no text: an escaped lone surrogate.
    pub(super) fn read(object: &'a RawValue) -> serde_json::Result<Self> {
        serde_json::from_str(object.get()).map(Self)
    }

    /// The text of this member's value.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|value| value.get()).filter(|value| *value != "null")
    }

    /// The string of this member.
    pub(super) fn string(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, Fault> {
        let string = |raw| string(raw).ok_or(Fault::NotAString(name));
        self.raw(name).map(string).transpose()
    }

    /// The strings of this member's list.
    pub(super) fn strings(&self, name: &'static str) -> Result<Option<Vec<Cow<'a, str>>>, Fault> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        let list: Option<Vec<&'a RawValue>> = serde_json::from_str(raw).ok();
        let strings = list.and_then(|list| list.into_iter().map(|raw| string(raw.get())).collect());
        strings.map(Some).ok_or(Fault::NotAList(name))
    }

    /// The string of this member, which must be there.
    pub(super) fn required(&self, name: &'static str) -> Result<Cow<'a, str>, Fault> {
        self.string(name)?.ok_or(Fault::Missing(name))
    }

    /// The octets of this member, which must be there. They may be a secret.
    pub(super) fn octets(&self, name: &'static str) -> Result<Vec<u8>, Fault> {
        let text = self.required(name)?;
        let octets = BASE64URL.decode(text.as_bytes());
        if let Cow::Owned(mut copy) = text {
            copy.zeroize();
        }
        octets.map_err(|_| Fault::NotBase64Url(name))
    }
}

/// The string that a JSON value is. It is copied only if something in it is escaped.
fn string(raw: &str) -> Option<Cow<'_, str>> {
    let string = raw.strip_prefix('"')?.strip_suffix('"')?;
    if string.contains('\\') {
        serde_json::from_str(raw).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(string))
    }
}
