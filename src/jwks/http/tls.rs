//! The TLS of a fetch: whom to trust, how far, and what to show.
//!
//! The one rule: nothing of the process or the environment takes part but whom the system trusts,
//! where the settings name nobody.

use crate::jwks::back_channel::{Authorities, Tls, Verification};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    Resumption, VerifierBuilderError, WebPkiServerVerifier,
    verify_server_cert_signed_by_trust_anchor,
};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature,
    verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// Why TLS cannot be set up. Settings that were read from files are not at fault.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unready {
    /// The system trusts nobody.
    #[error("this system has no certificate authorities{0}")]
    NoAuthorities(String),
    /// The settings cannot be put together.
    #[error(transparent)]
    Tls(#[from] Error),
    /// The authorities cannot be put together.
    #[error(transparent)]
    Verifier(#[from] VerifierBuilderError),
}

/// What connections are made with. It may read the system's authorities, which takes a while.
pub(super) fn configuration(tls: &Tls) -> Result<ClientConfig, Unready> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let versions: Vec<_> = [(tls.tls13, &TLS13), (tls.tls12, &TLS12)]
        .into_iter()
        .filter_map(|(is_spoken, version)| is_spoken.then_some(version))
        .collect();
    let verifier = verifier(tls, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut configuration = match &tls.client {
        Some(client) => {
            builder.with_client_auth_cert(client.chain.clone(), client.private_key())?
        }
        None => builder.with_no_client_auth(),
    };
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A session that is resumed shows no certificate, and fetches are rare.
    configuration.resumption = Resumption::disabled();
    Ok(configuration)
}

fn verifier(
    tls: &Tls,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Unready> {
    let algorithms = provider.signature_verification_algorithms;
    Ok(match tls.verification {
        Verification::Full => {
            let roots = Arc::new(roots(&tls.authorities)?);
            WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider)).build()?
        }
        Verification::Certificate => {
            Arc::new(AnyName { roots: Some(roots(&tls.authorities)?), algorithms })
        }
        Verification::None => Arc::new(AnyName { roots: None, algorithms }),
    })
}

fn roots(authorities: &Authorities) -> Result<RootCertStore, Unready> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Authorities::These(certificates) => {
            for certificate in certificates {
                roots.add(certificate.clone())?;
            }
        }
        Authorities::System => {
            let found = rustls_native_certs::load_native_certs();
            // One that cannot be read is passed over: there are some like that on every system.
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                let why = found.errors.first().map(|error| format!(": {error}"));
                return Err(Unready::NoAuthorities(why.unwrap_or_default()));
            }
        }
    }
    Ok(roots)
}

/// Takes a certificate whatever its name is. That its key signed the handshake is looked at always.
#[derive(Debug)]
struct AnyName {
    /// Whose certificates are taken, while they hold; those of anybody if it is nobody.
    roots: Option<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            let all = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                roots,
                intermediates,
                now,
                all,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
