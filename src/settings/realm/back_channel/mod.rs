//! How public keys are fetched from a URL: timeouts, the proxy, and TLS.
//!
//! The one rule: whom to trust is PEM files, or what the system trusts; nothing of the environment
//! changes where a request goes.

mod pem_files;

use super::invalid_empty;
use crate::jwks::{BackChannel, Proxy, ProxyScheme, Tls, Verification};
use crate::settings::files::Files;
use crate::settings::keystore::Keystore;
use crate::settings::problems::{Problems, Read};
use crate::settings::section::Section;
use crate::settings::values::{Time, Written, Wrong, integer_of_at_least, number_within};
use http::uri::Authority;
use std::net::Ipv6Addr;
use std::time::Duration;

/// How long fetching keys may take in all, and so what stands for a timeout without an end.
const LOAD: Duration = Duration::from_secs(10);

/// Reads `http.*` and `ssl.*`, and the PEM files that they name, if these are wanted.
pub(super) fn read(
    section: &Section<'_>,
    keystore: &Keystore,
    files: Option<Files<'_>>,
    problems: &mut Problems,
) -> Read<BackChannel> {
    let connect = timeout("http.connect_timeout", section, problems);
    let socket = timeout("http.socket_timeout", section, problems);
    let pool = section.value("http.connection_read_timeout", problems, Time::parse);
    let all = section.value("http.max_connections", problems, integer_of_at_least(0));
    let each = section.value("http.max_endpoint_connections", problems, integer_of_at_least(0));
    let proxy = proxy(section, problems);
    let tls = tls(section, keystore, files, problems);
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
    files: Option<Files<'_>>,
    problems: &mut Problems,
) -> Read<Tls> {
    let authorities = pem_files::authorities(section, files, problems);
    let client = pem_files::client_certificate(section, keystore, files, problems);
    let verification = verification(section, problems);
    let (tls13, tls12) = protocols(section, problems)?;
    Ok(Tls {
        authorities: authorities?,
        client: client?,
        verification: verification?,
        tls13,
        tls12,
    })
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
