//! The quickstart's configuration: two realms of a guide, with the secrets that everybody knows.
//!
//! The one rule: whoever can read the guide is let in, so it is served on loopback only.

use super::files::{Files, Reader};
use super::keystore::Keystore;
use super::problems::{Place, Problems, Read};
use super::values::{GrpcAddress, tcp_address};
use super::{Settings, document};
use std::net::SocketAddr;
use std::path::Path;

/// The settings, as a user would write them.
pub const CONFIG: &str = include_str!("quickstart.yml");

/// What verifies the tokens of `jwt8` and of `jwt2`. The second the guide does not print; it is that
/// of Elasticsearch's own tests.
pub const HMAC_KEYS: [&str; 2] =
    ["hmac-oidc-key-string-for-hs256-algorithm", "test-HMAC/secret passphrase-value"];

/// What a client of `jwt8` and of `jwt2` presents.
pub const CLIENT_SECRETS: [&str; 2] = ["client-shared-secret-string", "test-secret"];

const SECRETS: [(&str, &str); 4] = [
    ("xpack.security.authc.realms.jwt.jwt8.hmac_key", HMAC_KEYS[0]),
    ("xpack.security.authc.realms.jwt.jwt8.client_authentication.shared_secret", CLIENT_SECRETS[0]),
    ("xpack.security.authc.realms.jwt.jwt2.hmac_key", HMAC_KEYS[1]),
    ("xpack.security.authc.realms.jwt.jwt2.client_authentication.shared_secret", CLIENT_SECRETS[1]),
];

/// The quickstart's settings, on other addresses if any are given.
pub fn quickstart(
    grpc_address: Option<&str>,
    http_address: Option<&str>,
) -> Result<Settings, Problems> {
    let mut problems = Problems::new(Path::new("quickstart"), None);
    let grpc = grpc_address.map(|text| loopback("--grpc-address", text, &mut problems));
    let http = http_address.map(|text| loopback("--http-address", text, &mut problems));
    let document = document::read(CONFIG.as_bytes(), &|_| None, &mut problems);
    let files = Files { folder: Path::new(""), reader: &Reader::default() };
    let settings = document.and_then(|document| {
        super::assemble(&document, &Keystore::of(&SECRETS), files, &mut problems)
    });
    let changed = |settings: Settings| -> Read<Settings> {
        let grpc = grpc.transpose()?.map_or(settings.grpc_address, GrpcAddress::Tcp);
        let http = http.transpose()?.unwrap_or(settings.http_address);
        Ok(Settings { grpc_address: grpc, http_address: http, quickstart: true, ..settings })
    };
    super::sound(settings.and_then(changed), problems).map(|(settings, _)| settings)
}

fn loopback(option: &str, text: &str, problems: &mut Problems) -> Read<SocketAddr> {
    let local = tcp_address(option, text.into()).and_then(|address| {
        if address.ip().is_loopback() {
            return Ok(address);
        }
        Err(format!("[{text}] is no loopback address, and these secrets are public"))
    });
    local.map_err(|what| problems.report(Place::File, Some(option), what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Secret;
    use crate::settings::HmacKeys;

    #[test]
    fn the_quickstart_serves_the_guides_realms_on_loopback() {
        let settings = quickstart(None, None).unwrap();
        assert_eq!(settings.grpc_address.to_string(), "127.0.0.1:9191");
        assert_eq!(settings.http_address.to_string(), "127.0.0.1:9192");
        assert!(settings.quickstart);
        let [jwt2, jwt8] = settings.realms.as_slice() else { panic!("two realms") };
        assert_eq!((jwt2.name.as_str(), jwt2.order), ("jwt2", 2));
        assert_eq!((jwt8.name.as_str(), jwt8.order), ("jwt8", 8));
        for (realm, key) in [jwt8, jwt2].into_iter().zip(HMAC_KEYS) {
            assert_eq!(realm.keys.hmac, Some(HmacKeys::Key(Secret::new(key))));
        }
    }

    #[test]
    fn other_loopback_addresses_are_taken() {
        let settings = quickstart(Some("127.0.0.2:0"), Some("[::1]:0")).unwrap();
        assert_eq!(settings.grpc_address.to_string(), "127.0.0.2:0");
        assert_eq!(settings.http_address.to_string(), "[::1]:0");
    }

    #[test]
    fn an_address_that_others_can_reach_is_refused() {
        for address in ["0.0.0.0:9191", "[::]:9191", "10.0.0.1:9191"] {
            let problems = quickstart(Some(address), Some(address)).unwrap_err();
            let lines: Vec<_> = problems.lines().collect();
            let what = format!("[{address}] is no loopback address, and these secrets are public");
            assert_eq!(
                lines,
                [
                    format!("quickstart: --grpc-address: {what}"),
                    format!("quickstart: --http-address: {what}"),
                ]
            );
        }
        for address in ["unix:/tmp/gate.sock", "localhost:1", ""] {
            assert!(quickstart(Some(address), None).is_err(), "{address}");
        }
    }
}
