//! What a realm remembers, for whom, and until when; what it tells of its keys and of a failed check.

mod renewed;

use super::{AtCheck, JwtRealm};
use crate::engine::Snapshot;
use crate::engine::realm::testing::{
    Changing, Says, Signer, Spec, after, ask, at, chain, snapshot,
};
use crate::engine::token::claims::ClaimError;
use crate::engine::token::keys::Key;
use crate::engine::witness::Refusal;
use std::sync::Arc;
use std::time::Duration;

fn key(which: usize) -> Vec<Key> {
    vec![Signer::public(which, None, None)]
}

fn hits(steps: &[String]) -> bool {
    steps.iter().any(|step| step.ends_with(" cache passed"))
}

/// How many tokens each realm remembers.
fn remembered(chain: &Snapshot) -> Vec<usize> {
    chain.realms.iter().map(|realm| realm.authenticator.remembered()).collect()
}

#[test]
fn the_client_is_asked_first_also_where_the_token_is_remembered() {
    let chain = chain(&[Spec { secret: Some("s"), ..Spec::default() }]);
    let token = Says::default().token();
    assert_eq!(ask(&chain, &token, Some("s"), at(0)).end, ("ok", Some(0)));
    for (secret, reason, result) in [
        (None, "client_secret_missing", "missing"),
        (Some("t"), "client_secret_mismatch", "mismatch"),
    ] {
        let told = ask(&chain, &token, secret, at(0));
        assert_eq!(told.end, (reason, Some(0)));
        let refused = format!("0 client_authentication {reason}");
        let client = format!("0 client is {result}");
        assert_eq!(told.steps[told.steps.len() - 3..], ["0 issuer passed".into(), client, refused]);
    }
    let told = ask(&chain, &token, Some("s"), at(0));
    assert!(hits(&told.steps) && told.steps.contains(&"0 client is current".to_owned()));
}

#[test]
fn a_realm_that_asks_for_no_secret_takes_any_client() {
    let chain = chain(&[Spec::default()]);
    let token = Says::default().token();
    for (secret, is_hit) in [(None, false), (Some("s"), true), (None, true)] {
        let told = ask(&chain, &token, secret, at(0));
        assert_eq!((told.end, hits(&told.steps)), (("ok", Some(0)), is_hit), "{secret:?}");
        assert!(told.steps.contains(&"0 client is disabled".to_owned()));
    }
}

#[test]
fn a_token_is_remembered_until_its_end_and_the_skew_and_no_longer_than_the_time_to_live() {
    let token = Says { ends: 100, ..Says::default() }.token();
    let millis = |millis| after(Duration::from_millis(millis));
    for (spec, last, then) in [
        (Spec::default(), 99_999, ("token_expired", Some(0))),
        (Spec { skew: 5, ..Spec::default() }, 104_999, ("token_expired", Some(0))),
        (Spec { ttl: 60, ..Spec::default() }, 59_999, ("ok", Some(0))),
    ] {
        let chain = chain(&[spec]);
        assert!(!hits(&ask(&chain, &token, None, at(0)).steps));
        assert!(hits(&ask(&chain, &token, None, millis(last)).steps), "{last}");
        let told = ask(&chain, &token, None, millis(last + 1));
        assert_eq!((told.end, hits(&told.steps)), (then, false), "{last}");
    }
}

#[test]
fn only_a_token_that_is_good_in_everything_is_remembered() {
    let chain = chain(&[Spec { secret: Some("s"), ..Spec::default() }]);
    let good = Says::default();
    for (says, secret, reason) in [
        (good, None, "client_secret_missing"),
        (Says { audience: "b", ..good }, Some("s"), "audience_mismatch"),
        (Says { signer: Signer::Nobody, ..good }, Some("s"), "signature_invalid"),
        (Says { signer: Signer::Es256(1), ..good }, Some("s"), "signature_invalid"),
        (Says { signer: Signer::Hs256(1), ..good }, Some("s"), "no_usable_key"),
        (Says { subject: " ", ..good }, Some("s"), "principal_missing"),
    ] {
        for _ in 0..2 {
            assert_eq!(ask(&chain, &says.token(), secret, at(0)).end, (reason, Some(0)));
        }
        assert_eq!(remembered(&chain), [0], "{reason}");
    }
    ask(&chain, &good.token(), Some("s"), at(0));
    assert_eq!(remembered(&chain), [1]);
}

#[test]
fn a_memory_of_no_size_or_no_time_is_none() {
    for spec in [Spec { size: 0, ..Spec::default() }, Spec { ttl: 0, ..Spec::default() }] {
        let chain = chain(&[spec]);
        let token = Says::default().token();
        for _ in 0..2 {
            let told = ask(&chain, &token, None, at(0));
            assert_eq!(told.end, ("ok", Some(0)));
            assert!(told.steps.contains(&"0 cache off".to_owned()), "{:?}", told.steps);
        }
        assert_eq!(remembered(&chain), [0]);
    }
}

#[test]
fn each_realm_of_an_issuer_judges_and_remembers_for_its_own_clients() {
    let keys = [Changing::new(key(0)), Changing::new(key(0))];
    let spec = |place: usize, secret| Spec {
        secret: Some(secret),
        public: Some(Arc::clone(&keys[place])),
        ..Spec::default()
    };
    let chain = chain(&[spec(0, "s1"), spec(1, "s2")]);
    let token = Says::default().token();
    for is_hit in [false, true] {
        for (secret, place) in [("s1", 0), ("s2", 1)] {
            let told = ask(&chain, &token, Some(secret), at(0));
            assert_eq!((told.end, hits(&told.steps)), (("ok", Some(place)), is_hit), "{secret}");
        }
    }
    keys[0].set(key(1));
    let told = ask(&chain, &token, Some("s1"), at(0));
    assert_eq!(told.end, ("signature_invalid", Some(0)), "what the other remembers is no help");
    let told = ask(&chain, &token, Some("s2"), at(0));
    assert_eq!((told.end, hits(&told.steps)), (("ok", Some(1)), true));
}

#[test]
fn what_was_remembered_without_metadata_is_judged_anew_for_who_wants_it() {
    let mut realms: Vec<JwtRealm> = chain(&[Spec::default()]).realms;
    let token = Says::default().token();
    for (wants, is_hit) in [(false, false), (true, false), (true, true), (false, true)] {
        let chain = snapshot(realms, wants);
        let told = ask(&chain, &token, None, at(0));
        assert_eq!((told.end, hits(&told.steps)), (("ok", Some(0)), is_hit));
        let said = told.said.iter().any(|header| header.starts_with("x-es-metadata: "));
        assert_eq!(said, wants);
        realms = chain.realms;
    }
}

#[test]
fn an_earlier_realm_is_asked_again_when_it_may_have_another_answer() {
    let earlier = Changing::new(key(1));
    let chain =
        chain(&[Spec { public: Some(Arc::clone(&earlier)), ..Spec::default() }, Spec::default()]);
    let token = Says::default().token();
    let result = |told: &[String], step: &str| {
        let start = format!("0 {step} ");
        told.iter().find_map(|told| told.strip_prefix(&start).map(str::to_owned))
    };
    let with_name = || vec![Signer::public(1, Some("another"), None)];
    for (keys, cache, signature, place) in [
        (None, "not remembered", Some("signature_invalid"), 1),
        (None, "declined before", None, 1),
        (Some(with_name()), "not remembered", Some("signature_invalid"), 1),
        (None, "declined before", None, 1),
        (Some(Vec::new()), "not remembered", Some("no_usable_key"), 1),
        (None, "declined before", None, 1),
        (Some(key(0)), "not remembered", Some("passed"), 0),
        (None, "passed", None, 0),
        (Some(key(1)), "not remembered", Some("signature_invalid"), 1),
        (None, "declined before", None, 1),
    ] {
        if let Some(keys) = keys {
            earlier.set(keys);
        }
        let told = ask(&chain, &token, None, at(0));
        assert_eq!(told.end, ("ok", Some(place)));
        assert_eq!(result(&told.steps, "cache").as_deref(), Some(cache));
        assert_eq!(result(&told.steps, "signature").as_deref(), signature);
    }
}

#[test]
fn keys_of_both_families_are_counted_that_an_allowed_algorithm_can_use() {
    let both = || Some(vec![Signer::public(0, None, None), Signer::public(1, None, None)]);
    let of_another = || Some(vec![Signer::public(0, None, Some("ES384"))]);
    for (hmac, public, usable) in [
        (None, None, 0),
        (Some(1), None, 1),
        (None, both(), 2),
        (Some(1), both(), 3),
        (Some(1), of_another(), 1),
    ] {
        let chain = chain(&[Spec { hmac, public: public.map(Changing::new), ..Spec::default() }]);
        assert_eq!(chain.realms[0].authenticator.usable_keys(), usable);
    }
}

#[test]
fn a_failed_check_tells_how_many_passed_and_else_what_its_error_tells() {
    let error = ClaimError::Algorithm { alg: "none", allowed: &[] };
    let failed = AtCheck::new((4, error.clone()));
    assert_eq!((failed.passed(), failed.reason()), (4, error.reason()));
    assert_eq!(failed.to_string(), error.to_string());
    assert_eq!(failed.explained(), error.explained());
    assert_ne!(failed.explained(), failed.to_string());
}
