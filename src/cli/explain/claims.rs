//! A token's payload alone, judged by one realm: whom would it name, if client and signature are
//! good?
//!
//! The one rule: nothing is proven here. The payload is read and judged as a token's is, but it
//! becomes properties, never a user.

use super::explanation::{Explanation, Result};
use super::steps::{Recorder, Seen};
use crate::engine::realm::jwt::JwtRealm;
use crate::engine::token::{Bearer, Compact, Token, TokenFault};
use crate::engine::user::Properties;
use crate::engine::{Ended, RealmId, Reason, Refusal, Step, UnixTime, Witness};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use std::fmt;

/// Nothing of these can be judged here.
const ASSUMED: [Step; 2] = [Step::ClientAuthentication, Step::Signature];

/// The realm is looked at as a chain of its own.
const ONLY: Option<RealmId> = Some(RealmId(0));

/// Has `realm` judge the `payload` of a token at `now`.
pub(super) fn explain(realm: &JwtRealm, payload: &[u8], now: UnixTime) -> Explanation {
    let mut recorder = Recorder::default();
    let found = judge(realm, payload, now, &mut recorder);
    let user = found.as_ref().ok().map(|found| found.name.as_str());
    let seen = Seen { realms: &[realm.into()], request: None, user };
    let mut steps = recorder.lines(&seen);
    for step in &mut steps {
        step.is_assumed = ASSUMED.iter().any(|assumed| assumed.name() == step.step);
        if step.is_assumed && step.result == Result::Passed {
            "assumed: not looked at".clone_into(&mut step.detail);
        }
    }
    let (reason, entered) = match &found {
        Ok(_) => (Reason::Ok, true),
        Err(Stopped { reason, at }) => (*reason, !matches!(at, Step::Token | Step::Issuer)),
    };
    Explanation {
        reason,
        realm: entered.then(|| realm.name.clone()),
        steps,
        user: found.ok(),
        headers: Vec::new(),
        answer: None,
        is_assumed: true,
    }
}

/// Where the realm's part of the line stopped, and why.
struct Stopped {
    at: Step,
    reason: Reason,
}

/// The realm's part of the line, without the two steps that need more than claims.
fn judge(
    realm: &JwtRealm,
    payload: &[u8],
    now: UnixTime,
    recorder: &mut Recorder,
) -> std::result::Result<Properties, Stopped> {
    let rules = &realm.authenticator.rules;
    // Neither `typ` nor `alg` is known, so they are what the realm takes.
    let alg = rules.algorithms.first().map(|algorithm| algorithm.name());
    let text = [json!({ "alg": alg }).to_string().as_bytes(), payload, b"-"]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".");
    let compact = Bearer::new(text.as_bytes(), usize::MAX).and_then(Compact::decode);
    let token = compact.as_ref().map_err(|fault| *fault).and_then(Token::read).map_err(NoToken);
    let token = told(recorder, None, Step::Token, token)?;
    told(recorder, ONLY, Step::Issuer, rules.check_issuer(&token))?;
    recorder.step(ONLY, Step::ClientAuthentication, Ended::Passed);
    told(recorder, ONLY, Step::Claims, rules.check(&token, now).map_err(|(_, error)| error))?;
    recorder.step(ONLY, Step::Signature, Ended::Passed);
    told(recorder, ONLY, Step::User, realm.authenticator.user.properties(token.claims(), true))
}

/// Tells `recorder` of a step's result and hands the result on.
fn told<T>(
    recorder: &mut Recorder,
    realm: Option<RealmId>,
    step: Step,
    result: std::result::Result<T, impl Refusal>,
) -> std::result::Result<T, Stopped> {
    match result {
        Ok(found) => {
            recorder.step(realm, step, Ended::Passed);
            Ok(found)
        }
        Err(refusal) => {
            recorder.step(realm, step, Ended::Failed(&refusal));
            Err(Stopped { at: step, reason: refusal.reason() })
        }
    }
}

/// The payload is none that a token could have.
struct NoToken(TokenFault);

impl fmt::Display for NoToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Refusal for NoToken {
    fn reason(&self) -> Reason {
        self.0.reason()
    }
}
