//! The JWT realm: client first, then claims, then signature, then the user.
//!
//! Each step hands its proof to the next, so none can be left out.

use super::{Credentials, Outcome, Stopped};
use crate::engine::client_auth::{ClientAuthentication, ClientKnown, ClientRefused};
use crate::engine::reason::Reason;
use crate::engine::token::claims::{ClaimError, TokenRules};
use crate::engine::token::signature::{Keys, Signatures};
use crate::engine::user::{User, UserClaims};
use crate::engine::witness::{RealmId, Refusal, Step, Witness, told};
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

/// What a verdict on a token depends on. As long as none of it is changed it lives on from one
/// snapshot to the next.
pub struct JwtAuthenticator {
    /// What a token must say.
    pub rules: TokenRules,
    /// What verifies it.
    pub keys: Keys,
    /// Whom it names.
    pub user: UserClaims,
}

impl JwtRealm {
    /// Judges `credentials`. `id` is this realm's place in the chain.
    pub async fn authenticate(
        &self,
        id: RealmId,
        credentials: &Credentials<'_>,
        signatures: &impl Signatures,
        witness: &mut (impl Witness + Send),
    ) -> Outcome {
        let issuer = self.authenticator.rules.check_issuer(credentials.token);
        if let Err(error) = told(witness, Some(id), Step::Issuer, issuer) {
            return Outcome::Skip(error.reason());
        }
        let judged = self.judge(id, credentials, signatures, witness).await;
        judged.map_or_else(Outcome::Decline, Outcome::Accept)
    }

    /// A token of this realm's issuer: the client, the token, the user.
    async fn judge(
        &self,
        id: RealmId,
        credentials: &Credentials<'_>,
        signatures: &impl Signatures,
        witness: &mut (impl Witness + Send),
    ) -> Result<Arc<User>, Stopped> {
        let client = self.client(id, credentials, witness);
        let client = step(witness, id, Step::ClientAuthentication, client)?;
        let authenticator = &self.authenticator;
        let checked = authenticator.rules.check(credentials.token, credentials.now.unix);
        let checked = step(witness, id, Step::Claims, checked.map_err(AtCheck::new))?;
        let verified = checked.verify(&authenticator.keys, credentials.text, signatures).await;
        let verified = step(witness, id, Step::Signature, verified)?;
        let user = authenticator.user.read(&verified, client, credentials.want_metadata);
        step(witness, id, Step::User, user).map(Arc::new)
    }

    fn client(
        &self,
        id: RealmId,
        credentials: &Credentials<'_>,
        witness: &mut impl Witness,
    ) -> Result<ClientKnown, ClientRefused> {
        let checked =
            self.client_authentication.check(&credentials.client, credentials.now.monotonic);
        witness.client(id, checked.map_or_else(ClientRefused::result, ClientKnown::result));
        checked
    }
}

/// A check of header and claims that failed, and how many had passed before it.
struct AtCheck {
    passed: usize,
    error: ClaimError,
}

impl AtCheck {
    fn new((passed, error): (usize, ClaimError)) -> Self {
        Self { passed, error }
    }
}

impl fmt::Display for AtCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Refusal for AtCheck {
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
