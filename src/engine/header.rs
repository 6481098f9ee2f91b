//! What header names are, and which of them carry credentials.
//!
//! The one rule: names compare in lower case, and an upstream that takes names for variables cannot
//! tell `-` from `_`, so neither do we where a name could be taken for one of ours.

/// Carries the user's token.
pub const AUTHORIZATION: &str = "authorization";

/// Carries the client's secret.
pub const CLIENT_AUTHENTICATION: &str = "es-client-authentication";

/// Names the user to act as.
pub const RUN_AS: &str = "es-security-runas-user";

/// The headers that carry credentials.
pub const CREDENTIALS: [&str; 3] = [AUTHORIZATION, CLIENT_AUTHENTICATION, RUN_AS];

/// Whether `byte` can stand in a header's name (RFC 9110 section 5.6.2).
pub fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// `name` with every `_` as `-`: what all its spellings have in common.
pub fn folded(name: &str) -> String {
    name.replace('_', "-")
}
