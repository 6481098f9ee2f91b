//! The other implementation: joserfc over OpenSSL, in a Python process of its own.
//!
//! Rule: it gets the very texts that Realmgate gets, and one question has one answer.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use super::forge::Case;
use crate::support::tools;

/// What joserfc says of a token: the user whom it names, or why it is none.
pub(super) type Verdict = Result<String, String>;

/// Judges tokens by these keys and rules.
pub(super) fn judge<'t>(
    keys: &Value,
    rules: &Value,
    tokens: impl IntoIterator<Item = &'t str>,
) -> Vec<Verdict> {
    let questions = tokens.into_iter().map(|token| json!({ "judge": token })).collect();
    let verdict = |answer: Value| {
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        if answer["allowed"] == true { Ok(text("user")) } else { Err(text("why")) }
    };
    ask(keys, rules, questions).into_iter().map(verdict).collect()
}

/// A token that it is to make.
pub(super) struct Order {
    pub(super) kind: String,
    pub(super) order: Value,
}

/// Has it make tokens.
pub(super) fn make(orders: Vec<Order>) -> Vec<Case> {
    let rules = json!({ "algorithms": [], "types": [], "issuer": "-", "audiences": ["-"] });
    let (kinds, orders): (Vec<_>, Vec<_>) =
        orders.into_iter().map(|order| (order.kind, order.order)).unzip();
    let made = ask(&json!({ "keys": [] }), &rules, orders);
    let case = |(kind, token): (_, Value)| Case { kind, token: token.as_str().unwrap().to_owned() };
    kinds.into_iter().zip(made).map(case).collect()
}

fn ask(keys: &Value, rules: &Value, questions: Vec<Value>) -> Vec<Value> {
    let mut command = tools::python("judge.py");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = command.spawn().unwrap();
    let mut input = python.stdin.take().unwrap();
    let count = questions.len();
    let first = json!({ "keys": keys, "rules": rules });
    // From a thread, so that neither side waits for a full pipe.
    let writer = std::thread::spawn(move || {
        for line in std::iter::once(first).chain(questions) {
            writeln!(input, "{line}").unwrap();
        }
    });
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "the judge ended with {}", output.status);
    let lines = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(answers.len(), count, "one answer for each question");
    answers
}
