//! Fuzzes the reading of a configuration: the input is the config file, beside a few secrets and a
//! few variables of the environment.
//! Rule: it ends in settings that are sound or in a line that says why not, no line says more than
//! one line, and none holds a secret or what came from the environment.

#![no_main]

mod lines;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use realmgate::engine::Secret;
use realmgate::engine::token::claims::{Subjects, TokenType};
use realmgate::settings::{self, GrpcAddress, JwtRealm, Loaded, Problems, Settings};

const SECRETS: [(&str, &[u8]); 5] = [
    ("xpack.security.authc.realms.jwt.r1.hmac_key", b"quiet-key-of-more-than-32-bytes-length"),
    ("xpack.security.authc.realms.jwt.r1.client_authentication.shared_secret", b"quiet-client\n"),
    ("xpack.security.authc.realms.jwt.r2.hmac_key", b"quiet-key-of-more-than-32-bytes-length"),
    ("xpack.security.authc.realms.jwt.other.hmac_key", b"quiet-key"),
    ("realmgate.identity.elasticsearch.authorization", b"Basic quiet"),
];

/// The environment. The values but the first three can be told from whatever else a line may hold.
const VARIABLES: [(&str, &[u8]); 14] = [
    ("REALM", b"r1"),
    ("TWO", b"Unseen1.Unseen2, Unseen3"),
    ("ORDER", b"1"),
    ("TIME", b"90s"),
    ("WORD", b"Unseen1"),
    ("FLOW", b"{ Unseen1: [Unseen2, Unseen3] }"),
    ("LINE", b"Unseen1: Unseen2 # Unseen3"),
    ("QUOTE", b"Unseen1' \"Unseen2"),
    ("ESCAPE", b"\\x41Unseen1"),
    ("OPEN", b"Unseen1 ${WORD} ${Unseen2"),
    ("URL", b"https://Unseen1:Unseen2@host/Unseen3?Unseen4"),
    ("PATTERN", b"/Unseen1[Unseen2(@Unseen3/"),
    ("LINES", b"Unseen1\nUnseen2"),
    ("BYTES", b"Unseen1\xff"),
];

const UNSEEN: [&str; 2] = ["quiet", "Unseen"];

static SEEDS: LazyLock<()> = LazyLock::new(|| {
    for served in [
        include_bytes!("seeds/settings/environment").as_slice(),
        include_bytes!("seeds/settings/json"),
        include_bytes!("seeds/settings/ours_served"),
        include_bytes!("seeds/settings/preset"),
        include_bytes!("seeds/settings/two_realms"),
    ] {
        // Where nothing at all is served, the target would prove nothing.
        let made = read(served);
        assert!(made.is_ok(), "a seed is not served any more: {}", made.unwrap_err());
    }
});

fuzz_target!(|input: &[u8]| {
    LazyLock::force(&SEEDS);
    let made = read(input);
    let problems = match &made {
        Ok(loaded) => {
            assert!(loaded.warnings.refusals().next().is_none(), "{}", loaded.warnings);
            must_be_sound(&loaded.settings);
            &loaded.warnings
        }
        Err(problems) => {
            assert!(problems.refusals().next().is_some(), "refused, and nobody says why");
            problems
        }
    };
    lines::must_be_lines(problems);
    for unseen in UNSEEN {
        // What the input says itself is no secret.
        if !holds(input, unseen) {
            let line = problems.lines().find(|line| line.contains(unseen));
            assert!(line.is_none(), "{line:?}");
        }
    }
});

fn read(config: &[u8]) -> Result<Loaded, Problems> {
    settings::parse(config, &SECRETS, &|name| {
        let found = VARIABLES.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| OsString::from_vec(value.to_vec()))
    })
}

fn holds(input: &[u8], text: &str) -> bool {
    input.windows(text.len()).any(|part| part == text.as_bytes())
}

fn must_be_sound(settings: &Settings) {
    let realms = &settings.realms;
    assert!(!realms.is_empty());
    assert!(realms.windows(2).all(|pair| pair[0].order < pair[1].order), "{realms:?}");
    let names: BTreeSet<_> = realms.iter().map(|realm| &realm.name).collect();
    assert_eq!(names.len(), realms.len());
    realms.iter().for_each(must_be_a_realm);
    let limits = &settings.limits;
    assert!((1024..=1 << 20).contains(&limits.token_size));
    assert!((1024..=1 << 20).contains(&limits.identity_size));
    assert!(!limits.deadline.is_zero() && limits.checks_in_flight > 0);
    let jwks = &settings.jwks;
    assert!((1..=1000).contains(&jwks.reload_burst));
    assert!(jwks.reload_interval >= Duration::from_secs(1));
    assert!(settings.grpc.max_connection_age >= Duration::from_secs(1));
    assert!(settings.grpc.max_concurrent_streams > 0);
    if let GrpcAddress::Unix(path) = &settings.grpc_address {
        assert!(path.is_absolute() && path.as_os_str().len() < 104);
    }
}

fn must_be_a_realm(realm: &JwtRealm) {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    assert!(!realm.name.is_empty() && realm.name.bytes().all(is_part), "{realm:?}");
    let token = &realm.token;
    assert!(!token.allowed_issuer.is_empty(), "{realm:?}");
    assert!(!token.allowed_algorithms.is_empty(), "{realm:?}");
    let is_list = |texts: &[String]| !texts.is_empty() && texts.iter().all(|text| !text.is_empty());
    assert!(is_list(&token.allowed_audiences), "{realm:?}");
    let is_anybody =
        |subjects: &Subjects| subjects.exact.is_empty() && subjects.patterns.is_empty();
    assert!(!token.allowed_subjects.as_ref().is_some_and(is_anybody), "{realm:?}");
    let is_named = token.allowed_subjects.is_some() || token.token_type == TokenType::IdToken;
    assert!(is_named, "an access token of anybody: {realm:?}");
    assert!(token.required_claims.values().all(|values| !values.is_empty()), "{realm:?}");
    assert!(realm.keys.public.is_some() || realm.keys.hmac.is_some(), "{realm:?}");
    assert!(realm.cache.is_none_or(|cache| !cache.ttl.is_zero() && cache.size > 0), "{realm:?}");
    let is_blank = |secret: &Secret| secret.expose().trim_ascii().is_empty();
    assert!(!realm.client.secret.as_ref().is_some_and(is_blank), "{realm:?}");
}
