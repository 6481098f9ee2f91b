//! `realmgate check`: what it says of a configuration, and that `serve` says the same.

use std::path::{Path, PathBuf};

use crate::support::folder::Folder;
use crate::support::process::{Ended, realmgate, run};

const JWT8: &str = "xpack.security.authc.realms.jwt.jwt8";
pub(super) const KEY: &str = "hmac-oidc-key-string-for-hs256-algorithm";
pub(super) const CLIENT: &str = "client-shared-secret-string";

/// The guide's realm `jwt8` with five mistakes, on the lines 2, 3, 5, 6 and 9.
const MISTAKES: &str = "\
xpack.security.authc.realms.jwt.jwt8:
  order: eighth
  token_typ: id_token
  allowed_issuer: iss8
  allowed_audiences: []
  allowed_signature_algorithms: [HS257]
  claims.principal: sub
  client_authentication.type: shared_secret
realmgate.limits.deadline: 5
";

/// The configuration that the README shows.
pub(super) fn readme() -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let block = readme.split("```yaml\n").nth(1).unwrap();
    let block = block.split("```").next().unwrap();
    assert!(block.contains(JWT8), "{block}");
    block.to_owned()
}

/// A folder with this file and the guide's secrets, and the file's path.
pub(super) fn written(config: &str) -> (Folder, PathBuf) {
    let folder = Folder::new();
    folder.write(&format!("keystore/{JWT8}.hmac_key"), KEY);
    folder.write(&format!("keystore/{JWT8}.client_authentication.shared_secret"), CLIENT);
    let file = folder.write("realmgate.yml", config);
    (folder, file)
}

fn command(name: &str, file: &Path, options: &[&str]) -> Ended {
    let file = file.display().to_string();
    run(realmgate([&[name, "--config", &file], options].concat()))
}

fn check(config: &str, options: &[&str]) -> Ended {
    let (_folder, file) = written(config);
    command("check", &file, options)
}

#[test]
fn nothing_is_said_of_a_configuration_that_is_well() {
    for options in [&[][..], &["--strict"], &["--offline"], &["--offline", "--strict"]] {
        let ended = check(&readme(), options);
        assert_eq!((ended.status, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "", ""));
    }
}

#[test]
fn every_mistake_is_named_with_its_line_and_serve_refuses_in_the_same_words() {
    let (_folder, file) = written(MISTAKES);
    let checked = command("check", &file, &[]);
    assert_eq!((checked.status, checked.stdout.as_str()), (Some(78), ""), "{checked:?}");
    let named = [
        (2, format!("{JWT8}.order")),
        (3, format!("{JWT8}.token_typ")),
        (5, format!("{JWT8}.allowed_audiences")),
        (6, format!("{JWT8}.allowed_signature_algorithms")),
        (9, "realmgate.limits.deadline".to_owned()),
    ];
    let lines: Vec<_> = checked.stderr.lines().collect();
    assert_eq!(lines.len(), named.len(), "{}", checked.stderr);
    for (line, (number, key)) in lines.iter().zip(named) {
        let start = format!("{}:{number}: {key}: ", file.display());
        assert!(line.starts_with(&start), "{start} {line}");
    }
    let served = command("serve", &file, &[]);
    assert_eq!((served.status, served.stderr), (Some(78), checked.stderr));
}

#[test]
fn a_warning_is_told_and_refused_only_by_the_strict() {
    let text = readme().replace("HS256", "HS512");
    let warning = format!("{JWT8}: no_usable_key: no allowed algorithm has a usable key");
    for (options, status) in [(&[][..], 0), (&["--offline"], 0), (&["--strict"], 78)] {
        let (_folder, file) = written(&text);
        let ended = command("check", &file, options);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(status), ""), "{ended:?}");
        let start = format!("warning: {}:4: {warning}", file.display());
        assert!(ended.stderr.starts_with(&start), "{}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
}

#[test]
fn a_wrong_command_line_is_two_and_a_file_that_cannot_be_read_is_not() {
    for line in [
        &["check", "--fly"][..],
        &["check", "--config"],
        &["check", "gate.yml"],
        &["check", "--quickstart"],
    ] {
        let ended = run(realmgate(line.iter().copied()));
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{line:?}: {ended:?}");
    }
    let (folder, _) = written("");
    let missing = folder.path().join("missing.yml");
    for file in [&missing, folder.path()] {
        let ended = command("check", file, &[]);
        assert_eq!(ended.status, Some(78), "{ended:?}");
        assert!(ended.stderr.starts_with(&format!("{}: ", file.display())), "{}", ended.stderr);
    }
    let ended = run(realmgate(["check"]));
    assert_eq!(ended.status, Some(78), "{ended:?}");
    for way in ["--config", "REALMGATE_CONFIG"] {
        assert!(ended.stderr.contains(way), "{way}: {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("--quickstart"), "{}", ended.stderr);
}

#[test]
fn the_variables_name_the_places() {
    let (folder, file) = written(&readme());
    let empty = Folder::new();
    let keystore = folder.path().join("keystore");
    for (keystore, options, status) in [
        (None, &[][..], 0),
        (Some(keystore.as_path()), &[], 0),
        (Some(empty.path()), &[], 78),
        (Some(empty.path()), &["--keystore", &keystore.display().to_string()], 0),
    ] {
        let mut command = realmgate([&["check"], options].concat());
        command.env("REALMGATE_CONFIG", &file);
        if let Some(keystore) = keystore {
            command.env("REALMGATE_KEYSTORE", keystore);
        }
        let ended = run(command);
        assert_eq!(ended.status, Some(status), "{keystore:?} {options:?}: {ended:?}");
    }
}

#[test]
fn what_the_environment_says_is_taken_and_never_printed() {
    let text = readme().replace("iss8", "${ISSUER}").replace("order: 8", "order: ${ORDER}");
    let (_folder, file) = written(&text);
    let with = |order: &str| {
        let file = file.display().to_string();
        let mut command = realmgate(["check", "--config", &file]);
        command.env("ISSUER", "iss8").env("ORDER", order);
        run(command)
    };
    assert_eq!((with("8").status, with("8").stderr.as_str()), (Some(0), ""));
    let ended = with("hunter2");
    assert_eq!(ended.status, Some(78));
    let start = format!("{}:5: {JWT8}.order: ", file.display());
    assert!(ended.stderr.starts_with(&start), "{}", ended.stderr);
    assert!(!ended.stderr.contains("hunter2") && ended.stderr.contains("${…}"), "{}", ended.stderr);
    let ended = command("check", &file, &[]);
    assert_eq!(ended.status, Some(78));
    for name in ["'ISSUER'", "'ORDER'"] {
        assert!(ended.stderr.contains(name), "{}", ended.stderr);
    }
}

#[test]
fn no_secret_is_printed_whatever_is_wrong_with_it() {
    let text = readme() + "  hmac_key: a-secret-in-the-file\n";
    let (folder, file) = written(&text);
    let secrets = [
        (format!("{JWT8}.hmac_key"), &b"a-secret-with-a-wrong-byte\xff"[..]),
        (format!("{JWT8}.hmac_kay"), b"a-secret-of-no-setting"),
        (format!("{JWT8}.allowed_issuer"), b"a-secret-that-is-none"),
        ("xpack.security.authc.realms.jwt.other.hmac_key".to_owned(), b"a-secret-of-another"),
    ];
    for (name, value) in &secrets {
        folder.write(&format!("keystore/{name}"), value);
    }
    let ended = command("check", &file, &["--strict"]);
    assert_eq!(ended.status, Some(78));
    for (name, _) in secrets {
        assert!(ended.stderr.contains(&format!("/keystore/{name}: {name}: ")), "{}", ended.stderr);
    }
    assert!(ended.stderr.contains("realmgate.yml:"), "{}", ended.stderr);
    for secret in ["a-secret", KEY, CLIENT] {
        assert!(!ended.stderr.contains(secret), "{}", ended.stderr);
    }
}
