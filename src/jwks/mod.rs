//! Key sets: what an issuer publishes, or an administrator wrote, as keys of the engine.
//!
//! The one rule: a set is refused whole or taken, and every key of a taken set is a key of ours,
//! none of our business, or named with what is wrong with it.

mod back_channel;
mod fault;
mod http;
mod loader;
mod member;
pub mod pem;
mod poll;
mod realm_keys;
mod reloads;
mod set;
mod source;
mod terms;
mod url;
mod url_loader;

pub use back_channel::{
    Authorities, BackChannel, ClientCertificate, Proxy, ProxyScheme, Tls, Verification,
};
pub use fault::{Fault, MAX_SIZE, NotAKeySet, PassedOver};
pub use loader::{Document, Loaded, Loader, Loading};
pub use poll::Poll;
pub use realm_keys::RealmKeys;
pub use set::{Family, Parsed, cautions, parse};
pub use source::Source;
pub use terms::{Brake, Reader, Report, Reports, Terms};
pub use url::{HttpsUrl, HttpsUrlFault, public_part};
pub use url_loader::UrlLoader;

#[cfg(test)]
mod tests;
