//! What came from the environment is acted on and never printed, in whatever way a line comes about.

use super::{R1, realm};
use crate::settings::{Loaded, Problems, parse};
use proptest::prelude::*;
use std::ffi::OsString;

const SECRET: &str = "Hunter2-correct.horse";

fn read(text: &str, value: &str) -> Result<Loaded, Problems> {
    let secrets = [(R1.0, R1.1.as_bytes())];
    parse(text.as_bytes(), &secrets, &|name| (name == "X").then(|| OsString::from(value)))
}

/// Every line, warnings included.
fn lines(text: &str, value: &str) -> Vec<String> {
    match read(text, value) {
        Ok(loaded) => loaded.warnings.lines().collect(),
        Err(problems) => problems.lines().collect(),
    }
}

/// The lines without those that every configuration here has.
fn said(text: &str, value: &str) -> Vec<String> {
    let usual = lines(&realm("r1", 1, ""), "");
    let said = lines(text, value).into_iter().filter(|line| !usual.contains(line));
    let short = |line: String| {
        let line = line.replace("xpack.security.authc.realms.jwt.", "~");
        line.replace(": only [xpack.security.*] and [realmgate.*] are read here", "")
    };
    said.map(short).collect()
}

#[test]
fn what_the_environment_says_is_served() {
    let text = realm("${X}", 1, "  claims.groups: ${X}\nrealmgate.limits.deadline: ${X}s\n");
    let secrets = [(R1.0, R1.1.as_bytes())];
    let values = |name: &str| (name == "X").then(|| OsString::from("r1"));
    let lines: Vec<_> = parse(text.as_bytes(), &secrets, &values).unwrap_err().lines().collect();
    assert!(lines.iter().any(|line| line.contains("failed to parse [${…}]")), "{lines:?}");
    let text = text.replace("${X}s", "1s");
    let settings = parse(text.as_bytes(), &secrets, &values).unwrap().settings;
    assert_eq!(settings.realms[0].name, "r1");
    assert_eq!(settings.realms[0].claims.groups.as_ref().unwrap().name, "r1");
}

/// What stands beside a realm, the value of X, and what is said of it.
const ROWS: &[(&str, &str, &[&str])] = &[
    (
        "  allowed_clock_skew: ${X}",
        SECRET,
        &["realmgate.yml:7: ~r1.allowed_clock_skew: failed to parse setting \
             [~r1.allowed_clock_skew] with value [${…}] as a time value: unit is missing or \
             unrecognized"],
    ),
    (
        "  allowed_clock_skew: ${X}s",
        SECRET,
        &["realmgate.yml:7: ~r1.allowed_clock_skew: failed to parse [${…}]"],
    ),
    (
        "  populate_user_metadata: ${X}",
        SECRET,
        &["realmgate.yml:7: ~r1.populate_user_metadata: Failed to parse value [${…}] as only \
             [true] or [false] are allowed."],
    ),
    (
        "  token_type: ${X}",
        SECRET,
        &["realmgate.yml:7: ~r1.token_type: Invalid value [${…}] for [~r1.token_type], allowed \
             values are [id_token,access_token]"],
    ),
    (
        "  allowed_signature_algorithms: [HS256, ${X}]",
        SECRET,
        &["realmgate.yml:7: ~r1.allowed_signature_algorithms: Invalid value [${…}] for \
             [~r1.allowed_signature_algorithms]. Allowed values are [HS256, HS384, HS512, RS256, \
             RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512]."],
    ),
    (
        "  claims.dn: \"/${X}\\x7e\"",
        SECRET,
        &["realmgate.yml:7: ~r1.claims.dn: Invalid value [${…}] for [~r1.claims.dn]: not a JSON \
             pointer"],
    ),
    (
        "  claims.dn: { ${X}: x }",
        SECRET,
        &["realmgate.yml:7: ~r1.claims.dn.${…}.${…}: unknown setting [~r1.claims.dn.${…}.${…}]"],
    ),
    ("  ${X}", "Hunter2: 1", &["realmgate.yml:7: ~r1.${…}: unknown setting [~r1.${…}]"]),
    (
        "  claims: ${X}",
        "{ Hunter2: 1 }",
        &["realmgate.yml:7: ~r1.claims.${…}: unknown setting [~r1.claims.${…}]"],
    ),
    (
        "  \"claims.\\x61${X}\": 1",
        SECRET,
        &["realmgate.yml:7: ~r1.${…}.${…}.${…}: unknown setting [~r1.${…}.${…}.${…}]"],
    ),
    (
        "  # é\n  'é.${X}': 1",
        SECRET,
        &["realmgate.yml:8: ~r1.é.${…}.${…}: unknown setting [~r1.é.${…}.${…}]"],
    ),
    (
        "  pre${X}post: 1\n  pre${X}post: 1",
        SECRET,
        &[
            "realmgate.yml:7: ~r1.${…}.${…}: unknown setting [~r1.${…}.${…}]",
            "realmgate.yml:8: ~r1.${…}.${…}: duplicate settings key [~r1.${…}.${…}], first found \
             at line [7]",
        ],
    ),
    (
        "  claims.${X}:",
        SECRET,
        &["realmgate.yml:7: ~r1.claims.${…}.${…}: null-valued setting found for key \
             [~r1.claims.${…}.${…}]"],
    ),
    (
        "  claims.${X}: ${NO}",
        SECRET,
        &["realmgate.yml:7: ~r1.claims.${…}.${…}: Could not resolve placeholder 'NO': the \
             environment has no such variable"],
    ),
    (
        "  claims.dn: ${X}",
        "Hunter2 ${Hunter3",
        &["realmgate.yml:7: ~r1.claims.dn: [${] must not be left after the environment's values \
             are in"],
    ),
    (
        "  hmac_key: ${X}",
        SECRET,
        &["realmgate.yml:7: ~r1.hmac_key: Setting [~r1.hmac_key] is a secure setting and must \
             be stored inside the keystore, but was found inside the configuration file"],
    ),
    (
        "  jwt.cache.ttl: ${X}",
        SECRET,
        &["realmgate.yml:7: ~r1.jwt.cache.ttl: failed to parse setting [~r1.jwt.cache.ttl] with \
             value [${…}] as a time value: unit is missing or unrecognized"],
    ),
    (
        "  required_claims.${X}: []",
        "Hunter2",
        &["realmgate.yml:7: ~r1.required_claims.${…}: required claim [~r1.required_claims.${…}] \
             cannot be empty"],
    ),
    (
        "  allowed_issuer: ${X}",
        SECRET,
        &["realmgate.yml:7: ~r1.allowed_issuer: duplicate settings key [~r1.allowed_issuer], \
             first found at line [3]"],
    ),
    (
        "a: { b: ${X} }",
        "1, Hunter2: 2",
        &[
            "realmgate.yml:7: a.b: unknown setting [a.b]",
            "realmgate.yml:7: a.${…}: unknown setting [a.${…}]",
        ],
    ),
    ("  claims.dn: ${X}", "@Hunter2", &["realmgate.yml:7: not valid YAML: unexpected character"]),
    (
        "  claims.dn: ${X}",
        "'Hunter2",
        &[
            "realmgate.yml:7: not valid YAML: while scanning a quoted scalar, found unexpected end of stream",
        ],
    ),
    ("  claims.dn: ${X}", "!Hunter2 x", &["realmgate.yml:7: tags are not supported"]),
    (
        "  claims.dn: ${X}",
        "*Hunter2",
        &["realmgate.yml:7: not valid YAML: while parsing node, found unknown anchor"],
    ),
    (
        "  claims.dn: ${X}",
        "Hunter2\n",
        &["realmgate.yml:7: the value of the environment's variable [X] has a line end"],
    ),
    ("node: { ${X}: x }", "Hunter2", &["realmgate.yml:7: node.${…}: unknown setting [node.${…}]"]),
    (
        "realmgate: { ${X}: x }",
        "Hunter2",
        &["realmgate.yml:7: realmgate.${…}: unknown setting [realmgate.${…}]"],
    ),
    (
        "realmgate.grpc.address: ${X}",
        SECRET,
        &["realmgate.yml:7: realmgate.grpc.address: Invalid value [${…}] for \
             [realmgate.grpc.address], expected IP:PORT, [IP]:PORT or unix:PATH"],
    ),
    (
        "realmgate.limits.token_size: ${X}kb",
        "48151623",
        &["realmgate.yml:7: realmgate.limits.token_size: Failed to parse value [${…}] for \
             setting [realmgate.limits.token_size] must be between [1kb] and [1mb]"],
    ),
    (
        "realmgate.identity.headers: { realm: ${X}, username: hunter2-name }",
        "Hunter2-Name",
        &["realmgate.yml:7: realmgate.identity.headers.realm: the header [${…}] has another \
             property's value already"],
    ),
    (
        "realmgate.identity.remove: [a, '${X}']",
        "Hunter2 3",
        &["realmgate.yml:7: realmgate.identity.remove: [${…}] is no header name"],
    ),
    (
        "realmgate.forward_credentials: a,${X}",
        "Hunter2",
        &[
            "realmgate.yml:7: realmgate.forward_credentials: Invalid value [${…}] for \
             [realmgate.forward_credentials], allowed values are \
             [authorization,es-client-authentication,es-security-runas-user]",
            "realmgate.yml:7: realmgate.forward_credentials: Invalid value [${…}] for \
             [realmgate.forward_credentials], allowed values are \
             [authorization,es-client-authentication,es-security-runas-user]",
        ],
    ),
];

#[test]
fn a_value_of_the_environment_is_never_printed() {
    for (more, value, wanted) in ROWS {
        let text = realm("r1", 1, "") + &more.replace('~', "xpack.security.authc.realms.jwt.");
        let said = said(&text, value);
        assert_eq!(said, *wanted, "{more} with {value}");
    }
}

#[test]
fn a_realms_name_and_order_of_the_environment_are_never_printed() {
    let usual = "warning: realmgate.yml:6: ~${…}.client_authentication.type: Setting \
                 [~${…}.client_authentication.type] value [none] may not be secure. Unauthorized \
                 clients may be able to submit JWTs from the same issuer.";
    let missing = "realmgate.yml:1: ~${…}.hmac_key: At least one of [~${…}.hmac_key] or \
                   [~${…}.hmac_jwkset] or [~${…}.pkc_jwkset_path] must be set";
    let said = said(&realm("${X}", 1, ""), "Hunter2");
    assert_eq!(said[..2], [missing, usual], "{said:?}");
    let said = said_of_orders("order: ${X}");
    assert!(said.contains("the same order: ${…}: [r0, r1]"), "{said}");
    assert!(
        said_of_orders("order: 48151623").contains("the same order: 48151623: ["),
        "the control"
    );
}

fn said_of_orders(order: &str) -> String {
    let second = realm("r1", 1, "").replace("order: 1", order);
    said(&(realm("r0", 48_151_623, "") + &second), "48151623").join("\n")
}

#[test]
fn json_says_no_more_than_yaml() {
    for (text, line) in [
        (
            "{\"a\": \"b\", \"${X}\": 1}",
            "realmgate.yml:1: ${…}: unknown setting [${…}]: only [xpack.security.*] and [realmgate.*] are read here",
        ),
        (
            "{\"node\": {\"\\u0061${X}\": 1}}",
            "realmgate.yml:1: node.${…}: unknown setting [node.${…}]: only [xpack.security.*] and [realmgate.*] are read here",
        ),
        ("{\"a\": ${X}}", "realmgate.yml:1: not valid JSON: expected value"),
        ("{\"a\": \"${X}", "realmgate.yml:1: not valid JSON: EOF while parsing a string"),
    ] {
        let lines = lines(text, "Hunter2");
        assert!(lines.contains(&line.to_owned()), "{lines:?}");
        assert!(!lines.concat().contains("unter2"), "{lines:?}");
    }
}

/// Lines of a file, sound or not, that may hold what X stands for anywhere.
fn any_file() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => Just("${X}".to_owned()),
        4 => prop::sample::select(vec![
            "realmgate.", "xpack.security.authc.realms.jwt.", "r1", ".order", "grpc.address",
            "hmac_key", "allowed_audiences", "claims", "claim_patterns.dn", "log.level",
            "limits.deadline", "identity.remove", "identity.headers.realm", "x-es-dn",
        ]).prop_map(str::to_owned),
        6 => prop::sample::select(vec![
            ": ", ":", " ", "\n", "\n  ", "- ", "{ ", " }", "[", "]", ", ", "'", "\"", "|", ">",
            "&a ", "*a", "# ", ".", "? ", "!!str ", "\\x41", "é", "@", "%", "$", "{", "\r", "1",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 1..24).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn whatever_the_file_no_line_holds_a_value_of_the_environment(
        more in any_file(),
        is_json in any::<bool>(),
        value in "[A-Z][a-z0-9]{4}[-._ ]?[A-Z0-9]{4}",
    ) {
        let text = if is_json { format!("{{\"a\": 1, {more}}}") } else { realm("r1", 1, "") + &more };
        // What a value's letters are is not to be guessed from any part of it.
        for part in value.split(['.', ' ']) {
            for line in lines(&text, &value) {
                prop_assert!(!line.to_lowercase().contains(&part.to_lowercase()), "{line}");
                prop_assert_eq!(line.lines().count(), 1);
            }
        }
    }
}
