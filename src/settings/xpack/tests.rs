//! Keys of no realm: acted on, without meaning, misspelt, or of nobody here.

use super::*;
use crate::settings::tests::{parse, realm, refused, served};

const R1: (&str, &str) =
    ("xpack.security.authc.realms.jwt.r1.hmac_key", "a-key-of-at-least-32-bytes-length");

/// The realm `r1`, which is six lines.
fn r1() -> String {
    realm("r1", 1, "")
}

/// The warnings of the realm `r1` and `more`, apart from its own.
fn warnings(more: &str) -> Vec<String> {
    let (settings, lines) = parse(&(r1() + more), &[R1]);
    assert!(settings.is_ok(), "{more}: {settings:?}");
    lines.into_iter().filter(|line| !line.contains("submit JWTs")).collect()
}

#[test]
fn run_as_is_on_unless_it_is_switched_off() {
    for (more, expected) in [
        ("", true),
        ("xpack.security.authc.run_as.enabled: true\n", true),
        ("xpack:\n  security:\n    authc:\n      run_as.enabled: false\n", false),
        ("xpack.security.authc.run_as: {}\n", true),
    ] {
        assert_eq!(served(&(r1() + more), &[R1]).run_as_enabled, expected, "{more}");
        assert_eq!(warnings(more), [""; 0]);
    }
    let key = "xpack.security.authc.run_as.enabled";
    assert_eq!(
        refused(&(r1() + key + ": 'no'\n"), &[R1]),
        [format!(
            "gate.yml:7: {key}: Failed to parse value [no] as only [true] or [false] are allowed."
        )]
    );
}

#[test]
fn each_setting_without_meaning_is_named_once_at_its_first_line() {
    for known in WITHOUT_MEANING {
        let group = known.trim_end_matches(".*");
        let more = match known.strip_suffix('*') {
            Some(group) => format!("{PREFIX}{group}b.c: [[]]\n{PREFIX}{group}a: x\n"),
            None => format!("{PREFIX}{known}: x\n"),
        };
        assert_eq!(
            warnings(&more),
            [format!("warning: gate.yml:7: {PREFIX}{group}: {NO_MEANING}")]
        );
    }
    let nested = "
xpack.security:
  http:
    ssl:
      enabled: true
      keystore.path: x
  enabled: true
xpack.security.http.ssl.verification_mode: none
xpack.security.transport.ssl: {}
";
    assert_eq!(
        warnings(nested),
        [
            format!("warning: gate.yml:10: xpack.security.http.ssl: {NO_MEANING}"),
            format!("warning: gate.yml:13: xpack.security.enabled: {NO_MEANING}"),
        ]
    );
}

#[test]
fn what_is_not_known_is_refused_with_the_nearest_or_with_what_is_read() {
    let only = ": only [xpack.security.*] and [realmgate.*] are read here";
    for (key, expected) in [
        ("xpack.security.enable", " did you mean [xpack.security.enabled]?"),
        ("xpack.security.htp.ssl.key", " did you mean [xpack.security.http.ssl.key]?"),
        ("xpack.security.http.ssl", " did you mean [xpack.security.http.ssl.*]?"),
        (
            "xpack.security.authc.run_as.enable",
            " did you mean [xpack.security.authc.run_as.enabled]?",
        ),
        (
            "xpack.security.authc.realm.jwt.r1.order",
            " did you mean [xpack.security.authc.realms.jwt.r1.order]?",
        ),
        ("xpack.security.no_such_thing", ""),
        ("xpack.security.authc", ""),
        ("xpack.securty.enabled", " did you mean [xpack.security.enabled]?"),
        ("realm_gate.grpc.address", " did you mean [realmgate.grpc.address]?"),
        ("xpack.ml.enabled", only),
        ("xpack.monitoring.collection.enabled", only),
        ("xpack.license.self_generated.type", only),
        ("xpack.searchable.snapshot.shared_cache.size", only),
        ("node.name", only),
        ("x", only),
        ("xpack", only),
    ] {
        assert_eq!(
            refused(&(r1() + key + ": x\n"), &[R1]),
            [format!("gate.yml:7: {key}: unknown setting [{key}]{expected}")]
        );
    }
}

/// As a cluster has it that its users reach by Kibana, its administrators by files, and its
/// services by tokens.
const CLUSTER: &str = "\
cluster.name: production
node.name: node-1
node.roles: [master, data]
path:
  data: /var/lib/elasticsearch
  logs: /var/log/elasticsearch
network.host: [_local_, _site_]
discovery.seed_hosts: ['es1.example.com', 'es2.example.com']
xpack.ml.enabled: false
xpack.security:
  enabled: true
  enrollment.enabled: false
  http.ssl:
    enabled: true
    keystore.path: certs/http.p12
  transport.ssl:
    enabled: true
    verification_mode: certificate
    keystore.path: certs/transport.p12
    truststore.path: certs/transport.p12
  audit:
    enabled: true
    logfile.events.include: [access_denied, authentication_failed]
  authc:
    anonymous: { username: nobody, roles: [monitor], authz_exception: true }
    api_key.enabled: true
    token.enabled: true
    realms:
      file.file1.order: 0
      native.native1: { order: 1 }
      saml.saml1:
        order: 2
        idp.metadata.path: saml/metadata.xml
        idp.entity_id: https://sso.example.com/
        sp.entity_id: https://kibana.example.com/
        sp.acs: https://kibana.example.com/api/security/saml/callback
        attributes.principal: 'urn:oid:0.9.2342.19200300.100.1.1'
      jwt.jwt1:
        order: 3
        token_type: id_token
        client_authentication.type: shared_secret
        allowed_issuer: https://issuer.example.com/jwt/
        allowed_audiences: [8fb85eba-979c-496c-8ae2-a57fde3f12d0]
        allowed_signature_algorithms: [HS256]
        claims.principal: sub
xpack.security.authc.realms.jwt.jwt2:
  order: 4
  client_authentication.type: shared_secret
  allowed_issuer: my-issuer
  allowed_audiences: es01,es02,es03
  allowed_signature_algorithms: HS256,HS384
  allowed_subjects: [service1, service2]
  claims: { principal: sub, groups: roles, mail: email }
";

const SECRETS: [(&str, &str); 6] = [
    ("xpack.security.http.ssl.keystore.secure_password", "x"),
    ("xpack.security.transport.ssl.keystore.secure_password", "x"),
    ("xpack.security.authc.realms.jwt.jwt1.hmac_key", R1.1),
    ("xpack.security.authc.realms.jwt.jwt1.client_authentication.shared_secret", "x"),
    ("xpack.security.authc.realms.jwt.jwt2.hmac_key", R1.1),
    ("xpack.security.authc.realms.jwt.jwt2.client_authentication.shared_secret", "x"),
];

#[test]
fn a_clusters_own_file_is_refused_for_what_is_not_security_alone() {
    let (settings, warnings) = parse(CLUSTER, &SECRETS);
    let key = |line: &String| line.split(": ").nth(1).unwrap().to_owned();
    let keys: Vec<_> = settings.unwrap_err().iter().map(key).collect();
    assert_eq!(
        keys,
        [
            "cluster.name",
            "node.name",
            "node.roles",
            "path.data",
            "path.logs",
            "network.host",
            "discovery.seed_hosts",
            "xpack.ml.enabled",
        ]
    );
    let prefix = "warning: gate.yml:";
    let of_file = warnings.iter().filter_map(|line| line.strip_prefix(prefix));
    let of_file: Vec<_> =
        of_file.map(|line| line.split(": ").take(2).collect::<Vec<_>>()).collect();
    let expected = [
        ["11", "xpack.security.enabled"],
        ["12", "xpack.security.enrollment"],
        ["13", "xpack.security.http.ssl"],
        ["16", "xpack.security.transport.ssl"],
        ["21", "xpack.security.audit"],
        ["25", "xpack.security.authc.anonymous"],
        ["26", "xpack.security.authc.api_key"],
        ["27", "xpack.security.authc.token"],
        ["29", "xpack.security.authc.realms.file.file1"],
        ["30", "xpack.security.authc.realms.native.native1"],
        ["31", "xpack.security.authc.realms.saml.saml1"],
    ];
    assert_eq!(of_file, expected);
    assert_eq!(warnings.len() - of_file.len(), 2, "the passwords of key stores: {warnings:?}");
    // Without those lines it is served.
    let security = CLUSTER.split_once("xpack.security:").unwrap().1;
    let settings = served(&format!("xpack.security:{security}"), &SECRETS);
    let names: Vec<_> = settings.realms.iter().map(|realm| realm.name.as_str()).collect();
    assert_eq!(names, ["jwt1", "jwt2"]);
}
