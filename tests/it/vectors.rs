//! Every sample of `tests/vectors/token-cases.jsonl` through the real gRPC interface: in both
//! header forms, twice each.
//!
//! Rule: the rows of one profile go to one gate in the order of the file, and all rows that
//! differ are reported at once.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use crate::support::answer::Answer;
use crate::support::caller::Caller;
use crate::support::check::Check;
use crate::support::gate::{Gate, Setup};

#[test]
fn every_row_of_es_docs_jwt8_is_decided_as_written() {
    play("es_docs_jwt8", 5);
}

#[test]
fn every_row_of_es_restit_is_decided_as_written() {
    play("es_restit", 17);
}

#[test]
fn every_row_of_es_singlenode_is_decided_as_written() {
    play("es_singlenode", 7);
}

#[test]
fn every_row_of_hs256_is_decided_as_written() {
    play("hs256", 371);
}

#[test]
fn every_row_of_all_algs_is_decided_as_written() {
    play("all_algs", 227);
}

#[test]
fn every_row_of_nokid_is_decided_as_written() {
    play("nokid", 13);
}

#[test]
fn every_row_of_hs_short_is_decided_as_written() {
    play("hs_short", 1);
}

#[test]
fn every_row_of_rs256_only_is_decided_as_written() {
    play("rs256_only", 37);
}

#[test]
fn every_row_of_alg_subset_is_decided_as_written() {
    play("alg_subset", 5);
}

#[test]
fn every_row_of_shared_secret_is_decided_as_written() {
    play("shared_secret", 23);
}

#[test]
fn every_row_of_access_token_is_decided_as_written() {
    play("access_token", 26);
}

#[test]
fn every_row_of_subjects_is_decided_as_written() {
    play("subjects", 10);
}

#[test]
fn every_row_of_subject_patterns_is_decided_as_written() {
    play("subject_patterns", 9);
}

#[test]
fn every_row_of_principal_claim_is_decided_as_written() {
    play("principal_claim", 9);
}

#[test]
fn every_row_of_principal_url_is_decided_as_written() {
    play("principal_url", 4);
}

#[test]
fn every_row_of_chain_is_decided_as_written() {
    play("chain", 8);
}

#[test]
fn every_row_of_jwks_odd_is_decided_as_written() {
    play("jwks_odd", 23);
}

#[test]
fn every_row_of_confusion_is_decided_as_written() {
    play("confusion", 25);
}

#[test]
fn every_row_of_es256_only_is_decided_as_written() {
    play("es256_only", 7);
}

#[test]
fn every_row_of_hs_utf8_is_decided_as_written() {
    play("hs_utf8", 2);
}

#[test]
fn every_row_of_skew0_is_decided_as_written() {
    play("skew0", 2);
}

#[test]
fn every_row_of_skew_huge_is_decided_as_written() {
    play("skew_huge", 5);
}

#[test]
fn every_row_of_wyche_is_decided_as_written() {
    play("wyche", 194);
}

#[test]
fn every_row_of_rfc_is_decided_as_written() {
    play("rfc", 30);
}

#[test]
fn every_row_has_a_profile_that_is_played() {
    let played = include_str!("vectors.rs");
    for row in rows() {
        assert!(played.contains(&format!("play(\"{}\", ", row.profile)), "{} is not", row.profile);
    }
}

/// One request and what becomes of it.
struct Row {
    id: String,
    profile: String,
    headers: BTreeMap<String, String>,
    allowed: bool,
    principal: Option<String>,
    status: Option<u64>,
    either: bool,
}

/// The form in which the headers come.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Joined,
    Entries,
}

fn play(profile: &str, count: usize) {
    let rows: Vec<Row> = rows().into_iter().filter(|row| row.profile == profile).collect();
    assert_eq!(rows.len(), count, "rows of {profile}");
    let gate = gate(profile);
    let caller = gate.caller();
    let failures: Vec<String> = rows.iter().flat_map(|row| row.failures(&caller)).collect();
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}

fn gate(profile: &str) -> Gate {
    let profiles: Value = serde_json::from_str(&vector("profiles.json")).unwrap();
    setup(&profiles[profile]["realms"], None).start()
}

/// A configuration of these realms; `raw_keys` stand in every key file, if there are any.
fn setup(realms: &Value, raw_keys: Option<&str>) -> Setup {
    let mut setup = Setup::json(Value::Object(Map::new()));
    for realm in realms.as_array().unwrap() {
        let name = realm["name"].as_str().unwrap();
        let key = |suffix: &str| format!("xpack.security.authc.realms.jwt.{name}.{suffix}");
        for (suffix, value) in realm["settings"].as_object().unwrap() {
            setup = setup.set(&key(suffix), value.clone());
        }
        for (suffix, value) in realm["secure"].as_object().unwrap() {
            setup = setup.secret(&key(suffix), value.as_str().unwrap());
        }
        if let Some(file) = realm["settings"]["pkc_jwkset_path"].as_str() {
            let keys = realm["jwks"].to_string();
            setup = setup.file(file, raw_keys.map_or(keys, str::to_owned));
        }
    }
    setup
}

/// What is wrong with how a configuration ends, if anything.
fn fault(row: &Value) -> Option<String> {
    let setup = setup(&row["realms"], row["raw_jwks"].as_str());
    if row["expect"] == "start" {
        drop(setup.start());
        return None;
    }
    let ended = setup.run_to_end();
    let problems: Vec<_> =
        ended.stderr.lines().filter(|line| !line.starts_with("warning: ")).collect();
    let realm = " xpack.security.authc.realms.jwt.r1.";
    let is_named = matches!(&problems[..], [line] if line.contains(realm));
    let is_refused = ended.status == Some(78) && is_named && ended.stdout.is_empty();
    (!is_refused).then(|| format!("{}: {ended:?}", row["id"]))
}

#[test]
fn every_configuration_is_taken_or_refused_as_written() {
    let rows = vector("config-cases.jsonl");
    let rows = rows.lines().map(|line| serde_json::from_str(line).unwrap());
    let faults: Vec<_> = rows.filter_map(|row| fault(&row)).collect();
    assert!(faults.is_empty(), "{} differ:\n{}", faults.len(), faults.join("\n"));
}

impl Row {
    fn read(line: &str) -> Self {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        let given = row["headers"].as_object().into_iter().flatten();
        let mut headers: BTreeMap<_, _> =
            given.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        for (name, pieces) in row["headers_gen"].as_object().into_iter().flatten() {
            headers.insert(name.clone(), generated(pieces));
        }
        Self {
            id: text("id").unwrap(),
            profile: text("profile").unwrap(),
            headers,
            allowed: text("expect").unwrap() == "allow",
            principal: text("principal"),
            status: row["http"].as_u64(),
            either: row["either"] == true,
        }
    }

    /// What differs, over both forms and both times.
    fn failures(&self, caller: &Caller) -> Vec<String> {
        let check = self.headers.iter().fold(Check::get(), |check, (k, v)| check.header(k, v));
        let forms = [(Form::Joined, check.clone()), (Form::Entries, check.into_entries())];
        let mut failures = Vec::new();
        for (form, check) in forms {
            for time in ["first", "second"] {
                let answer = caller.check(&check);
                if let Err(what) = self.judge(form, &answer) {
                    failures.push(format!("{} {form:?} {time}: {what}: {answer:?}", self.id));
                }
            }
        }
        failures
    }

    fn judge(&self, form: Form, answer: &Answer) -> Result<(), String> {
        let allowed = answer.is_allow();
        if allowed != self.allowed && !self.either {
            return Err(format!("expected {}", if self.allowed { "allow" } else { "deny" }));
        }
        if allowed && self.principal.is_some() && answer.principal() != self.principal {
            return Err(format!("expected the principal {:?}", self.principal));
        }
        // A joined client secret is a repeat in the one form and a wrong secret in the other.
        let wanted = self.status.filter(|_| !allowed && form == Form::Joined);
        match wanted {
            Some(status) if u64::from(answer.status()) != status => {
                Err(format!("expected the status {status}"))
            }
            _ => Ok(()),
        }
    }
}

fn generated(pieces: &Value) -> String {
    let piece = |piece: &Value| {
        let count = usize::try_from(piece[1].as_u64().unwrap()).unwrap();
        piece[0].as_str().unwrap().repeat(count)
    };
    pieces.as_array().unwrap().iter().map(piece).collect()
}

fn rows() -> Vec<Row> {
    vector("token-cases.jsonl").lines().map(Row::read).collect()
}

fn vector(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}
