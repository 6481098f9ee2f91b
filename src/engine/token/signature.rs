//! The last step of a token: its signature, over claims that have already passed.

use super::Algorithm;
use super::claims::ClaimsChecked;
use super::parse::Token;
use crate::engine::crypto::HmacKey;
use crate::engine::reason::Reason;
use crate::engine::witness::Refusal;

/// A signature that was not found good.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No key of the realm fits the token's algorithm.
    #[error("no key of this realm can verify the token's algorithm")]
    NoUsableKey,
    /// Keys were tried, none verifies.
    #[error("JWT signature verification failed")]
    Invalid,
}

impl Refusal for SignatureError {
    fn reason(&self) -> Reason {
        match self {
            Self::Invalid => Reason::SignatureInvalid,
            Self::NoUsableKey => Reason::NoUsableKey,
        }
    }
}

/// A token whose claims and whose signature were found good. Only [`ClaimsChecked::verify`]
/// makes one.
#[derive(Clone, Copy, Debug)]
pub struct Verified<'t, 'a>(&'t Token<'a>);

impl<'t, 'a> ClaimsChecked<'t, 'a> {
    /// Verifies the signature with the realm's HMAC key. Public-key algorithms find no key in
    /// it, whatever its bytes are: that is what stops algorithm confusion.
    pub fn verify(self, key: &HmacKey) -> Result<Verified<'t, 'a>, SignatureError> {
        let token = self.token();
        let algorithm = Algorithm::parse(&token.alg).ok_or(SignatureError::NoUsableKey)?;
        match key.verifies(algorithm, token.signing_input, token.signature) {
            Some(true) => Ok(Verified(token)),
            Some(false) => Err(SignatureError::Invalid),
            None => Err(SignatureError::NoUsableKey),
        }
    }
}

impl<'t, 'a> Verified<'t, 'a> {
    /// The token, which can be believed now.
    pub fn token(&self) -> &'t Token<'a> {
        self.0
    }
}
