//! How a key set is fetched from a URL: timeouts, the proxy, and TLS.
//!
//! The one rule: these are values. A file that they were read from is no part of them, so two that
//! are equal do the same, and one that is made can be used.

use crate::engine::Secret;
use rustls::pki_types::CertificateDer;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::Ipv6Addr;
use std::time::Duration;

/// How a key set is fetched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BackChannel {
    /// How long a connection may take; never nothing.
    pub connect_timeout: Duration,
    /// How long the other side may be silent; never nothing.
    pub socket_timeout: Duration,
    /// What is asked instead of the URL's host.
    pub proxy: Option<Proxy>,
    /// Whom to trust, and what to show.
    pub tls: Tls,
}

/// A proxy. `Display` is its URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Proxy {
    /// How it is spoken to.
    pub scheme: ProxyScheme,
    /// A name or an address; one of IPv6 with or without brackets.
    pub host: String,
    /// Never 0.
    pub port: u16,
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProxyScheme {
    /// In plain.
    Http,
    /// Over TLS.
    Https,
}

/// Whom to trust, and what to show.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tls {
    /// Who signs the certificates of servers.
    pub authorities: Authorities,
    /// What is shown to a server that asks.
    pub client: Option<ClientCertificate>,
    /// How far the server's certificate is looked at.
    pub verification: Verification,
    /// Whether TLS 1.3 may be spoken.
    pub tls13: bool,
    /// Whether TLS 1.2 may be spoken; one of the two may.
    pub tls12: bool,
}

/// Who signs the certificates of servers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Authorities {
    /// Whom the system trusts when a set is fetched for the first time.
    System,
    /// These alone; see [`pem::certificates`](super::pem::certificates).
    These(Vec<CertificateDer<'static>>),
}

/// A certificate and its key, which were found to fit; see
/// [`pem::client_certificate`](super::pem::client_certificate).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, and those that lead to its authority; never none.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// How [`key`](Self::key) is encoded.
    pub(super) encoding: KeyEncoding,
    /// The key, no longer encrypted.
    pub(super) key: Secret,
}

/// Two with equal certificates have equal keys.
impl Hash for ClientCertificate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.chain.hash(state);
    }
}

/// How a private key is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyEncoding {
    Pkcs1,
    Pkcs8,
    Sec1,
}

/// How far a server's certificate is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verification {
    /// Its authority, its dates and its name.
    Full,
    /// Its authority and its dates.
    Certificate,
    /// Not at all.
    None,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            ProxyScheme::Http => "http",
            ProxyScheme::Https => "https",
        };
        if self.host.parse::<Ipv6Addr>().is_ok() {
            return write!(f, "{scheme}://[{}]:{}", self.host, self.port);
        }
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_a_url() {
        for (scheme, host, url) in [
            (ProxyScheme::Http, "proxy.example.com", "http://proxy.example.com:80"),
            (ProxyScheme::Https, "10.0.0.1", "https://10.0.0.1:80"),
            (ProxyScheme::Http, "::1", "http://[::1]:80"),
            (ProxyScheme::Http, "[::1]", "http://[::1]:80"),
        ] {
            let proxy = Proxy { scheme, host: host.to_owned(), port: 80 };
            assert_eq!(proxy.to_string(), url);
        }
    }
}
