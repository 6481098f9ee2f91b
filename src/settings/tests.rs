//! Whole configurations: what is served, and every line that a refusal prints.

mod environment;

use super::*;
use crate::engine::Secret;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// A folder that is not there.
const NOWHERE: &str = "/etc/gate";

/// What a text in `folder` and its secrets make, each value as one of the environment if that is asked.
fn made(
    folder: &Path,
    text: &str,
    secrets: &[(&str, &str)],
    from_environment: bool,
) -> (Read<Settings>, Problems) {
    let mut problems = Problems::new(Path::new("gate.yml"), Some(Path::new("keystore")));
    let (keystore, reader) = (Keystore::of(secrets), Reader::default());
    let files = Files { folder, reader: &reader };
    let document = document::read(text.as_bytes(), &|_| None, &mut problems);
    let settings = document.and_then(|mut document| {
        for entry in &mut document.entries {
            entry.from_environment |= from_environment;
        }
        assemble(&document, &keystore, files, &mut problems)
    });
    (settings, problems)
}

/// Settings or the lines that are wrong, and the warnings' lines but for that of an unusable key.
pub(super) fn parse(
    text: &str,
    secrets: &[(&str, &str)],
) -> (Result<Settings, Vec<String>>, Vec<String>) {
    let (settings, problems) = made(Path::new(NOWHERE), text, secrets, false);
    let (warnings, wrong) = problems
        .lines()
        // Few tests here are about keys, and have one of the default algorithm.
        .filter(|line| !line.contains(": no_usable_key: "))
        .partition::<Vec<_>, _>(|line| line.starts_with("warning: "));
    (settings.ok().filter(|_| wrong.is_empty()).ok_or(wrong), warnings)
}

/// Settings or the lines that are wrong, the refusal of what is not built yet apart.
pub(super) fn read(text: &str, secrets: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    read_in(Path::new(NOWHERE), text, secrets)
}

/// The same of a text that stands in `folder`.
pub(super) fn read_in(
    folder: &Path,
    text: &str,
    secrets: &[(&str, &str)],
) -> Result<Settings, Vec<String>> {
    let (settings, problems) = made(folder, text, secrets, false);
    let wrong = problems.refusals().filter(|line| !line.contains(section::NOT_YET));
    let wrong: Vec<_> = wrong.collect();
    settings.ok().filter(|_| wrong.is_empty()).ok_or(wrong)
}

/// Every line about a configuration whose values came from the environment.
pub(super) fn lines_from_environment(text: &str, secrets: &[(&str, &str)]) -> Vec<String> {
    made(Path::new(NOWHERE), text, secrets, true).1.lines().collect()
}

/// The lines of a refusal.
pub(super) fn refused(text: &str, secrets: &[(&str, &str)]) -> Vec<String> {
    parse(text, secrets).0.expect_err("the configuration is refused")
}

/// The settings of a configuration that is served.
pub(super) fn served(text: &str, secrets: &[(&str, &str)]) -> Settings {
    let (settings, _) = parse(text, secrets);
    settings.unwrap_or_else(|lines| panic!("refused: {lines:#?}"))
}

/// A realm that is served, with `more` settings in its mapping.
pub(crate) fn realm(name: &str, order: i32, more: &str) -> String {
    format!(
        "xpack.security.authc.realms.jwt.{name}:\n  order: {order}\n  allowed_issuer: iss\n  \
         allowed_audiences: aud\n  claims.principal: sub\n  client_authentication.type: none\n{more}"
    )
}

const KEY: &str = "a-key-of-at-least-32-bytes-length";
const R1: (&str, &str) = ("xpack.security.authc.realms.jwt.r1.hmac_key", KEY);
const HS256: &str = "  allowed_signature_algorithms: [HS256]\n";

#[test]
fn nested_and_dotted_keys_mix() {
    let text = "
xpack:
  security.authc:
    realms.jwt.r1: { order: 1, allowed_issuer: iss, allowed_audiences: [a, b] }
xpack.security.authc.realms:
  jwt.r1:
    claims: { principal: sub, groups: groups }
xpack.security.authc.realms.jwt.r1.client_authentication.type: none
realmgate:
  grpc: { address: '127.0.0.1:0' }
realmgate.http.address: '127.0.0.1:0'
";
    let settings = served(text, &[R1]);
    assert_eq!(settings.realms[0].token.allowed_audiences, ["a", "b"]);
    assert_eq!(settings.realms[0].claims.groups.as_ref().unwrap().name, "groups");
    assert_eq!(settings.grpc_address.to_string(), "127.0.0.1:0");
}

#[test]
fn all_problems_are_told_at_once_with_their_lines() {
    let text = "\
xpack.security.authc.realms.jwt.r1:
  order: first
  allowed_isuer: iss
  allowed_audiences: []
  allowed_clock_skew: 60
  client_authentication.type: none
  claims.principal:
realmgate.grpc.adress: 127.0.0.1:0
node.name: n1
realmgate.grpc.tls.key: key.pem
xpack.security.authc.realms.saml.s1.order: third
";
    let r1 = "xpack.security.authc.realms.jwt.r1";
    assert_eq!(
        refused(text, &[]),
        [
            format!(
                "gate.yml:1: {r1}.allowed_issuer: Invalid empty value for [{r1}.allowed_issuer]."
            ),
            format!(
                "gate.yml:1: {r1}.hmac_key: At least one of [{r1}.hmac_key] or [{r1}.hmac_jwkset] \
                 or [{r1}.pkc_jwkset_path] must be set"
            ),
            format!(
                "gate.yml:2: {r1}.order: Failed to parse value [first] for setting [{r1}.order]"
            ),
            format!(
                "gate.yml:3: {r1}.allowed_isuer: unknown setting [{r1}.allowed_isuer] did you mean \
                 [{r1}.allowed_issuer]?"
            ),
            format!(
                "gate.yml:4: {r1}.allowed_audiences: Invalid empty list for [{r1}.allowed_audiences]."
            ),
            format!(
                "gate.yml:5: {r1}.allowed_clock_skew: failed to parse setting \
                 [{r1}.allowed_clock_skew] with value [60] as a time value: unit is missing or \
                 unrecognized"
            ),
            format!(
                "gate.yml:7: {r1}.claims.principal: null-valued setting found for key \
                 [{r1}.claims.principal]"
            ),
            "gate.yml:8: realmgate.grpc.adress: unknown setting [realmgate.grpc.adress] did you mean \
             [realmgate.grpc.address]?"
                .into(),
            "gate.yml:9: node.name: unknown setting [node.name]: only [xpack.security.*] and \
             [realmgate.*] are read here"
                .into(),
            "gate.yml:10: realmgate.grpc.tls.key: not supported yet".into(),
            "gate.yml:11: xpack.security.authc.realms.saml.s1.order: Failed to parse value [third] for \
             setting [xpack.security.authc.realms.saml.s1.order]"
                .into(),
        ]
    );
}

#[test]
fn what_stands_in_the_wrong_file_is_refused_and_no_secret_is_printed() {
    let text = realm("r1", 1, "  hmac_key: hunter2\n");
    let lines = refused(&text, &[]);
    let key = "xpack.security.authc.realms.jwt.r1.hmac_key";
    assert_eq!(
        lines,
        [format!(
            "gate.yml:7: {key}: Setting [{key}] is a secure setting and must be stored inside the \
             keystore, but was found inside the configuration file"
        )]
    );
    let misplaced = "xpack.security.authc.realms.jwt.r1.allowed_issuer";
    let misspelt = "xpack.security.authc.realms.jwt.r1.hmac_kay";
    let other = "xpack.security.authc.realms.jwt.r9.hmac_key";
    let secrets = [R1, (misplaced, "hunter2"), (misspelt, "hunter2"), (other, "hunter2")];
    let (settings, warnings) = parse(&realm("r1", 1, ""), &secrets);
    assert_eq!(
        settings.unwrap_err(),
        [
            format!(
                "keystore/{misplaced}: {misplaced}: Setting [{misplaced}] is a non-secure setting \
                 and must be stored inside the configuration file, but was found inside the keystore"
            ),
            format!(
                "keystore/{misspelt}: {misspelt}: unknown secure setting [{misspelt}] did you mean \
                 [{}]?",
                R1.0
            ),
        ]
    );
    assert_eq!(
        warnings.last().unwrap(),
        &format!(
            "warning: keystore/{other}: {other}: no served realm has this secure setting; it has \
             no effect"
        )
    );
}

fn load(config: &Path, keystore: Option<&Path>) -> Result<Loaded, Problems> {
    Sources::new(config, keystore).read(None).made
}

/// A folder of its own, removed at the end.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("realmgate-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("keystore")).unwrap();
        Self(folder)
    }

    pub(crate) fn with(self, file: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.0.join(file), content).unwrap();
        self
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn secrets_are_read_from_the_folder_beside_the_file() {
    let folder = Folder::new("beside")
        .with("gate.yml", realm("r1", 1, HS256).replace("none", "shared_secret"))
        .with("keystore/..data", "passed over")
        .with("keystore/xpack.security.authc.realms.jwt.r1.hmac_key", format!("{KEY} clé \r\n\n"))
        .with(
            "keystore/xpack.security.authc.realms.jwt.r1.client_authentication.shared_secret",
            "secret\n",
        );
    let loaded = load(&folder.0.join("gate.yml"), None).unwrap();
    let realm = &loaded.settings.realms[0];
    let key = Secret::new(format!("{KEY} clé \r\n"));
    assert_eq!(realm.keys.hmac, Some(HmacKeys::Key(key)));
    assert_eq!(realm.client.secret, Some(Secret::new("secret")));
    let warnings: Vec<_> = loaded.warnings.lines().collect();
    let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert!(warning.contains("hmac_key: the newline at the end"), "{warning}");
    // Also with a path that has no folder part in front of it, and by an explicit folder.
    assert!(load(&folder.0.join("gate.yml"), Some(&folder.0.join("keystore"))).is_ok());
}

#[test]
fn a_realm_without_a_usable_key_is_warned_about() {
    let algorithms = |list| format!("  allowed_signature_algorithms: [{list}]\n");
    for (algorithms, has_key) in [
        (HS256.to_owned(), true),
        (algorithms("HS512, HS256"), true),
        (algorithms("HS384, HS512"), false),
        (String::new(), false),
    ] {
        let text = realm("r1", 1, &algorithms);
        let loaded = super::parse(text.as_bytes(), &[(R1.0, KEY.as_bytes())], &|_| None).unwrap();
        let line = "warning: realmgate.yml:1: xpack.security.authc.realms.jwt.r1: no_usable_key: no \
                    allowed algorithm has a usable key, so authentication will \
                    fail until this is fixed";
        let is_warned = loaded.warnings.lines().any(|warning| warning == line);
        assert_eq!(is_warned, !has_key, "{algorithms}: {}", loaded.warnings);
    }
}

#[test]
fn a_secret_from_a_file_with_other_line_ends_is_warned_about() {
    let key = format!("{KEY}\r\n");
    let loaded =
        super::parse(realm("r1", 1, HS256).as_bytes(), &[(R1.0, key.as_bytes())], &|_| None);
    let warnings = loaded.unwrap().warnings.to_string();
    let what = "hmac_key: the value ends in a carriage return, which is taken as a part of it\n";
    assert!(warnings.contains(what), "{warnings}");
}

#[test]
fn a_secret_that_cannot_be_used_is_named_and_not_printed() {
    let folder = Folder::new("unusable")
        .with("gate.yml", realm("r1", 1, "") + &realm("r2", 2, "") + &realm("r3", 3, ""))
        .with("keystore/xpack.security.authc.realms.jwt.r1.hmac_key", b"hunter2\xff")
        .with("keystore/xpack.security.authc.realms.jwt.r2.hmac_key", " \n");
    fs::create_dir(folder.0.join("keystore/xpack.security.authc.realms.jwt.r3.hmac_key")).unwrap();
    let problems = load(&folder.0.join("gate.yml"), None).unwrap_err();
    let text = problems.to_string();
    for part in [
        "r1.hmac_key: the value is not UTF-8 text\n",
        "gate.yml:7: xpack.security.authc.realms.jwt.r2.hmac_key: At least one of [",
        "r3.hmac_key: the file cannot be read: it is not a file\n",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("hunter2"));
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = Folder::new("unreadable").with("big.yml", "#".repeat(document::SIZE + 1));
    let missing = folder.0.join("missing.yml");
    let lines: Vec<_> = load(&missing, Some(&folder.0.join("none"))).unwrap_err().lines().collect();
    assert!(lines[0].starts_with(&format!("{}: the file cannot be read: ", missing.display())));
    assert!(lines[1].contains("/none: the keystore cannot be read: "), "{lines:?}");
    let lines: Vec<_> = load(&folder.0.join("big.yml"), None).unwrap_err().lines().collect();
    assert!(lines[0].ends_with("big.yml: the file is larger than 1048576 bytes"), "{lines:?}");
    assert!(load(&folder.0, None).is_err());
}

/// The setting that is at fault in a sample that is refused.
fn at_fault(id: &str) -> &'static str {
    match id.trim_start_matches("config/") {
        "issuer-empty" => "allowed_issuer",
        "principal-claim-missing" => "claims.principal",
        "no-key-material" => "hmac_key",
        "hmac_key-and-hmac_jwkset" | "hmac_jwkset-single-jwk" => "hmac_jwkset",
        "client-auth-none-with-secret" => "client_authentication.shared_secret",
        "client-auth-unknown-type" => "client_authentication.type",
        "subjects-contains-empty" | "id-token-empty-subjects-list" => "allowed_subjects",
        "fallback-aud-on-id_token" | "fallback-aud-to-sub" => "fallback_claims.aud",
        "fallback-sub-to-registered-aud" | "fallback-sub-to-registered-iat" => {
            "fallback_claims.sub"
        }
        "required-claim-iss" => "required_claims.iss",
        "required-claim-sub" => "required_claims.sub",
        "required-claim-nbf" => "required_claims.nbf",
        "required-claim-iat" => "required_claims.iat",
        "claim-pattern-without-claim" => "claim_patterns.groups",
        "jwks-http-url" | "jwks-https-no-host" => "pkc_jwkset_path",
        "skew-bad-60" => "allowed_clock_skew",
        "unknown-setting" => "allowed_isuer",
        "order-missing" => "order",
        algorithms if algorithms.starts_with("algorithms-") => "allowed_signature_algorithms",
        other => panic!("what is at fault in {other}?"),
    }
}

/// A sample's configuration and secrets.
fn sample(case: &Value) -> (String, Vec<(String, String)>) {
    let mut config = serde_json::Map::new();
    let mut secrets = Vec::new();
    for realm in case["realms"].as_array().unwrap() {
        let key =
            |suffix: &str| format!("{}{}.{suffix}", realm::PREFIX, realm["name"].as_str().unwrap());
        for (suffix, value) in realm["settings"].as_object().unwrap() {
            config.insert(key(suffix), value.clone());
        }
        for (suffix, value) in realm["secure"].as_object().unwrap() {
            secrets.push((key(suffix), value.as_str().unwrap().to_owned()));
        }
    }
    (Value::Object(config).to_string(), secrets)
}

/// No key file is read; the rows that are about one are played through the program.
#[test]
fn the_samples_are_refused_for_their_one_fault() {
    for line in include_str!("../../tests/vectors/config-cases.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap();
        if case.get("raw_jwks").is_some() {
            continue;
        }
        let (config, secrets) = sample(&case);
        let secrets: Vec<_> = secrets.iter().map(|(key, value)| (&**key, &**value)).collect();
        let settings = read(&config, &secrets);
        if case["expect"] == "start" {
            let names = settings.map(|settings| settings.realms[0].name.clone());
            assert_eq!(names, Ok("r1".to_owned()), "{id}");
            continue;
        }
        let faults = settings.expect_err(id);
        let [fault] = faults.as_slice() else { panic!("{id}: {faults:?}") };
        let key = format!(" {}r1.{}: ", realm::PREFIX, at_fault(id));
        assert!(fault.contains(&key), "{id}: {fault}");
    }
}
