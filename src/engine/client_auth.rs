//! Whether the client, the application that connects, is one that a realm knows.
//!
//! It is asked first in every realm and on every request: nothing about a token is said to a
//! client that has not proven itself.

use super::crypto::{Digest, DigestKey};
use super::reason::Reason;
use super::request::after_scheme;
use super::secret::Secret;
use super::time::Monotonic;
use super::witness::Refusal;
use std::time::Duration;

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
#[derive(Clone)]
pub enum ClientAuthentication {
    /// Not at all: a secret that is sent is not looked at.
    None,
    /// By the realm's secret, or by the one before it for a while after a change.
    SharedSecret {
        /// Of the realm's secret.
        current: Digest,
        /// Of the one before it.
        previous: Option<Previous>,
    },
}

/// A secret that was changed, and holds for a grace period from then on.
#[derive(Clone, Copy)]
pub struct Previous {
    digest: Digest,
    since: Monotonic,
    until: Monotonic,
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
    /// By the secret that the realm had before, within the grace period.
    Previous,
}

impl ClientResult {
    /// Every result.
    pub const ALL: [Self; 5] =
        [Self::Current, Self::Disabled, Self::Mismatch, Self::Missing, Self::Previous];

    /// The name as it stands in metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Disabled => "disabled",
            Self::Mismatch => "mismatch",
            Self::Missing => "missing",
            Self::Previous => "previous",
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
    /// How the client failed to prove itself.
    pub const fn result(self) -> ClientResult {
        match self {
            Self::Mismatch => ClientResult::Mismatch,
            Self::Missing => ClientResult::Missing,
        }
    }
}

impl Refusal for ClientRefused {
    fn reason(&self) -> Reason {
        match self {
            Self::Mismatch => Reason::ClientSecretMismatch,
            Self::Missing => Reason::ClientSecretMissing,
        }
    }
}

impl ClientAuthentication {
    /// The realm's way for the secret it was given, if it was given one.
    pub fn new(secret: Option<&Secret>, key: &DigestKey) -> Self {
        secret.map_or(Self::None, |secret| {
            let current = key.digest(secret.expose());
            Self::SharedSecret { current, previous: None }
        })
    }

    /// The same, taking the place of `old` at `now`: a secret that changes holds for `grace` more,
    /// and a shorter grace shortens one that runs already. Both digests are of the same key.
    #[must_use]
    pub fn in_place_of(self, old: &Self, grace: Duration, now: Monotonic) -> Self {
        let (
            Self::SharedSecret { current, .. },
            Self::SharedSecret { current: old_current, previous: old_previous },
        ) = (&self, old)
        else {
            return self;
        };
        let previous = if current.is(old_current) {
            old_previous.map(|previous| previous.within(grace))
        } else {
            Some(Previous { digest: *old_current, since: now, until: now.after(grace) })
        };
        let previous = previous.filter(|previous| previous.holds(now));
        Self::SharedSecret { current: *current, previous }
    }

    /// Compares what the client presented at `now`, in constant time.
    pub fn check(
        &self,
        presented: &Presented,
        now: Monotonic,
    ) -> Result<ClientKnown, ClientRefused> {
        match (self, presented) {
            (Self::None, _) => Ok(ClientKnown(ClientResult::Disabled)),
            (Self::SharedSecret { .. }, Presented::Nothing) => Err(ClientRefused::Missing),
            (Self::SharedSecret { current, previous }, Presented::SharedSecret(sent)) => {
                if current.is(sent) {
                    return Ok(ClientKnown(ClientResult::Current));
                }
                let previous = previous.filter(|previous| previous.holds(now));
                if previous.is_some_and(|previous| previous.digest.is(sent)) {
                    return Ok(ClientKnown(ClientResult::Previous));
                }
                Err(ClientRefused::Mismatch)
            }
        }
    }
}

impl Previous {
    /// The same with another grace period, if that ends it earlier.
    fn within(self, grace: Duration) -> Self {
        Self { until: self.until.min(self.since.after(grace)), ..self }
    }

    fn holds(&self, now: Monotonic) -> bool {
        now < self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(secret: Option<&str>, header: Option<&str>) -> Option<ClientResult> {
        let key = DigestKey::new(&[3; 32]);
        let realm = ClientAuthentication::new(secret.map(Secret::new).as_ref(), &key);
        let presented = Presented::read(header.map(str::as_bytes), &key).ok()?;
        let now = Monotonic::new(Duration::ZERO);
        Some(realm.check(&presented, now).map_or_else(ClientRefused::result, ClientKnown::result))
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

    const A: &str = "secret a";
    const B: &str = "secret b";
    const C: &str = "secret c";

    /// The results of A, B and C at `second`.
    fn results(realm: &ClientAuthentication, second: u64) -> [&'static str; 3] {
        [A, B, C].map(|secret| {
            let sent = Presented::SharedSecret(key().digest(secret.as_bytes()));
            let checked = realm.check(&sent, at(second));
            checked.map_or_else(ClientRefused::result, ClientKnown::result).code()
        })
    }

    fn key() -> DigestKey {
        DigestKey::new(&[3; 32])
    }

    fn at(second: u64) -> Monotonic {
        Monotonic::new(Duration::from_secs(second))
    }

    /// A realm whose secret becomes each of `changes` (secret, grace in seconds, when).
    fn changed(changes: &[(&str, u64, u64)]) -> ClientAuthentication {
        let new = |secret: &str| ClientAuthentication::new(Some(&Secret::new(secret)), &key());
        changes.iter().fold(new(A), |realm, (secret, grace, second)| {
            new(secret).in_place_of(&realm, Duration::from_secs(*grace), at(*second))
        })
    }

    #[test]
    fn a_changed_secret_holds_for_the_grace_period_and_no_longer() {
        let realm = changed(&[(B, 60, 10)]);
        assert_eq!(results(&realm, 10), ["previous", "current", "mismatch"]);
        assert_eq!(results(&realm, 69), ["previous", "current", "mismatch"]);
        assert_eq!(results(&realm, 70), ["mismatch", "current", "mismatch"], "valid until is over");
        let realm = changed(&[(B, 0, 10)]);
        assert_eq!(results(&realm, 10), ["mismatch", "current", "mismatch"], "without grace");
    }

    #[test]
    fn the_same_secret_again_changes_nothing_and_restarts_no_grace() {
        let realm = changed(&[(B, 60, 10), (B, 60, 50)]);
        assert_eq!(results(&realm, 69), ["previous", "current", "mismatch"]);
        assert_eq!(results(&realm, 70), ["mismatch", "current", "mismatch"]);
    }

    #[test]
    fn only_one_previous_secret_is_kept() {
        let realm = changed(&[(B, 60, 10), (C, 60, 20)]);
        assert_eq!(results(&realm, 21), ["mismatch", "previous", "current"]);
        let realm = changed(&[(B, 60, 10), (A, 60, 20)]);
        assert_eq!(results(&realm, 79), ["current", "previous", "mismatch"], "and back");
    }

    #[test]
    fn a_shorter_grace_shortens_a_running_one_and_a_longer_one_does_not_lengthen_it() {
        for (grace, last) in [(0, 0), (20, 29), (3600, 69)] {
            let realm = changed(&[(B, 60, 10), (B, grace, 15)]);
            let holds = |second| results(&realm, second)[0] == "previous";
            assert_eq!(holds(last), last > 0, "{grace} s");
            assert!(!holds(last + 1), "{grace} s");
        }
    }

    #[test]
    fn a_realm_that_had_no_secret_keeps_none_and_one_that_has_none_any_more_neither() {
        let with = ClientAuthentication::new(Some(&Secret::new(A)), &key());
        let without = ClientAuthentication::None;
        let minute = Duration::from_secs(60);
        let taken_on = with.clone().in_place_of(&without, minute, at(0));
        assert_eq!(results(&taken_on, 1), ["current", "mismatch", "mismatch"]);
        let given_up = without.in_place_of(&with, minute, at(0));
        assert_eq!(results(&given_up, 1), ["disabled"; 3]);
    }
}
