//! The text of a JWK set (RFC 7517), and the keys of ours in it.
//!
//! The one rule: what is no JSON object with a list `keys` is refused whole; a key in that list
//! can spoil nobody but itself.

use super::fault::{Fault, MAX_KEYS, MAX_SIZE, NotAKeySet, PassedOver};
use super::member::Members;
use crate::engine::Secret;
use crate::engine::crypto::{Curve, PublicKey};
use crate::engine::token::Algorithm;
use crate::engine::token::keys::{Key, KeySet, MAX_CANDIDATES};
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::sync::Arc;

/// What HS256 needs.
const MIN_HMAC_BITS: usize = 256;

/// Whose keys a set holds. The two never mix: an issuer's public key must not become a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Secrets that issuer and realm share.
    Hmac,
    /// Public keys of the issuer.
    Public,
}

/// What a set holds.
#[derive(Debug)]
pub struct Parsed {
    /// The keys of ours. Keys for something else than verifying signatures are not among them, and
    /// nothing is wrong with that.
    pub keys: Arc<KeySet>,
    /// What is wrong with others.
    pub passed_over: Vec<PassedOver>,
}

/// Reads a key set of this family.
pub fn parse(text: &[u8], family: Family) -> Result<Parsed, NotAKeySet> {
    let mut keys = Vec::new();
    let mut passed_over = Vec::new();
    for (position, element) in list(text)?.into_iter().enumerate() {
        let (kid, key) = key(element, family);
        match key {
            Ok(key) => keys.extend(key),
            Err(fault) => passed_over.push(PassedOver { kid, position, fault }),
        }
    }
    Ok(Parsed { keys: Arc::new(KeySet::new(keys)), passed_over })
}

/// What an operator should hear of a set for a realm that allows these algorithms: a sentence each.
pub fn cautions(parsed: &Parsed, allowed: &[Algorithm]) -> Vec<String> {
    let mut cautions: Vec<_> = parsed.passed_over.iter().map(ToString::to_string).collect();
    let most = parsed.keys.most_candidates_without_kid(allowed);
    if most > MAX_CANDIDATES {
        cautions.push(format!(
            "a token without [kid] can have been signed with {most} of the keys, and only the \
             first {MAX_CANDIDATES} are tried"
        ));
    }
    cautions
}

/// The values in the list `keys`.
fn list(text: &[u8]) -> Result<Vec<&RawValue>, NotAKeySet> {
    if text.len() > MAX_SIZE {
        return Err(NotAKeySet::TooLarge { bytes: text.len() });
    }
    let text = std::str::from_utf8(text).map_err(|_| NotAKeySet::NotUtf8)?;
    let document: &RawValue = serde_json::from_str(text).map_err(|error| no_json(text, &error))?;
    if !document.get().starts_with('{') {
        return Err(NotAKeySet::NotAnObject);
    }
    let members = Members::read(document).map_err(|error| no_json(text, &error))?;
    let Some(keys) = members.raw("keys") else {
        let is_key = members.raw("kty").is_some();
        return Err(if is_key { NotAKeySet::SingleKey } else { NotAKeySet::NoKeys });
    };
    let keys: Vec<_> = serde_json::from_str(keys).map_err(|_| NotAKeySet::KeysNotAList)?;
    if keys.len() > MAX_KEYS {
        return Err(NotAKeySet::TooManyKeys { keys: keys.len() });
    }
    Ok(keys)
}

/// What a text is that is no JSON.
fn no_json(text: &str, error: &serde_json::Error) -> NotAKeySet {
    match text.trim_start() {
        "" => NotAKeySet::Blank,
        text if text.starts_with("-----BEGIN ") => NotAKeySet::Pem,
        text if text.starts_with('<') => NotAKeySet::Markup,
        text if text.starts_with('\u{feff}') => NotAKeySet::ByteOrderMark,
        _ if error.classify() == Category::Eof => NotAKeySet::Truncated,
        _ => NotAKeySet::NotJson { line: error.line(), column: error.column() },
    }
}

/// The `kid`, and the key, if it is one of ours.
fn key(element: &RawValue, family: Family) -> (Option<String>, Result<Option<Key>, Fault>) {
    if !element.get().starts_with('{') {
        return (None, Err(Fault::NotAnObject));
    }
    let Ok(members) = Members::read(element) else { return (None, Err(Fault::Unreadable)) };
    let kid = members.string("kid").map(|kid| kid.map(String::from));
    let name = kid.clone().ok().flatten();
    let key = is_for_verifying(&members)
        .and_then(|is_ours| is_ours.then(|| read(&members, kid?, family)).transpose());
    (name, key)
}

/// Whether the set means the key to verify signatures: it may say so, and says so by silence.
fn is_for_verifying(members: &Members<'_>) -> Result<bool, Fault> {
    let of_use = members.string("use")?.is_none_or(|of_use| of_use == "sig");
    let operations = members.strings("key_ops")?;
    Ok(of_use && operations.is_none_or(|list| list.iter().any(|name| name == "verify")))
}

fn read(members: &Members<'_>, kid: Option<String>, family: Family) -> Result<Key, Fault> {
    let alg = members.string("alg")?.map(String::from);
    match (&*members.required("kty")?, family) {
        ("oct", Family::Hmac) => Ok(Key::hmac(kid, alg, &secret(members)?)),
        (_, Family::Hmac) => Err(Fault::WrongType),
        ("oct", Family::Public) => Err(Fault::Secret),
        ("EC", Family::Public) => Ok(Key::public(kid, alg, ec(members)?)),
        ("RSA", Family::Public) => Ok(Key::public(kid, alg, rsa(members)?)),
        (unknown, Family::Public) => Err(Fault::UnknownType(unknown.to_owned())),
    }
}

fn secret(members: &Members<'_>) -> Result<Secret, Fault> {
    let secret = Secret::new(members.octets("k")?);
    match secret.expose().len() * 8 {
        bits @ ..MIN_HMAC_BITS => Err(Fault::TooShort { bits }),
        _ => Ok(secret),
    }
}

fn ec(members: &Members<'_>) -> Result<PublicKey, Fault> {
    let name = members.required("crv")?;
    let curve = Curve::parse(&name).ok_or_else(|| Fault::UnknownCurve(name.into_owned()))?;
    Ok(PublicKey::ec(curve, &members.octets("x")?, &members.octets("y")?)?)
}

fn rsa(members: &Members<'_>) -> Result<PublicKey, Fault> {
    Ok(PublicKey::rsa(&members.octets("n")?, &members.octets("e")?)?)
}
