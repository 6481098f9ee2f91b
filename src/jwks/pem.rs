//! Certificates and keys in PEM, as files have them.
//!
//! The one rule: what is taken can be used for TLS; and nothing of a key is told or left behind.

use super::back_channel::{ClientCertificate, KeyEncoding};
use crate::engine::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pkcs8::EncryptedPrivateKeyInfoRef;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys, RootCertStore};
use zeroize::Zeroizing;

/// What is wrong with a PEM file. It is the fault of who made the file or named it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemFault {
    /// The key is encrypted with an algorithm that is not known here, or not in this way.
    #[error(
        "the key is encrypted in a way that is not supported: \
         [openssl pkcs8 -topk8] writes one that is"
    )]
    Encryption,
    /// The key is of another certificate.
    #[error("the key is not the certificate's")]
    OtherKey,
    /// There is none.
    #[error("it holds no certificate")]
    NoCertificate,
    /// There is none.
    #[error("it holds no private key")]
    NoKey,
    /// The key is encrypted and nobody said with what.
    #[error("the key is encrypted, and there is no passphrase")]
    NoPassphrase,
    /// A certificate in it is none.
    #[error("its certificate number {0} cannot be read")]
    UnreadableCertificate(usize),
    /// The key is none, or of a kind that TLS does not know.
    #[error("the key cannot be read")]
    UnreadableKey,
    /// The key is encrypted with another passphrase.
    #[error("the key cannot be decrypted with this passphrase")]
    WrongPassphrase,
}

/// The certificates of a file, in its order, whatever else stands in it; at least one.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemFault> {
    let mut all = Vec::new();
    for (number, found) in (1..).zip(CertificateDer::pem_slice_iter(pem)) {
        let certificate = found.map_err(|_| PemFault::UnreadableCertificate(number))?;
        let readable = RootCertStore::empty().add(certificate.clone());
        readable.map_err(|_| PemFault::UnreadableCertificate(number))?;
        all.push(certificate);
    }
    if all.is_empty() { Err(PemFault::NoCertificate) } else { Ok(all) }
}

/// The certificate whose chain is given, with the key of a file, which may be encrypted.
pub fn client_certificate(
    chain: Vec<CertificateDer<'static>>,
    key: &[u8],
    passphrase: Option<&Secret>,
) -> Result<ClientCertificate, PemFault> {
    let (encoding, key) = private_key(key, passphrase)?;
    let signing = aws_lc_rs::sign::any_supported_type(&der(encoding, &key));
    let signing = signing.map_err(|_| PemFault::UnreadableKey)?;
    match CertifiedKey::new(chain.clone(), signing).keys_match() {
        // A kind of key that does not tell its public half is tried in the first handshake.
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
        Err(_) => return Err(PemFault::OtherKey),
    }
    Ok(ClientCertificate { chain, encoding, key })
}

impl ClientCertificate {
    /// The key for the one computation that needs it; the copy is that computation's to wipe.
    pub(super) fn private_key(&self) -> PrivateKeyDer<'static> {
        der(self.encoding, &self.key).clone_key()
    }
}

fn der(encoding: KeyEncoding, key: &Secret) -> PrivateKeyDer<'_> {
    match encoding {
        KeyEncoding::Pkcs1 => PrivateKeyDer::Pkcs1(key.expose().into()),
        KeyEncoding::Pkcs8 => PrivateKeyDer::Pkcs8(key.expose().into()),
        KeyEncoding::Sec1 => PrivateKeyDer::Sec1(key.expose().into()),
    }
}

fn private_key(pem: &[u8], passphrase: Option<&Secret>) -> Result<(KeyEncoding, Secret), PemFault> {
    let (label, der) = private_key_section(pem)?;
    match label {
        "PRIVATE KEY" => Ok((KeyEncoding::Pkcs8, der)),
        "RSA PRIVATE KEY" => Ok((KeyEncoding::Pkcs1, der)),
        "EC PRIVATE KEY" => Ok((KeyEncoding::Sec1, der)),
        "ENCRYPTED PRIVATE KEY" => {
            let passphrase = passphrase.ok_or(PemFault::NoPassphrase)?;
            Ok((KeyEncoding::Pkcs8, decrypted(&der, passphrase)?))
        }
        _ => Err(PemFault::UnreadableKey),
    }
}

/// The label and the content of the first section that is a private key.
fn private_key_section(pem: &[u8]) -> Result<(&str, Secret), PemFault> {
    let text = std::str::from_utf8(pem).map_err(|_| PemFault::NoKey)?;
    let mut lines = text.lines().map(str::trim);
    let label = loop {
        if let Some(label) = private_key_label(lines.next().ok_or(PemFault::NoKey)?) {
            break label;
        }
    };
    let mut base64 = Zeroizing::new(String::with_capacity(text.len()));
    loop {
        match lines.next().ok_or(PemFault::UnreadableKey)? {
            line if line.starts_with("-----END ") => break,
            // A header of RFC 1421: OpenSSL's encryption of old.
            line if line.contains(':') => return Err(PemFault::Encryption),
            line => base64.push_str(line),
        }
    }
    let der = STANDARD.decode(base64.as_bytes()).map_err(|_| PemFault::UnreadableKey)?;
    Ok((label, Secret::new(der)))
}

/// What a section is that begins with this line, if that is a private key.
fn private_key_label(line: &str) -> Option<&str> {
    let label = line.strip_prefix("-----BEGIN ")?.strip_suffix("-----")?;
    label.ends_with("PRIVATE KEY").then_some(label)
}

fn decrypted(der: &Secret, passphrase: &Secret) -> Result<Secret, PemFault> {
    // An algorithm that is not known is no structure that can be read.
    let info = EncryptedPrivateKeyInfoRef::try_from(der.expose());
    let info = info.map_err(|_| PemFault::Encryption)?;
    match info.decrypt(passphrase.expose()) {
        Ok(document) => Ok(Secret::new(document.as_bytes())),
        Err(pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::DecryptFailed)) => {
            Err(PemFault::WrongPassphrase)
        }
        // What a wrong key makes of the text can look like padding, but not like a key.
        Err(pkcs8::Error::Asn1(_)) => Err(PemFault::WrongPassphrase),
        Err(_) => Err(PemFault::Encryption),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of `tests/vectors/pem`.
    macro_rules! vector {
        ($name:literal) => {
            include_str!(concat!("../../tests/vectors/pem/", $name, ".pem"))
        };
    }

    fn chain(pem: &str) -> Vec<CertificateDer<'static>> {
        certificates(pem.as_bytes()).unwrap()
    }

    fn read(key: &str, passphrase: Option<&str>) -> Result<ClientCertificate, PemFault> {
        let passphrase = passphrase.map(Secret::new);
        client_certificate(chain(vector!("certificate")), key.as_bytes(), passphrase.as_ref())
    }

    const PASSPHRASE: Option<&str> = Some("open sesame");

    #[test]
    fn a_key_is_read_as_openssl_writes_it() {
        let pkcs8 = read(vector!("pkcs8"), None).unwrap();
        for (name, key) in [
            ("AES-256, SHA-256", vector!("pbes2-aes256-sha256")),
            ("AES-128, SHA-512", vector!("pbes2-aes128-sha512")),
            ("AES-256, scrypt", vector!("pbes2-aes256-scrypt")),
            ("3DES, SHA-1", vector!("pbes2-des3-sha1")),
        ] {
            // Decrypted it is the same, and so is what it becomes.
            assert_eq!(read(key, PASSPHRASE).as_ref(), Ok(&pkcs8), "{name}");
            assert_eq!(read(key, None), Err(PemFault::NoPassphrase), "{name}");
            for wrong in ["open sesam", "open sesame\n", ""] {
                assert_eq!(read(key, Some(wrong)), Err(PemFault::WrongPassphrase), "{name}");
            }
        }
        // A passphrase that nobody needs.
        assert_eq!(read(vector!("pkcs8"), PASSPHRASE).as_ref(), Ok(&pkcs8));
        let sec1 = read(vector!("sec1"), None).unwrap();
        assert_eq!(sec1.encoding, KeyEncoding::Sec1);
        assert_eq!(read(vector!("sec1-with-parameters"), None).as_ref(), Ok(&sec1));
        let rsa = (chain(vector!("rsa-certificate")), vector!("rsa-pkcs1").as_bytes());
        let rsa = client_certificate(rsa.0, rsa.1, None).unwrap();
        assert_eq!(rsa.encoding, KeyEncoding::Pkcs1);
        assert!(!format!("{rsa:?}{pkcs8:?}").contains("48, "), "a key prints itself");
    }

    #[test]
    fn a_key_that_cannot_be_used_says_why() {
        let other = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        let unknown = other.replace("PRIVATE", "DSA PRIVATE");
        let encrypted = other.replace("PRIVATE", "ENCRYPTED PRIVATE");
        let cut = vector!("pkcs8").replace("-----END PRIVATE KEY-----", "");
        let flipped = vector!("pkcs8").replacen("MIG", "M.G", 1);
        for (key, fault) in [
            ("", PemFault::NoKey),
            ("not PEM", PemFault::NoKey),
            (vector!("certificate"), PemFault::NoKey),
            (vector!("rsa-pkcs1"), PemFault::OtherKey),
            (vector!("openssl"), PemFault::Encryption),
            (vector!("pbes1"), PemFault::Encryption),
            (other, PemFault::UnreadableKey),
            (&unknown, PemFault::UnreadableKey),
            (&encrypted, PemFault::Encryption),
            (&cut, PemFault::UnreadableKey),
            (&flipped, PemFault::UnreadableKey),
        ] {
            assert_eq!(read(key, PASSPHRASE), Err(fault), "{key}");
        }
    }

    #[test]
    fn the_certificates_of_a_file_are_taken_whatever_stands_beside_them() {
        let (one, two) = (vector!("certificate"), vector!("rsa-certificate"));
        let all = format!("issuer: somebody\n{one}{}\r\n{two}", vector!("pkcs8"));
        assert_eq!(chain(&all), [chain(one), chain(two)].concat());
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let cut = &one[..one.len() - 10];
        for (pem, fault) in [
            (String::new(), PemFault::NoCertificate),
            ("not PEM".to_owned(), PemFault::NoCertificate),
            (vector!("pkcs8").to_owned(), PemFault::NoCertificate),
            (format!("{one}{broken}"), PemFault::UnreadableCertificate(2)),
            (cut.to_owned(), PemFault::UnreadableCertificate(1)),
        ] {
            assert_eq!(certificates(pem.as_bytes()), Err(fault), "{pem}");
        }
    }
}
