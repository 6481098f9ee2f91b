//! The PEM files of a realm whose keys come from a URL.

use super::*;
use crate::jwks::{Authorities, ClientCertificate, Tls, pem};
use crate::settings::Sources;
use crate::settings::section::NOT_YET;
use crate::settings::tests::{Folder, realm};
use std::fs;

/// A file of `tests/vectors/pem`.
macro_rules! vector {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/vectors/pem/", $name, ".pem"))
    };
}

const PASSPHRASE: &str = "open sesame";

/// A configuration with these settings beside a URL, and the files that they may name.
fn folder(name: &str, settings: &str) -> Folder {
    let passphrase = format!("keystore/{PREFIX}ssl.secure_key_passphrase");
    let text = realm("r1", 1, &format!("  pkc_jwkset_path: https://issuer/keys\n{settings}"));
    let folder = Folder::new(&format!("pem-{name}"))
        .with("gate.yml", text)
        .with("one.pem", vector!("certificate"))
        .with("two.pem", vector!("rsa-certificate"))
        .with("key.pem", vector!("pkcs8"))
        .with("encrypted.pem", vector!("pbes2-aes256-sha256"))
        .with("openssl.pem", vector!("openssl"))
        .with("rsa.pem", vector!("rsa-pkcs1"))
        .with("empty.pem", "")
        .with("large.pem", " ".repeat((1 << 20) + 1))
        .with(&passphrase, PASSPHRASE);
    fs::create_dir_all(folder.0.join("folder")).unwrap();
    folder
}

/// What is wrong beside the refusal of what is not built yet, `FOLDER` and `~` standing for what
/// every line has.
fn faults(folder: &Folder) -> Vec<String> {
    let version = Sources::new(&folder.0.join("gate.yml"), None).read(None);
    let lines = version.made.unwrap_err().refusals().collect::<Vec<_>>();
    let lines = lines.iter().filter(|line| !line.contains(NOT_YET));
    let path = folder.0.display().to_string();
    let at = format!("{path}/gate.yml:");
    lines.map(|line| line.replace(&at, "").replace(&path, "FOLDER").replace(PREFIX, "~")).collect()
}

/// A client certificate with this key.
fn with_key(path: &str) -> String {
    format!("  ssl.certificate: one.pem\n  ssl.key: {path}\n")
}

fn authorities(paths: &str) -> String {
    format!("  ssl.certificate_authorities: [{paths}]\n")
}

#[test]
fn what_is_wrong_with_a_certificate_is_said_at_the_line_that_names_it() {
    const AUTHORITIES: &str = "8: ~ssl.certificate_authorities";
    for (settings, expected) in [
        (
            authorities("none.pem"),
            format!(
                "{AUTHORITIES}: cannot read configured PEM certificate_authorities \
                 [FOLDER/none.pem] because the file does not exist"
            ),
        ),
        (
            authorities("one.pem, folder"),
            format!(
                "{AUTHORITIES}: cannot read configured PEM certificate_authorities [FOLDER/folder] \
                 - it is not a file"
            ),
        ),
        (
            authorities("large.pem"),
            format!(
                "{AUTHORITIES}: cannot read configured PEM certificate_authorities \
                 [FOLDER/large.pem] - the file is larger than 1048576 bytes"
            ),
        ),
        (
            authorities("one.pem, key.pem"),
            format!(
                "{AUTHORITIES}: cannot load PEM certificate_authorities from [FOLDER/key.pem] - \
                 failed to parse any certificates from [FOLDER/key.pem]"
            ),
        ),
        (
            "  ssl.certificate: empty.pem\n  ssl.key: key.pem\n".to_owned(),
            "8: ~ssl.certificate: cannot load PEM certificate from [FOLDER/empty.pem] - failed to \
             parse any certificates from [FOLDER/empty.pem]"
                .to_owned(),
        ),
    ] {
        assert_eq!(faults(&folder("certificates", &settings)), [expected]);
    }
    let all = authorities("a.pem, b.pem") + &with_key("c.pem");
    assert_eq!(faults(&folder("all", &all)).len(), 3, "all at once");
}

#[test]
fn what_is_wrong_with_a_key_is_said_at_the_line_that_names_it() {
    for (path, expected) in [
        (
            "none.pem",
            "cannot read configured PEM private key [FOLDER/none.pem] because the file does not \
             exist",
        ),
        (
            "one.pem",
            "cannot read PEM private key [FOLDER/one.pem] because the file does not contain a \
             supported key format",
        ),
        (
            "rsa.pem",
            "failed to load a KeyManager for certificate/key pair [FOLDER/one.pem], \
             [FOLDER/rsa.pem]: the key is not the certificate's",
        ),
        (
            "openssl.pem",
            "cannot load PEM private key from [FOLDER/openssl.pem] - the key is encrypted in a \
             way that is not supported: [openssl pkcs8 -topk8] writes one that is",
        ),
    ] {
        let expected = format!("9: ~ssl.key: {expected}");
        assert_eq!(faults(&folder("keys", &with_key(path))), [expected]);
    }
    let passphrase = format!("keystore/{PREFIX}ssl.secure_key_passphrase");
    for (secret, expected) in [
        (
            "hunter2",
            "cannot read configured PEM private key [FOLDER/encrypted.pem] - this is \
                     usually caused by an incorrect password",
        ),
        ("", "cannot read encrypted key [FOLDER/encrypted.pem] without a password"),
    ] {
        let folder = folder("passphrase", &with_key("encrypted.pem")).with(&passphrase, secret);
        assert_eq!(faults(&folder), [format!("9: ~ssl.key: {expected}")]);
    }
}

/// The TLS settings of a configuration, the refusal of what is not built yet apart.
fn tls(folder: &Folder) -> Tls {
    let text = fs::read_to_string(folder.0.join("gate.yml")).unwrap();
    let key = format!("{PREFIX}ssl.secure_key_passphrase");
    let settings = crate::settings::tests::read_in(&folder.0, &text, &[(&key, PASSPHRASE)]);
    settings.unwrap().realms.remove(0).back_channel.tls
}

fn client() -> ClientCertificate {
    let chain = pem::certificates(vector!("certificate").as_bytes()).unwrap();
    pem::client_certificate(chain, vector!("pkcs8").as_bytes(), None).unwrap()
}

#[test]
fn what_the_files_hold_is_a_part_of_the_settings() {
    for key in ["key.pem", "encrypted.pem"] {
        let settings = format!(
            "  ssl.certificate_authorities: [one.pem, two.pem]\n  ssl.certificate: one.pem\n  \
             ssl.key: {key}\n"
        );
        let tls = tls(&folder("taken", &settings));
        let both = format!("{}{}", vector!("certificate"), vector!("rsa-certificate"));
        assert_eq!(
            tls.authorities,
            Authorities::These(pem::certificates(both.as_bytes()).unwrap())
        );
        assert_eq!(tls.client, Some(client()));
    }
    let tls = tls(&folder("none", ""));
    assert_eq!((tls.authorities, tls.client), (Authorities::System, None));
}

#[test]
fn a_file_that_changes_is_a_new_version() {
    let settings = "  ssl.certificate_authorities: one.pem\n  ssl.certificate: one.pem\n  \
                    ssl.key: key.pem\n";
    for file in ["one.pem", "key.pem"] {
        let folder = folder("changed", settings);
        let reading = Sources::new(&folder.0.join("gate.yml"), None).read(None).reading;
        assert!(reading.is_current());
        fs::write(folder.0.join(file), vector!("rsa-pkcs1")).unwrap();
        assert!(!reading.is_current(), "{file}");
    }
}

#[test]
fn no_file_is_looked_at_for_keys_that_come_from_no_url() {
    let change = [
        ("ssl.certificate_authorities", "none.pem"),
        ("ssl.certificate", "none.pem"),
        ("ssl.key", "none.pem"),
    ];
    let tls = super::realm(&change).back_channel.tls;
    assert_eq!((tls.authorities, tls.client), (Authorities::System, None));
}
