//! Authorities of the tests and what they sign: made anew by each run, trusted by nobody else.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};

/// Who signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What is special about a server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Nothing: it is for `localhost` and `127.0.0.1`, and holds.
    None,
    /// It is for `elsewhere.example.com`.
    OtherName,
    /// It held until 2020.
    Expired,
    /// It will hold from 3000 on.
    NotYet,
    /// It is an authority's.
    Authority,
}

/// How a server speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Versions {
    Both,
    Only12,
    Only13,
}

/// A certificate and its key, both in PEM.
pub(crate) struct Pem {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// What a server shows and asks for.
#[derive(Clone)]
pub(crate) struct Identity(pub(super) Arc<ServerConfig>);

impl Authority {
    /// One of its own.
    pub(crate) fn new(name: &str) -> Self {
        let mut params = params(&[], name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its certificate in PEM: what a client trusts.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a client.
    pub(crate) fn client(&self, name: &str) -> Pem {
        let mut params = params(&[], name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Pem { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// A server that shows a certificate of this authority.
    pub(crate) fn server(&self, flaw: Flaw) -> Identity {
        self.server_with(flaw, Versions::Both, None)
    }

    /// The same, which speaks these versions of TLS and, if an authority is given, wants a
    /// certificate of that from a client.
    pub(crate) fn server_with(
        &self,
        flaw: Flaw,
        versions: Versions,
        clients: Option<&Self>,
    ) -> Identity {
        let (certificate, key) = self.signed(flaw);
        let chain = vec![certificate.der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let versions = match versions {
            Versions::Both => &[&TLS13, &TLS12][..],
            Versions::Only12 => &[&TLS12],
            Versions::Only13 => &[&TLS13],
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.0.der().clone()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        Identity(Arc::new(builder.with_single_cert(chain, key).unwrap()))
    }

    /// The certificate of such a server and its key, for one that is no process of ours.
    pub(crate) fn server_pem(&self, flaw: Flaw) -> Pem {
        let (certificate, key) = self.signed(flaw);
        Pem { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    fn signed(&self, flaw: Flaw) -> (Certificate, KeyPair) {
        let names = match flaw {
            Flaw::OtherName => &["elsewhere.example.com"][..],
            Flaw::None | Flaw::Expired | Flaw::NotYet | Flaw::Authority => {
                &["localhost", "127.0.0.1"]
            }
        };
        let mut params = params(names, "server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        match flaw {
            Flaw::None | Flaw::OtherName => {}
            Flaw::Expired => params.not_after = date_time_ymd(2020, 1, 1),
            Flaw::NotYet => params.not_before = date_time_ymd(3000, 1, 1),
            Flaw::Authority => params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
        }
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }
}

fn params(names: &[&str], name: &str) -> CertificateParams {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
