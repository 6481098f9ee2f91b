//! The rules between settings.

use super::*;

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
        let client = realm_with(&[kind], &with(" s ")).client;
        assert_eq!(client.secret, Some(Secret::new(" s ")));
    }
    assert_eq!(
        faults(&[], &with("s")),
        [(
            "client_authentication.shared_secret".to_owned(),
            "Setting [~client_authentication.shared_secret] is not supported, because setting \
             [~client_authentication.type] is [none]"
                .to_owned()
        )]
    );
    assert_eq!(realm_with(&[], &with(" ")).client.secret, None);
    let (_, warnings) = with_keys(&with("s"), |keys| parse(&document(&[shared]), keys));
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn a_realm_needs_a_key_and_at_most_one_of_hmac() {
    let missing = "At least one of [~hmac_key] or [~hmac_jwkset] or [~pkc_jwkset_path] must be set";
    assert_eq!(wrong(&[], &[]), [missing]);
    assert_eq!(wrong(&[], &[("hmac_key", " ")]), [missing]);
    assert_eq!(faults(&[], &[("hmac_jwkset", " ")])[0].1, missing);
    assert_eq!(wrong(&[("pkc_jwkset_path", "''")], &[]), [missing]);
    // A source is there, but cannot be used: one line, not two.
    assert_eq!(faults(&[("pkc_jwkset_path", "https://")], &[]).len(), 1);
    let set = ("hmac_jwkset", r#"{"keys": []}"#);
    assert_eq!(
        faults(&[], &[KEY[0], set]),
        [(
            "hmac_jwkset".to_owned(),
            "Settings [~hmac_jwkset] and [~hmac_key] are not allowed at the same time.".to_owned()
        )]
    );
    assert_eq!(realm_with(&[("pkc_jwkset_path", "a")], &KEY).keys, {
        let hmac = Some(HmacKeys::Key(Secret::new(KEY[0].1)));
        KeySources { public: Some(PublicKeys::File("/etc/gate/a".into())), hmac }
    });
}

#[test]
fn a_set_of_keys_is_an_object_with_a_list() {
    let wrong = "JWKSet parse failed for setting [~hmac_jwkset]: ";
    for text in [
        r#"{"kty": "oct", "k": "AAAA"}"#,
        r#"{"keys": {}}"#,
        r#"{"keys": null}"#,
        r#"{"keys": "[]"}"#,
        r#"{"keys": [}"#,
        r#"[{"keys": []}]"#,
        r#"{"keys": []} x"#,
        "not JSON",
    ] {
        let faults = faults(&[], &[("hmac_jwkset", text)]);
        assert_eq!(faults.len(), 1, "{text}");
        assert_eq!(faults[0].0, "hmac_jwkset", "{text}");
        assert!(faults[0].1.starts_with(wrong) && faults[0].1.len() > wrong.len(), "{text}");
    }
}

#[test]
fn secrets_of_key_stores_are_refused_and_a_passphrase_is_none_of_them() {
    for suffix in [
        "ssl.keystore.secure_password",
        "ssl.keystore.secure_key_password",
        "ssl.truststore.secure_password",
    ] {
        let faults = faults(&[], &[KEY[0], (suffix, "hunter2")]);
        assert!(faults[0].1.starts_with("key stores are not supported: "), "{faults:?}");
    }
    let secrets = [KEY[0], ("ssl.secure_key_passphrase", "hunter2")];
    let (settings, lines) = with_keys(&secrets, |keys| parse(&document(&[]), keys));
    assert!(settings.is_ok());
    assert!(lines.iter().all(|line| !line.contains("passphrase")), "{lines:?}");
}

#[test]
fn an_access_token_needs_to_know_whose_it_may_be() {
    let what = "One of either [~allowed_subjects] or [~allowed_subject_patterns] must be \
                specified and not be empty.";
    let access = ("token_type", "access_token");
    let refused = |change: &[(&str, &str)], suffix: &str| {
        assert_eq!(faults(change, &KEY), [(suffix.to_owned(), what.to_owned())], "{change:?}");
    };
    refused(&[access], "allowed_subjects");
    refused(&[access, ("allowed_subjects", "[]")], "allowed_subjects");
    refused(&[access, ("allowed_subject_patterns", "[]")], "allowed_subject_patterns");
    let both = [("allowed_subjects", "[]"), ("allowed_subject_patterns", "[]")];
    refused(&[access, both[0], both[1]], "allowed_subjects");
    refused(&both, "allowed_subjects");
    for (suffix, value) in [("allowed_subjects", "a"), ("allowed_subject_patterns", "'*'")] {
        let subjects = realm(&[access, (suffix, value)]).token.allowed_subjects.unwrap();
        assert_eq!(subjects.exact.len() + subjects.patterns.len(), 1);
    }
}

#[test]
fn claims_that_stand_in_are_for_access_tokens_and_not_registered() {
    let access = [("token_type", "access_token"), ("allowed_subjects", "a")];
    let refused = |claim: &str, value: &str| {
        let suffix = format!("fallback_claims.{claim}");
        let faults = faults(&[access[0], access[1], (&suffix, value)], &KEY);
        assert_eq!(faults.len(), 1, "{claim}: {value}");
        assert_eq!(faults[0].0, suffix);
        faults[0].1.clone()
    };
    for (claim, other) in [("sub", "aud"), ("aud", "sub")] {
        for name in [other, "iss", "exp", "nbf", "iat", "jti"] {
            let expected = format!(
                "Invalid fallback claims setting [~fallback_claims.{claim}]. Claim [{claim}] \
                 cannot fallback to a registered claim [{name}]"
            );
            assert_eq!(refused(claim, name), expected);
        }
        let expected = format!("Invalid empty value for [~fallback_claims.{claim}].");
        assert_eq!(refused(claim, "''"), expected);
        let suffix = format!("fallback_claims.{claim}");
        for value in [claim, "client_id", "''"] {
            let expected = format!(
                "fallback claim setting [~{suffix}] is not allowed when JWT realm [r1] is \
                 [id_token] type"
            );
            assert_eq!(faults(&[(&suffix, value)], &KEY), [(suffix.clone(), expected)]);
        }
    }
}

#[test]
fn a_claim_pattern_needs_its_claim() {
    for property in ["groups", "dn", "mail", "name"] {
        let pattern = format!("claim_patterns.{property}");
        for value in ["'(.*)'", "''"] {
            let expected = format!(
                "Setting [~{pattern}] cannot be set unless [~claims.{property}] is also set"
            );
            assert_eq!(faults(&[(&pattern, value)], &KEY), [(pattern.clone(), expected)]);
        }
    }
    let change = [("claims.principal", ""), ("claim_patterns.principal", "(.*)")];
    assert_eq!(faults(&change, &KEY)[0].1, "Setting [~claims.principal] is required");
}

#[test]
fn the_longest_interval_is_not_less_than_the_shortest_where_keys_come_from_a_url() {
    const MIN: &str = "pkc_jwkset_reload.url_interval_min";
    const MAX: &str = "pkc_jwkset_reload.url_interval_max";
    let url = ("pkc_jwkset_path", "https://a");
    let what = |max: &str, min: &str| {
        format!("Invalid PKC JWK set URL reload intervals: max [{max}] is less than min [{min}]")
    };
    for (change, suffix, expected) in [
        (&[url, (MIN, "90m"), (MAX, "60m")][..], MAX, what("1h", "1.5h")),
        (&[url, (MAX, "59m")], MAX, what("59m", "1h")),
        (&[url, (MIN, "6d")], MIN, what("5d", "6d")),
        (&[url, (MIN, "6d"), ("pkc_jwkset_reload.enabled", "false")], MIN, what("5d", "6d")),
    ] {
        assert_eq!(faults(change, &KEY), [(suffix.to_owned(), expected)]);
    }
    let file = ("pkc_jwkset_path", "a");
    assert_eq!(faults(&[file, (MIN, "6d")], &KEY), []);
}

#[test]
fn a_proxy_is_a_host() {
    for host in ["''", "'a b'", "a/b", "user@a", "'a:1'", "'http://a'"] {
        let shown = host.trim_matches('\'');
        let expected = format!(
            "HTTP host for hostname [{shown}] (from [~http.proxy.host]), port [80] (from \
             [~http.proxy.port]) and scheme [http] (from ([~http.proxy.scheme]) is invalid"
        );
        let faults = faults(&[("http.proxy.host", host)], &KEY);
        assert_eq!(faults, [("http.proxy.host".to_owned(), expected)]);
    }
    let alone = [("http.proxy.port", "1"), ("http.proxy.scheme", "https")];
    assert_eq!(realm(&alone).back_channel.proxy, None);
}

#[test]
fn a_key_and_its_certificate_belong_together() {
    for (one, other) in [("key", "certificate"), ("certificate", "key")] {
        let suffix = format!("ssl.{one}");
        let expected = format!("cannot specify [~ssl.{one}] without also setting [~ssl.{other}]");
        assert_eq!(faults(&[(&suffix, "a.pem")], &KEY), [(suffix.clone(), expected)]);
    }
}
