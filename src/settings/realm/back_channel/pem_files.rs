//! The PEM files that `ssl.*` names.
//!
//! The one rule: what they hold becomes a part of the settings, so that a changed file is a changed
//! setting; and what is wrong with one is said at the line that names it, in Elasticsearch's words.

use crate::jwks::pem::{self, PemFault};
use crate::jwks::{Authorities, ClientCertificate};
use crate::settings::files::{FileFault, Files};
use crate::settings::keystore::Keystore;
use crate::settings::problems::{Problems, Read};
use crate::settings::realm::{not_empty, texts};
use crate::settings::section::Section;
use std::io;
use zeroize::Zeroizing;

/// The most that such a file may have, in bytes. The authorities of a whole system have a quarter.
const SIZE: usize = 1 << 20;

const AUTHORITIES: &str = "ssl.certificate_authorities";
const CERTIFICATE: &str = "ssl.certificate";
const KEY: &str = "ssl.key";

/// Whom to trust; where no file is to be looked at, whom the system trusts.
pub(super) fn authorities(
    section: &Section<'_>,
    files: Option<Files<'_>>,
    problems: &mut Problems,
) -> Read<Authorities> {
    let paths = texts(AUTHORITIES, section, problems)?.unwrap_or_default();
    let Some(files) = files.filter(|_| !paths.is_empty()) else { return Ok(Authorities::System) };
    let mut these = Ok(Vec::new());
    for path in &paths {
        let file =
            PemFile { suffix: AUTHORITIES, what: "PEM certificate_authorities", path, files };
        let found = file.read(section, problems, pem::certificates);
        these = these.and_then(|mut all| {
            all.extend(found?);
            Ok(all)
        });
    }
    these.map(Authorities::These)
}

/// What is shown to a server that asks; where no file is to be looked at, nothing.
pub(super) fn client_certificate(
    section: &Section<'_>,
    keystore: &Keystore,
    files: Option<Files<'_>>,
    problems: &mut Problems,
) -> Read<Option<ClientCertificate>> {
    let key = section.value(KEY, problems, not_empty);
    let certificate = section.value(CERTIFICATE, problems, not_empty);
    let passphrase = keystore.secret(&section.key("ssl.secure_key_passphrase"), problems);
    let without = |one: &str, other: &str| {
        let (one, other) = (section.key(one), section.key(other));
        format!("cannot specify [{one}] without also setting [{other}]")
    };
    let (certificate, key) = match (certificate?, key?) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => (certificate, key),
        (Some(_), None) => {
            return Err(section.wrong(CERTIFICATE, without(CERTIFICATE, KEY), problems));
        }
        (None, Some(_)) => return Err(section.wrong(KEY, without(KEY, CERTIFICATE), problems)),
    };
    let Some(files) = files else { return Ok(None) };
    let certificate =
        PemFile { suffix: CERTIFICATE, what: "PEM certificate", path: &certificate, files };
    let chain = certificate.read(section, problems, pem::certificates);
    let key = PemFile { suffix: KEY, what: "PEM private key", path: &key, files };
    let content = key.content(section, problems);
    let (chain, content) = (chain?, content?);
    let passphrase = passphrase?.map(|stored| stored.secret);
    let read = |content: &[u8]| pem::client_certificate(chain, content, passphrase.as_ref());
    let read = read(&content).map(Some);
    read.map_err(|fault| section.wrong(KEY, key.sentence(section, &certificate, fault), problems))
}

/// A file that a setting names.
struct PemFile<'f> {
    suffix: &'static str,
    /// What Elasticsearch calls it.
    what: &'static str,
    path: &'f str,
    files: Files<'f>,
}

impl PemFile<'_> {
    fn content(&self, section: &Section<'_>, problems: &mut Problems) -> Read<Zeroizing<Vec<u8>>> {
        let content = self.files.reader.file(&self.files.folder.join(self.path), SIZE);
        content.map_err(|fault| {
            let (what, path) = (self.what, self.shown(section));
            let sentence = match fault {
                FileFault::Unreadable(error) if error.kind() == io::ErrorKind::NotFound => {
                    format!(
                        "cannot read configured {what} [{path}] because the file does not exist"
                    )
                }
                FileFault::Unreadable(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    format!("not permitted to read the {what} file [{path}]")
                }
                FileFault::Unreadable(error) => {
                    format!("cannot read configured {what} [{path}] - {error}")
                }
                FileFault::TooLarge(_) => {
                    format!("cannot read configured {what} [{path}] - {fault}")
                }
            };
            section.wrong(self.suffix, sentence, problems)
        })
    }

    fn read<T>(
        &self,
        section: &Section<'_>,
        problems: &mut Problems,
        parse: impl FnOnce(&[u8]) -> Result<T, PemFault>,
    ) -> Read<T> {
        let content = self.content(section, problems)?;
        parse(&content).map_err(|fault| {
            let sentence = self.sentence(section, self, fault);
            section.wrong(self.suffix, sentence, problems)
        })
    }

    /// What is wrong with the content; of a key, the file of whose `certificate` is given.
    fn sentence(&self, section: &Section<'_>, certificate: &Self, fault: PemFault) -> String {
        let (what, path) = (self.what, self.shown(section));
        match fault {
            PemFault::NoCertificate => format!(
                "cannot load {what} from [{path}] - failed to parse any certificates from [{path}]"
            ),
            PemFault::NoKey => format!(
                "cannot read {what} [{path}] because the file does not contain a supported key \
                 format"
            ),
            PemFault::NoPassphrase => {
                format!("cannot read encrypted key [{path}] without a password")
            }
            PemFault::OtherKey => format!(
                "failed to load a KeyManager for certificate/key pair [{}], [{path}]: {fault}",
                certificate.shown(section),
            ),
            PemFault::WrongPassphrase => format!(
                "cannot read configured {what} [{path}] - this is usually caused by an incorrect \
                 password"
            ),
            PemFault::Encryption | PemFault::UnreadableCertificate(_) | PemFault::UnreadableKey => {
                format!("cannot load {what} from [{path}] - {fault}")
            }
        }
    }

    /// What may be printed of the whole path.
    fn shown(&self, section: &Section<'_>) -> String {
        section.shown(self.suffix, &self.files.folder.join(self.path).display())
    }
}
