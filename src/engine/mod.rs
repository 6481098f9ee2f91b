//! Decides one request: values in, a decision out.
//!
//! [`authorize`] is the whole line, top to bottom. The one rule of this folder: nothing in it
//! waits, reads a clock or a file, writes a log, or knows how it is served.

mod client_auth;
pub mod crypto;
mod decision;
pub mod header;
pub mod identity;
pub mod realm;
mod reason;
pub mod request;
mod secret;
mod time;
pub mod token;
pub mod user;
mod witness;

pub use client_auth::{ClientAuthentication, ClientResult};
pub use decision::{Allow, Decision, Denial, Established, Verdict};
pub use reason::{Reason, Status};
pub use secret::Secret;
pub use time::{Monotonic, Now, UnixTime};
pub use witness::{Failure, RealmId, Step, Witness};

use client_auth::Presented;
use crypto::DigestKey;
use identity::{Identity, NotRepresentable};
use realm::Credentials;
use realm::jwt::JwtRealm;
use request::{RequestView, Sent};
use token::{Compact, Token, TokenFault};

/// Everything that was configured together. A check sees one snapshot from beginning to end.
pub struct Snapshot {
    /// How many snapshots there were before this one.
    pub generation: u64,
    /// The chain, in order.
    pub realms: Vec<JwtRealm>,
    /// What an allow tells the upstream.
    pub identity: Identity,
    /// Whether `es-security-runas-user` is looked at at all.
    pub run_as_enabled: bool,
    /// The most that a bearer value may have, in bytes.
    pub token_size: usize,
    /// Digests the secret that a client presents.
    pub digest_key: DigestKey,
}

/// Decides `request` at `now`. Every step is told to `witness`, once.
pub fn authorize<'s>(
    snapshot: &'s Snapshot,
    request: &RequestView<'_>,
    now: Now,
    witness: &mut impl Witness,
) -> Decision<'s> {
    line(snapshot, request, now, witness)
        .unwrap_or_else(|stop| Decision::deny(stop.denial, stop.established))
}

/// The straight line of a request: each step needs what the one before has found.
fn line<'s>(
    snapshot: &'s Snapshot,
    request: &RequestView<'_>,
    now: Now,
    witness: &mut impl Witness,
) -> Result<Decision<'s>, Stop> {
    let sent = ended(witness, Step::Request, sent(snapshot, request))?;
    ended(witness, Step::Route, route(request))?;
    let compact = failed(witness, Step::Token, compact(snapshot, request, &sent))?;
    let token = ended(witness, Step::Token, token(request, &compact))?;
    let client = failed(witness, Step::ClientAuthentication, client(snapshot, request, &sent))?;
    let want_metadata = snapshot.identity.wants_metadata();
    let credentials = Credentials { token: &token, client, now, want_metadata };
    let (realm, user) = realm::authenticate(&snapshot.realms, &credentials, witness)
        .map_err(|refused| Stop::unauthenticated(request, &token, &refused))?;
    let run_as = run_as(snapshot, request, &sent, &token, &user.name);
    ended(witness, Step::RunAs, run_as).map_err(|stop| stop.by(realm, &user.name))?;
    let allow = snapshot.identity.allow(request, &snapshot.realms[realm.0].name, &user);
    let allow = allow.map_err(|NotRepresentable(name)| Denial::not_representable(request, &name));
    let allow = ended(witness, Step::Identity, allow).map_err(|stop| stop.by(realm, &user.name))?;
    Ok(Decision::allow(allow, realm, user.name.clone()))
}

/// The credential headers, each with one value, of a request that can be cleaned.
fn sent<'r>(snapshot: &Snapshot, request: &RequestView<'r>) -> Result<Sent<'r>, Denial> {
    if !snapshot.identity.can_clean(request) {
        return Err(Denial::unavailable(Reason::InternalError).to_caller_of(request));
    }
    request.sent().map_err(|header| Denial::multiple_values(request, header))
}

/// Nothing is let in by omission: what only a rule could allow, no rule allows.
fn route(request: &RequestView<'_>) -> Result<(), Denial> {
    if request.is_connect() || request.has_route_hints() {
        return Err(Denial::forbidden_to_all(request));
    }
    Ok(())
}

/// The bearer value, taken apart.
fn compact<'r>(
    snapshot: &Snapshot,
    request: &RequestView<'r>,
    sent: &Sent<'r>,
) -> Result<Compact<'r>, Denial> {
    let Some(bearer) = sent.bearer() else {
        return Err(if sent.shows_a_bearer() {
            Denial::unreadable_credentials(request, Reason::NoCredentials)
        } else {
            Denial::missing_credentials(request)
        });
    };
    Compact::decode(bearer, snapshot.token_size).map_err(|fault| unreadable(request, fault))
}

fn token<'c>(request: &RequestView<'_>, compact: &'c Compact<'_>) -> Result<Token<'c>, Denial> {
    Token::read(compact).map_err(|fault| unreadable(request, fault))
}

fn unreadable(request: &RequestView<'_>, fault: TokenFault) -> Denial {
    Denial::unreadable_credentials(request, fault.reason()).because(fault)
}

/// What the client presents. An empty secret ends the request, whatever the realms ask for.
fn client(
    snapshot: &Snapshot,
    request: &RequestView<'_>,
    sent: &Sent<'_>,
) -> Result<Presented, Denial> {
    Presented::read(sent.client_authentication, &snapshot.digest_key).map_err(|empty| {
        Denial::failed_attempt(request, Reason::ClientSecretMissing).because(empty)
    })
}

/// Until roles exist, nobody may act as anybody; a header that cannot be acted on is refused,
/// since the request would otherwise go on as somebody whom the caller did not mean. Switched off and
/// forwarded, it is the upstream's.
fn run_as(
    snapshot: &Snapshot,
    request: &RequestView<'_>,
    sent: &Sent<'_>,
    token: &Token<'_>,
    user: &str,
) -> Result<(), Denial> {
    match sent.run_as {
        None => Ok(()),
        Some(_) if !snapshot.run_as_enabled && snapshot.identity.forwards_run_as() => Ok(()),
        Some([]) if snapshot.run_as_enabled => {
            let label = token.principal_label();
            Err(Denial::unauthenticated(request, Reason::RunAsEmpty, &label))
        }
        Some(target) => Err(Denial::run_as_denied(request, user, target)),
    }
}

/// The line ended early.
struct Stop {
    denial: Denial,
    established: Established,
}

impl From<Denial> for Stop {
    fn from(denial: Denial) -> Self {
        Self { denial, established: Established::default() }
    }
}

impl Stop {
    /// No realm accepted the token.
    fn unauthenticated(
        request: &RequestView<'_>,
        token: &Token<'_>,
        refused: &realm::Refused,
    ) -> Self {
        let label = token.principal_label();
        Self {
            denial: Denial::unauthenticated(request, refused.reason, &label),
            established: Established { realm: refused.realm, user: None },
        }
    }

    /// The caller is the `user` whom `realm` authenticated.
    fn by(self, realm: RealmId, user: &str) -> Self {
        let established = Established { realm: Some(realm), user: Some(user.to_owned()) };
        Self { established, ..self }
    }
}

/// Tells `witness` how `step` ended.
fn ended<T>(witness: &mut impl Witness, step: Step, result: Result<T, Denial>) -> Result<T, Stop> {
    if result.is_ok() {
        witness.step(None, step, None);
    }
    failed(witness, step, result)
}

/// Tells `witness` of a failure; a success is not yet the end of `step`.
fn failed<T>(witness: &mut impl Witness, step: Step, result: Result<T, Denial>) -> Result<T, Stop> {
    result.map_err(|denial| {
        witness.step(None, step, Some(&Failure::new(denial.reason(), denial.detail())));
        Stop::from(denial)
    })
}
