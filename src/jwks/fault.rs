//! What can be wrong with a key set and with a key in it, in the words of who has to mend it.
//!
//! The one rule: a set's text is not repeated, since it may be a secret; of a key there are told
//! its name, its kind and its size, and all of that in one line.

use crate::engine::crypto::KeyFault;
use crate::one_line::one_line;
use std::fmt;

/// The most bytes that a set may have.
pub const MAX_SIZE: usize = 1024 * 1024;
/// The most keys that a set may have, whatever they are.
pub(super) const MAX_KEYS: usize = 1000;

/// Why a text is no key set of ours. It is the fault of who made the text, and nothing of it is
/// used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAKeySet {
    /// Nothing but white space.
    #[error("it is blank")]
    Blank,
    /// A mark that JSON may not begin with (RFC 8259 section 8.1).
    #[error("it begins with a byte order mark")]
    ByteOrderMark,
    /// `keys` is something else.
    #[error("its member [keys] is no list")]
    KeysNotAList,
    /// An object that says nothing of keys.
    #[error("it is a JSON object without a list [keys]")]
    NoKeys,
    /// No text, or none in the encoding of JSON.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// JSON, but no object.
    #[error("it is JSON, but no object")]
    NotAnObject,
    /// No JSON, from this place on.
    #[error("it is no JSON: line {line}, column {column}")]
    NotJson {
        /// The first line is 1.
        line: usize,
        /// The first column is 1.
        column: usize,
    },
    /// A page for people.
    #[error("it is HTML or XML, not a JSON object with a list [keys]")]
    Markup,
    /// A key or a certificate in PEM.
    #[error("it is PEM, not a JSON object with a list [keys]")]
    Pem,
    /// A key, not a set of them.
    #[error("it is a single JWK, not a JSON object with a list [keys]")]
    SingleKey,
    /// Too long to be looked at.
    #[error("it has {bytes} bytes, at most {MAX_SIZE} are read")]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// Too many keys to be looked at.
    #[error("it has {keys} keys, at most {MAX_KEYS} are read")]
    TooManyKeys {
        /// How many it has.
        keys: usize,
    },
    /// JSON that ends too early.
    #[error("it is JSON that is cut off")]
    Truncated,
}

/// A key that cannot be used. `Display` is one sentence that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// Its `kid`.
    pub kid: Option<String>,
    /// Its place in the list, the first being 0.
    pub position: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kid {
            Some(kid) => write!(f, "the key with kid [{}]", shown(kid))?,
            None => write!(f, "the key at keys[{}]", self.position)?,
        }
        write!(f, " is passed over: {}", self.fault)
    }
}

/// What is wrong with one key. It is the fault of who made the set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A public key whose numbers are not good.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// A member that the key cannot be without.
    #[error("member [{0}] is missing")]
    Missing(&'static str),
    /// Something else stands in the list.
    #[error("it is no JSON object")]
    NotAnObject,
    /// A number that is not written as one.
    #[error("member [{0}] is not base64url")]
    NotBase64Url(&'static str),
    /// A member that should be a list of texts.
    #[error("member [{0}] is no list of strings")]
    NotAList(&'static str),
    /// A member that should be a text.
    #[error("member [{0}] is no string")]
    NotAString(&'static str),
    /// An HMAC key among public keys.
    #[error("a secret key (kty [oct]) has no place in a set of public keys")]
    Secret,
    /// Not even a JSON object that could be read.
    #[error("it cannot be read as a JSON object")]
    Unreadable,
    /// Fewer bits than HS256 needs (RFC 7518 section 3.2).
    #[error("HMAC JWK [{bits}] bits too small for every algorithm, minimum [256]")]
    TooShort {
        /// Of the key.
        bits: usize,
    },
    /// A curve that no algorithm of ours is on.
    #[error("EC JWK curve [{}] is not supported", shown(.0))]
    UnknownCurve(String),
    /// A kind of key that no algorithm of ours uses.
    #[error("keys of type [{}] are not supported", shown(.0))]
    UnknownType(String),
    /// A public key, or one of an unknown kind, among HMAC keys.
    #[error("it is not of type [oct], and a set of HMAC keys holds no others")]
    WrongType,
}

/// The most bytes of a text that are told. A name is shorter.
const SHOWN: usize = 64;

/// A text of a key set, which can be anything, on one line.
fn shown(text: &str) -> String {
    one_line(text, SHOWN)
}
