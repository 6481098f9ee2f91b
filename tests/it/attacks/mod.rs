//! Attacks through the real gRPC interface: one test a rule, each row with the exact status,
//! reason code and sentence.
//!
//! Rule: a row names what the operator learns (the reason) and what the client learns (the
//! sentence), so that neither can drift; every row of a test that differs is reported.

use crate::support::answer::Answer;
use crate::support::caller::Caller;
use crate::support::check::Check;
use crate::support::corp;
use crate::support::gate::Gate;
use crate::support::token::Claims;
use crate::support::wait;

mod access_token;
mod algorithm;
mod bombs;
mod claims;
mod client;
mod dates;
mod header_parameters;
mod headers;
mod json;
mod keyed;
mod lookalikes;
mod requests;
mod structure;

/// What Elasticsearch says to a bearer value that no realm can read.
const UNREADABLE: &str = "unable to authenticate with provided credentials and anonymous access \
                          is not allowed for this request";

/// What it says when something broke while judging.
const BROKE: &str = "error attempting to authenticate request";

/// What it says to a request of `GET /` without a usable credential.
const NOTHING: &str = "missing authentication credentials for REST request [/]";

/// One attack: what it is, the check, and what must come of it.
struct Attack {
    what: String,
    check: Check,
    status: u16,
    reason: &'static str,
    sentence: String,
}

impl Attack {
    fn new(
        what: &str,
        check: Check,
        (status, reason): (u16, &'static str),
        sentence: impl Into<String>,
    ) -> Self {
        let (what, sentence) = (what.to_owned(), sentence.into());
        Self { what, check, status, reason, sentence }
    }

    /// A bearer value that is no JWT.
    fn not_a_jwt(what: &str, token: &str) -> Self {
        Self::new(what, corp::with_token(token), (401, "not_a_jwt"), UNREADABLE)
    }

    /// Good claims but for one thing, which a realm refuses.
    fn refused(what: &str, claims: &Claims, reason: &'static str) -> Self {
        Self::judged(what, corp::with(claims), claims, reason)
    }

    /// Any check whose token carries these claims and is judged by a realm.
    fn judged(what: &str, check: Check, claims: &Claims, reason: &'static str) -> Self {
        Self::new(what, check, (401, reason), unable(&claims.label()))
    }

    /// What differs from what was expected, if anything does.
    fn failure(&self, answer: &Answer) -> Option<String> {
        let got = (answer.status(), answer.reason());
        let wanted = (self.status, self.reason);
        if answer.is_allow() || got != wanted {
            return Some(format!("{}: expected {wanted:?}: {answer:?}", self.what));
        }
        let sentence = answer.sentence();
        let differs = sentence != self.sentence;
        differs.then(|| format!("{}: expected {:?}, got {sentence:?}", self.what, self.sentence))
    }
}

/// What Elasticsearch says when every realm refused a token with this label on `GET /`.
fn unable(label: &str) -> String {
    format!("unable to authenticate user [{label}] for REST request [/]")
}

/// Plays attacks on credentials in both header forms.
fn hold(gate: &Gate, attacks: &[Attack]) {
    let caller = gate.caller();
    let failures = attacks.iter().flat_map(|attack| {
        let joined = attack.failure(&caller.check(&attack.check));
        let entries = attack.failure(&caller.check(&attack.check.clone().into_entries()));
        let entries = entries.map(|failure| format!("as entries: {failure}"));
        [joined, entries].into_iter().flatten()
    });
    report(&failures.collect::<Vec<_>>());
}

/// Plays attacks beside the good token that they start from: while it is not known yet, and once it
/// is remembered. It is let in each time, so that nothing passes by refusing everything.
fn hold_beside(gate: &Gate, control: &str, attacks: &[Attack]) {
    let good = [("the control", corp::with_token(control))];
    hold(gate, attacks);
    allow(gate, &good);
    hold(gate, attacks);
    let hits = || gate.metric(r#"realmgate_jwt_cache_requests_total{realm="corp",result="hit"}"#);
    let before = hits();
    allow(gate, &good);
    let remembered = wait::poll(wait::PATIENCE, || (hits() > before).then_some(()));
    assert!(remembered.is_some(), "the control is not remembered");
}

/// Plays attacks on the request as they stand, in the one form that they are written in.
fn hold_as_they_stand(gate: &Gate, attacks: &[Attack]) {
    let caller = gate.caller();
    let failures = attacks.iter().filter_map(|one| one.failure(&caller.check(&one.check)));
    report(&failures.collect::<Vec<_>>());
}

/// Plays checks that are unusual and yet good, in both header forms.
fn allow(gate: &Gate, checks: &[(&str, Check)]) {
    let caller = gate.caller();
    let failures = checks.iter().flat_map(|(what, check)| {
        [("joined", check.clone()), ("entries", check.clone().into_entries())]
            .into_iter()
            .filter_map(|(form, check)| refusal(&caller, &check).map(|why| (form, why)))
            .map(move |(form, why)| format!("{what} ({form}): {why}"))
    });
    report(&failures.collect::<Vec<_>>());
}

fn refusal(caller: &Caller, check: &Check) -> Option<String> {
    let answer = caller.check(check);
    (!answer.is_allow()).then(|| format!("{answer:?}"))
}

fn report(failures: &[String]) {
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}
