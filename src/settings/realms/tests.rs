//! The realms of whole configurations.

use crate::settings::tests::{parse, read, realm, refused, served};

const KEY: &str = "a-key-of-at-least-32-bytes-length";
const R1: (&str, &str) = ("xpack.security.authc.realms.jwt.r1.hmac_key", KEY);
const R2: (&str, &str) = ("xpack.security.authc.realms.jwt.r2.hmac_key", KEY);

/// Lines with the common beginning of their keys written `~`.
fn short(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| line.replace("xpack.security.authc.realms.", "~")).collect()
}

/// What is wrong with the realm `r1` and `more` behind it, which begins on line 7.
fn wrong(more: &str) -> Vec<String> {
    short(&refused(&(realm("r1", 1, "") + more), &[R1, R2]))
}

/// The warnings of the realm `r1` and `more`, apart from its own.
fn warnings(more: &str) -> Vec<String> {
    let (settings, lines) = parse(&(realm("r1", 1, "") + more), &[R1]);
    assert!(settings.is_ok(), "{settings:?}");
    let lines = lines.into_iter().filter(|line| !line.contains("submit JWTs"));
    short(&lines.collect::<Vec<_>>())
}

#[test]
fn realms_stand_in_their_order_and_disabled_ones_are_dropped() {
    let text = [
        realm("r1", 7, ""),
        realm("r2", -1, ""),
        // Only the names of its keys are looked at.
        "xpack.security.authc.realms.jwt.off:
  { enabled: false, order: first, pkc_jwkset_path: [], ssl.cipher_suites: x }\n"
            .into(),
        "xpack.security.authc.realms.ldap.off: { enabled: false, whatever: x }\n".into(),
    ];
    let settings = served(&text.concat(), &[R1, R2]);
    let names: Vec<_> = settings.realms.iter().map(|realm| realm.name.as_str()).collect();
    assert_eq!(names, ["r2", "r1"]);
    assert_eq!(
        wrong("xpack.security.authc.realms.jwt.off: { enabled: false, oder: 1 }\n"),
        [
            "gate.yml:7: ~jwt.off.oder: unknown setting [~jwt.off.oder] did you mean [~jwt.off.order]?"
        ]
    );
}

#[test]
fn orders_are_unique_among_enabled_realms_of_all_types() {
    assert_eq!(
        wrong(&realm("r2", 1, "")),
        [
            "gate.yml:8: ~jwt.r2.order: Found multiple realms configured with the same order: 1: [r1, \
          r2]"
        ]
    );
    let others = "
xpack.security.authc.realms:
  ldap.l1.order: 1
  saml.s1.order: 1
  pki.p1: { order: 1, enabled: false }
  oidc.o1.order: 2
";
    let text = "Found multiple realms configured with the same order: 1:";
    assert_eq!(
        wrong(others),
        [
            format!("gate.yml:9: ~ldap.l1.order: {text} [r1, l1]"),
            format!("gate.yml:10: ~saml.s1.order: {text} [r1, s1]"),
        ]
    );
}

#[test]
fn an_order_is_mandatory_for_every_type() {
    let text = "'order' is a mandatory parameter for realm config. Found invalid config for realm";
    for kind in ["active_directory", "file", "kerberos", "ldap", "native", "oidc", "pki", "saml"] {
        assert_eq!(
            wrong(&format!("xpack.security.authc.realms.{kind}.x1.whatever: y\n")),
            [format!("gate.yml:7: ~{kind}.x1.order: {text}: 'x1'")]
        );
    }
    assert_eq!(
        wrong("xpack.security.authc.realms.ldap.l1: { order: first, enabled: 'no' }\n"),
        [
            "gate.yml:7: ~ldap.l1.enabled: Failed to parse value [no] as only [true] or [false] are \
             allowed.",
            "gate.yml:7: ~ldap.l1.order: Failed to parse value [first] for setting [~ldap.l1.order]",
        ]
    );
}

#[test]
fn names_are_unique_among_enabled_realms_of_all_types() {
    assert_eq!(
        wrong("xpack.security.authc.realms.file.r1.order: 2\n"),
        [
            "gate.yml:7: ~file.r1: Found multiple realms configured with the same name: r1: [~jwt.r1, \
          ~file.r1]"
        ]
    );
    let off = "xpack.security.authc.realms.ldap.r1: { order: 2, enabled: false }\n";
    assert_eq!(warnings(off), [""; 0]);
}

#[test]
fn the_names_of_realms_that_stand_by_default_are_taken() {
    for kind in ["file", "native"] {
        let name = format!("default_{kind}");
        let taken = format!("xpack.security.authc.realms.ldap.{name}.order: 2\n");
        assert_eq!(
            wrong(&taken),
            [format!(
                "gate.yml:7: ~ldap.{name}: Found multiple realms configured with the same name: \
                 {name}: [~{kind}.{name}, ~ldap.{name}]"
            )]
        );
        // Not where the default stands no more, another of its type being configured or disabled.
        for own in [format!("{kind}.own.order: 3"), format!("{kind}.{name}.enabled: false")] {
            let text = format!("{taken}xpack.security.authc.realms.{own}\n");
            assert!(parse(&(realm("r1", 1, "") + &text), &[R1]).0.is_ok(), "{text}");
        }
        let own = format!("xpack.security.authc.realms.{kind}.{name}.order: 2\n");
        assert_eq!(warnings(&own).len(), 1);
    }
}

#[test]
fn there_is_at_most_one_file_realm_and_one_native_realm() {
    for (kind, more) in [("file", ""), ("native", ""), ("file", "\n  enabled: false")] {
        let text = format!(
            "xpack.security.authc.realms.{kind}.x1.order: 2\n\
             xpack.security.authc.realms.{kind}.x2:\n  order: 3{more}\n"
        );
        assert_eq!(
            wrong(&text),
            [format!(
                "gate.yml:8: ~{kind}.x2: multiple [{kind}] realms are configured. [{kind}] is an \
                 internal realm and therefore there can only be one such realm configured"
            )]
        );
    }
    let ldap = "xpack.security.authc.realms.ldap: { l1.order: 2, l2.order: 3 }\n";
    assert_eq!(warnings(ldap).len(), 2);
}

#[test]
fn names_have_letters_digits_underscores_and_hyphens() {
    let text = "must consist of A-Z, a-z, 0-9, [_] and [-]";
    for (kind, name) in [("jwt", "r 1"), ("jwt", "ré"), ("ldap", "l/1"), ("jwt", "")] {
        let lines = wrong(&format!("'xpack.security.authc.realms.{kind}.{name}.order': 2\n"));
        let line = format!("gate.yml:7: ~{kind}.{name}: realm name [{name}] {text}");
        let line = line.replace(".:", ":");
        assert!(lines.contains(&line), "{lines:?}");
        // What else is wrong with the realm is told, too.
        assert_eq!(lines.len() > 1, kind == "jwt", "{lines:?}");
    }
    assert!(read(&realm("R-1_x", 1, ""), &[R1]).is_err(), "another realm's key");
    assert_eq!(
        warnings("xpack.security.authc.realms.ldap._l1.order: 2\n")[0],
        "warning: gate.yml:7: ~ldap._l1: Found realm name with reserved prefix [_]: [~ldap._l1]."
    );
}

#[test]
fn a_realm_that_is_not_served_is_named_once_and_not_read() {
    let text = "
xpack.security.authc.realms:
  saml:
    s1:
      idp.metadata.path: x
      order: 2
      no_such_thing: [[]]
  file.default_file.order: 3
xpack.security.authc.realms.saml.s1.sp.entity_id: y
";
    assert_eq!(
        warnings(text),
        [
            "warning: gate.yml:10: ~saml.s1: the realm has no effect: realms of type [saml] are \
             not served",
            "warning: gate.yml:14: ~file.default_file: the realm has no effect: realms of type \
             [file] are not served",
        ]
    );
    for nothing in ["xpack.security.authc.realms.saml: {}\n", "xpack.security.authc.realms: {}\n"] {
        assert_eq!(warnings(nothing), [""; 0]);
    }
    assert_eq!(warnings("xpack.security.authc.realms.saml.s1: {}\n"), [""; 0]);
}

#[test]
fn another_type_is_a_misspelt_key() {
    for (key, expected) in [
        ("jtw.r2.order", " did you mean [~jwt.r2.order]?"),
        ("activedirectory.a1.order", " did you mean [~active_directory.a1.order]?"),
        ("my_plugin.p1.order", ""),
        ("saml", ""),
        ("jwt", ""),
        ("saml.s1", ""),
    ] {
        let lines = wrong(&format!("xpack.security.authc.realms.{key}: 2\n"));
        let expected = format!("gate.yml:7: ~{key}: unknown setting [~{key}]{expected}");
        assert!(lines.contains(&expected), "{lines:?}");
    }
}

#[test]
fn a_realm_in_which_users_are_looked_up_is_there_and_looks_them_up_itself() {
    let others = "
xpack.security.authc.realms:
  ldap.l1.order: 5
  native.off: { enabled: false }
  file.users.order: 6
";
    let faults = |realms: &str| {
        let own = format!("  authorization_realms: {realms}\n");
        let text = realm("r1", 1, &own) + &realm("r2", 2, "  authorization_realms: users\n");
        let lines = read(&(text + others), &[R1, R2]).err().unwrap_or_default();
        let prefix = "gate.yml:7: ~jwt.r1.authorization_realms: ";
        let what = |line: &String| line.strip_prefix(prefix).unwrap_or(line).to_owned();
        short(&lines).iter().map(what).collect::<Vec<_>>()
    };
    let missing = |name: &str| {
        format!("configured authorization realm [{name}] does not exist (or is not enabled)")
    };
    for (realms, expected) in [
        ("users", vec![]),
        ("[]", vec![]),
        ("'users, gone'", vec![missing("gone")]),
        (
            "[default_file, off, default_native]",
            ["default_file", "off", "default_native"].map(missing).to_vec(),
        ),
        (
            "l1",
            vec![
                "configured authorization realm [l1] is of type [ldap], which is not served".into(),
            ],
        ),
        (
            "[r2, users]",
            vec![
                "cannot use realm [jwt/r2] as an authorization realm - it is already delegating \
                 authorization to [[users]]"
                    .into(),
            ],
        ),
        (
            "r1",
            vec![
                "cannot use realm [jwt/r1] as an authorization realm - it is already delegating \
                 authorization to [[r1]]"
                    .into(),
            ],
        ),
    ] {
        assert_eq!(faults(realms), expected, "{realms}");
    }
    let text = realm("r1", 1, "  authorization_realms: [default_native, default_file]\n");
    assert!(read(&text, &[R1]).is_ok(), "they stand by default");
}

#[test]
fn secrets_that_nobody_asks_for_are_warned_about_and_misspelt_ones_refused() {
    let text = realm("r1", 1, "") + "xpack.security.authc.realms.saml.s1.order: 2\n";
    let with = |key: &str| parse(&text, &[R1, (key, "hunter2")]);
    for key in [
        "xpack.security.authc.realms.jwt.r9.hmac_key",
        "xpack.security.authc.realms.jwt.R1.hmac_key",
        "xpack.security.authc.realms.saml.s1.signing.secure_key_passphrase",
        "xpack.security.http.ssl.keystore.secure_password",
        "xpack.security.http.ssl.secure_key_passphrase",
        "s3.client.default.access_key",
        "bootstrap.password",
    ] {
        let (settings, warnings) = with(key);
        assert!(settings.is_ok(), "{key}");
        let what = "no served realm has this secure setting; it has no effect";
        assert_eq!(warnings.last().unwrap(), &format!("warning: keystore/{key}: {key}: {what}"));
    }
    let r1 = "xpack.security.authc.realms.jwt.r1";
    for (key, nearest) in [
        (format!("{r1}.hmac_kay"), format!("{r1}.hmac_key")),
        (
            format!("{r1}.client_authentication.shared-secret"),
            format!("{r1}.client_authentication.shared_secret"),
        ),
        (r1.replace("jwt", "jtw") + ".hmac_key", format!("{r1}.hmac_key")),
        (r1.replace("xpack", "xpak") + ".hmac_key", format!("{r1}.hmac_key")),
        (
            "realmgate.identity.elasticsearch.authorisation".into(),
            "realmgate.identity.elasticsearch.authorization".into(),
        ),
        (
            "realmgat.identity.elasticsearch.authorization".into(),
            "realmgate.identity.elasticsearch.authorization".into(),
        ),
    ] {
        let expected = format!(
            "keystore/{key}: {key}: unknown secure setting [{key}] did you mean [{nearest}]?"
        );
        assert_eq!(with(&key).0.unwrap_err(), [expected]);
    }
}

#[test]
fn without_a_realm_nothing_is_served() {
    let line = "gate.yml: xpack.security.authc.realms: no realm that authenticates is configured \
                and enabled";
    for text in [
        "",
        "# nothing\n",
        "{}",
        "realmgate: {}\nxpack.security.authc: {}\n",
        "xpack.security.authc.realms.jwt.r1: {}\n",
        "xpack.security.authc.realms.jwt.r1: { order: 1, enabled: false }\n",
        "xpack.security.authc.realms.ldap.l1: { order: 1 }\n",
        "xpack.security.authc.realms.file.f1: { order: 1 }\n",
    ] {
        assert_eq!(refused(text, &[]), [line], "{text}");
    }
}
