//! An explanation as text for people, or as JSON for programs.
//!
//! The one rule: whatever a token or a file says, a terminal is shown letters and nothing that it
//! would act on.

use super::explanation::{Answer, Explanation, Line, Result};
use crate::engine::user::Properties;
use crate::one_line::one_line;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// The explanation as one JSON object.
pub(super) fn json(explanation: &Explanation) -> String {
    let Explanation { reason, realm, steps, user, headers, answer, is_assumed } = explanation;
    let status = reason.status();
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    if *is_assumed {
        put("assumed", true.into());
    }
    put("decision", status.decision().into());
    put("reason", reason.code().into());
    put("status", status.http().into());
    put("realm", json!(realm));
    put("steps", steps.iter().map(line_object).collect());
    if let Some(user) = user {
        put("user", user_object(user));
    }
    if !headers.is_empty() {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        put("headers", Value::Object(headers.collect()));
    }
    if let Some(Answer { challenge, content_type, body }) = answer {
        let answer =
            json!({ "www-authenticate": challenge, "content-type": content_type, "body": body });
        put("answer", answer);
    }
    Value::Object(object).to_string()
}

fn line_object(line: &Line) -> Value {
    let Line { realm, step, result, detail, is_assumed } = line;
    let mut object =
        json!({ "realm": realm, "step": step, "result": result.name(), "detail": detail });
    if *is_assumed {
        object["assumed"] = true.into();
    }
    object
}

fn user_object(user: &Properties) -> Value {
    let Properties { name, groups, full_name, email, dn, metadata } = user;
    // It is JSON that we made.
    let metadata: Option<Value> =
        metadata.as_deref().and_then(|metadata| serde_json::from_str(metadata).ok());
    json!({
        "username": name,
        "groups": groups,
        "full_name": full_name,
        "email": email,
        "dn": dn,
        "metadata": metadata,
    })
}

/// The explanation as lines: the steps, then what came of them.
pub(super) fn text(explanation: &Explanation) -> String {
    let mut text = String::new();
    let columns = Columns::of(&explanation.steps);
    for line in &explanation.steps {
        columns.write(&mut text, line);
    }
    text.push('\n');
    for (name, value) in ending(explanation) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<LABEL$}{}", visible(&value));
    }
    text
}

/// What a step outside of the chain has in place of a realm.
const NO_REALM: &str = "-";

/// How wide the labels of the end are.
const LABEL: usize = 10;

/// How wide the columns of the steps are.
struct Columns {
    realm: usize,
    step: usize,
}

impl Columns {
    fn of(lines: &[Line]) -> Self {
        let widest = |width: fn(&Line) -> usize| lines.iter().map(width).max().unwrap_or_default();
        Self { realm: widest(|line| realm(line).len()), step: widest(|line| line.step.len()) }
    }

    fn write(&self, text: &mut String, line: &Line) {
        let result = match line.result {
            Result::Passed if line.is_assumed => "assumed",
            result => result.name(),
        };
        let (realm, step, detail) = (realm(line), line.step, visible(&line.detail));
        let (realms, steps) = (self.realm, self.step);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{realm:<realms$}  {step:<steps$}  {result:<7}  {detail}");
    }
}

fn realm(line: &Line) -> &str {
    line.realm.as_deref().unwrap_or(NO_REALM)
}

/// What came of the steps, each with its label.
fn ending(explanation: &Explanation) -> Vec<(&'static str, String)> {
    let Explanation { reason, realm, steps: _, user, headers, answer, is_assumed } = explanation;
    let status = reason.status();
    let mut lines = vec![
        ("decision", status.decision().to_owned()),
        ("reason", format!("{}: {}", reason.code(), reason.meaning())),
        ("status", status.http().to_string()),
    ];
    if *is_assumed {
        lines.push(("assumed", "client_authentication, signature".to_owned()));
    }
    lines.extend(realm.clone().map(|realm| ("realm", realm)));
    lines.extend(user.iter().flat_map(user_lines));
    let headers = headers.iter().map(|(name, value)| format!("{name}: {value}"));
    lines.extend(labelled("headers", headers));
    if let Some(Answer { challenge, content_type, body }) = answer {
        let challenge = challenge.map(|challenge| format!("www-authenticate: {challenge}"));
        let rest = [format!("content-type: {content_type}"), body.clone()];
        lines.extend(labelled("answer", challenge.into_iter().chain(rest)));
    }
    lines
}

fn user_lines(user: &Properties) -> Vec<(&'static str, String)> {
    let Properties { name, groups, full_name, email, dn, metadata } = user;
    let mut lines = vec![("user", name.clone())];
    lines.extend((!groups.is_empty()).then(|| ("groups", groups.join(", "))));
    lines.extend(full_name.clone().map(|full_name| ("full name", full_name)));
    lines.extend(email.clone().map(|email| ("e-mail", email)));
    lines.extend(dn.clone().map(|dn| ("dn", dn)));
    lines.extend(metadata.as_ref().map(|metadata| ("metadata", metadata.to_string())));
    lines
}

/// Lines of which the first alone has the label.
fn labelled(
    label: &'static str,
    lines: impl Iterator<Item = String>,
) -> impl Iterator<Item = (&'static str, String)> {
    lines.enumerate().map(move |(place, line)| (if place == 0 { label } else { "" }, line))
}

/// `text` on one line, whole.
fn visible(text: &str) -> String {
    one_line(text, usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Reason;

    fn line(realm: Option<&str>, step: &'static str, result: Result, detail: &str) -> Line {
        let (realm, detail) = (realm.map(str::to_owned), detail.to_owned());
        Line { realm, step, result, detail, is_assumed: false }
    }

    fn explanation() -> Explanation {
        Explanation {
            reason: Reason::TokenExpired,
            realm: Some("r".to_owned()),
            steps: vec![
                line(None, "request", Result::Passed, "GET /"),
                Line {
                    is_assumed: true,
                    ..line(Some("realm"), "user", Result::Passed, "u\u{1b}[m")
                },
                line(Some("r"), "claims", Result::Failed, "a\nb"),
            ],
            user: None,
            headers: vec![("x-a".to_owned(), "1".to_owned()), ("x-b".to_owned(), "2".to_owned())],
            answer: Some(Answer {
                challenge: Some("Bearer"),
                content_type: "text/plain",
                body: "no\u{202e}".to_owned(),
            }),
            is_assumed: false,
        }
    }

    #[test]
    fn text_is_aligned_and_shows_nothing_that_a_terminal_acts_on() {
        let wanted = "\
-      request  passed   GET /
realm  user     assumed  u\\u{1b}[m
r      claims   failed   a\\nb

decision  deny
reason    token_expired: `exp` and the allowed skew are in the past.
status    401
realm     r
headers   x-a: 1
          x-b: 2
answer    www-authenticate: Bearer
          content-type: text/plain
          no\\u{202e}
";
        assert_eq!(text(&explanation()), wanted);
    }

    #[test]
    fn json_has_the_members_of_the_contract() {
        let told: Value = serde_json::from_str(&json(&explanation())).unwrap();
        assert_eq!(
            told,
            json!({
                "decision": "deny",
                "reason": "token_expired",
                "status": 401,
                "realm": "r",
                "steps": [
                    { "realm": null, "step": "request", "result": "passed", "detail": "GET /" },
                    { "realm": "realm", "step": "user", "result": "passed",
                      "detail": "u\u{1b}[m", "assumed": true },
                    { "realm": "r", "step": "claims", "result": "failed", "detail": "a\nb" },
                ],
                "headers": { "x-a": "1", "x-b": "2" },
                "answer": { "www-authenticate": "Bearer", "content-type": "text/plain",
                            "body": "no\u{202e}" },
            })
        );
        let assumed = Explanation { is_assumed: true, ..explanation() };
        let told: Value = serde_json::from_str(&json(&assumed)).unwrap();
        assert_eq!(told["assumed"], true);
        assert!(text(&assumed).contains("\nassumed   client_authentication, signature\n"));
    }
}
