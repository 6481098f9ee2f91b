//! Values that are refused, and Elasticsearch's words for it.

use super::*;

const ALGORITHMS: &str = "Allowed values are [HS256, HS384, HS512, RS256, RS384, RS512, PS256, \
                          PS384, PS512, ES256, ES384, ES512].";
const ORDER: &str =
    "'order' is a mandatory parameter for realm config. Found invalid config for realm: 'r1'";
const SUBJECTS: &str = "One of either [~allowed_subjects] or [~allowed_subject_patterns] must be \
                        specified and not be empty.";
const TIME: &str = "failed to parse setting [~KEY] with value [VALUE] as a time value: unit is \
                    missing or unrecognized";
const PATTERN: &str = "Invalid patterns for allowed claim values for [sub]. invalid pattern \
                       [VALUE]. patterns starting with '/' indicate regular expression pattern and \
                       therefore must also end with '/'. other patterns (those that do not start \
                       with '/') will be treated as simple wildcard patterns";
const STORES: &str = "key stores are not supported: name PEM files in \
                      [ssl.certificate_authorities], [ssl.certificate] and [ssl.key]";
const RESTRICTIONS: &str =
    "trust cannot be restricted further than by [ssl.certificate_authorities]";
const PASSPHRASE: &str = "a passphrase is a secret: it belongs into the keystore, as \
                          [ssl.secure_key_passphrase]";
const BOOLEAN: &str = "Failed to parse value [VALUE] as only [true] or [false] are allowed.";
const INTEGER: &str = "Failed to parse value [VALUE] for setting [~KEY]";
const NEGATIVE: &str = "Failed to parse value [VALUE] for setting [~KEY] must be >= 0";
const EMPTY_VALUE: &str = "Invalid empty value for [~KEY].";
const EMPTY_LIST: &str = "Invalid empty list for [~KEY].";
const EMPTY_CLAIM: &str = "Invalid null or empty claim name for [~KEY].";
const EMPTY_REQUIRED: &str = "required claim [~KEY] cannot be empty";
const UNKNOWN: &str = "unknown setting [~KEY]";
const SINGLE: &str = "expected a single value";
const SINGLES: &str = "expected a list of single values";
const LEAST: &str = "failed to parse value [VALUE] for setting [~KEY], must be >= [1s]";
const REGISTERED: &str = "required claim [~KEY] cannot be one of [iss,sub,aud,exp,nbf,iat]";
const SCHEME: &str = "Invalid value [VALUE] for [~KEY]. Allowed values are [http, https].";

/// Suffix, value and what is wrong with it, where `KEY` is the suffix and `VALUE` the value.
const REFUSED: &[(&str, &str, &str)] = &[
    ("order", "", ORDER),
    ("order", "100_000", INTEGER),
    ("order", "NaN", INTEGER),
    ("order", "''", INTEGER),
    ("order", "3000000000", INTEGER),
    ("order", "[1]", SINGLE),
    ("enabled", "'on'", BOOLEAN),
    (
        "token_type",
        "opaque",
        "Invalid value [VALUE] for [~KEY], allowed values are [id_token,access_token]",
    ),
    ("allowed_issuer", "", EMPTY_VALUE),
    ("allowed_issuer", "''", EMPTY_VALUE),
    ("allowed_issuer", "[a]", SINGLE),
    ("allowed_issuer", "{}", SINGLE),
    ("allowed_issuer", "~", "null-valued setting found for key [~KEY]"),
    ("allowed_audiences", "", EMPTY_LIST),
    ("allowed_audiences", "''", EMPTY_LIST),
    ("allowed_audiences", "[]", EMPTY_LIST),
    ("allowed_audiences", "[a, '']", EMPTY_VALUE),
    ("allowed_audiences", "'a,,b'", EMPTY_VALUE),
    ("allowed_audiences", "[[a]]", SINGLES),
    ("allowed_subjects", "[]", SUBJECTS),
    ("allowed_subjects", "''", SUBJECTS),
    ("allowed_subjects", "','", SUBJECTS),
    ("allowed_subjects", "[a, '']", EMPTY_VALUE),
    ("allowed_subjects", "{}", SINGLES),
    ("allowed_subject_patterns", "[]", SUBJECTS),
    ("allowed_subject_patterns", "''", SUBJECTS),
    ("allowed_subject_patterns", "[a, '']", EMPTY_VALUE),
    ("allowed_subject_patterns", "/", PATTERN),
    ("allowed_subject_patterns", "/a", PATTERN),
    ("allowed_subject_patterns", "{}", SINGLES),
    ("allowed_signature_algorithms", "[]", "Invalid empty list for [~KEY]. ALGORITHMS"),
    ("allowed_signature_algorithms", "','", "Invalid empty list for [~KEY]. ALGORITHMS"),
    ("allowed_signature_algorithms", "none", "Invalid value [VALUE] for [~KEY]. ALGORITHMS"),
    ("allowed_signature_algorithms", "hs256", "Invalid value [VALUE] for [~KEY]. ALGORITHMS"),
    ("allowed_signature_algorithms", "ES256K", "Invalid value [VALUE] for [~KEY]. ALGORITHMS"),
    ("allowed_signature_algorithms", "EdDSA", "Invalid value [VALUE] for [~KEY]. ALGORITHMS"),
    ("allowed_signature_algorithms", "[RS256, '']", EMPTY_VALUE),
    ("allowed_signature_algorithms", "[~]", "null-valued setting found for key [~KEY]"),
    ("allowed_clock_skew", "60", TIME),
    ("allowed_clock_skew", "''", TIME),
    ("allowed_clock_skew", "-2", TIME),
    ("allowed_clock_skew", "1w", TIME),
    ("allowed_clock_skew", "1M", TIME),
    ("allowed_clock_skew", "1y", TIME),
    ("pkc_jwkset_path", "[a]", SINGLE),
    (
        "pkc_jwkset_path",
        "http://a/b?c",
        "Not allowed to use HTTP URI [http://a/b?\u{2026}]. Only HTTPS is supported.",
    ),
    (
        "pkc_jwkset_path",
        "http-keys.json",
        "Not allowed to use HTTP URI [VALUE]. Only HTTPS is supported.",
    ),
    ("pkc_jwkset_path", "https-keys.json", "Host is missing in HTTPS URI [VALUE]."),
    ("pkc_jwkset_path", "'https://a b'", "Failed to parse HTTPS URI [VALUE]."),
    (
        "pkc_jwkset_path",
        "https://u:p@a",
        "User info is not allowed in HTTPS URI [https://\u{2026}@a].",
    ),
    ("pkc_jwkset_reload.enabled", "'True'", BOOLEAN),
    ("pkc_jwkset_reload.file_interval", "999ms", LEAST),
    ("pkc_jwkset_reload.file_interval", "5", TIME),
    ("pkc_jwkset_reload.url_interval_min", "0", LEAST),
    ("pkc_jwkset_reload.url_interval_min", "1M", TIME),
    ("pkc_jwkset_reload.url_interval_max", "-1", LEAST),
    ("pkc_jwkset_reload.url_interval_max", "''", TIME),
    ("required_claims.token_use", "[]", EMPTY_REQUIRED),
    ("required_claims.token_use", "''", EMPTY_REQUIRED),
    ("required_claims.token_use", "[[a]]", SINGLES),
    ("required_claims.iss", "x", REGISTERED),
    ("required_claims.sub", "x", REGISTERED),
    ("required_claims.aud", "x", REGISTERED),
    ("required_claims.exp", "x", REGISTERED),
    ("required_claims.nbf", "x", REGISTERED),
    ("required_claims.iat", "x", REGISTERED),
    ("claims.principal", "", "Setting [~KEY] is required"),
    ("claims.principal", "''", EMPTY_CLAIM),
    ("claims.groups", "''", EMPTY_CLAIM),
    ("claims.dn", "''", EMPTY_CLAIM),
    ("claims.mail", "''", EMPTY_CLAIM),
    ("claims.name", "''", EMPTY_CLAIM),
    ("claims.groups", "/a~2", "Invalid value [VALUE] for [~KEY]: not a JSON pointer"),
    ("claims.groups", "/a~", "Invalid value [VALUE] for [~KEY]: not a JSON pointer"),
    ("claim_patterns.principal", "[a]", SINGLE),
    ("populate_user_metadata", "'TRUE'", BOOLEAN),
    (
        "client_authentication.type",
        "basic",
        "Invalid value [VALUE] for [~KEY], allowed values are [none,shared_secret]",
    ),
    ("client_authentication.rotation_grace_period", "1", TIME),
    ("jwt.cache.ttl", "20", TIME),
    ("jwt.cache.size", "-1", NEGATIVE),
    ("jwt.cache.size", "100_000", INTEGER),
    ("jwt.cache.size", "NaN", INTEGER),
    ("jwt.cache.size", "''", INTEGER),
    ("http.connect_timeout", "1w", TIME),
    ("http.connection_read_timeout", "5", TIME),
    ("http.socket_timeout", "''", TIME),
    ("http.max_connections", "-1", NEGATIVE),
    ("http.max_connections", "many", INTEGER),
    ("http.max_endpoint_connections", "-1", NEGATIVE),
    ("http.proxy.port", "0", "Failed to parse value [0] for setting [~KEY] must be >= 1"),
    (
        "http.proxy.port",
        "65536",
        "Failed to parse value [65536] for setting [~KEY] must be <= 65535",
    ),
    ("http.proxy.port", "http", INTEGER),
    ("http.proxy.scheme", "ftp", SCHEME),
    ("http.proxy.scheme", "HTTP", SCHEME),
    ("http.proxy.scheme", "''", EMPTY_VALUE),
    ("ssl.key", "''", EMPTY_VALUE),
    ("ssl.certificate", "''", EMPTY_VALUE),
    ("ssl.certificate_authorities", "[a, '']", EMPTY_VALUE),
    (
        "ssl.verification_mode",
        "some",
        "could not resolve ssl client verification mode, unknown value [VALUE], recognised values \
         are [none,certificate,full]",
    ),
    (
        "ssl.supported_protocols",
        "TLSv1.4",
        "Invalid value [VALUE] for [~KEY]. Allowed values are [TLSv1.3, TLSv1.2].",
    ),
    (
        "ssl.supported_protocols",
        "'TLSv1.1,TLSv1'",
        "no supported SSL/TLS protocol was found in the configured supported protocols: [TLSv1.1, \
         TLSv1]",
    ),
    ("ssl.key_passphrase", "x", PASSPHRASE),
    ("ssl.cipher_suites", "x", "cipher suites cannot be chosen"),
    ("ssl.keystore.path", "x", STORES),
    ("ssl.keystore.type", "x", STORES),
    ("ssl.keystore.algorithm", "x", STORES),
    ("ssl.keystore.password", "x", STORES),
    ("ssl.keystore.key_password", "x", STORES),
    ("ssl.truststore.path", "x", STORES),
    ("ssl.truststore.type", "x", STORES),
    ("ssl.truststore.algorithm", "x", STORES),
    ("ssl.truststore.password", "x", STORES),
    ("ssl.trust_restrictions.path", "x", RESTRICTIONS),
    ("ssl.trust_restrictions.x509_fields", "x", RESTRICTIONS),
    ("authorization_realms", "[[a]]", SINGLES),
    ("no_such_thing", "x", UNKNOWN),
    ("claims.principle", "sub", "unknown setting [~KEY] did you mean [~claims.principal]?"),
    ("claim_patterns.group", "x", "unknown setting [~KEY] did you mean [~claim_patterns.groups]?"),
    ("clock_skew", "60s", "unknown setting [~KEY] did you mean [~allowed_clock_skew]?"),
    ("required_claims", "x", "unknown setting [~KEY] did you mean [~required_claims.*]?"),
    ("require_claims.a.b", "x", "unknown setting [~KEY] did you mean [~required_claims.a.b]?"),
    ("ssl.verify_mode", "none", "unknown setting [~KEY] did you mean [~ssl.verification_mode]?"),
    ("ssl.keystore.pass", "x", UNKNOWN),
];

#[test]
fn each_wrong_value_is_refused_in_elasticsearchs_words() {
    for (suffix, value, what) in REFUSED {
        let shown = value.trim_matches('\'');
        let what = what.replace("ALGORITHMS", ALGORITHMS).replace("KEY", suffix);
        let what = what.replace("VALUE", shown);
        let expected = [((*suffix).to_owned(), what)];
        assert_eq!(faults(&[(suffix, value)], &KEY), expected, "{suffix}: {value}");
    }
}

#[test]
fn every_setting_that_has_a_syntax_has_a_wrong_value_above() {
    // What any text is right for: a claim pattern until there is a parser for it, a claim's name.
    let any = ["claim_patterns.", "http.proxy.host", "ssl.client_authentication"];
    let between = ["fallback_claims.", "hmac_", "shared_secret", "secure_"];
    for known in TABLE {
        let suffix = known.suffix.trim_end_matches('*');
        let elsewhere = any.iter().chain(&between).any(|part| suffix.contains(part));
        let here = REFUSED.iter().any(|(refused, ..)| refused.starts_with(suffix));
        assert!(here || elsewhere, "{suffix}");
    }
}

#[test]
fn every_wrong_element_of_a_list_is_named() {
    for (suffix, value) in [
        ("allowed_signature_algorithms", "[none, RS256, EdDSA]"),
        ("allowed_subject_patterns", "[/a, b, /c]"),
        ("ssl.supported_protocols", "[TLS, TLSv1.2, SSL]"),
    ] {
        assert_eq!(faults(&[(suffix, value)], &KEY).len(), 2, "{suffix}");
    }
}

#[test]
fn what_is_not_built_yet_is_refused_by_name_where_it_asks_for_something() {
    let delegated = [("authorization_realms", "[default_native]")];
    assert_eq!(wrong(&delegated, &KEY), ["not supported yet"]);
    // What asks for nothing.
    for (suffix, value) in
        [("pkc_jwkset_path", "''"), ("authorization_realms", "[]"), ("authorization_realms", "''")]
    {
        assert!(with_keys(&KEY, |keys| parse(&document(&[(suffix, value)]), keys).0).is_ok());
    }
}
