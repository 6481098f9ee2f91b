//! One bearer token: parsed strictly and within bounds, then checked, then verified.
//!
//! The steps are types. A [`Token`] is only parsed and proves nothing; [`claims::ClaimsChecked`]
//! comes from its checks alone, and [`signature::Verified`] from a checked token alone.

mod algorithm;
pub mod claims;
pub mod json;
pub mod keys;
pub mod parse;
pub mod pattern;
pub mod signature;

pub use algorithm::Algorithm;
pub use parse::{Bearer, Compact, Token, TokenFault};

#[cfg(test)]
pub(crate) mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    /// The compact serialisation of three parts.
    pub(crate) fn compact(header: &str, payload: &str, signature: &str) -> String {
        compact_bytes(header, payload, signature.as_bytes())
    }

    /// The same of a signature that is one.
    pub(crate) fn compact_bytes(header: &str, payload: &str, signature: &[u8]) -> String {
        let parts = [header.as_bytes(), payload.as_bytes(), signature];
        parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
    }
}
