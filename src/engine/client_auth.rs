//! Whether the client, the application that connects, is one that a realm knows.
//!
//! It is asked first in every realm and on every request: nothing about a token is said to a
//! client that has not proven itself.

use super::crypto::{Digest, DigestKey};
use super::reason::Reason;
use super::request::after_scheme;
use super::secret::Secret;

/// What the client sent to prove itself.
pub enum Presented {
    /// No `SharedSecret` value.
    Nothing,
    /// A secret, digested.
    SharedSecret(Digest),
}

/// The header says `SharedSecret` and then only blanks: no realm is asked.
#[derive(Debug, thiserror::Error)]
#[error("Client shared secret must be non-empty")]
pub struct EmptySecret;

impl Presented {
    /// Reads the header's `value`: the scheme's letter case does not matter, the secret's does.
    pub fn read(value: Option<&[u8]>, key: &DigestKey) -> Result<Self, EmptySecret> {
        match value.and_then(|value| after_scheme(value, "SharedSecret", false)) {
            None => Ok(Self::Nothing),
            Some([]) => Err(EmptySecret),
            Some(secret) => Ok(Self::SharedSecret(key.digest(secret))),
        }
    }
}

/// How a realm wants its clients to prove themselves.
pub enum ClientAuthentication {
    /// Not at all: a secret that is sent is not looked at.
    None,
    /// By the secret of this digest.
    SharedSecret(Digest),
}

/// How a client proved itself, or failed to, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientResult {
    /// By the realm's secret.
    Current,
    /// The realm asks for nothing.
    Disabled,
    /// By a secret that is not the realm's: refused.
    Mismatch,
    /// By no secret where one is wanted: refused.
    Missing,
}

impl ClientResult {
    /// Every result.
    pub const ALL: [Self; 4] = [Self::Current, Self::Disabled, Self::Mismatch, Self::Missing];

    /// The name as it stands in metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Disabled => "disabled",
            Self::Mismatch => "mismatch",
            Self::Missing => "missing",
        }
    }
}

/// The realm knows this client. Only [`ClientAuthentication::check`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct ClientKnown(ClientResult);

impl ClientKnown {
    /// How the client proved itself.
    pub fn result(self) -> ClientResult {
        self.0
    }
}

/// The realm does not know this client.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum ClientRefused {
    /// The secret is another one.
    #[error("Rejected client. Authentication type is [SHARED_SECRET] and secret did not match.")]
    Mismatch,
    /// There is no secret.
    #[error("Rejected client. Authentication type is [SHARED_SECRET] and secret is missing.")]
    Missing,
}

impl ClientRefused {
    /// The reason code of this refusal.
    pub const fn reason(self) -> Reason {
        match self {
            Self::Mismatch => Reason::ClientSecretMismatch,
            Self::Missing => Reason::ClientSecretMissing,
        }
    }

    /// How the client failed to prove itself.
    pub const fn result(self) -> ClientResult {
        match self {
            Self::Mismatch => ClientResult::Mismatch,
            Self::Missing => ClientResult::Missing,
        }
    }
}

impl ClientAuthentication {
    /// The realm's way for the secret it was given, if it was given one.
    pub fn new(secret: Option<&Secret>, key: &DigestKey) -> Self {
        secret.map_or(Self::None, |secret| Self::SharedSecret(key.digest(secret.expose())))
    }

    /// Compares what the client presented, in constant time.
    pub fn check(&self, presented: &Presented) -> Result<ClientKnown, ClientRefused> {
        match (self, presented) {
            (Self::None, _) => Ok(ClientKnown(ClientResult::Disabled)),
            (Self::SharedSecret(_), Presented::Nothing) => Err(ClientRefused::Missing),
            (Self::SharedSecret(current), Presented::SharedSecret(sent)) if current.is(sent) => {
                Ok(ClientKnown(ClientResult::Current))
            }
            (Self::SharedSecret(_), Presented::SharedSecret(_)) => Err(ClientRefused::Mismatch),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(secret: Option<&str>, header: Option<&str>) -> Option<ClientResult> {
        let key = DigestKey::new(&[3; 32]);
        let realm = ClientAuthentication::new(secret.map(Secret::new).as_ref(), &key);
        let presented = Presented::read(header.map(str::as_bytes), &key).ok()?;
        Some(realm.check(&presented).map_or_else(ClientRefused::result, ClientKnown::result))
    }

    #[test]
    fn a_realm_with_a_secret_takes_that_secret_only() {
        for (header, result) in [
            (None, Some(ClientResult::Missing)),
            (Some("SharedSecret s3, cret"), Some(ClientResult::Current)),
            (Some("sHAREDsECRET \0 s3, cret \t"), Some(ClientResult::Current)),
            (Some("SharedSecret S3, cret"), Some(ClientResult::Mismatch)),
            (Some("SharedSecret s3, cre"), Some(ClientResult::Mismatch)),
            (Some("SharedSecret s3, crett"), Some(ClientResult::Mismatch)),
            (Some("SharedSecret\ts3, cret"), Some(ClientResult::Missing)),
            (Some("SharedSecret"), Some(ClientResult::Missing)),
            (Some("Secret s3, cret"), Some(ClientResult::Missing)),
            (Some("s3, cret"), Some(ClientResult::Missing)),
            (Some("SharedSecret  \0 "), None),
        ] {
            assert_eq!(check(Some("s3, cret"), header), result, "{header:?}");
        }
    }

    #[test]
    fn a_realm_without_client_authentication_takes_anything_but_an_empty_secret() {
        for (header, result) in [
            (None, Some(ClientResult::Disabled)),
            (Some("SharedSecret x"), Some(ClientResult::Disabled)),
            (Some("Basic x"), Some(ClientResult::Disabled)),
            (Some("SharedSecret "), None),
        ] {
            assert_eq!(check(None, header), result, "{header:?}");
        }
    }
}
