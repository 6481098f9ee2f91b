//! Values that are taken, and what they become.

use super::*;
use crate::engine::token::claims::{FallbackClaims, Subjects, TokenType};
use crate::engine::token::pattern::{ClaimPattern, LucenePattern};
use crate::jwks::{Authorities, Proxy, ProxyScheme, Tls, Verification};

#[test]
fn what_is_left_out_has_its_default() {
    let realm = realm(&[]);
    let claim = |name: &str| Claim { name: name.into(), pattern: None };
    assert_eq!(
        realm.token,
        TokenSettings {
            token_type: TokenType::IdToken,
            allowed_issuer: "iss".into(),
            allowed_audiences: vec!["aud".into()],
            allowed_subjects: None,
            allowed_algorithms: vec![Algorithm::Rs256],
            clock_skew: ClockSkew { seconds: 60, millis: 60_000 },
            fallback_claims: FallbackClaims::default(),
            required_claims: [].into(),
        }
    );
    assert_eq!(
        realm.claims,
        ClaimSettings {
            principal: claim("sub"),
            groups: None,
            dn: None,
            mail: None,
            name: None,
            populate_user_metadata: true,
        }
    );
    let grace = Duration::from_secs(60);
    assert_eq!(realm.client, ClientSettings { secret: None, rotation_grace_period: grace });
    let key = Secret::new(KEY[0].1);
    assert_eq!(realm.keys, KeySources { public: None, hmac: Some(HmacKeys::Key(key)) });
    assert_eq!(
        realm.key_reload,
        KeyReload {
            enabled: true,
            file_interval: Duration::from_secs(5 * 60),
            url_interval_min: Duration::from_secs(60 * 60),
            url_interval_max: Duration::from_secs(5 * 24 * 60 * 60),
        }
    );
    let ttl = Duration::from_secs(20 * 60);
    assert_eq!(realm.cache, Some(CacheSettings { ttl, size: 100_000 }));
    assert_eq!(realm.authorization_realms, [""; 0]);
    let five = Duration::from_secs(5);
    let tls = Tls {
        authorities: Authorities::System,
        client: None,
        verification: Verification::Full,
        tls13: true,
        tls12: true,
    };
    assert_eq!(
        realm.back_channel,
        BackChannel { connect_timeout: five, socket_timeout: five, proxy: None, tls }
    );
}

#[test]
fn tokens_are_taken_as_written() {
    let realm = realm(&[
        ("order", "-7"),
        ("token_type", "Access_Token"),
        ("allowed_issuer", "'https://issuer.example.com/jwt/ '"),
        ("allowed_audiences", "' a , b,c '"),
        ("allowed_subjects", "[' x, y ', 1.10]"),
        ("allowed_subject_patterns", "['a*, b', '/[a-z]+/', '//', 'a/']"),
        ("allowed_signature_algorithms", "[ES512,HS256]"),
        ("allowed_clock_skew", "2m"),
        ("fallback_claims.sub", "client_id"),
        ("fallback_claims.aud", "aud"),
        ("required_claims.token_use", "'id, access'"),
        ("required_claims.jti", "[' a, b ', 2.0]"),
        ("required_claims.https://example.com/tenant.id", "7"),
    ]);
    assert_eq!((realm.name.as_str(), realm.order), ("r1", -7));
    let token = realm.token;
    assert_eq!(token.token_type, TokenType::AccessToken);
    assert_eq!(token.allowed_issuer, "https://issuer.example.com/jwt/ ");
    assert_eq!(token.allowed_audiences, ["a", "b", "c"]);
    let subjects = token.allowed_subjects.unwrap();
    assert_eq!(subjects.exact, [" x, y ", "1.10"]);
    let patterns: Vec<_> = subjects.patterns.iter().map(LucenePattern::as_str).collect();
    assert_eq!(patterns, ["a*, b", "/[a-z]+/", "//", "a/"]);
    assert_eq!(token.allowed_algorithms, [Algorithm::Es512, Algorithm::Hs256]);
    assert_eq!(token.clock_skew, ClockSkew { seconds: 120, millis: 120_000 });
    let fallback = FallbackClaims { sub: Some("client_id".into()), aud: None };
    assert_eq!(token.fallback_claims, fallback);
    let required: Vec<_> = token.required_claims.into_iter().collect();
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        required,
        [
            ("https://example.com/tenant.id".to_owned(), texts(&["7"])),
            ("jti".to_owned(), texts(&[" a, b ", "2.0"])),
            ("token_use".to_owned(), texts(&["id", "access"])),
        ]
    );
}

#[test]
fn claims_are_taken_as_written() {
    let claims = realm(&[
        ("claims.principal", "https://example.com/claims/user"),
        ("claims.groups", "/realm_access/roles~0~1x"),
        ("claims.dn", "d"),
        ("claims.mail", "m.n"),
        ("claims.name", "n"),
        ("claim_patterns.principal", "'^([^@]+)@example\\.com$'"),
        ("claim_patterns.groups", "'(.*)'"),
        ("claim_patterns.name", "''"),
        ("populate_user_metadata", "false"),
    ])
    .claims;
    let claim = |name: &str, pattern: Option<&str>| Claim {
        name: name.into(),
        pattern: pattern.map(|text| ClaimPattern::parse(text).unwrap()),
    };
    assert_eq!(
        claims,
        ClaimSettings {
            principal: claim("https://example.com/claims/user", Some(r"^([^@]+)@example\.com$")),
            groups: Some(claim("/realm_access/roles~0~1x", Some("(.*)"))),
            dn: Some(claim("d", None)),
            mail: Some(claim("m.n", None)),
            name: Some(claim("n", None)),
            populate_user_metadata: false,
        }
    );
}

#[test]
fn everything_about_tokens_and_claims_is_acted_on() {
    let change = [
        ("token_type", "access_token"),
        ("allowed_subjects", "a"),
        ("allowed_subject_patterns", "[a*, '/b/']"),
        ("fallback_claims.sub", "client_id"),
        ("fallback_claims.aud", "scope"),
        ("required_claims.token_use", "access"),
        ("required_claims.a.b", "' '"),
        ("claims.groups", "/realm_access/roles"),
        ("claims.dn", "d"),
        ("claims.mail", "m"),
        ("claims.name", "n"),
        ("claim_patterns.principal", "(.*)"),
        ("claim_patterns.groups", "(.*)"),
        ("claim_patterns.dn", "(.*)"),
        ("claim_patterns.mail", "(.*)"),
        ("claim_patterns.name", "(.*)"),
    ];
    let (settings, _) = with_keys(&KEY, |keys| parse(&document(&change), keys));
    assert!(settings.is_ok(), "{settings:?}");
    assert_eq!(warnings(&change), [""; 0]);
}

#[test]
fn keys_come_from_a_file_or_a_url_and_a_secret() {
    let file = |path: &str| Some(PublicKeys::File(PathBuf::from(path)));
    for (path, expected) in [
        ("jwt/jwkset.json", file("/etc/gate/jwt/jwkset.json")),
        ("/keys/jwkset.json", file("/keys/jwkset.json")),
        ("HTTPS://a", file("/etc/gate/HTTPS://a")),
        ("''", None),
        ("' '", None),
    ] {
        assert_eq!(realm(&[("pkc_jwkset_path", path)]).keys.public, expected, "{path}");
    }
    let url = "https://issuer.example.com/jwks.json?a=b";
    let keys = realm_with(&[("pkc_jwkset_path", url)], &[]).keys;
    let Some(PublicKeys::Url(read)) = &keys.public else { panic!("{keys:?}") };
    assert_eq!((read.as_str(), keys.hmac), (url, None));
    let set = r#"{"kid": "1", "keys": [{"kty": "oct", "k": "AAAA"}], "x": {}}"#;
    let keys = realm_with(&[("pkc_jwkset_path", "a")], &[("hmac_jwkset", set)]).keys;
    assert_eq!(keys.hmac, Some(HmacKeys::Set(Secret::new(set))));
}

#[test]
fn times_are_taken_as_elasticsearch_takes_them() {
    for (value, seconds, millis) in [
        ("-1", 0, -1),
        ("500ms", 0, 500),
        ("0", 0, 0),
        ("0s", 0, 0),
        ("1s", 1, 1_000),
        ("1m", 60, 60_000),
        ("1h", 3_600, 3_600_000),
        ("1d", 86_400, 86_400_000),
        ("60S", 60, 60_000),
        ("36500d", 3_153_600_000, 3_153_600_000_000),
        ("-1s", -1, -1_000),
    ] {
        let skew = realm(&[("allowed_clock_skew", value)]).token.clock_skew;
        assert_eq!(skew, ClockSkew { seconds, millis }, "{value}");
    }
    let grace = |value| {
        let change = [("client_authentication.rotation_grace_period", value)];
        realm(&change).client.rotation_grace_period
    };
    assert_eq!(grace("90s"), Duration::from_secs(90));
    assert_eq!((grace("0s"), grace("-1")), (Duration::ZERO, Duration::ZERO));
    let reload = realm(&[
        ("pkc_jwkset_reload.enabled", "false"),
        ("pkc_jwkset_reload.file_interval", "1s"),
        ("pkc_jwkset_reload.url_interval_min", "2s"),
        ("pkc_jwkset_reload.url_interval_max", "2s"),
    ]);
    let two = Duration::from_secs(2);
    assert_eq!(
        reload.key_reload,
        KeyReload {
            enabled: false,
            file_interval: Duration::from_secs(1),
            url_interval_min: two,
            url_interval_max: two,
        }
    );
}

#[test]
fn a_cache_of_nothing_is_none() {
    let cache = |ttl, size| realm(&[("jwt.cache.ttl", ttl), ("jwt.cache.size", size)]).cache;
    let one = CacheSettings { ttl: Duration::from_secs(60), size: 1 };
    assert_eq!(cache("1m", "1"), Some(one));
    for (ttl, size) in [("0s", "1"), ("-1", "1"), ("1m", "0")] {
        assert_eq!(cache(ttl, size), None, "{ttl} {size}");
    }
}

#[test]
fn the_back_channel_is_taken_as_written() {
    let channel = realm_with(
        &[
            ("http.connect_timeout", "2s"),
            ("http.connection_read_timeout", "-1"),
            ("http.socket_timeout", "0"),
            ("http.max_connections", "0"),
            ("http.max_endpoint_connections", "1"),
            ("http.proxy.host", "proxy.example.com"),
            ("http.proxy.port", "3128"),
            ("http.proxy.scheme", "https"),
            ("ssl.key", "tls/key.pem"),
            ("ssl.certificate", "/tls/certificate.pem"),
            ("ssl.certificate_authorities", "[tls/a.pem, /tls/b.pem]"),
            ("ssl.verification_mode", "Certificate"),
            ("ssl.supported_protocols", "[TLSv1.3]"),
        ],
        &[KEY[0], ("ssl.secure_key_passphrase", "open sesame")],
    )
    .back_channel;
    assert_eq!(channel.connect_timeout, Duration::from_secs(2));
    assert_eq!(channel.socket_timeout, Duration::from_secs(10), "without an end of its own");
    let proxy = Proxy { scheme: ProxyScheme::Https, host: "proxy.example.com".into(), port: 3128 };
    assert_eq!(channel.proxy, Some(proxy));
    // Keys come from no URL here.
    assert_eq!(
        channel.tls,
        Tls {
            authorities: Authorities::System,
            client: None,
            verification: Verification::Certificate,
            tls13: true,
            tls12: false,
        }
    );
    for host in ["10.0.0.1", "::1", "[::1]", "localhost"] {
        let change = [("http.proxy.host", format!("'{host}'"))];
        let change = [(change[0].0, change[0].1.as_str())];
        let proxy = realm(&change).back_channel.proxy.unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), (host, 80));
    }
}

#[test]
fn what_may_not_be_secure_is_warned_about() {
    let older = "is never spoken: TLSv1.2 is the oldest version";
    let protocols = [("ssl.supported_protocols", "[TLSv1.2, TLSv1.1, SSLv3]")];
    assert_eq!(warnings(&protocols), [format!("[TLSv1.1] {older}"), format!("[SSLv3] {older}")]);
    let tls = realm(&protocols).back_channel.tls;
    assert_eq!((tls.tls13, tls.tls12), (false, true));
    assert_eq!(
        warnings(&[("ssl.verification_mode", "NONE")]),
        ["Setting [~ssl.verification_mode] value [none] may not be secure. Whoever is on the way \
          to the issuer may be able to make keys of their own."]
    );
    assert_eq!(warnings(&[]), [""; 0]);
}

#[test]
fn what_has_no_effect_is_warned_about_once_and_checked_all_the_same() {
    let has_effect = |known: &&crate::settings::section::Setting| {
        !known.is_secure && matches!(known.standing, Standing::NoEffect | Standing::NeverEffect)
    };
    for known in TABLE.iter().filter(has_effect) {
        let line = format!("{PREFIX}{}: '1s'\n", known.suffix);
        let (_, lines) = with_keys(&KEY, |keys| parse(&(document(&[]) + &line), keys));
        let key = format!(": {PREFIX}{}: the setting has no effect", known.suffix);
        let count = lines.iter().filter(|line| line.ends_with(&key)).count();
        assert_eq!(count, 1, "{}: {lines:?}", known.suffix);
    }
}

#[test]
fn lists_and_texts_are_read_as_elasticsearch_reads_them() {
    let default = realm(&[("allowed_signature_algorithms", "''")]);
    assert_eq!(default.token.allowed_algorithms, [Algorithm::Rs256]);
    assert_eq!(realm(&[("allowed_audiences", "'a,b,,'")]).token.allowed_audiences, ["a", "b"]);
    assert_eq!(realm(&[("allowed_issuer", "2.0")]).token.allowed_issuer, "2.0");
    let patterns = [("allowed_subjects", "[]"), ("allowed_subject_patterns", "a?")];
    let subjects = Subjects { exact: vec![], patterns: vec![LucenePattern::parse("a?").unwrap()] };
    assert_eq!(realm(&patterns).token.allowed_subjects, Some(subjects));
    assert_eq!(realm(&[("claims", "{}"), ("required_claims", "{}")]).name, "r1");
}

/// So that the documentation cannot promise another default.
#[test]
fn a_default_that_is_written_out_changes_nothing() {
    let left_out = realm(&[]);
    let mut written_out = 0;
    for known in TABLE {
        let is_value =
            !matches!(known.default, "" | "none" | "any") && !known.default.contains(' ');
        // Of a secret or of another type of token; the test's own realm has another.
        let is_apart = known.is_secure
            || known.suffix.starts_with("fallback_claims.")
            || known.suffix == "client_authentication.type";
        if is_value && !is_apart && !matches!(known.standing, Standing::Refused(_)) {
            written_out += 1;
            assert_eq!(realm(&[(known.suffix, known.default)]), left_out, "{}", known.suffix);
        }
    }
    assert!(written_out >= 15, "{written_out}");
}
