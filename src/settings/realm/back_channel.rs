//! How public keys are fetched from a URL: timeouts, the proxy, and TLS.
//!
//! The one rule: whom to trust is PEM files, or what the system trusts; nothing of the environment
//! changes where a request goes.

use super::{invalid_empty, not_empty, texts};
use crate::engine::Secret;
use crate::settings::keystore::Keystore;
use crate::settings::problems::{Problems, Read};
use crate::settings::section::Section;
use crate::settings::values::{Time, Written, Wrong, integer_of_at_least, number_within};
use http::uri::Authority;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How public keys are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// A proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// How it is spoken to.
    pub scheme: ProxyScheme,
    /// A name or an address; one of IPv6 with or without brackets.
    pub host: String,
    /// Never 0.
    pub port: u16,
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyScheme {
    /// In plain.
    Http,
    /// Over TLS.
    Https,
}

/// Whom to trust, and what to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// PEM files by their full paths; whom the system trusts if there are none.
    pub certificate_authorities: Vec<PathBuf>,
    /// What is shown to a server that asks.
    pub client: Option<ClientCertificate>,
    /// How far the server's certificate is looked at.
    pub verification: Verification,
    /// Whether TLS 1.3 may be spoken.
    pub tls13: bool,
    /// Whether TLS 1.2 may be spoken; one of the two may.
    pub tls12: bool,
}

/// A certificate and its key, both PEM files by their full paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, and those that lead to its authority.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
    /// What the key is encrypted with.
    pub passphrase: Option<Secret>,
}

/// How far a server's certificate is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// Its authority, its dates and its name.
    Full,
    /// Its authority and its dates.
    Certificate,
    /// Not at all.
    None,
}

/// How long fetching keys may take in all, and so what stands for a timeout without an end.
const LOAD: Duration = Duration::from_secs(10);

/// Reads `http.*` and `ssl.*`. Relative paths stand in `folder`.
pub(super) fn read(
    section: &Section<'_>,
    keystore: &Keystore,
    folder: &Path,
    problems: &mut Problems,
) -> Read<BackChannel> {
    let connect = timeout("http.connect_timeout", section, problems);
    let socket = timeout("http.socket_timeout", section, problems);
    let pool = section.value("http.connection_read_timeout", problems, Time::parse);
    let all = section.value("http.max_connections", problems, integer_of_at_least(0));
    let each = section.value("http.max_endpoint_connections", problems, integer_of_at_least(0));
    let proxy = proxy(section, problems);
    let tls = tls(section, keystore, folder, problems);
    // There is no pool: what tunes one is checked and forgotten.
    pool?;
    all.and(each)?;
    Ok(BackChannel { connect_timeout: connect?, socket_timeout: socket?, proxy: proxy?, tls: tls? })
}

/// Zero and less mean no end there.
fn timeout(suffix: &str, section: &Section<'_>, problems: &mut Problems) -> Read<Duration> {
    let time = section.value(suffix, problems, Time::parse)?;
    let duration = time.map_or(Duration::from_secs(5), Time::duration);
    Ok(if duration.is_zero() { LOAD } else { duration })
}

fn proxy(section: &Section<'_>, problems: &mut Problems) -> Read<Option<Proxy>> {
    const HOST: &str = "http.proxy.host";
    const PORT: &str = "http.proxy.port";
    const SCHEME: &str = "http.proxy.scheme";
    let host = section.text(HOST, problems);
    let port = section.value(PORT, problems, number_within(1, 65_535));
    let scheme = section.value(SCHEME, problems, proxy_scheme);
    let Some(host) = host? else {
        return port.and(scheme).map(|_| None);
    };
    let is_host = is_host(host.text());
    if is_host {
        let (port, scheme) = (port?.unwrap_or(80), scheme?.unwrap_or(ProxyScheme::Http));
        // The port is within its bounds.
        let port = u16::try_from(port).unwrap_or(u16::MAX);
        return Ok(Some(Proxy { scheme, host: host.text().to_owned(), port }));
    }
    let port = port.unwrap_or_default().unwrap_or(80);
    let scheme = scheme.unwrap_or_default().unwrap_or(ProxyScheme::Http);
    let scheme = match scheme {
        ProxyScheme::Http => "http",
        ProxyScheme::Https => "https",
    };
    let what = format!(
        "HTTP host for hostname [{host}] (from [{}]), port [{}] (from [{}]) and scheme [{}] (from \
         ([{}]) is invalid",
        section.key(HOST),
        section.shown(PORT, &port),
        section.key(PORT),
        section.shown(SCHEME, &scheme),
        section.key(SCHEME),
    );
    Err(section.wrong(HOST, what, problems))
}

/// Whether the text is a name or an address, without a port or user info.
fn is_host(text: &str) -> bool {
    let authority: Option<Authority> = text.parse().ok();
    text.parse::<Ipv6Addr>().is_ok() || authority.is_some_and(|found| found.host() == text)
}

fn proxy_scheme(key: &str, text: Written<'_>) -> Result<ProxyScheme, Wrong> {
    match text.text() {
        "http" => Ok(ProxyScheme::Http),
        "https" => Ok(ProxyScheme::Https),
        "" => Err(invalid_empty(key)),
        _ => Err(format!("Invalid value [{text}] for [{key}]. Allowed values are [http, https].")),
    }
}

fn tls(
    section: &Section<'_>,
    keystore: &Keystore,
    folder: &Path,
    problems: &mut Problems,
) -> Read<Tls> {
    let authorities = texts("ssl.certificate_authorities", section, problems);
    let client = client_certificate(section, keystore, folder, problems);
    let verification = verification(section, problems);
    let protocols = protocols(section, problems);
    let authorities = authorities?.unwrap_or_default();
    let (tls13, tls12) = protocols?;
    Ok(Tls {
        certificate_authorities: authorities.iter().map(|path| folder.join(path)).collect(),
        client: client?,
        verification: verification?,
        tls13,
        tls12,
    })
}

fn client_certificate(
    section: &Section<'_>,
    keystore: &Keystore,
    folder: &Path,
    problems: &mut Problems,
) -> Read<Option<ClientCertificate>> {
    const KEY: &str = "ssl.key";
    const CERTIFICATE: &str = "ssl.certificate";
    let key = section.value(KEY, problems, not_empty);
    let certificate = section.value(CERTIFICATE, problems, not_empty);
    let passphrase = keystore.secret(&section.key("ssl.secure_key_passphrase"), problems);
    let without = |one: &str, other: &str| {
        format!(
            "cannot specify [{}] without also setting [{}]",
            section.key(one),
            section.key(other)
        )
    };
    match (certificate?, key?) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(section.wrong(CERTIFICATE, without(CERTIFICATE, KEY), problems)),
        (None, Some(_)) => Err(section.wrong(KEY, without(KEY, CERTIFICATE), problems)),
        (Some(certificate), Some(key)) => Ok(Some(ClientCertificate {
            certificate: folder.join(certificate),
            key: folder.join(key),
            passphrase: passphrase?.map(|stored| stored.secret),
        })),
    }
}

fn verification(section: &Section<'_>, problems: &mut Problems) -> Read<Verification> {
    const SUFFIX: &str = "ssl.verification_mode";
    let mode =
        section.value(SUFFIX, problems, |_, text| match text.text().to_lowercase().as_str() {
            "full" => Ok(Verification::Full),
            "certificate" => Ok(Verification::Certificate),
            "none" => Ok(Verification::None),
            _ => Err(format!(
                "could not resolve ssl client verification mode, unknown value [{text}], \
                 recognised values are [none,certificate,full]"
            )),
        });
    let mode = mode?.unwrap_or(Verification::Full);
    if mode == Verification::None {
        let key = section.key(SUFFIX);
        let what = format!(
            "Setting [{key}] value [none] may not be secure. \
             Whoever is on the way to the issuer may be able to make keys of their own."
        );
        problems.warn(section.place(SUFFIX), &key, what);
    }
    Ok(mode)
}

/// Versions that there were before those that are spoken here.
const OLDER: [&str; 5] = ["TLSv1.1", "TLSv1", "SSLv3", "SSLv2Hello", "SSLv2"];

/// Whether TLS 1.3 and TLS 1.2 may be spoken. An empty list is the default's.
fn protocols(section: &Section<'_>, problems: &mut Problems) -> Read<(bool, bool)> {
    const SUFFIX: &str = "ssl.supported_protocols";
    let versions = section.list(SUFFIX, problems)?.unwrap_or_default();
    if versions.is_empty() {
        return Ok((true, true));
    }
    let key = section.key(SUFFIX);
    let mut read: Read<()> = Ok(());
    for version in &versions {
        match version.text() {
            "TLSv1.3" | "TLSv1.2" => {}
            older if OLDER.contains(&older) => {
                let what = format!("[{version}] is never spoken: TLSv1.2 is the oldest version");
                problems.warn(section.place(SUFFIX), &key, what);
            }
            _ => {
                let what = format!(
                    "Invalid value [{version}] for [{key}]. Allowed values are [TLSv1.3, TLSv1.2]."
                );
                read = Err(section.wrong(SUFFIX, what, problems));
            }
        }
    }
    read?;
    let may = |version| versions.iter().any(|written| written.text() == version);
    let may = (may("TLSv1.3"), may("TLSv1.2"));
    if may == (false, false) {
        let all: Vec<_> = versions.iter().map(ToString::to_string).collect();
        let what = format!(
            "no supported SSL/TLS protocol was found in the configured supported protocols: [{}]",
            all.join(", ")
        );
        return Err(section.wrong(SUFFIX, what, problems));
    }
    Ok(may)
}
