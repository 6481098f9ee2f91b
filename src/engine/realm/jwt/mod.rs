//! The JWT realm: client first, then claims, then signature, then the user.
//!
//! Each step hands its proof to the next, so none can be left out.

mod cache;
mod memory;
mod recall;

pub use memory::{Declined, Instance, MemoryBounds, Remembered};
pub use recall::{Recalled, recall};

use super::{Credentials, Outcome, Stopped};
use crate::engine::client_auth::{ClientAuthentication, ClientKnown, ClientRefused, Presented};
use crate::engine::crypto::Fingerprint;
use crate::engine::reason::Reason;
use crate::engine::time::Now;
use crate::engine::token::claims::{ClaimError, TokenRules};
use crate::engine::token::signature::{Keys, Waits};
use crate::engine::user::{User, UserClaims};
use crate::engine::witness::{Ended, RealmId, Refusal, Skipped, Step, Witness, told};
use memory::{Good, Memory};
use std::fmt;
use std::sync::Arc;

/// One configured JWT realm.
pub struct JwtRealm {
    /// The configured name.
    pub name: String,
    /// How clients prove themselves.
    pub client_authentication: ClientAuthentication,
    /// How users do.
    pub authenticator: Arc<JwtAuthenticator>,
}

/// What a verdict on a token depends on, and the verdicts. As long as none of it is changed it
/// lives on from one snapshot to the next.
pub struct JwtAuthenticator {
    /// What a token must say.
    pub rules: TokenRules,
    /// What verifies it.
    pub keys: Keys,
    /// Whom it names.
    pub user: UserClaims,
    memory: Option<Memory>,
    instance: Instance,
}

impl JwtAuthenticator {
    /// One that remembers tokens within `bounds`, if at all. No other may be called `instance`.
    pub fn new(
        instance: Instance,
        rules: TokenRules,
        keys: Keys,
        user: UserClaims,
        bounds: Option<MemoryBounds>,
    ) -> Self {
        Self { rules, keys, user, memory: bounds.map(Memory::new), instance }
    }

    /// How many keys could verify a token that passes the rules.
    pub fn usable_keys(&self) -> usize {
        self.keys.usable(&self.rules.algorithms)
    }

    /// Whether its public keys have been loaded, if it has any. HMAC keys are there from the start.
    pub fn has_loaded(&self) -> bool {
        self.keys.public.as_ref().is_none_or(|keys| keys.current().is_some())
    }

    /// How many tokens it remembers.
    pub fn remembered(&self) -> usize {
        self.memory.as_ref().map_or(0, Memory::len)
    }

    fn recall(&self, text: &Fingerprint, now: Now, want_metadata: bool) -> Option<Arc<Remembered>> {
        self.memory.as_ref()?.recall(text, now, &self.keys, want_metadata)
    }
}

impl JwtRealm {
    /// Judges `credentials`. `id` is this realm's place in the chain, `declined` are those before it
    /// that found the signature not good.
    pub async fn authenticate(
        &self,
        id: RealmId,
        credentials: &Credentials<'_>,
        declined: &[Declined],
        waits: &impl Waits,
        witness: &mut (impl Witness + Send),
    ) -> Outcome {
        let issuer = self.authenticator.rules.check_issuer(credentials.token);
        if let Err(error) = told(witness, Some(id), Step::Issuer, issuer) {
            return Outcome::Skip(error.reason());
        }
        let client = self.client(id, &credentials.client, credentials.now, witness);
        let client = match client {
            Ok(client) => client,
            Err(refused) => {
                return Outcome::Decline(Stopped::at(Step::ClientAuthentication, &refused));
            }
        };
        if let Some(remembered) = self.remembered(id, credentials, declined, witness) {
            return Outcome::Accept(Arc::clone(remembered.user()));
        }
        let judged = self.judge(id, credentials, client, declined, waits, witness).await;
        judged.map_or_else(Outcome::Decline, Outcome::Accept)
    }

    /// The token, if this realm found it good before.
    fn remembered(
        &self,
        id: RealmId,
        credentials: &Credentials<'_>,
        declined: &[Declined],
        witness: &mut impl Witness,
    ) -> Option<Arc<Remembered>> {
        let Credentials { text, now, want_metadata, .. } = credentials;
        if self.authenticator.memory.is_none() {
            witness.step(Some(id), Step::Cache, Ended::Skipped(Skipped::CacheOff));
            return None;
        }
        let remembered = self.authenticator.recall(text, *now, *want_metadata);
        let ended = match &remembered {
            Some(_) => Ended::Passed,
            None => Ended::Skipped(Skipped::NotRemembered),
        };
        witness.step(Some(id), Step::Cache, ended);
        if let Some(remembered) = &remembered {
            remembered.set_declined(declined);
        }
        remembered
    }

    /// A new token of this realm's issuer, from a client that is known.
    async fn judge(
        &self,
        id: RealmId,
        credentials: &Credentials<'_>,
        client: ClientKnown,
        declined: &[Declined],
        waits: &impl Waits,
        witness: &mut (impl Witness + Send),
    ) -> Result<Arc<User>, Stopped> {
        let Credentials { text, now, .. } = *credentials;
        let authenticator = &self.authenticator;
        let checked = authenticator.rules.check(credentials.token, now.unix);
        let checked = step(witness, id, Step::Claims, checked.map_err(AtCheck::new))?;
        let (is_hmac, exp) = (checked.is_hmac(), checked.expires());
        let verified = checked.verify(&authenticator.keys, text, now.monotonic, waits).await;
        let keys = verified.as_ref().err().and_then(|refused| refused.keys);
        let verified = step(witness, id, Step::Signature, verified).map_err(|stopped| {
            stopped.with(Declined { instance: authenticator.instance, is_hmac, keys })
        })?;
        let user = authenticator.user.read(&verified, client, credentials.want_metadata);
        let user = Arc::new(step(witness, id, Step::User, user)?);
        if let Some(memory) = &authenticator.memory {
            let key = verified.key().thumbprint();
            let good = Good { user: Arc::clone(&user), key, exp, declined };
            memory.keep(text, good, now.monotonic);
            witness.remembered(id, memory.len());
        }
        Ok(user)
    }

    /// Whether the realm knows the client, told to `witness`.
    fn client(
        &self,
        id: RealmId,
        presented: &Presented,
        now: Now,
        witness: &mut impl Witness,
    ) -> Result<ClientKnown, ClientRefused> {
        let checked = self.client_authentication.check(presented, now.monotonic);
        witness.client(id, checked.map_or_else(ClientRefused::result, ClientKnown::result));
        told(witness, Some(id), Step::ClientAuthentication, checked)
    }
}

/// A check of header and claims that failed, and how many had passed before it.
struct AtCheck<'e> {
    passed: usize,
    error: ClaimError<'e>,
}

impl<'e> AtCheck<'e> {
    fn new((passed, error): (usize, ClaimError<'e>)) -> Self {
        Self { passed, error }
    }
}

impl fmt::Display for AtCheck<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Refusal for AtCheck<'_> {
    fn reason(&self) -> Reason {
        self.error.reason()
    }

    fn passed(&self) -> usize {
        self.passed
    }

    fn explained(&self) -> String {
        self.error.explained()
    }
}

/// Tells the witness of one step of this realm, and where the line stopped if it did.
fn step<T>(
    witness: &mut impl Witness,
    id: RealmId,
    step: Step,
    result: Result<T, impl Refusal>,
) -> Result<T, Stopped> {
    told(witness, Some(id), step, result).map_err(|refusal| Stopped::at(step, &refusal))
}

#[cfg(test)]
mod tests;
