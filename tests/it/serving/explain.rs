//! `realmgate explain`: what it says of a request, and what it never says.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::check;
use crate::support::folder::Folder;
use crate::support::gate::Setup;
use crate::support::process::{Ended, realmgate, run, run_fed};
use crate::support::token::Claims;
use crate::support::{corp, token};

/// Until when the short tokens here last.
const EXPIRY: i64 = 1_700_000_000;

/// The step that asks for the client's secret.
const CLIENT: &str = "client_authentication";

/// A configuration of `corp` and what is to be explained under it.
struct Case {
    setup: Setup,
    folder: Folder,
}

impl Case {
    fn new(setup: Setup) -> Self {
        setup.write();
        Self { setup, folder: Folder::new() }
    }

    /// Explains a request with these headers, which stand in a file.
    fn explain(&self, headers: &[(&str, &str)], options: &[&str]) -> Ended {
        let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
        let file = self.file("headers", &lines.collect::<String>());
        self.run(&[&["-H", &format!("@{}", file.display())], options].concat())
    }

    /// The same, as JSON and with its exit status.
    fn json(&self, headers: &[(&str, &str)], options: &[&str]) -> (i32, Value) {
        json_of(&self.explain(headers, &[&["--json"], options].concat()))
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        self.folder.write(name, content)
    }

    fn run(&self, options: &[&str]) -> Ended {
        run(realmgate(self.command(options).iter().map(String::as_str)))
    }

    fn command(&self, options: &[&str]) -> Vec<String> {
        let config = self.setup.config_file().display().to_string();
        let fixed = ["explain".to_owned(), "--config".to_owned(), config];
        fixed.into_iter().chain(options.iter().map(|option| (*option).to_owned())).collect()
    }
}

fn json_of(ended: &Ended) -> (i32, Value) {
    assert_eq!(ended.stderr, "", "{ended:?}");
    let told = serde_json::from_str(&ended.stdout).unwrap_or_else(|why| panic!("{why}: {ended:?}"));
    (ended.status.unwrap(), told)
}

/// The two credential headers of a token and the right secret.
fn credentials(token: &str) -> [(&'static str, String); 2] {
    let secret = format!("SharedSecret {}", corp::SECRET);
    [("authorization", format!("Bearer {token}")), ("es-client-authentication", secret)]
}

fn with_token<T>(token: &str, explain: impl FnOnce(&[(&str, &str)]) -> T) -> T {
    let credentials = credentials(token);
    explain(&credentials.each_ref().map(|(name, value)| (*name, value.as_str())))
}

/// `STEP result` of each step, the realm before those of one.
fn steps(told: &Value) -> Vec<String> {
    let step = |step: &Value| {
        let realm = step["realm"].as_str().map(|realm| format!("{realm} ")).unwrap_or_default();
        format!("{realm}{} {}", step["step"].as_str().unwrap(), step["result"].as_str().unwrap())
    };
    told["steps"].as_array().unwrap().iter().map(step).collect()
}

/// A second realm of this issuer, with the key and the secret of `corp`.
fn second(issuer: &str) -> Setup {
    let name = |suffix: &str| format!("xpack.security.authc.realms.jwt.second.{suffix}");
    corp::setup()
        .set(&name("order"), 2)
        .set(&name("allowed_issuer"), issuer)
        .set(&name("allowed_audiences"), json!([corp::AUDIENCE]))
        .set(&name("allowed_signature_algorithms"), json!(["HS256"]))
        .set(&name("claims.principal"), "sub")
        .secret(&name("hmac_key"), corp::KEY)
        .secret(&name("client_authentication.shared_secret"), corp::SECRET)
}

#[test]
fn an_allow_is_told_with_the_identity_and_the_headers() {
    let case = Case::new(corp::setup());
    let claims = Claims::good()
        .with("groups", json!(["staff", "ops"]))
        .with("name", "Ana B")
        .with("mail", "ana@example.com");
    let (status, told) = with_token(&claims.token(), |headers| case.json(headers, &[]));
    assert_eq!(status, 0, "{told}");
    assert_eq!(told["decision"], "allow");
    assert_eq!((&told["reason"], &told["status"]), (&json!("ok"), &json!(200)));
    assert_eq!(told["realm"], "corp");
    let user = &told["user"];
    assert_eq!(user["username"], "ana");
    assert_eq!(user["groups"], json!(["staff", "ops"]));
    assert_eq!((&user["full_name"], &user["email"]), (&json!("Ana B"), &json!("ana@example.com")));
    assert_eq!(user["metadata"]["jwt_claim_sub"], "ana");
    assert_eq!(told["headers"]["x-es-groups"], "staff,ops");
    assert_eq!((&told["answer"], &told["assumed"]), (&Value::Null, &Value::Null));
    assert_eq!(
        steps(&told),
        [
            "request passed",
            "route passed",
            "token passed",
            "corp issuer passed",
            "corp client_authentication passed",
            "corp cache skipped",
            "corp claims passed",
            "corp signature passed",
            "corp user passed",
            "role_mapping skipped",
            "run_as passed",
            "require_roles skipped",
        ]
    );
}

#[test]
fn a_refusal_names_the_step_the_reason_and_what_the_caller_is_told() {
    let case = Case::new(corp::setup());
    let good = Claims::good();
    let [header, payload, _] = token::parts(&good.token());
    let forged = format!("{header}.{payload}.{}", token::encode("forged"));
    let secret = format!("SharedSecret {}", corp::SECRET);
    let bearer = |token: &str| vec![("authorization".to_owned(), format!("Bearer {token}"))];
    let known = |token: &str| {
        let mut headers = bearer(token);
        headers.push(("es-client-authentication".to_owned(), secret.clone()));
        headers
    };
    let client = |value: &str| {
        let mut headers = bearer(&good.token());
        headers.push(("es-client-authentication".to_owned(), value.to_owned()));
        headers
    };
    let and = |name: &str, value: &str| {
        let mut headers = known(&good.token());
        headers.push((name.to_owned(), value.to_owned()));
        headers
    };
    let rows = [
        (vec![], 401, "no_credentials", "token"),
        (known("x.y.z"), 401, "not_a_jwt", "token"),
        (known(&good.clone().with("exp", "soon").token()), 401, "claim_malformed", "token"),
        (known(&"x".repeat(17 * 1024)), 401, "token_too_large", "token"),
        (client("SharedSecret "), 401, "client_secret_missing", CLIENT),
        (bearer(&good.token()), 401, "client_secret_missing", CLIENT),
        (client("SharedSecret wrong"), 401, "client_secret_mismatch", CLIENT),
        // One entry is one secret, commas and all.
        (client("SharedSecret a, SharedSecret b"), 401, "client_secret_mismatch", CLIENT),
        (known(&good.clone().with("iss", "x").token()), 401, "issuer_mismatch", "issuer"),
        (known(&good.clone().with("aud", "x").token()), 401, "audience_mismatch", "claims"),
        (known(&forged), 401, "signature_invalid", "signature"),
        (known(&good.clone().with("groups", 7).token()), 401, "property_malformed", "user"),
        (and("es-security-runas-user", "eve"), 403, "run_as_denied", "run_as"),
        (and("es-security-runas-user", ""), 401, "run_as_empty", "run_as"),
        (and("Authorization", "Bearer other"), 400, "multiple_header_values", "request"),
        (
            known(&good.with("sub", "u".repeat(1025)).token()),
            403,
            "identity_not_representable",
            "identity",
        ),
    ];
    for (headers, status, reason, step) in rows {
        let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let (exit, told) = case.json(&headers, &[]);
        assert_eq!((exit, &told["decision"]), (1, &json!("deny")), "{reason}: {told}");
        assert_eq!((&told["reason"], &told["status"]), (&json!(reason), &json!(status)));
        let failed = steps(&told).into_iter().filter(|step| step.ends_with(" failed"));
        assert!(failed.eq([failed_step(step, &told)]), "{reason}: {told}");
        assert!(detail_of_failed(&told).starts_with(&format!("{reason}: ")), "{told}");
        let body: Value = serde_json::from_str(told["answer"]["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["status"], status, "{told}");
        let challenged = told["answer"]["www-authenticate"].is_string();
        assert_eq!(challenged, status == 401, "{told}");
    }
}

fn failed_step(step: &str, told: &Value) -> String {
    let failed = failed(told);
    let realm = failed["realm"].as_str().map(|realm| format!("{realm} ")).unwrap_or_default();
    format!("{realm}{step} failed")
}

fn failed(told: &Value) -> &Value {
    let steps = told["steps"].as_array().unwrap();
    steps.iter().find(|step| step["result"] == "failed").unwrap()
}

fn detail_of_failed(told: &Value) -> &str {
    failed(told)["detail"].as_str().unwrap()
}

#[test]
fn what_cannot_be_decided_is_an_error_and_what_is_no_request_is_refused() {
    let case = Case::new(corp::setup());
    for (options, wanted) in [
        (&["--method", "", "--path", "/"][..], (400, "bad_request")),
        (&["--path", "relative"], (400, "bad_request")),
        (&["--method", "CONNECT", "--path", ""], (403, "rule_denied")),
    ] {
        let token = Claims::good().token();
        let (exit, told) = with_token(&token, |headers| case.json(headers, options));
        let (status, reason) = wanted;
        assert_eq!((exit, &told["reason"]), (1, &json!(reason)), "{told}");
        assert_eq!(told["status"], status, "{told}");
    }
    // As behind an Envoy that shows all headers, prefixes can be removed.
    let remove = json!(["x-internal-*"]);
    let case = Case::new(corp::setup().set("realmgate.identity.remove", remove));
    let (exit, _) = with_token(&Claims::good().token(), |headers| case.json(headers, &[]));
    assert_eq!(exit, 0);
}

#[test]
fn each_realm_of_one_issuer_is_told_until_one_accepts() {
    let case = Case::new(second(corp::ISSUER));
    let token = Claims::good().with("groups", 7).token();
    let (exit, told) = with_token(&token, |headers| case.json(headers, &[]));
    assert_eq!((exit, &told["realm"]), (0, &json!("second")), "{told}");
    let steps = steps(&told);
    for step in ["corp signature passed", "corp user failed", "second user passed"] {
        assert!(steps.iter().any(|told| told == step), "{step}: {steps:?}");
    }
    let (_, told) = with_token(&Claims::good().token(), |headers| case.json(headers, &[]));
    let issuer = &told["steps"][9];
    assert_eq!((&issuer["realm"], &issuer["result"]), (&json!("second"), &json!("skipped")));
    assert_eq!(issuer["detail"], "not asked: realm [corp] accepted the token");
}

#[test]
fn a_realm_of_another_issuer_is_passed_over() {
    let case = Case::new(second("https://elsewhere/"));
    let token = Claims::good().with("iss", "https://elsewhere/").token();
    let (exit, told) = with_token(&token, |headers| case.json(headers, &[]));
    assert_eq!((exit, &told["realm"]), (0, &json!("second")), "{told}");
    let passed_over = &told["steps"][4];
    assert_eq!(passed_over["step"], "client_authentication");
    assert_eq!(passed_over["detail"], "passed over: the token is another issuer's");
}

#[test]
fn a_token_is_judged_as_of_the_time_that_is_given() {
    let skew = corp::setting("allowed_clock_skew");
    let case = Case::new(corp::setup().set(&skew, "0s"));
    let token = Claims::good().with("exp", EXPIRY).token();
    for (now, exit) in [(EXPIRY - 1, 0), (EXPIRY, 1)] {
        let options = ["--now", &now.to_string()];
        let ended = with_token(&token, |headers| case.explain(headers, &options));
        assert_eq!(ended.status, Some(exit), "{now}: {ended:?}");
    }
    let expired = with_token(&token, |headers| case.json(headers, &[])).1;
    assert_eq!(expired["reason"], "token_expired");
}

#[test]
fn headers_come_by_argument_by_file_and_by_standard_input() {
    let case = Case::new(corp::setup());
    let [bearer, client] =
        credentials(&Claims::good().token()).map(|(name, value)| format!("{name}: {value}"));
    let file = case.file("one", &format!("\r\n{bearer}\r\n  \n"));
    let other = case.file("other", &format!("{client}\n"));
    let (file, input) =
        (format!("@{}", file.display()), case.file("both", &format!("{bearer}\n{client}")));
    let other = format!("@{}", other.display());
    for options in [&["-H", &bearer, "-H", &client][..], &["-H", &file, "-H", &other]] {
        assert_eq!(case.run(options).status, Some(0), "{options:?}");
    }
    let command = case.command(&["-H", "@-"]);
    let ended = run_fed(realmgate(command.iter().map(String::as_str)), &input);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    // Each entry is a header by itself.
    let ended = case.run(&["-H", &file, "-H", &file, "-H", &other, "--json"]);
    assert_eq!(json_of(&ended).1["reason"], "multiple_header_values");
    let ended = case.run(&["-H", &file, "-H", &other, "-H", &other, "--json"]);
    assert_eq!(json_of(&ended).1["reason"], "ok");
}

#[test]
fn text_is_one_line_a_step_and_then_what_came_of_them() {
    let case = Case::new(corp::setup());
    let token = Claims::good().with("sub", "a\u{1b}[31m\nb").token();
    let ended = with_token(&token, |headers| case.explain(headers, &[]));
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(!ended.stdout.contains('\u{1b}'), "{ended:?}");
    let (steps, rest) = ended.stdout.split_once("\n\n").unwrap();
    assert_eq!(steps.lines().count(), 12, "{steps}");
    for line in [
        "decision  allow",
        "reason    ok: The user is known and may pass.",
        "status    200",
        "realm     corp",
        "user      a\\u{1b}[31m\\nb",
        "headers   x-es-username: a%1B[31m%0Ab",
    ] {
        assert!(rest.lines().any(|told| told == line), "{line}: {rest}");
    }
    let ended = case.explain(&[], &["--path", "/a?b"]);
    let body = "missing authentication credentials for REST request [/a?b]";
    assert!(ended.stdout.contains(body) && ended.stdout.contains("\nanswer    www-authenticate: "));
}

#[test]
fn a_payload_alone_is_judged_by_the_realm_that_is_named() {
    let case = Case::new(second("https://elsewhere/"));
    let judged = |claims: &Claims, options: &[&str]| {
        let file = case.file("claims.json", &claims.text()).display().to_string();
        json_of(&case.run(&[&["--claims", &file, "--realm", "corp", "--json"], options].concat()))
    };
    let (exit, told) = judged(&Claims::good().with("groups", json!(["a"])), &[]);
    assert_eq!((exit, &told["decision"]), (0, &json!("allow")), "{told}");
    assert_eq!((&told["assumed"], &told["realm"]), (&json!(true), &json!("corp")));
    assert_eq!(
        (&told["user"]["username"], &told["user"]["groups"]),
        (&json!("ana"), &json!(["a"]))
    );
    let assumed = told["steps"].as_array().unwrap().iter().filter(|step| step["assumed"] == true);
    let assumed: Vec<_> = assumed.map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(assumed, ["client_authentication", "signature"]);
    assert_eq!(
        steps(&told),
        [
            "request skipped",
            "route skipped",
            "token passed",
            "corp issuer passed",
            "corp client_authentication passed",
            "corp cache skipped",
            "corp claims passed",
            "corp signature passed",
            "corp user passed",
            "role_mapping skipped",
            "run_as skipped",
            "require_roles skipped",
        ]
    );
    let good = Claims::good();
    for (claims, reason, step) in [
        (good.clone().with("iss", "x"), "issuer_mismatch", "issuer"),
        (good.clone().with("aud", "x"), "audience_mismatch", "claims"),
        (good.clone().with("exp", "soon"), "claim_malformed", "token"),
        (good.clone().with("groups", 7), "property_malformed", "user"),
        (good.clone().with("sub", " "), "principal_missing", "user"),
    ] {
        let (exit, told) = judged(&claims, &[]);
        assert_eq!((exit, &told["reason"]), (1, &json!(reason)), "{told}");
        assert_eq!((&failed(&told)["step"], &told["status"]), (&json!(step), &json!(401)));
        assert_eq!(told["user"], Value::Null, "{told}");
    }
    let short = good.with("exp", EXPIRY);
    assert_eq!(judged(&short, &["--now", &(EXPIRY - 1).to_string()]).0, 0);
    assert_eq!(judged(&short, &[]).1["reason"], "token_expired");
}

#[test]
fn a_payload_is_read_as_strictly_as_a_tokens() {
    let case = Case::new(corp::setup());
    let options = |file: &Path| {
        let file = file.display().to_string();
        ["--claims", &file, "--realm", "corp"].map(str::to_owned)
    };
    for payload in ["", "[]", "{\"iss\":1}x", "{\"a\":1,\"a\":2}", "\u{feff}{}"] {
        let options = options(&case.file("claims.json", payload));
        let ended = case.run(&options.each_ref().map(String::as_str));
        assert_eq!(ended.status, Some(1), "{payload}: {ended:?}");
        assert!(ended.stdout.contains("token") && ended.stdout.contains("failed   not_a_jwt: "));
    }
    let text = case.file("claims.json", &Claims::good().text());
    let command = case.command(&["--claims", "-", "--realm", "corp"]);
    let ended = run_fed(realmgate(command.iter().map(String::as_str)), &text);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("corp  signature              assumed"), "{}", ended.stdout);
    assert!(ended.stdout.contains("\nassumed   client_authentication, signature\n"));
}

#[test]
fn a_wrong_command_line_is_two_and_a_refused_configuration_is_not() {
    let case = Case::new(corp::setup());
    let claims = case.file("claims.json", "{}").display().to_string();
    let missing = case.folder.path().join("missing").display().to_string();
    let at_missing = format!("@{missing}");
    for (options, said) in [
        (&["--claims", &claims, "--realm", "nobodys"][..], "no realm [nobodys]; there are [corp]"),
        (&["--claims", &claims], "--realm"),
        (&["--realm", "corp"], "--claims"),
        (&["--claims", &claims, "--realm", "corp", "-H", "a: b"], "cannot be used with"),
        (&["--claims", &missing, "--realm", "corp"], "No such file"),
        (&["-H", &at_missing], "No such file"),
        (&["-H", "nothing"], "-H number 1 is no header"),
        (&["stray"], "takes options only"),
        (&["--now", "-1"], "-1"),
        (&["--now", "soon"], "--now"),
        (&["--fly"], "--fly"),
    ] {
        let ended = case.run(options);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{options:?}: {ended:?}");
        assert!(ended.stderr.contains(said), "{options:?}: {}", ended.stderr);
    }
    let refused = Case::new(corp::setup().set("realmgate.limits.deadline", "5"));
    let ended = refused.explain(&[], &[]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(78), ""), "{ended:?}");
    let file = refused.setup.config_file().display().to_string();
    let checked = run(realmgate(["check", "--config", &file]));
    assert_eq!(ended.stderr, checked.stderr);
    let ended = run(realmgate(["explain"]));
    assert_eq!(ended.status, Some(78), "{ended:?}");
    assert!(ended.stderr.contains("--config"), "{}", ended.stderr);
}

#[test]
fn warnings_are_told_apart_and_no_line_is_logged() {
    let case = Case::new(corp::setup().set("xpack.security.audit.enabled", true));
    let ended =
        with_token(&Claims::good().token(), |headers| case.explain(headers, &["--offline"]));
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let warnings = ended.stderr.lines().filter(|line| line.starts_with("warning: "));
    assert_eq!((warnings.count(), ended.stderr.lines().count()), (1, 1), "{}", ended.stderr);
    assert!(!ended.stdout.contains("warning: "), "{}", ended.stdout);
}

#[test]
fn the_readme_shows_what_the_command_prints() {
    let (folder, file) = check::written(&check::readme());
    let claims = Claims::good().with("iss", "iss8").with("aud", "aud8").with("exp", EXPIRY - 100);
    let token = claims.with("sub", "security_test_user").signed(token::HS256, check::KEY);
    let headers = [
        format!("Authorization: Bearer {token}"),
        format!("ES-Client-Authentication: SharedSecret {}", check::CLIENT),
    ];
    let headers = folder.write("headers", headers.join("\n")).display().to_string();
    let (config, now) = (file.display().to_string(), EXPIRY.to_string());
    let options = ["--config", &config, "-H", &format!("@{headers}"), "--now", &now];
    let ended = run(realmgate([&["explain"], &options[..]].concat()));
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(1), ""), "{ended:?}");
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let shown = readme.split("<!-- explain: ").nth(1).unwrap().split("<!-- /explain -->").next();
    let shown = shown.unwrap().split("```\n").nth(1).unwrap();
    assert!(shown.trim_end() == ended.stdout, "the command prints:\n{}", ended.stdout);
}

#[test]
fn no_secret_no_signature_and_no_token_is_ever_printed() {
    const SERVICE: &str = "Basic c2VydmljZTpzZWNyZXQ=";
    let case = Case::new(corp::setup());
    let setup = corp::setup()
        .set("realmgate.identity.preset", "elasticsearch_run_as")
        .secret("realmgate.identity.elasticsearch.authorization", SERVICE);
    let behind = Case::new(setup);
    let (good, expired) = (Claims::good().token(), Claims::good().with("exp", 0).token());
    let bearer = |token: &str| format!("Authorization: Bearer {token}");
    let (bearer, late, bare) = (bearer(&good), bearer(&expired), format!("Bearer {good}"));
    let client = format!("ES-Client-Authentication: SharedSecret {}", corp::SECRET);
    let broken = format!("@{}", case.file("broken", &format!("{client}\n{bare}")).display());
    let refused = case.file("claims.json", &good).display().to_string();
    let lines = [
        &["-H", &bearer, "-H", &client][..],
        &["-H", &bearer, "-H", &client, "--now", "1"],
        &["-H", &late, "-H", &client],
        &["-H", &bearer],
        &["-H", &bearer, "-H", &bearer, "-H", &client],
        &["-H", &bare, "-H", &client],
        &["-H", "Authorization: Bearer", &good],
        &[&good],
        &["-H", &broken],
        &["--claims", &refused, "--realm", "corp"],
        &["--claims", &refused, "--realm", "corp", &good],
    ];
    let parts = token::parts(&good);
    let secrets = parts.iter().map(String::as_str).chain([corp::SECRET, corp::KEY, &SERVICE[6..]]);
    for (case, line) in [&case, &behind].into_iter().flat_map(|case| lines.map(|line| (case, line)))
    {
        for options in [line.to_vec(), [line, &["--json"]].concat()] {
            let Ended { stdout, stderr, .. } = case.run(&options);
            for secret in secrets.clone() {
                assert!(!stdout.contains(secret), "{secret} of {options:?}: {stdout}");
                assert!(!stderr.contains(secret), "{secret} of {options:?}: {stderr}");
            }
        }
    }
    let ended = with_token(&good, |headers| behind.explain(headers, &[]));
    assert!(ended.stdout.contains("headers   authorization: (a secret)\n"), "{}", ended.stdout);
}
