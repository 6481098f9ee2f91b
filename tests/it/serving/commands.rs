//! The commands and their exit statuses.

use std::net::TcpListener;

use serde_json::json;

use crate::support::folder::Folder;
use crate::support::gate::{Gate, Setup};
use crate::support::process::{Ended, Running, realmgate, run};
use crate::support::{corp, wait};

fn command<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Ended {
    run(realmgate(arguments))
}

#[test]
fn the_version_names_version_commit_and_compiler() {
    let ended = command(["--version"]);
    assert_eq!(ended.status, Some(0));
    let version = format!("realmgate {}", env!("CARGO_PKG_VERSION"));
    assert!(ended.stdout.starts_with(&version), "{}", ended.stdout);
    assert!(ended.stdout.contains("rustc "), "{}", ended.stdout);
}

#[test]
fn a_wrong_command_line_is_two() {
    let lines: &[&[&str]] = &[
        &[],
        &["fly"],
        &["serve", "--fly"],
        &["serve", "--config"],
        &["serve", "--quickstart", "--config", "x"],
        &["serve", "--config", "x", "--grpc-address", "127.0.0.1:0"],
        &["probe", "--config", "x"],
        &["--fly"],
    ];
    for line in lines {
        let ended = command(line.iter().copied());
        assert_eq!(ended.status, Some(2), "{line:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{line:?}");
    }
}

#[test]
fn serve_without_a_configuration_names_the_ways_to_give_one() {
    let ended = command(["serve"]);
    assert_eq!(ended.status, Some(78), "{ended:?}");
    for way in ["--config", "REALMGATE_CONFIG", "--quickstart"] {
        assert!(ended.stderr.contains(way), "{way}: {}", ended.stderr);
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_refused() {
    let folder = Folder::new();
    let missing = folder.path().join("nothing.yml").display().to_string();
    let broken = folder.write("broken.yml", "a: [1\nb: 2\n").display().to_string();
    let directory = folder.path().display().to_string();
    for file in [&missing, &broken, &directory] {
        let ended = command(["serve", "--config", file]);
        assert_eq!(ended.status, Some(78), "{ended:?}");
        assert!(ended.stderr.contains(file.as_str()), "{}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
}

#[test]
fn every_problem_of_a_configuration_is_named_at_once_and_no_secret_is() {
    let ended = corp::setup()
        .unset(&corp::setting("claims.principal"))
        .set(&corp::setting("allowed_clock_skew"), "10")
        .set(&corp::setting("no_such_setting"), "x")
        .set("realmgate.no_such_setting", "x")
        .set(&corp::setting("hmac_key"), "a-secret-in-the-file")
        .run_to_end();
    assert_eq!(ended.status, Some(78), "{ended:?}");
    let keys = ["claims.principal", "allowed_clock_skew", "no_such_setting", "hmac_key"];
    for key in
        keys.map(corp::setting).iter().map(String::as_str).chain(["realmgate.no_such_setting"])
    {
        let named = ended
            .stderr
            .lines()
            .any(|line| line.contains("realmgate.json:") && line.contains(&format!(" {key}: ")));
        assert!(named, "{key} in\n{}", ended.stderr);
    }
    assert!(!ended.stderr.contains("a-secret-in-the-file"));
}

#[test]
fn warnings_are_plain_lines_before_the_first_log_line_and_hold_no_secret() {
    let foreign = "xpack.security.authc.realms.jwt.gone.hmac_key";
    let gate = corp::setup()
        .set("realmgate.log.decisions", "all")
        .secret(foreign, "a-secret-of-another-service")
        .secret(&corp::setting("hmac_key"), format!("{}\n", corp::KEY))
        .start();
    assert!(gate.caller().check(&corp::good()).is_allow(), "the trailing newline is dropped");
    gate.wait_for_log(|line| line.starts_with('{'));
    let log = gate.log();
    let plain: Vec<_> = log.lines().take_while(|line| !line.starts_with('{')).collect();
    for name in [foreign.to_owned(), corp::setting("hmac_key")] {
        let warned = |line: &&str| line.starts_with("warning: ") && line.contains(&name);
        assert!(plain.iter().any(warned), "{name} in\n{log}");
    }
    assert!(!log.contains("a-secret-of-another-service") && !log.contains(corp::KEY));
}

#[test]
fn a_trailing_newline_of_a_client_secret_is_dropped_and_only_one() {
    let name = corp::setting("client_authentication.shared_secret");
    let with = |ending: &str| {
        corp::setup_without_secret().secret(&name, format!("{}{ending}", corp::SECRET)).start()
    };
    assert!(with("\n").caller().check(&corp::good()).is_allow());
    let two = with("\n\n").caller().check(&corp::good());
    assert_eq!(two.outcome(), (401, "client_secret_mismatch"));
}

#[test]
fn nothing_restricting_is_ever_without_effect() {
    for (key, value) in [
        ("realmgate.rules", json!([{ "access": "deny" }])),
        ("realmgate.grpc.tls.certificate", json!("cert.pem")),
        ("xpack.security.authc.realms.jwt.corp.authorization_realms", json!(["file1"])),
    ] {
        let ended = corp::setup().set(key, value).run_to_end();
        assert_eq!(ended.status, Some(78), "{key}: {ended:?}");
        assert!(ended.stderr.contains(key), "{key}: {}", ended.stderr);
    }
}

#[test]
fn a_port_in_use_is_one() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for key in ["realmgate.grpc.address", "realmgate.http.address"] {
        let ended = corp::setup().set(key, &*address).run_to_end();
        assert_eq!(ended.status, Some(1), "{key}: {ended:?}");
        assert!(ended.stderr.contains(&address), "{}", ended.stderr);
        assert_eq!(ended.stdout, "", "not ready");
    }
}

#[test]
fn the_variables_and_the_folder_beside_the_file_stand_in_for_the_options() {
    let setup = corp::setup();
    let (config, keystore) = (setup.config_file(), setup.keystore());
    let gate = setup.start();
    drop(gate.caller());
    let served = |change: &dyn Fn(&mut std::process::Command)| {
        let mut command = realmgate(["serve"]);
        command.env("REALMGATE_CONFIG", &config);
        change(&mut command);
        Running::spawn(command).wait_for_stdout("realmgate: ready ").is_ok()
    };
    assert!(served(&|_| {}), "the keystore beside the file");
    assert!(served(&|command| {
        command.env("REALMGATE_KEYSTORE", &keystore);
    }));
    let empty = Folder::new();
    assert!(!served(&|command| {
        command.env("REALMGATE_KEYSTORE", empty.path());
    }));
}

#[test]
fn the_quickstart_serves_the_guides_realms_and_says_that_their_secrets_are_public() {
    let gate = Gate::quickstart();
    gate.wait_for_log(|line| line.to_lowercase().contains("public"));
    let token = concat!(
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.",
        "eyJpc3MiOiJpc3M4IiwiYXVkIjoiYXVkOCIsInN1YiI6InNlY3VyaXR5X3Rlc3RfdXNlciIsImV4cCI6NDA3MDkwODgw",
        "MCwiaWF0Ijo5NDY2ODQ4MDB9.",
        "UnnFmsoFKfNmKMsVoDQmKI_3-j95PCaKdgqqau3jPMY",
    );
    let check = crate::support::check::Check::get().bearer(token);
    let caller = gate.caller();
    let answer = caller.check(&check.clone().client_secret("client-shared-secret-string"));
    assert_eq!(answer.principal().as_deref(), Some("security_test_user"));
    assert_eq!(caller.check(&check).outcome(), (401, "client_secret_missing"));
    let token = concat!(
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.",
        "eyJhdWQiOlsiZXMwMSIsImVzMDIiLCJlczAzIl0sInN1YiI6InVzZXIyIiwiaXNzIjoibXktaXNzdWVyIiwiZXhwIjo0",
        "MDcwOTA4ODAwLCJpYXQiOjk0NjY4NDgwMCwiZW1haWwiOiJ1c2VyMkBzb21ldGhpbmcuZXhhbXBsZS5jb20ifQ.",
        "UgO_9w--EoRyUKcWM5xh9SimTfMzl1aVu6ZBsRWhxQA",
    );
    let check = crate::support::check::Check::get().bearer(token);
    let answer = caller.check(&check.clone().client_secret("test-secret"));
    assert_eq!(answer.principal().as_deref(), Some("user2"));
    assert_eq!(answer.header("x-es-email"), Some("user2@something.example.com"));
    let of_jwt8 = check.client_secret("client-shared-secret-string");
    assert_eq!(caller.check(&of_jwt8).outcome(), (401, "client_secret_mismatch"));
}

#[test]
fn the_quickstart_ignores_a_configuration_of_the_environment() {
    let free = "127.0.0.1:0";
    let mut command =
        realmgate(["serve", "--quickstart", "--grpc-address", free, "--http-address", free]);
    command.env("REALMGATE_CONFIG", "/nonexistent/realmgate.yml");
    assert!(Running::spawn(command).wait_for_stdout("realmgate: ready ").is_ok());
}

#[test]
fn the_quickstart_listens_on_loopback_alone() {
    let (free, free_6) = ("127.0.0.1:0", "[::]:0");
    for (grpc, http) in [
        ("0.0.0.0:0", free),
        (free, "0.0.0.0:0"),
        (free_6, free),
        (free, free_6),
        ("192.0.2.1:0", free),
    ] {
        let ended =
            command(["serve", "--quickstart", "--grpc-address", grpc, "--http-address", http]);
        assert_eq!(ended.status, Some(78), "{grpc} {http}: {ended:?}");
    }
}

#[test]
fn probe_tells_whether_the_gate_serves() {
    let mut gate = corp::setup().set("realmgate.drain.grace", "5s").start();
    let address = gate.grpc().to_owned();
    let probe = || command(["probe", "--address", &address]).status;
    assert_eq!(probe(), Some(0));
    gate.terminate();
    wait::eventually("probe says no", || (probe() == Some(1)).then_some(()));
    assert!(gate.is_running(), "it was the health service that said no");
    drop(gate);
    assert_eq!(probe(), Some(1));
}

#[test]
fn probe_asks_a_unix_socket_too() {
    let setup: Setup = corp::setup();
    let socket = format!("unix:{}", setup.folder().join("gate.sock").display());
    let gate = setup.set("realmgate.grpc.address", &*socket).start();
    assert_eq!(command(["probe", "--address", &socket]).status, Some(0));
    drop(gate);
    assert_eq!(command(["probe", "--address", &socket]).status, Some(1));
}
