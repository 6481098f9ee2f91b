//! Keys that do not verify a signature, and others that may.

use super::{hits, key, remembered};
use crate::engine::realm::testing::{Changing, Next, Says, Signer, Spec, ask, ask_of, at, chain};
use crate::engine::token::keys::Key;
use crate::engine::token::signature::{NotVerified, SignatureError};
use crate::engine::{Inline, Lost, Wait, Waits, Work};
use futures_util::FutureExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Waits for nothing: the time of the check is over.
struct Impatient;

impl Waits for Impatient {
    async fn verify(&self, work: Work) -> Result<Option<Arc<Key>>, Lost> {
        Inline.verify(work).await
    }

    async fn in_time(&self, wait: Wait<'_>) -> Option<()> {
        wait.now_or_never()
    }
}

#[test]
fn keys_that_do_not_verify_a_signature_are_asked_for_anew_and_others_are_tried_once() {
    let named = |which, kid| vec![Signer::public(which, Some(kid), None)];
    let good = Says { kid: Some("1"), ..Says::default() };
    let forged = Says { signer: Signer::Nobody, ..good };
    // The keys at hand, the token, what comes of asking, and how it ends and how often was asked.
    for (what, keys, says, next, end, asked) in [
        ("the keys will do", key(0), good, Next::Keys(key(1)), "ok", 0),
        ("rotated", key(1), good, Next::Keys(key(0)), "ok", 1),
        ("of a new name", named(1, "0"), good, Next::Keys(named(0, "1")), "ok", 1),
        ("there was none", Vec::new(), good, Next::Keys(key(0)), "ok", 1),
        ("rotated to another's", key(1), good, Next::Keys(named(1, "1")), "signature_invalid", 1),
        ("withdrawn", key(1), good, Next::Keys(Vec::new()), "no_usable_key", 1),
        ("as they were", key(1), good, Next::Keys(key(1)), "signature_invalid", 1),
        ("no others", key(1), good, Next::Same, "signature_invalid", 1),
        ("no others for the name", named(0, "0"), good, Next::Same, "no_usable_key", 1),
        ("forged", key(0), forged, Next::Keys(key(1)), "signature_invalid", 1),
    ] {
        let source = Changing::new(keys);
        source.set_next(next);
        let chain = chain(&[Spec { public: Some(Arc::clone(&source)), ..Spec::default() }]);
        let told = ask(&chain, &says.token(), None, at(0));
        assert_eq!((told.end, source.asked()), ((end, Some(0)), asked), "{what}");
        assert_eq!(remembered(&chain), [usize::from(end == "ok")], "{what}");
    }
}

#[test]
fn nobody_is_worth_a_load_of_keys_who_is_refused_for_anything_else() {
    let source = Changing::new(key(1));
    let spec = Spec { secret: Some("s"), public: Some(Arc::clone(&source)), ..Spec::default() };
    let chain = chain(&[spec]);
    let good = Says::default();
    for (says, secret, seconds) in [
        (good, None, 0),
        (good, Some("t"), 0),
        (Says { issuer: "j", ..good }, Some("s"), 0),
        (Says { audience: "b", ..good }, Some("s"), 0),
        (Says { ends: 10, ..good }, Some("s"), 11),
        (Says { signer: Signer::Hs256(1), ..good }, Some("s"), 0),
    ] {
        ask(&chain, &says.token(), secret, at(seconds));
    }
    assert_eq!(source.asked(), 0);
    assert_eq!(ask(&chain, &good.token(), Some("s"), at(0)).end, ("signature_invalid", Some(0)));
    assert_eq!(source.asked(), 1, "the control");
}

#[test]
fn keys_that_cannot_be_had_are_no_verdict_and_an_acceptance_wins() {
    let unloaded = || {
        let source = Changing::unloaded();
        source.set_next(Next::Never);
        source
    };
    let loading = || {
        let source = Changing::new(key(1));
        source.set_next(Next::Never);
        source
    };
    let refuses = || Changing::new(key(1));
    for (sources, end) in [
        (vec![unloaded()], ("keys_unavailable", Some(0))),
        (vec![Changing::unloaded()], ("keys_unavailable", Some(0))),
        (vec![loading()], ("keys_unavailable", Some(0))),
        (vec![refuses(), loading()], ("keys_unavailable", Some(1))),
        (vec![loading(), refuses()], ("keys_unavailable", Some(0))),
        (vec![unloaded(), Changing::new(key(0))], ("ok", Some(1))),
        (vec![loading(), Changing::new(key(0))], ("ok", Some(1))),
    ] {
        let specs =
            sources.into_iter().map(|source| Spec { public: Some(source), ..Spec::default() });
        let chain = chain(&specs.collect::<Vec<_>>());
        let token = Says::default().token();
        let told = ask_of(&chain, &Impatient, &token, None, at(0));
        assert_eq!(told.end, end, "{:?}", told.steps);
        if end.0 != "ok" {
            assert!(told.said[0].contains("authentication service unavailable"), "{:?}", told.said);
        }
        // It is asked again: that one could not tell is nothing to remember.
        let again = ask_of(&chain, &Impatient, &token, None, at(0));
        assert!(!again.steps.contains(&"0 cache declined before".to_owned()), "{:?}", again.steps);
    }
}

#[test]
fn what_was_verified_by_keys_that_changed_meanwhile_is_not_recalled() {
    /// Has the keys changed while a signature is verified.
    struct Changes(Arc<Changing>);

    impl Waits for Changes {
        async fn verify(&self, work: Work) -> Result<Option<Arc<Key>>, Lost> {
            let found = Inline.verify(work).await;
            self.0.set(key(1));
            found
        }

        async fn in_time(&self, wait: Wait<'_>) -> Option<()> {
            Inline.in_time(wait).await
        }
    }

    let source = Changing::new(key(0));
    let chain = chain(&[Spec { public: Some(Arc::clone(&source)), ..Spec::default() }]);
    let token = Says::default().token();
    let told = ask_of(&chain, &Changes(Arc::clone(&source)), &token, None, at(0));
    assert_eq!(told.end, ("ok", Some(0)), "it was good when it was looked at");
    assert_eq!(ask(&chain, &token, None, at(0)).end, ("signature_invalid", Some(0)));
    // Back again, the key is the one that verified it.
    source.set(key(0));
    assert!(hits(&ask(&chain, &token, None, at(0)).steps));
}

#[test]
fn a_realm_has_loaded_unless_it_wants_public_keys_that_were_never_there() {
    for (public, has_loaded) in [
        (None, true),
        (Some(Changing::unloaded()), false),
        (Some(Changing::new(Vec::new())), true),
        (Some(Changing::new(key(0))), true),
    ] {
        let chain = chain(&[Spec { hmac: Some(1), public, ..Spec::default() }]);
        assert_eq!(chain.realms[0].authenticator.has_loaded(), has_loaded);
    }
}

#[test]
fn who_waits_inline_waits_to_the_end() {
    let over = AtomicBool::new(false);
    let wait: Wait<'_> = Box::pin(async { over.store(true, Ordering::Relaxed) });
    assert_eq!(Inline.in_time(wait).now_or_never(), Some(Some(())));
    assert!(over.load(Ordering::Relaxed));
}

#[test]
fn a_signature_that_is_not_verified_says_why() {
    for error in [SignatureError::NotLoaded, SignatureError::StillLoading, SignatureError::Invalid]
    {
        let said = error.to_string();
        assert_eq!(NotVerified { error, keys: None }.to_string(), said);
        assert!(!said.is_empty());
    }
}

/// Counts the verifications, each of which it loses if it is told to.
struct Counts {
    verified: AtomicUsize,
    loses: bool,
}

impl Waits for Counts {
    async fn verify(&self, work: Work) -> Result<Option<Arc<Key>>, Lost> {
        self.verified.fetch_add(1, Ordering::Relaxed);
        if self.loses { Err(Lost) } else { Inline.verify(work).await }
    }

    async fn in_time(&self, wait: Wait<'_>) -> Option<()> {
        Inline.in_time(wait).await
    }
}

#[test]
fn the_same_keys_are_not_tried_twice_and_a_lost_verification_asks_for_none() {
    for (next, loses, end, verified, asked) in [
        (Next::Same, false, "signature_invalid", 1, 1),
        (Next::Keys(key(0)), false, "ok", 2, 1),
        (Next::Keys(key(0)), true, "internal_error", 1, 0),
    ] {
        let source = Changing::new(key(1));
        source.set_next(next);
        let chain = chain(&[Spec { public: Some(Arc::clone(&source)), ..Spec::default() }]);
        let waits = Counts { verified: AtomicUsize::new(0), loses };
        let told = ask_of(&chain, &waits, &Says::default().token(), None, at(0));
        assert_eq!(told.end, (end, Some(0)));
        assert_eq!((waits.verified.into_inner(), source.asked()), (verified, asked), "{end}");
    }
}
