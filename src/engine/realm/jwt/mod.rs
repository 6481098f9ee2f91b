//! The JWT realm: client first, then claims, then signature, then the user.
//!
//! Each step hands its proof to the next, so none can be left out.

mod cache;

use super::{Credentials, Outcome};
use crate::engine::client_auth::{ClientAuthentication, ClientKnown, ClientRefused};
use crate::engine::crypto::HmacKey;
use crate::engine::token::claims::TokenRules;
use crate::engine::user::{User, UserClaims};
use crate::engine::witness::{Failure, RealmId, Step, Witness, told};
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
    pub key: HmacKey,
    /// Whom it names.
    pub user: UserClaims,
}

impl JwtRealm {
    /// Judges `credentials`. `id` is this realm's place in the chain.
    pub fn authenticate(
        &self,
        id: RealmId,
        credentials: &Credentials<'_>,
        witness: &mut impl Witness,
    ) -> Outcome {
        let issuer = told(witness, Some(id), Step::Issuer, self.is_issuer(credentials));
        if let Err(failure) = issuer {
            return Outcome::Skip(failure);
        }
        match self.judge(id, credentials, witness) {
            Ok(user) => Outcome::Accept(user),
            Err((step, failure)) => Outcome::Decline(step, failure),
        }
    }

    fn judge(
        &self,
        id: RealmId,
        credentials: &Credentials<'_>,
        witness: &mut impl Witness,
    ) -> Result<User, (Step, Failure)> {
        let token = credentials.token;
        let client = self.client(id, credentials, witness);
        let client = step(witness, id, Step::ClientAuthentication, client)?;
        let authenticator = &self.authenticator;
        let checked = authenticator
            .rules
            .check(token, credentials.now.unix)
            .map_err(|(passed, error)| Failure { passed, ..Failure::new(error.reason(), error) });
        let checked = step(witness, id, Step::Claims, checked)?;
        let verified = checked.verify(&authenticator.key);
        let verified = verified.map_err(|error| Failure::new(error.reason(), error));
        let verified = step(witness, id, Step::Signature, verified)?;
        let user = authenticator.user.read(verified, client, credentials.want_metadata);
        step(witness, id, Step::User, user.map_err(|error| Failure::new(error.reason(), error)))
    }

    /// A token of another issuer is none of this realm's business.
    fn is_issuer(&self, credentials: &Credentials<'_>) -> Result<(), Failure> {
        let checked = self.authenticator.rules.check_issuer(credentials.token);
        checked.map_err(|error| Failure::new(error.reason(), error))
    }

    fn client(
        &self,
        id: RealmId,
        credentials: &Credentials<'_>,
        witness: &mut impl Witness,
    ) -> Result<ClientKnown, Failure> {
        let checked =
            self.client_authentication.check(&credentials.client, credentials.now.monotonic);
        witness.client(id, checked.map_or_else(ClientRefused::result, ClientKnown::result));
        checked.map_err(|refused| Failure::new(refused.reason(), refused))
    }
}

/// Tells the witness of one step of this realm, and where the line stopped if it did.
fn step<T>(
    witness: &mut impl Witness,
    id: RealmId,
    step: Step,
    result: Result<T, Failure>,
) -> Result<T, (Step, Failure)> {
    told(witness, Some(id), step, result).map_err(|failure| (step, failure))
}
