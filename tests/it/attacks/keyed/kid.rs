//! Tricks with `kid`: it chooses among the issuer's keys, and does nothing else.

use serde_json::json;

use super::{good, judged, keys, setup, trusted};
use crate::attacks::{Attack, allow, hold_beside};
use crate::support::corp;
use crate::support::gate::Gate;
use crate::support::keys::{Key, set};
use crate::support::token::{Claims, HS256};

/// Names that some library has once looked up in a file, a database, a shell or a cache.
fn names() -> Vec<String> {
    let long = "rsa".repeat(2000);
    let names = [
        "../../../../../../dev/null",
        "/dev/null",
        "/proc/sys/kernel/randomize_va_space",
        "..\\..\\windows\\win.ini",
        "keys.json",
        "./keys.json",
        "rsa/../p256",
        "file:///etc/hostname",
        "http://127.0.0.1:1/keys",
        "' OR '1'='1",
        "rsa' UNION SELECT 'AAAA' -- ",
        "rsa; DROP TABLE keys",
        "$(id)",
        "`id`",
        "|id",
        "${jndi:ldap://127.0.0.1:1/a}",
        "{{7*7}}",
        "%s%s%n",
        "*",
        "*)(uid=*",
        "rs.",
        "/rsa/",
        "0",
        "null",
        "",
        " ",
        "rsa ",
        " rsa",
        "rsa\0",
        "\0",
        "rsa\0.json",
        "rsa\r\nx-es-username: admin",
        "RSA",
        "Rsa",
        "r\u{455}a",
        "\u{ff52}\u{ff53}\u{ff41}",
        "rsa\u{200b}",
        "\u{feff}rsa",
        "rs\u{61}\u{301}",
        "r\u{17f}a",
        "%72%73%61",
        "rsa,p256",
        "__proto__",
        "constructor",
        &long,
    ];
    names.map(str::to_owned).into()
}

#[test]
fn a_name_that_is_nobodys_finds_no_key_whoever_signed() {
    let mut attacks = Vec::new();
    for name in names() {
        let header = json!({ "alg": "RS256", "kid": name });
        let what: String = format!("{name:?}").chars().take(40).collect();
        for (by, key) in [("the issuer", Key::rsa()), ("another", Key::other_rsa())] {
            let token = key.under(&header, &Claims::good(), "RS256");
            attacks.push(judged(&format!("{what} by {by}"), &token, "no_usable_key"));
        }
        for (by, key) in [("nothing", ""), ("a NUL", "\0"), ("its name", &name), ("a 2", "2\n")] {
            // The HMAC key has no name, so it may have any.
            let header = json!({ "alg": HS256, "kid": name });
            let token = Claims::good().under(&header, HS256, key);
            attacks.push(judged(&format!("{what} by {by}"), &token, "signature_invalid"));
        }
    }
    hold_beside(&super::gate(), &good(Key::rsa()), &attacks);
}

#[test]
fn the_name_of_another_key_of_the_set_does_not_help() {
    let mut attacks = Vec::new();
    for key in trusted() {
        for named in trusted().iter().filter(|named| named.kid() != key.kid()) {
            let header = json!({ "alg": key.alg(), "kid": named.kid() });
            let token = key.under(&header, &Claims::good(), key.alg());
            attacks.push(judged(&header.to_string(), &token, "no_usable_key"));
        }
    }
    hold_beside(&super::gate(), &good(Key::p256()), &attacks);
}

#[test]
fn a_name_that_is_no_text_or_stands_twice_is_not_a_jwt() {
    let wrong = [
        json!(0),
        json!(1.5),
        json!(true),
        json!(null),
        json!([]),
        json!(["rsa"]),
        json!({}),
        json!({ "rsa": 1 }),
    ];
    let mut attacks: Vec<_> = wrong
        .iter()
        .map(|kid| {
            let header = json!({ "alg": "RS256", "kid": kid });
            let token = Key::rsa().under(&header, &Claims::good(), "RS256");
            Attack::not_a_jwt(&header.to_string(), &token)
        })
        .collect();
    let texts = [
        r#"{"alg":"RS256","kid":"rsa","kid":"rsa"}"#,
        r#"{"alg":"RS256","kid":"p256","kid":"rsa"}"#,
        r#"{"alg":"RS256","kid":"rsa","\u006bid":"p256"}"#,
        r#"{"alg":"RS256","kid":"rsa","k\u0069\u0064":null}"#,
        r#"{"alg":"RS256","\u0061lg":"RS256","kid":"rsa"}"#,
        r#"{"alg":"HS256","alg":"RS256","kid":"rsa"}"#,
        r#"{"alg":"RS256","kid":"\ud800"}"#,
    ];
    let good = Claims::good().text();
    attacks.extend(
        texts.map(|header| {
            Attack::not_a_jwt(header, &Key::rsa().sign_texts(header, &good, "RS256"))
        }),
    );
    hold_beside(&super::gate(), &super::good(Key::rsa()), &attacks);
}

/// A second realm with an issuer and a key of its own.
fn with_another_realm(key: &Key) -> Gate {
    let named = |suffix: &str| format!("xpack.security.authc.realms.jwt.other.{suffix}");
    setup(&keys())
        .set(&named("order"), 2)
        .set(&named("allowed_issuer"), "https://other.example.com/")
        .set(&named("allowed_audiences"), json!([corp::AUDIENCE]))
        .set(&named("allowed_signature_algorithms"), json!(["RS256"]))
        .set(&named("claims.principal"), "sub")
        .set(&named("pkc_jwkset_path"), "other.json")
        .secret(&named("client_authentication.shared_secret"), corp::SECRET)
        .file("other.json", set([key]).to_string())
        .start()
}

#[test]
fn the_key_of_another_realm_serves_that_realm_alone() {
    let theirs = Key::other_rsa();
    let gate = with_another_realm(&theirs.with("kid", "theirs"));
    let with = |key: &Key, kid: &str, iss: &str| {
        let header = json!({ "alg": "RS256", "kid": kid });
        let claims = Claims::good().with("iss", iss);
        (claims.clone(), key.under(&header, &claims, "RS256"))
    };
    let rows = [
        ("theirs by its name", with(theirs, "theirs", corp::ISSUER), "no_usable_key"),
        ("theirs by our name", with(theirs, "rsa", corp::ISSUER), "signature_invalid"),
        (
            "ours by our name",
            with(Key::rsa(), "rsa", "https://other.example.com/"),
            "no_usable_key",
        ),
        (
            "ours by their name",
            with(Key::rsa(), "theirs", "https://other.example.com/"),
            "signature_invalid",
        ),
    ];
    let attacks = rows.map(|(what, (claims, token), reason)| {
        Attack::judged(what, corp::with_token(&token), &claims, reason)
    });
    hold_beside(&gate, &good(Key::rsa()), &attacks);
    let (_, token) = with(theirs, "theirs", "https://other.example.com/");
    allow(&gate, &[("theirs in its own realm", corp::with_token(&token))]);
}

#[test]
fn one_name_of_two_keys_is_either_of_them_and_nobody_elses() {
    let (first, second) = (Key::rsa(), Key::other_rsa());
    let gate = setup(&set([first, second, Key::p256()])).start();
    let [one, other] = [good(first), good(second)];
    let forged = super::resigned(&one, &second.sign("RS256", b"something else"));
    let header = json!({ "alg": HS256, "kid": "rsa" });
    let mac = Claims::good().under(&header, HS256, second.spki());
    let attacks = [
        judged("another's signature", &forged, "signature_invalid"),
        judged("a MAC", &mac, "signature_invalid"),
    ];
    hold_beside(&gate, &one, &attacks);
    hold_beside(&gate, &other, &attacks);
}
