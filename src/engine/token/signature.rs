//! The last step of a token: its signature, over claims that have already passed.
//!
//! Two families of keys verify, and which one a token may use follows from its algorithm alone: a
//! public key can never be taken for an HMAC secret. A signature that the public keys at hand do not
//! verify is tried once more if there are other keys to be had.

use super::Algorithm;
use super::claims::ClaimsChecked;
use super::keys::{Key, KeySet, Thumbprint};
use super::parse::Token;
use crate::engine::crypto::Fingerprint;
use crate::engine::reason::Reason;
use crate::engine::time::Monotonic;
use crate::engine::witness::Refusal;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// A signature that was not found good.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Keys were tried, none verifies.
    #[error("JWT signature verification failed")]
    Invalid,
    /// The verification came to no end: a bug of ours.
    #[error("the verification of the signature was lost")]
    Lost,
    /// The set of this family is empty.
    #[error("Signature verification was not attempted since there are not any JWKs available.")]
    NoKey,
    /// No key of the set is for this token.
    #[error(
        "Signature verification was not attempted since there are not any JWKs available after \
         filtering for incompatible keys."
    )]
    NoFittingKey,
    /// The realm has no keys of this family.
    #[error("{}", without_source(*.0))]
    NoSource(Algorithm),
    /// The realm's public keys have never been loaded.
    #[error("the public keys have not been loaded yet")]
    NotLoaded,
    /// Other keys were still being loaded when the check had to end.
    #[error("other public keys were being loaded when the time of the check was over")]
    StillLoading,
}

fn without_source(algorithm: Algorithm) -> String {
    let (name, settings) = (algorithm.name(), "[hmac_key, hmac_jwkset]");
    if algorithm.is_hmac() {
        format!(
            "algorithm [{name}] is a HMAC signing algorithm, but none of the HMAC JWK settings \
             {settings} is configured"
        )
    } else {
        format!(
            "algorithm [{name}] is a PKC signing algorithm, but PKC JWK setting [pkc_jwkset_path] \
             is not configured"
        )
    }
}

impl Refusal for SignatureError {
    fn reason(&self) -> Reason {
        match self {
            Self::Invalid => Reason::SignatureInvalid,
            Self::Lost => Reason::InternalError,
            Self::NotLoaded | Self::StillLoading => Reason::KeysUnavailable,
            Self::NoFittingKey | Self::NoKey | Self::NoSource(_) => Reason::NoUsableKey,
        }
    }
}

/// Where public keys come from, which may be others at every look.
pub trait KeySource: Send + Sync {
    /// The keys as they are known now; none if they were never loaded.
    fn current(&self) -> Option<Arc<KeySet>>;

    /// Asks at `now` for other keys than those of this version, which did not verify a signature. Ends
    /// when it is known whether there are others. Whoever asks may go away meanwhile.
    fn renewed(&self, used: Option<Fingerprint>, now: Monotonic) -> Wait<'_>;
}

/// Something that a check waits for.
pub type Wait<'w> = Pin<Box<dyn Future<Output = ()> + Send + 'w>>;

/// What verifies a realm's tokens, by the family of their algorithm.
#[derive(Default)]
pub struct Keys {
    /// For HS256, HS384 and HS512.
    pub hmac: Option<Arc<KeySet>>,
    /// For all others.
    pub public: Option<Arc<dyn KeySource>>,
}

impl Keys {
    /// The keys of a family: the HMAC keys, or the public ones as they are now.
    fn family(&self, is_hmac: bool) -> Option<Arc<KeySet>> {
        if is_hmac { self.hmac.clone() } else { self.public.as_ref()?.current() }
    }

    /// Tells the keys of a family from those before a change.
    pub fn version(&self, is_hmac: bool) -> Option<Fingerprint> {
        self.family(is_hmac).map(|keys| keys.version())
    }

    /// Whether one of them is this key.
    pub fn has(&self, key: &Thumbprint) -> bool {
        self.all().any(|keys| keys.has(key))
    }

    /// How many of them can have signed a token of any of `algorithms`.
    pub fn usable(&self, algorithms: &[Algorithm]) -> usize {
        self.all().map(|keys| keys.usable(algorithms)).sum()
    }

    fn all(&self) -> impl Iterator<Item = Arc<KeySet>> {
        [true, false].into_iter().filter_map(|is_hmac| self.family(is_hmac))
    }
}

/// What a check may wait for, and how long.
pub trait Waits: Sync {
    /// Does `work` and tells which key verified, if any did: signatures of public-key algorithms take
    /// so long that other checks must not wait for them. Whoever asks may go away meanwhile.
    fn verify(&self, work: Work) -> impl Future<Output = Result<Option<Arc<Key>>, Lost>> + Send;

    /// Waits for `wait`, but no longer than the check may take: then there is nothing.
    fn in_time(&self, wait: Wait<'_>) -> impl Future<Output = Option<()>> + Send;
}

/// Work that came to no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

/// Verifies at once, on the thread that asks, and waits for as long as it takes: where nobody else
/// waits for it.
#[derive(Clone, Copy, Debug)]
pub struct Inline;

impl Waits for Inline {
    async fn verify(&self, work: Work) -> Result<Option<Arc<Key>>, Lost> {
        Ok(work.run())
    }

    async fn in_time(&self, wait: Wait<'_>) -> Option<()> {
        wait.await;
        Some(())
    }
}

/// One signature and the keys to try: everything that its verification needs.
pub struct Work {
    token: Fingerprint,
    algorithm: Algorithm,
    keys: Vec<Arc<Key>>,
    message: Box<[u8]>,
    signature: Box<[u8]>,
}

/// Tells equal work from other work: the same token, to be tried with the same keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WorkId(Fingerprint, Box<[Thumbprint]>);

impl Work {
    /// What tells it from other work.
    pub fn id(&self) -> WorkId {
        WorkId(self.token, self.keys.iter().map(|key| key.thumbprint()).collect())
    }

    /// Whether it takes many times as long as most.
    pub fn is_slow(&self) -> bool {
        self.keys.iter().any(|key| key.is_slow())
    }

    /// The first key that verifies the signature.
    pub fn run(self) -> Option<Arc<Key>> {
        let Self { algorithm, keys, message, signature, .. } = self;
        keys.into_iter().find(|key| key.verifies(algorithm, &message, &signature))
    }
}

/// A token whose claims and whose signature were found good. Only [`ClaimsChecked::verify`]
/// makes one.
pub struct Verified<'t, 'a> {
    token: &'t Token<'a>,
    key: Arc<Key>,
}

/// A signature that was not found good, and by which keys.
#[derive(Debug, PartialEq, Eq)]
pub struct NotVerified {
    /// Why.
    pub error: SignatureError,
    /// The version of the keys that were tried last, if there were any.
    pub keys: Option<Fingerprint>,
}

impl fmt::Display for NotVerified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Refusal for NotVerified {
    fn reason(&self) -> Reason {
        self.error.reason()
    }
}

impl<'t, 'a> ClaimsChecked<'t, 'a> {
    /// Whether the signature is verified with HMAC keys.
    pub fn is_hmac(&self) -> bool {
        self.algorithm().is_some_and(Algorithm::is_hmac)
    }

    /// Verifies the signature with those of `keys` that are for it: any of them will do. Public keys
    /// that do not verify it are asked for anew at `now`, and others than those are tried once.
    /// `text` is the fingerprint of the whole token.
    pub async fn verify(
        &self,
        keys: &Keys,
        text: Fingerprint,
        now: Monotonic,
        waits: &impl Waits,
    ) -> Result<Verified<'t, 'a>, NotVerified> {
        let without_keys = |error| NotVerified { error, keys: None };
        let algorithm = self.algorithm().ok_or(without_keys(SignatureError::NoFittingKey))?;
        let no_source = || without_keys(SignatureError::NoSource(algorithm));
        if algorithm.is_hmac() {
            let keys = keys.hmac.as_ref().ok_or_else(no_source)?;
            return self.verify_hmac(keys, algorithm);
        }
        let source = keys.public.as_ref().ok_or_else(no_source)?;
        let used = source.current();
        let failed = match self.verify_public(used.as_deref(), algorithm, text, waits).await {
            Err(failed) if failed.error != SignatureError::Lost => failed,
            ended => return ended,
        };
        let renewed = waits.in_time(source.renewed(failed.keys, now)).await;
        renewed.ok_or(NotVerified { error: SignatureError::StillLoading, keys: failed.keys })?;
        match source.current() {
            Some(keys) if Some(keys.version()) != failed.keys => {
                self.verify_public(Some(&keys), algorithm, text, waits).await
            }
            _ => Err(failed),
        }
    }

    /// At once: that is quicker than handing it over.
    fn verify_hmac(
        &self,
        keys: &KeySet,
        algorithm: Algorithm,
    ) -> Result<Verified<'t, 'a>, NotVerified> {
        let token = self.token();
        let (message, signature) = (token.signing_input, token.signature);
        let found = candidates(keys, algorithm, token.kid.as_deref()).and_then(|candidates| {
            let found =
                candidates.into_iter().find(|key| key.verifies(algorithm, message, signature));
            found.ok_or(SignatureError::Invalid)
        });
        self.found(found, Some(keys))
    }

    async fn verify_public(
        &self,
        keys: Option<&KeySet>,
        algorithm: Algorithm,
        text: Fingerprint,
        waits: &impl Waits,
    ) -> Result<Verified<'t, 'a>, NotVerified> {
        let token = self.token();
        let candidates = keys
            .ok_or(SignatureError::NotLoaded)
            .and_then(|keys| candidates(keys, algorithm, token.kid.as_deref()));
        let found = match candidates {
            Ok(keys) => {
                let work = Work {
                    token: text,
                    algorithm,
                    keys,
                    message: token.signing_input.into(),
                    signature: token.signature.into(),
                };
                let found = waits.verify(work).await;
                found
                    .map_err(|Lost| SignatureError::Lost)
                    .and_then(|key| key.ok_or(SignatureError::Invalid))
            }
            Err(error) => Err(error),
        };
        self.found(found, keys)
    }

    fn found(
        &self,
        found: Result<Arc<Key>, SignatureError>,
        keys: Option<&KeySet>,
    ) -> Result<Verified<'t, 'a>, NotVerified> {
        let verified = found.map(|key| Verified { token: self.token(), key });
        verified.map_err(|error| NotVerified { error, keys: keys.map(KeySet::version) })
    }

    /// A token of another algorithm has not passed the checks.
    fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::parse(&self.token().alg)
    }
}

/// The keys of `set` that may have made the signature; at least one.
fn candidates(
    set: &KeySet,
    algorithm: Algorithm,
    kid: Option<&str>,
) -> Result<Vec<Arc<Key>>, SignatureError> {
    if set.is_empty() {
        return Err(SignatureError::NoKey);
    }
    let candidates: Vec<_> = set.candidates(algorithm, kid).cloned().collect();
    if candidates.is_empty() { Err(SignatureError::NoFittingKey) } else { Ok(candidates) }
}

impl<'t, 'a> Verified<'t, 'a> {
    /// The token, which can be believed now.
    pub fn token(&self) -> &'t Token<'a> {
        self.token
    }

    /// The key that verified it.
    pub fn key(&self) -> &Arc<Key> {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::crypto::testing::Pair;
    use crate::engine::secret::Secret;

    #[test]
    fn where_no_source_is_the_settings_of_its_family_are_named() {
        for (algorithm, sentence) in [
            (
                Algorithm::Hs384,
                "algorithm [HS384] is a HMAC signing algorithm, but none of the HMAC JWK settings \
                 [hmac_key, hmac_jwkset] is configured",
            ),
            (
                Algorithm::Es256,
                "algorithm [ES256] is a PKC signing algorithm, but PKC JWK setting \
                 [pkc_jwkset_path] is not configured",
            ),
        ] {
            assert_eq!(SignatureError::NoSource(algorithm).to_string(), sentence);
        }
    }

    #[test]
    fn a_set_of_no_keys_is_told_from_one_of_keys_that_do_not_fit() {
        let secret = Secret::new([7; 32]);
        let key = || Key::hmac(Some("a".to_owned()), None, &secret);
        for (keys, algorithm, kid, found) in [
            (vec![], Algorithm::Hs256, None, Err(SignatureError::NoKey)),
            (vec![key()], Algorithm::Hs384, None, Err(SignatureError::NoFittingKey)),
            (vec![key()], Algorithm::Hs256, Some("b"), Err(SignatureError::NoFittingKey)),
            (vec![key()], Algorithm::Hs256, Some("a"), Ok(1)),
        ] {
            let candidates = candidates(&KeySet::new(keys), algorithm, kid);
            assert_eq!(candidates.map(|keys| keys.len()), found, "{} {kid:?}", algorithm.name());
        }
    }

    #[test]
    fn work_is_slow_if_one_of_its_keys_is() {
        let (quick, slow) = (Pair::p256(), Pair::p384());
        for (pairs, is_slow) in [
            (&[quick][..], false),
            (&[quick, quick], false),
            (&[slow], true),
            (&[quick, slow], true),
            (&[slow, quick], true),
        ] {
            let key = |pair: &&Pair| Arc::new(Key::public(None, None, pair.public()));
            let work = Work {
                token: Fingerprint::of(b""),
                algorithm: Algorithm::Es256,
                keys: pairs.iter().map(key).collect(),
                message: Box::default(),
                signature: Box::default(),
            };
            assert_eq!(work.is_slow(), is_slow);
        }
    }
}
