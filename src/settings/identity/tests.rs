//! The settings of `realmgate.`, identity above all: value in, setting or exact words out.

use super::*;
use crate::settings::Settings;
use crate::settings::service::{self, Decisions, LogFormat};
use crate::settings::tests::{parse, refused, served};
use std::time::Duration;

const HMAC: (&str, &str) =
    ("xpack.security.authc.realms.jwt.r1.hmac_key", "a-key-of-at-least-32-bytes-length");
const SERVICE: &str = "realmgate.identity.elasticsearch.authorization";
const RUN_AS: (&str, &str) = ("identity.preset", "elasticsearch_run_as");

/// A document with one realm and these settings of ours.
fn document(ours: &[(&str, &str)]) -> String {
    let realm = crate::settings::tests::realm("r1", 1, "");
    let line = |(suffix, value): &(&str, &str)| format!("realmgate.{suffix}: {value}\n");
    realm + &ours.iter().map(line).collect::<String>()
}

fn settings(ours: &[(&str, &str)]) -> Settings {
    served(&document(ours), &[HMAC])
}

/// What is wrong, with its key but without its place and `realmgate.`.
fn wrong(ours: &[(&str, &str)], secrets: &[(&str, &str)]) -> Vec<String> {
    let lines = refused(&document(ours), &[&[HMAC], secrets].concat());
    let what = |line: &String| line.split_once(": ").map(|(_, what)| what.to_owned());
    lines.iter().filter_map(what).map(|what| what.replace("realmgate.", "~")).collect()
}

#[test]
fn what_is_left_out_has_its_default() {
    let Settings { limits, drain, log, identity, grpc_address, http_address, .. } = settings(&[]);
    assert_eq!(grpc_address.to_string(), "127.0.0.1:9191");
    assert_eq!(http_address.to_string(), "127.0.0.1:9192");
    assert_eq!((limits.token_size, limits.identity_size), (16_384, 8_192));
    assert_eq!((limits.deadline, limits.checks_in_flight), (Duration::from_secs(5), 10_000));
    assert_eq!((drain.grace, drain.timeout), (Duration::from_secs(5), Duration::from_secs(30)));
    assert_eq!((log.level, log.format), (tracing::Level::INFO, LogFormat::Json));
    assert_eq!((log.decisions, log.lines_per_second), (Decisions::Denied, 100));
    let Preset::Headers(names) = identity.preset else { panic!("the preset is headers") };
    assert_eq!(names, HeaderNames::default());
    assert!(!identity.metadata && identity.remove.is_empty());
    assert_eq!(identity.dynamic_metadata, DynamicMetadata::Full);
    assert_eq!(identity.forward, Forward::default());
}

#[test]
fn what_is_written_is_taken() {
    let Settings { limits, drain, log, identity, grpc_address, http_address, .. } = settings(&[
        ("grpc.address", "unix:gate.sock"),
        ("http.address", "'[::]:0'"),
        ("limits", "{ token_size: 1mb, identity_size: 1kb, deadline: 250ms, checks_in_flight: 1 }"),
        ("drain", "{ grace: 0, timeout: 1m }"),
        ("log", "{ level: TRACE, format: text, decisions: run_as, lines_per_second: 0 }"),
        ("identity.headers", "{ username: X-User, roles: '', realm: x-es-roles, metadata: x-m }"),
        ("identity.metadata", "true"),
        ("identity.remove", "[X-Internal-User, Corp-*, x_legacy]"),
        ("identity.dynamic_metadata", "decision"),
        ("forward_credentials", "'Authorization, es-security-runas-user'"),
    ]);
    assert_eq!(grpc_address.to_string(), "unix:/etc/gate/gate.sock");
    assert_eq!(http_address.to_string(), "[::]:0");
    assert_eq!((limits.token_size, limits.identity_size), (1 << 20, 1024));
    assert_eq!((limits.deadline, limits.checks_in_flight), (Duration::from_millis(250), 1));
    assert_eq!((drain.grace, drain.timeout), (Duration::ZERO, Duration::from_secs(60)));
    assert_eq!((log.level, log.format), (tracing::Level::TRACE, LogFormat::Text));
    assert_eq!((log.decisions, log.lines_per_second), (Decisions::RunAs, 0));
    let Preset::Headers(names) = identity.preset else { panic!("the preset is headers") };
    assert_eq!((names.username.as_deref(), names.roles), (Some("x-user"), None));
    assert_eq!(
        (names.realm.as_deref(), names.metadata.as_deref()),
        (Some("x-es-roles"), Some("x-m"))
    );
    assert!(identity.metadata);
    assert_eq!(
        identity.remove,
        [
            Remove::Exact("x-internal-user".into()),
            Remove::Prefix("corp-".into()),
            Remove::Exact("x_legacy".into())
        ]
    );
    assert_eq!(identity.dynamic_metadata, DynamicMetadata::Decision);
    assert_eq!(
        identity.forward,
        Forward { authorization: true, client_authentication: false, run_as: true }
    );
}

/// Suffix, value and what is wrong with it.
const WRONG: &[(&str, &str, &str)] = &[
    (
        "grpc.address",
        "localhost:9191",
        "Invalid value [localhost:9191] for [~grpc.address], expected IP:PORT, [IP]:PORT or unix:PATH",
    ),
    (
        "http.address",
        "unix:/x",
        "Invalid value [unix:/x] for [~http.address], expected IP:PORT or [IP]:PORT",
    ),
    (
        "limits.token_size",
        "2mb",
        "Failed to parse value [2mb] for setting [~limits.token_size] must be between [1kb] and [1mb]",
    ),
    (
        "limits.token_size",
        "16384",
        "failed to parse setting [~limits.token_size] with value [16384] as a size in bytes: unit is missing or unrecognized",
    ),
    (
        "limits.identity_size",
        "1b",
        "Failed to parse value [1b] for setting [~limits.identity_size] must be between [1kb] and [1mb]",
    ),
    (
        "limits.deadline",
        "0s",
        "failed to parse value [0s] for setting [~limits.deadline], must be >= [1ms]",
    ),
    (
        "limits.checks_in_flight",
        "0",
        "Failed to parse value [0] for setting [~limits.checks_in_flight] must be >= 1",
    ),
    ("drain.grace", "-1", "failed to parse value [-1] for setting [~drain.grace], must be >= [0s]"),
    (
        "log.level",
        "loud",
        "Invalid value [loud] for [~log.level], allowed values are [error,warn,info,debug,trace]",
    ),
    ("log.format", "xml", "Invalid value [xml] for [~log.format], allowed values are [json,text]"),
    (
        "log.decisions",
        "some",
        "Invalid value [some] for [~log.decisions], allowed values are [denied,run_as,all,none]",
    ),
    (
        "log.lines_per_second",
        "-1",
        "Failed to parse value [-1] for setting [~log.lines_per_second] must be >= 0",
    ),
    (
        "identity.preset",
        "opa",
        "Invalid value [opa] for [~identity.preset], allowed values are [headers,elasticsearch_run_as]",
    ),
    (
        "identity.dynamic_metadata",
        "all",
        "Invalid value [all] for [~identity.dynamic_metadata], allowed values are [full,decision,none]",
    ),
    ("identity.metadata", "1", "Failed to parse value [1] as only [true] or [false] are allowed."),
    ("identity.headers.username", "'x user'", "[x user] is no header name"),
    ("identity.headers.username", "':path'", "[:path] is no header name"),
    ("identity.headers.username", "é", "[é] is no header name"),
    (
        "identity.headers.username",
        "Host",
        "the header [Host] belongs to the connection or the message",
    ),
    (
        "identity.headers.username",
        "content_length",
        "the header [content_length] belongs to the connection or the message",
    ),
    ("identity.headers.username", "TE", "the header [TE] belongs to the connection or the message"),
    (
        "identity.headers.username",
        "authorization",
        "the header [authorization] carries a credential",
    ),
    (
        "identity.headers.username",
        "es_client_authentication",
        "the header [es_client_authentication] carries a credential",
    ),
    (
        "identity.headers.realm",
        "X_ES_Username",
        "the header [X_ES_Username] has another property's value already",
    ),
    ("identity.remove", "['']", "[] is no header name"),
    (
        "identity.remove",
        "[Transfer-Encoding]",
        "the header [Transfer-Encoding] belongs to the connection or the message",
    ),
    (
        "identity.remove",
        "[es-security-runas-user]",
        "the header [es-security-runas-user] carries a credential",
    ),
    ("identity.remove", "'*'", "the prefix of [*] has no letter"),
    ("identity.remove", "'*-user'", "[*-user] is neither a name nor a prefix that ends in [*]"),
    ("identity.remove", "'x*y*'", "[x*y*] is neither a name nor a prefix that ends in [*]"),
    ("identity.headers.username", "'x*'", "[x*] is neither a name nor a prefix that ends in [*]"),
    (
        "identity.headers.username",
        "es_secondary_authorization",
        "the header [es_secondary_authorization] carries a credential",
    ),
    ("identity.remove", "x-1,-1*", "the prefix of [-1*] has no letter"),
    ("identity.remove", "[':a*']", "[:a*] is no header name"),
    ("identity.remove", "Con*", "[Con*] would remove the header [connection]"),
    ("identity.remove", "content_*", "[content_*] would remove the header [content-length]"),
    (
        "forward_credentials",
        "cookie",
        "Invalid value [cookie] for [~forward_credentials], allowed values are [authorization,es-client-authentication,es-security-runas-user]",
    ),
    (
        "identity.headers.user",
        "x",
        "unknown setting [~identity.headers.user] did you mean [~identity.headers.username]?",
    ),
    ("rules", "[{ access: deny }]", "not supported yet"),
    ("grpc.tls.certificate", "x", "not supported yet"),
];

#[test]
fn each_wrong_value_is_named() {
    for (suffix, value, what) in WRONG {
        assert_eq!(wrong(&[(suffix, value)], &[]), [format!("~{suffix}: {what}")], "{value}");
    }
    let lines = refused("realmgate: x\n", &[]);
    assert_eq!(lines[1], "gate.yml:1: realmgate: unknown setting [realmgate]");
}

#[test]
fn a_prefix_may_hold_our_own_names_and_credentials() {
    // What is set is never removed, so these take nothing away that is needed.
    let settings = settings(&[("identity.remove", "[x-es-*, es-*, x-envoy-*]")]);
    assert_eq!(settings.identity.remove.len(), 3);
}

#[test]
fn the_run_as_preset_takes_its_credential_from_the_keystore() {
    for value in ["Basic dXNlcjpwYXNz", "ApiKey QUJD"] {
        let settings = served(&document(&[RUN_AS]), &[HMAC, (SERVICE, value)]);
        let Preset::ElasticsearchRunAs { authorization } = settings.identity.preset else {
            panic!("the preset is elasticsearch_run_as")
        };
        assert_eq!(authorization.expose(), value.as_bytes());
    }
    let shape = "~identity.elasticsearch.authorization: the value must begin with `Basic ` or \
                 `ApiKey `, and be visible ASCII after it";
    for value in
        ["Bearer abc", "basic abc", "Basic ", "Basic a b", "Basic é", "ApiKey a\r", "Basicabc"]
    {
        assert_eq!(wrong(&[RUN_AS], &[(SERVICE, value)]), [shape], "{value}");
    }
    assert_eq!(
        wrong(&[RUN_AS], &[]),
        ["~identity.elasticsearch.authorization: Missing setting for \
          [~identity.elasticsearch.authorization]. It is required when setting [~identity.preset] \
          is [elasticsearch_run_as]"]
    );
    assert_eq!(
        wrong(&[("identity.elasticsearch.authorization", "Basic abc")], &[]).len(),
        1,
        "a secure setting stands in the keystore only"
    );
}

#[test]
fn nothing_stands_beside_a_service_credential() {
    let because = "because [~identity.preset] is [elasticsearch_run_as]";
    let beside =
        |suffix: &str| format!("~{suffix}: Setting [~{suffix}] is not supported, {because}");
    let ours = [
        RUN_AS,
        ("identity.headers.username", "x-user"),
        ("identity.headers.dn", "''"),
        ("identity.metadata", "true"),
        ("forward_credentials", "authorization"),
        ("grpc.address", "0.0.0.0:9191"),
    ];
    assert_eq!(
        wrong(&ours, &[(SERVICE, "Basic abc")]),
        [
            beside("identity.headers.username"),
            beside("identity.headers.dn"),
            beside("identity.metadata"),
            beside("forward_credentials"),
            format!(
                "~grpc.address: the address must be a loopback address or unix:PATH, {because}: \
                 whoever can reach it could read the credential"
            ),
        ]
    );
    for address in ["unix:gate.sock", "'[::1]:0'", "127.8.0.1:0"] {
        let ours = [RUN_AS, ("grpc.address", address)];
        served(&document(&ours), &[HMAC, (SERVICE, "Basic abc")]);
    }
}

#[test]
fn every_known_setting_is_in_the_table_once() {
    let mut suffixes: Vec<_> = service::TABLE.iter().map(|known| known.suffix).collect();
    suffixes.sort_unstable();
    suffixes.dedup();
    assert_eq!(suffixes.len(), service::TABLE.len());
}

#[test]
fn a_header_that_two_properties_have_is_blamed_on_what_was_written() {
    let taken = "the header [x-es-roles] has another property's value already";
    assert_eq!(
        wrong(&[("identity.headers.username", "x-es-roles")], &[]),
        [format!("~identity.headers.username: {taken}")]
    );
}

#[test]
fn a_service_credential_that_nothing_uses_is_warned_about() {
    let (settings, warnings) = parse(&document(&[]), &[HMAC, (SERVICE, "Basic x")]);
    assert!(settings.is_ok());
    let what = "it has no effect unless setting [realmgate.identity.preset] is";
    assert!(warnings.iter().any(|line| line.contains(what)), "{warnings:?}");
}
