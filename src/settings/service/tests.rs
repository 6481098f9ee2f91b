//! The settings of `realmgate.` that are not acted on yet, or by others: value in, setting or exact
//! words out.

use super::*;
use crate::settings::Settings;
use crate::settings::tests::{parse, realm};

const HMAC: (&str, &str) =
    ("xpack.security.authc.realms.jwt.r1.hmac_key", "a-key-of-at-least-32-bytes-length");

/// What one realm and these settings of ours make, and the lines that are said of ours, with their
/// keys but without their places and `realmgate.`.
fn with(ours: &str) -> (Option<Settings>, Vec<String>) {
    let text = realm("r1", 1, "").replace("none", "shared_secret") + ours;
    let secret = "xpack.security.authc.realms.jwt.r1.client_authentication.shared_secret";
    let (settings, mut lines) = parse(&text, &[HMAC, (secret, "secret")]);
    let settings = settings.map_err(|wrong| lines.extend(wrong)).ok();
    let said = lines.iter().map(|line| {
        let (place, said) = line.split_once(": realmgate.").unwrap();
        let warning = if place.starts_with("warning: ") { "warning: " } else { "" };
        format!("{warning}{}", said.replace("realmgate.", "~"))
    });
    (settings, said.collect())
}

#[test]
fn what_is_left_out_has_its_default() {
    let (settings, said) = with("");
    assert_eq!(said, [""; 0]);
    let settings = settings.unwrap();
    let grpc = Grpc {
        tls: GrpcTls::default(),
        reflection: false,
        max_connection_age: Duration::from_secs(1800),
        max_concurrent_streams: 1000,
    };
    let jwks = Jwks {
        reload_burst: 5,
        reload_interval: Duration::from_secs(10),
        startup_timeout: Duration::from_secs(30),
        start_degraded: false,
    };
    assert_eq!((settings.grpc, settings.jwks), (grpc, jwks));
    assert_eq!(settings.directory_paths, DirectoryPaths::default());
    assert!(settings.http_security_api && !settings.allow_cors_preflight);
}

#[test]
fn what_is_written_is_taken_and_what_has_no_effect_yet_is_named() {
    let written = "\
realmgate.grpc: { reflection: true, max_connection_age: 90s, max_concurrent_streams: 1 }
realmgate.jwks: { reload_burst: 1000, reload_interval: 1s, startup_timeout: 0, start_degraded: true }
realmgate: { role_mappings.path: m, roles.path: /r.yml, users.path: ../u }
realmgate.file_realm: { users: file/users, users_roles: file/roles }
realmgate.allow_cors_preflight: true
";
    let (settings, said) = with(written);
    let settings = settings.unwrap();
    let grpc = settings.grpc;
    assert!(grpc.reflection);
    assert_eq!((grpc.max_connection_age.as_secs(), grpc.max_concurrent_streams), (90, 1));
    let jwks = Jwks {
        reload_burst: 1000,
        reload_interval: Duration::from_secs(1),
        startup_timeout: Duration::ZERO,
        start_degraded: true,
    };
    assert_eq!(settings.jwks, jwks);
    let paths = DirectoryPaths {
        role_mappings: Some("/etc/gate/m".into()),
        roles: Some("/r.yml".into()),
        users: Some("/etc/gate/../u".into()),
        file_realm_users: Some("/etc/gate/file/users".into()),
        file_realm_users_roles: Some("/etc/gate/file/roles".into()),
    };
    assert_eq!(settings.directory_paths, paths);
    assert!(settings.allow_cors_preflight);
    let idle = [
        "grpc.reflection",
        "role_mappings.path",
        "roles.path",
        "users.path",
        "file_realm.users",
        "file_realm.users_roles",
        "allow_cors_preflight",
    ];
    let idle = idle.map(|key| format!("warning: {key}: the setting has no effect"));
    assert_eq!(said, idle);
}

#[test]
fn a_value_out_of_bounds_is_named_with_them() {
    for (suffix, value, what) in [
        ("grpc.max_connection_age", "999ms", ", must be >= [1s]"),
        ("grpc.max_concurrent_streams", "0", " must be >= 1"),
        ("grpc.max_concurrent_streams", "1000001", " must be <= 1000000"),
        ("jwks.reload_burst", "0", " must be >= 1"),
        ("jwks.reload_burst", "1001", " must be <= 1000"),
        ("jwks.reload_interval", "999ms", ", must be >= [1s]"),
        ("jwks.startup_timeout", "-1", ", must be >= [0s]"),
        ("limits.deadline", "0", ", must be >= [1ms]"),
    ] {
        let (settings, said) = with(&format!("realmgate.{suffix}: {value}\n"));
        assert!(settings.is_none(), "{suffix}: {value}");
        let line = format!("parse value [{value}] for setting [~{suffix}]{what}");
        assert!(said.iter().any(|said| said.ends_with(&line)), "{said:?}");
    }
    for (suffix, value, what) in [
        (
            "grpc.reflection",
            "yes",
            "Failed to parse value [yes] as only [true] or [false] are allowed.",
        ),
        ("roles.path", "''", "Invalid value [] for [~roles.path], expected a path"),
        (
            "file_realm.users",
            "\"a\\0\"",
            "Invalid value [a\\u{0}] for [~file_realm.users], expected a path",
        ),
        ("users.path", "[a, b]", "expected a single value"),
        (
            "grpc.tls.client_authorities",
            "[]",
            "Invalid empty list for [~grpc.tls.client_authorities].",
        ),
        ("grpc.tls.client_names", "''", "Invalid empty list for [~grpc.tls.client_names]."),
        (
            "grpc.tls.client_authorities",
            "[a, '']",
            "Invalid value [] for [~grpc.tls.client_authorities], expected a path",
        ),
    ] {
        let (settings, said) = with(&format!("realmgate.{suffix}: {value}\n"));
        assert!(settings.is_none(), "{suffix}: {value}");
        assert!(said.contains(&format!("{suffix}: {what}")), "{said:?}");
    }
}

#[test]
fn a_listeners_tls_is_read_and_refused_until_it_is_built() {
    let text = "realmgate.grpc.tls: { certificate: c.pem, key: k.pem, client_authorities: [a], client_names: n }\n";
    let (settings, said) = with(text);
    assert!(settings.is_none());
    let keys = ["certificate", "client_authorities", "client_names", "key"];
    assert_eq!(said, keys.map(|key| format!("grpc.tls.{key}: not supported yet")));
}

#[test]
fn tokens_can_be_tried_where_nobody_else_can_or_where_it_is_said_with_a_warning() {
    let open =
        "warning: http.security_api: whoever can reach the HTTP address can try tokens there";
    for (address, written, is_on, said) in [
        ("127.0.0.1:0", None, true, &[][..]),
        ("'[::1]:0'", None, true, &[]),
        ("0.0.0.0:0", None, false, &[]),
        ("0.0.0.0:0", Some(true), true, &[open]),
        ("0.0.0.0:0", Some(false), false, &[]),
        ("127.0.0.1:0", Some(true), true, &[]),
        ("127.0.0.1:0", Some(false), false, &[]),
    ] {
        let written = written.map(|on: bool| format!("realmgate.http.security_api: {on}\n"));
        let text = format!("realmgate.http.address: {address}\n{}", written.unwrap_or_default());
        let (settings, lines) = with(&text);
        assert_eq!(settings.unwrap().http_security_api, is_on, "{text}");
        assert_eq!(lines, said, "{text}");
    }
}

/// So that the documentation cannot promise another default.
#[test]
fn a_default_that_is_written_out_changes_nothing() {
    use crate::settings::section::Standing;
    let left_out = with("").0.unwrap();
    let mut written_out = 0;
    for known in TABLE {
        let is_taken =
            !known.is_secure && matches!(known.standing, Standing::Served | Standing::NoEffect);
        let is_value =
            !matches!(known.default, "" | "none" | "any") && !known.default.contains(' ');
        if is_taken && is_value {
            written_out += 1;
            let text = format!("realmgate.{}: {}\n", known.suffix, known.default);
            assert_eq!(with(&text).0.as_ref(), Some(&left_out), "{text}");
        }
    }
    assert!(written_out > 30, "{written_out} of {}", TABLE.len());
}

#[test]
fn every_setting_is_described() {
    for known in TABLE {
        assert!(known.meaning.ends_with('.'), "{}", known.suffix);
        assert!(!known.meaning.contains('|') && !known.default.contains('|'), "{}", known.suffix);
    }
}
