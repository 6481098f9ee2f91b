//! Key sets: what an issuer publishes, or an administrator wrote, as keys of the engine.
//!
//! The one rule: a set is refused whole or taken, and every key of a taken set is a key of ours,
//! none of our business, or named with what is wrong with it.

mod back_channel;
mod fault;
mod held;
mod http;
mod member;
pub mod pem;
mod set;
mod url;

pub use back_channel::{
    Authorities, BackChannel, ClientCertificate, Proxy, ProxyScheme, Tls, Verification,
};
pub use fault::{Fault, NotAKeySet, PassedOver};
pub use held::HeldKeys;
pub use http::{Cause, Document, Fetcher, Followed, Freshness, LoadFault, Loaded, Validators};
pub use set::{Family, MAX_SIZE, Parsed, cautions, parse};
pub use url::{HttpsUrl, HttpsUrlFault, public_part};

#[cfg(test)]
mod tests;
