//! Every setting of a realm: value in, setting or exact words out.

use super::*;
use crate::settings::tests::{parse, refused, served};

const PREFIX: &str = "xpack.security.authc.realms.jwt.r1.";

/// Settings that are enough, secure ones apart.
const ENOUGH: [(&str, &str); 5] = [
    ("order", "1"),
    ("allowed_issuer", "iss"),
    ("allowed_audiences", "aud"),
    ("claims.principal", "sub"),
    ("client_authentication.type", "none"),
];

/// A document of the settings that are enough, changed by `change`: a value is YAML, and an empty
/// one takes the setting out.
fn document(change: &[(&str, &str)]) -> String {
    let kept = ENOUGH.iter().filter(|(suffix, _)| change.iter().all(|(other, _)| other != suffix));
    let given = change.iter().filter(|(_, value)| !value.is_empty());
    let line = |(suffix, value): &(&str, &str)| format!("{PREFIX}{suffix}: {value}\n");
    kept.chain(given).map(line).collect()
}

/// The secure settings, by their suffixes.
fn with_keys<T>(secrets: &[(&str, &str)], run: impl FnOnce(&[(&str, &str)]) -> T) -> T {
    let keys: Vec<_> =
        secrets.iter().map(|(suffix, value)| (format!("{PREFIX}{suffix}"), *value)).collect();
    run(&keys.iter().map(|(key, value)| (key.as_str(), *value)).collect::<Vec<_>>())
}

const KEY: [(&str, &str); 1] = [("hmac_key", "a-key-of-at-least-32-bytes-length")];

fn realm(change: &[(&str, &str)]) -> JwtRealm {
    with_keys(&KEY, |keys| served(&document(change), keys).realms.remove(0))
}

/// What is wrong, without place and key.
fn wrong(change: &[(&str, &str)], secrets: &[(&str, &str)]) -> Vec<String> {
    let lines = with_keys(secrets, |keys| refused(&document(change), keys));
    let what = |line: &String| line.splitn(3, ": ").nth(2).unwrap_or_default().to_owned();
    lines.iter().map(what).map(|what| what.replace(PREFIX, "~")).collect()
}

#[test]
fn what_is_left_out_has_its_default() {
    let realm = realm(&[]);
    assert_eq!(realm.allowed_issuer, "iss");
    assert_eq!(realm.allowed_audiences, ["aud"]);
    assert_eq!(realm.allowed_subjects, None);
    assert_eq!(realm.allowed_algorithms, [Algorithm::Rs256]);
    assert_eq!(realm.clock_skew_seconds, 60);
    assert_eq!(realm.principal_claim, "sub");
    assert_eq!(
        [realm.groups_claim, realm.dn_claim, realm.mail_claim, realm.name_claim],
        [const { None }; 4]
    );
    assert!(realm.populate_user_metadata && realm.client_secret.is_none());
}

#[test]
fn what_is_written_is_taken() {
    let realm = realm(&[
        ("order", "-7"),
        ("token_type", "ID_Token"),
        ("allowed_issuer", "'https://issuer.example.com/jwt/ '"),
        ("allowed_audiences", "' a , b,c '"),
        ("allowed_subjects", "[' x, y ', 1.10]"),
        ("allowed_signature_algorithms", "[ES512,HS256]"),
        ("allowed_clock_skew", "2m"),
        ("claims.principal", "https://example.com/claims/user"),
        ("claims.groups", "g"),
        ("claims.dn", "d"),
        ("claims.mail", "m"),
        ("claims.name", "n"),
        ("populate_user_metadata", "false"),
    ]);
    assert_eq!(realm.order, -7);
    assert_eq!(realm.allowed_issuer, "https://issuer.example.com/jwt/ ");
    assert_eq!(realm.allowed_audiences, ["a", "b", "c"]);
    assert_eq!(realm.allowed_subjects.unwrap(), [" x, y ", "1.10"]);
    assert_eq!(realm.allowed_algorithms, [Algorithm::Es512, Algorithm::Hs256]);
    assert_eq!(realm.clock_skew_seconds, 120);
    assert_eq!(realm.principal_claim, "https://example.com/claims/user");
    let claims = [realm.groups_claim, realm.dn_claim, realm.mail_claim, realm.name_claim];
    assert_eq!(claims.map(Option::unwrap), ["g", "d", "m", "n"]);
    assert!(!realm.populate_user_metadata);
}

#[test]
fn values_are_read_as_elasticsearch_reads_them() {
    for (value, skew) in [("-1", 0), ("500ms", 0), ("0", 0), ("36500d", 3_153_600_000), ("-1s", -1)]
    {
        assert_eq!(realm(&[("allowed_clock_skew", value)]).clock_skew_seconds, skew, "{value}");
    }
    let default = realm(&[("allowed_signature_algorithms", "''")]);
    assert_eq!(default.allowed_algorithms, [Algorithm::Rs256]);
    assert_eq!(realm(&[("allowed_audiences", "'a,b,,'")]).allowed_audiences, ["a", "b"]);
    assert_eq!(realm(&[("allowed_issuer", "2.0")]).allowed_issuer, "2.0");
}

const ALGORITHMS: &str = "Allowed values are [HS256, HS384, HS512, RS256, RS384, RS512, PS256, \
                          PS384, PS512, ES256, ES384, ES512].";
const ORDER: &str =
    "'order' is a mandatory parameter for realm config. Found invalid config for realm: 'r1'";
const SUBJECTS: &str = "One of either [~allowed_subjects] or [~allowed_subject_patterns] must be \
                        specified and not be empty.";

/// Suffix, value and what is wrong with it.
const WRONG: &[(&str, &str, &str)] = &[
    ("order", "", ORDER),
    ("order", "100_000", "Failed to parse value [100_000] for setting [~order]"),
    ("order", "''", "Failed to parse value [] for setting [~order]"),
    ("order", "[1]", "expected a single value"),
    ("enabled", "'on'", "Failed to parse value [on] as only [true] or [false] are allowed."),
    (
        "token_type",
        "opaque",
        "Invalid value [opaque] for [~token_type], allowed values are [id_token,access_token]",
    ),
    ("token_type", "Access_Token", "[access_token] is not supported yet"),
    ("allowed_issuer", "", "Invalid empty value for [~allowed_issuer]."),
    ("allowed_issuer", "''", "Invalid empty value for [~allowed_issuer]."),
    ("allowed_issuer", "[a]", "expected a single value"),
    ("allowed_issuer", "{}", "expected a single value"),
    ("allowed_audiences", "", "Invalid empty list for [~allowed_audiences]."),
    ("allowed_audiences", "''", "Invalid empty list for [~allowed_audiences]."),
    ("allowed_audiences", "[]", "Invalid empty list for [~allowed_audiences]."),
    ("allowed_audiences", "[a, '']", "Invalid empty value for [~allowed_audiences]."),
    ("allowed_audiences", "'a,,b'", "Invalid empty value for [~allowed_audiences]."),
    ("allowed_audiences", "[[a]]", "expected a list of single values"),
    ("allowed_subjects", "[]", SUBJECTS),
    ("allowed_subjects", "''", SUBJECTS),
    ("allowed_subjects", "','", SUBJECTS),
    ("allowed_subjects", "[a, '']", "Invalid empty value for [~allowed_subjects]."),
    ("allowed_subjects", "{}", "expected a list of single values"),
    ("allowed_subject_patterns", "[a*]", "not supported yet"),
    (
        "allowed_signature_algorithms",
        "[]",
        "Invalid empty list for [~allowed_signature_algorithms]. ALGORITHMS",
    ),
    (
        "allowed_signature_algorithms",
        "[RS256, none]",
        "Invalid value [none] for [~allowed_signature_algorithms]. ALGORITHMS",
    ),
    (
        "allowed_signature_algorithms",
        "hs256",
        "Invalid value [hs256] for [~allowed_signature_algorithms]. ALGORITHMS",
    ),
    (
        "allowed_signature_algorithms",
        "ES256K",
        "Invalid value [ES256K] for [~allowed_signature_algorithms]. ALGORITHMS",
    ),
    (
        "allowed_signature_algorithms",
        "[RS256, '']",
        "Invalid empty value for [~allowed_signature_algorithms].",
    ),
    (
        "allowed_clock_skew",
        "60",
        "failed to parse setting [~allowed_clock_skew] with value [60] as a time value: unit \
             is missing or unrecognized",
    ),
    ("claims.principal", "", "Setting [~claims.principal] is required"),
    ("claims.principal", "''", "Invalid null or empty claim name for [~claims.principal]."),
    ("claims.groups", "''", "Invalid null or empty claim name for [~claims.groups]."),
    (
        "claims.groups",
        "/realm_access/roles",
        "Invalid value [/realm_access/roles] for [~claims.groups]: a JSON pointer is not \
             supported yet",
    ),
    (
        "populate_user_metadata",
        "'TRUE'",
        "Failed to parse value [TRUE] as only [true] or [false] are allowed.",
    ),
    (
        "client_authentication.type",
        "basic",
        "Invalid value [basic] for [~client_authentication.type], allowed values are \
             [none,shared_secret]",
    ),
    ("claims.principle", "sub", "unknown setting [~claims.principle]"),
    ("required_claims", "x", "unknown setting [~required_claims]"),
    ("required_claims.token_use", "id", "not supported yet"),
    ("authorization_realms", "[ldap1]", "not supported yet"),
    ("ssl.cipher_suites", "x", "cipher suites cannot be chosen"),
];

#[test]
fn each_wrong_value_is_refused_in_elasticsearchs_words() {
    for (suffix, value, what) in WRONG {
        let what = what.replace("ALGORITHMS", ALGORITHMS);
        assert_eq!(wrong(&[(suffix, value)], &KEY), [what], "{suffix}: {value}");
    }
    assert_eq!(realm(&[("claims", "{}")]).name, "r1", "an empty group is no setting");
}

#[test]
fn every_wrong_algorithm_is_named() {
    let lines = wrong(&[("allowed_signature_algorithms", "[none, RS256, EdDSA]")], &KEY);
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn a_client_secret_and_its_type_belong_together() {
    let with = |secret| [KEY[0], ("client_authentication.shared_secret", secret)];
    let missing = "Missing setting for [~client_authentication.shared_secret]. It is required \
                   when setting [~client_authentication.type] is [shared_secret]";
    let shared = ("client_authentication.type", "Shared_Secret");
    let default = ("client_authentication.type", "");
    for kind in [shared, default] {
        assert_eq!(wrong(&[kind], &KEY), [missing]);
        assert_eq!(wrong(&[kind], &with(" \t")), [missing]);
        let settings = with_keys(&with(" s "), |keys| served(&document(&[kind]), keys));
        assert_eq!(settings.realms[0].client_secret.as_ref().unwrap().expose(), b" s ");
    }
    assert_eq!(
        wrong(&[], &with("s")),
        ["Setting [~client_authentication.shared_secret] is not supported, because setting \
          [~client_authentication.type] is [none]"]
    );
    let blank = with_keys(&with(" "), |keys| served(&document(&[]), keys));
    assert!(blank.realms[0].client_secret.is_none());
    let (_, warnings) = with_keys(&with("s"), |keys| parse(&document(&[shared]), keys));
    assert!(warnings.is_empty());
}

#[test]
fn a_realm_needs_a_key() {
    let missing = "At least one of [~hmac_key] or [~hmac_jwkset] or [~pkc_jwkset_path] must be set";
    assert_eq!(wrong(&[], &[]), [missing]);
    assert_eq!(wrong(&[], &[("hmac_key", " ")]), [missing]);
    // Another source is there, but cannot be used: one line, not two.
    assert_eq!(wrong(&[("pkc_jwkset_path", "jwks.json")], &[]), ["not supported yet"]);
    assert_eq!(wrong(&[], &[("hmac_jwkset", "{}")]), ["not supported yet"]);
    assert_eq!(wrong(&[], &[KEY[0], ("ssl.secure_key_passphrase", "x")]), ["not supported yet"]);
}

#[test]
fn every_known_setting_is_in_the_table_once() {
    let mut suffixes: Vec<_> = TABLE.iter().map(|known| known.suffix).collect();
    suffixes.sort_unstable();
    suffixes.dedup();
    assert_eq!(suffixes.len(), TABLE.len());
}
