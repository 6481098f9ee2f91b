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
pub use token::keys::Key;
pub use token::signature::{Inline, Lost, Wait, Waits, Work, WorkId};
pub use witness::{Ended, RealmId, Refusal, Skipped, Step, Witness};

use client_auth::Presented;
use crypto::{DigestKey, Fingerprint};
use identity::{Identity, NotRepresentable};
use realm::Credentials;
use realm::jwt::JwtRealm;
use request::{RequestView, Sent};
use std::sync::Arc;
use token::{Bearer, Compact, Token, TokenFault};
use user::User;
use witness::told;

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
pub async fn authorize<'s>(
    snapshot: &'s Snapshot,
    request: &RequestView<'_>,
    now: Now,
    waits: &impl Waits,
    witness: &mut (impl Witness + Send),
) -> Decision<'s> {
    let case = Case { snapshot, request, now, waits };
    line(&case, witness).await.unwrap_or_else(Stop::decision)
}

/// Finds out who sends `request` at `now`, without asking what a route allows: the realm that
/// authenticated and the user, or the refusal.
pub async fn authenticate<'s>(
    snapshot: &'s Snapshot,
    request: &RequestView<'_>,
    now: Now,
    waits: &impl Waits,
    witness: &mut (impl Witness + Send),
) -> Result<Authenticated, Decision<'s>> {
    let case = Case { snapshot, request, now, waits };
    let sent = ended(witness, Step::Request, sent(request)).map_err(Stop::decision)?;
    user(&case, &sent, true, witness).await.map_err(Stop::decision)
}

/// Who sends a request.
#[derive(Debug)]
pub struct Authenticated {
    /// The realm that authenticated.
    pub realm: RealmId,
    /// Who the request is done for.
    pub user: Arc<User>,
}

/// What one decision is made of.
struct Case<'s, 'r, S> {
    snapshot: &'s Snapshot,
    request: &'r RequestView<'r>,
    now: Now,
    waits: &'r S,
}

/// The straight line of a request: each step needs what the one before has found.
async fn line<'s>(
    case: &Case<'s, '_, impl Waits>,
    witness: &mut (impl Witness + Send),
) -> Result<Decision<'s>, Stop> {
    let Case { snapshot, request, .. } = *case;
    let sent = cleanable(snapshot, request).and_then(|()| sent(request));
    let sent = ended(witness, Step::Request, sent)?;
    ended(witness, Step::Route, route(request))?;
    let want_metadata = snapshot.identity.wants_metadata();
    let Authenticated { realm, user } = user(case, &sent, want_metadata, witness).await?;
    let allow = snapshot.identity.allow(request, &snapshot.realms[realm.0].name, &user);
    let allow = allow.map_err(|NotRepresentable(name)| Denial::not_representable(request, &name));
    let allow = ended(witness, Step::Identity, allow).map_err(|stop| stop.by(realm, &user))?;
    Ok(Decision::allow(allow, realm, user.name.clone()))
}

/// The line's middle: from the credentials to the user.
async fn user(
    case: &Case<'_, '_, impl Waits>,
    sent: &Sent<'_>,
    want_metadata: bool,
    witness: &mut (impl Witness + Send),
) -> Result<Authenticated, Stop> {
    let Case { snapshot, request, .. } = *case;
    let bearer = failed(witness, Step::Token, bearer(snapshot, request, sent))?;
    let text = bearer.fingerprint();
    let client = client(snapshot, request, sent);
    let found = match recalled(case, &text, &client, want_metadata, witness) {
        Some(found) => found,
        // In a box, so that a check whose token is remembered does not carry the room for this.
        None => Box::pin(judged(case, bearer, text, client, want_metadata, witness)).await?,
    };
    let Authenticated { realm, user } = &found;
    let run_as = run_as(snapshot, request, sent, bearer, &user.name);
    ended(witness, Step::RunAs, run_as).map_err(|stop| stop.by(*realm, user))?;
    Ok(found)
}

/// Whoever a remembered token names.
fn recalled(
    case: &Case<'_, '_, impl Waits>,
    text: &Fingerprint,
    client: &Result<Presented, Denial>,
    want_metadata: bool,
    witness: &mut impl Witness,
) -> Option<Authenticated> {
    let Case { snapshot, now, .. } = *case;
    let client = client.as_ref().ok()?;
    let recalled = realm::recall(&snapshot.realms, text, client, now, want_metadata)?;
    // What is remembered was a token when it was read.
    witness.step(None, Step::Token, Ended::Passed);
    recalled.tell(&snapshot.realms, client, now, witness);
    Some(Authenticated { realm: recalled.realm(), user: Arc::clone(recalled.user()) })
}

/// Whoever a token names that some realm finds good.
async fn judged(
    case: &Case<'_, '_, impl Waits>,
    bearer: Bearer<'_>,
    text: Fingerprint,
    client: Result<Presented, Denial>,
    want_metadata: bool,
    witness: &mut (impl Witness + Send),
) -> Result<Authenticated, Stop> {
    let Case { snapshot, request, now, waits } = *case;
    let compact = Compact::decode(bearer).map_err(|fault| unreadable(request, fault));
    let compact = failed(witness, Step::Token, compact)?;
    let token = ended(witness, Step::Token, token(request, &compact))?;
    let client = failed(witness, Step::ClientAuthentication, client)?;
    let credentials = Credentials { text, token: &token, client, now, want_metadata };
    let (realm, user) = realm::authenticate(&snapshot.realms, &credentials, waits, witness)
        .await
        .map_err(|refused| Stop::unauthenticated(request, &token, &refused))?;
    Ok(Authenticated { realm, user })
}

/// Whether nothing that a client can send would reach the upstream as ours.
fn cleanable(snapshot: &Snapshot, request: &RequestView<'_>) -> Result<(), Denial> {
    if snapshot.identity.can_clean(request) {
        return Ok(());
    }
    Err(Denial::unavailable(Reason::InternalError).to_caller_of(request))
}

/// The credential headers, each with one value.
fn sent<'r>(request: &RequestView<'r>) -> Result<Sent<'r>, Denial> {
    request.sent().map_err(|header| Denial::multiple_values(request, header))
}

/// Nothing is let in by omission: what only a rule could allow, no rule allows.
fn route(request: &RequestView<'_>) -> Result<(), Denial> {
    if request.is_connect() || request.has_route_hints() {
        return Err(Denial::forbidden_to_all(request));
    }
    Ok(())
}

/// The bearer value, which is not too long to be looked at.
fn bearer<'r>(
    snapshot: &Snapshot,
    request: &RequestView<'r>,
    sent: &Sent<'r>,
) -> Result<Bearer<'r>, Denial> {
    let Some(bearer) = sent.bearer() else {
        return Err(if sent.shows_a_bearer() {
            Denial::unreadable_credentials(request, Reason::NoCredentials)
        } else {
            Denial::missing_credentials(request)
        });
    };
    Bearer::new(bearer, snapshot.token_size).map_err(|fault| unreadable(request, fault))
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
    bearer: Bearer<'_>,
    user: &str,
) -> Result<(), Denial> {
    match sent.run_as {
        None => Ok(()),
        Some(_) if !snapshot.run_as_enabled && snapshot.identity.forwards_run_as() => Ok(()),
        Some([]) if snapshot.run_as_enabled => {
            Err(Denial::unauthenticated(request, Reason::RunAsEmpty, &principal_label(bearer)))
        }
        Some(target) => Err(Denial::run_as_denied(request, user, target)),
    }
}

/// The label of a token that was good.
fn principal_label(bearer: Bearer<'_>) -> String {
    let label = |compact: Compact<'_>| Token::read(&compact).map(|token| token.principal_label());
    Compact::decode(bearer).and_then(label).unwrap_or_default()
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
        let denial = if refused.reason.status() == Status::Unavailable {
            Denial::unavailable(refused.reason).to_caller_of(request)
        } else {
            Denial::unauthenticated(request, refused.reason, &token.principal_label())
        };
        Self { denial, established: Established { realm: refused.realm, user: None } }
    }

    /// The caller is the `user` whom `realm` authenticated.
    fn by(self, realm: RealmId, user: &User) -> Self {
        let established = Established { realm: Some(realm), user: Some(user.name.clone()) };
        Self { established, ..self }
    }

    fn decision<'s>(self) -> Decision<'s> {
        Decision::deny(self.denial, self.established)
    }
}

/// Tells `witness` how `step` ended.
fn ended<T>(witness: &mut impl Witness, step: Step, result: Result<T, Denial>) -> Result<T, Stop> {
    Ok(told(witness, None, step, result)?)
}

/// Tells `witness` of a failure; a success is not yet the end of `step`.
fn failed<T>(witness: &mut impl Witness, step: Step, result: Result<T, Denial>) -> Result<T, Stop> {
    if result.is_ok() { Ok(result?) } else { ended(witness, step, result) }
}
