//! One line of decision and three who tell of it: the gate, `explain` and `_authenticate` say the
//! same of the same request.

use serde_json::Value;

use crate::support::answer::Verdict;
use crate::support::check::{Check, HOST};
use crate::support::corp;
use crate::support::folder::Folder;
use crate::support::gate::Gate;
use crate::support::http::send;
use crate::support::process::{realmgate, run};
use crate::support::token::{self, Claims};

const PATH: &str = "/_security/_authenticate?q";

/// One secret where headers stand by themselves, and two where they are joined.
const TWO_IN_ONE: &str = "SharedSecret a, SharedSecret b";

type Lines = Vec<(&'static str, String)>;

/// Decision, reason, status and, where it is a refusal, the body.
type Told = (String, String, u64, Option<String>);

fn gate_says(gate: &Gate, headers: &Lines) -> Told {
    let check = headers
        .iter()
        .fold(Check::new("GET", PATH).into_entries(), |check, (n, v)| check.entry(n, v));
    let answer = gate.caller().check(&check);
    let text = |name: &str| answer.metadata[name].as_str().unwrap().to_owned();
    let body = match &answer.verdict {
        Verdict::Allow { .. } => None,
        Verdict::Deny { body, .. } => Some(body.clone()),
    };
    (text("decision"), text("reason"), answer.status().into(), body)
}

fn explain_says(config: &str, folder: &Folder, headers: &Lines) -> Told {
    let lines: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let file = format!("@{}", folder.write("headers", lines.join("\n")).display());
    let options = ["-H", &file, "--path", PATH, "--host", HOST, "--json"];
    let ended = run(realmgate([&["explain", "--config", config], &options[..]].concat()));
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    let status = told["status"].as_u64().unwrap();
    assert_eq!(ended.status, Some(i32::from(status != 200)), "{told}");
    let body = told["answer"]["body"].as_str().map(str::to_owned);
    (text("decision"), text("reason"), status, body)
}

#[test]
fn the_gate_explain_and_authenticate_agree() {
    let setup = corp::setup();
    let config = setup.config_file().display().to_string();
    let (gate, folder) = (setup.start(), Folder::new());
    let good = Claims::good();
    let client = ("es-client-authentication", format!("SharedSecret {}", corp::SECRET));
    let bearer = |token: &str| ("authorization", format!("Bearer {token}"));
    let known = |claims: Claims| vec![bearer(&claims.token()), client.clone()];
    let and = |name: &'static str, value: &str| {
        [known(good.clone()), vec![(name, value.to_owned())]].concat()
    };
    let [header, payload, _] = token::parts(&good.token());
    let rows: Vec<Lines> = vec![
        vec![],
        known(good.clone()),
        known(good.clone().with("groups", 7)),
        known(good.clone().with("sub", "")),
        known(good.clone().with("exp", 0)),
        known(good.clone().with("iat", token::EXPIRES)),
        known(good.clone().with("nbf", "soon")),
        known(good.clone().without("aud")),
        known(good.clone().with("iss", "https://nobody/")),
        vec![client.clone(), bearer(&format!("{header}.{payload}.{payload}"))],
        vec![client.clone(), bearer("x.y.z")],
        vec![client.clone(), bearer(&"x".repeat(17 * 1024))],
        vec![client.clone(), ("authorization", "bearer x".to_owned())],
        vec![bearer(&good.token())],
        vec![bearer(&good.token()), ("es-client-authentication", "SharedSecret x".to_owned())],
        vec![bearer(&good.token()), ("es-client-authentication", "SharedSecret".to_owned())],
        and("es-security-runas-user", "eve"),
        and("es-security-runas-user", ""),
        and("authorization", "Bearer x"),
        and("es-client-authentication", "SharedSecret x"),
        vec![bearer(&good.token()), ("es-client-authentication", TWO_IN_ONE.to_owned())],
        and("content-type", "application/grpc"),
        vec![("content-type", "application/grpc".to_owned())],
    ];
    for headers in rows {
        let told = gate_says(&gate, &headers);
        assert_eq!(explain_says(&config, &folder, &headers), told, "{headers:?}");
        let lines: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let page = send(gate.http(), "GET", PATH, &lines).unwrap();
        assert_eq!(u64::from(page.status), told.2, "{headers:?}");
        if let Some(body) = told.3 {
            assert_eq!(page.body, body, "{headers:?}");
        }
    }
}
