//! The chain: realms in their order until one accepts.
//!
//! The one rule: nobody is let in unless some realm accepted; when none did, the refusal that got
//! furthest along the line is the one that is reported.

use super::jwt::JwtRealm;
use super::{Credentials, Outcome, Stopped};
use crate::engine::reason::{Reason, Status};
use crate::engine::token::signature::Waits;
use crate::engine::user::User;
use crate::engine::witness::{RealmId, Step, Witness};
use std::sync::Arc;

/// Every realm refused.
#[derive(Debug)]
pub struct Refused {
    /// The realm whose refusal is reported; `None` if none was entered.
    pub realm: Option<RealmId>,
    /// Why it refused.
    pub reason: Reason,
}

/// Asks each realm in order. Ties between refusals go to the earlier realm.
pub async fn authenticate(
    realms: &[JwtRealm],
    credentials: &Credentials<'_>,
    waits: &impl Waits,
    witness: &mut (impl Witness + Send),
) -> Result<(RealmId, Arc<User>), Refused> {
    let mut furthest: Option<(Progress, Refused)> = None;
    let mut declined = Vec::new();
    for (place, realm) in realms.iter().enumerate() {
        let id = RealmId(place);
        let outcome = realm.authenticate(id, credentials, &declined, waits, witness).await;
        let (progress, refused) = match outcome {
            Outcome::Accept(user) => return Ok((id, user)),
            Outcome::Decline(stopped) => {
                declined.extend(stopped.declined);
                (Progress::of(stopped), Refused { realm: Some(id), reason: stopped.reason })
            }
            Outcome::Skip(reason) => (Progress::NONE, Refused { realm: None, reason }),
        };
        if furthest.as_ref().is_none_or(|(before, _)| progress > *before) {
            furthest = Some((progress, refused));
        }
    }
    // Settings without an enabled realm are refused, so there is always one.
    let nobody = Refused { realm: None, reason: Reason::InternalError };
    Err(furthest.map_or(nobody, |(_, refused)| refused))
}

/// How far along the line a realm got. One that could not tell goes before all that said no: who
/// asked must not take that for an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Progress {
    is_unknown: bool,
    step: Step,
    passed: usize,
}

impl Progress {
    const NONE: Self = Self { is_unknown: false, step: Step::Issuer, passed: 0 };

    fn of(Stopped { step, passed, reason, .. }: Stopped) -> Self {
        Self { is_unknown: reason.status() == Status::Unavailable, step, passed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ClientAuthentication;
    use crate::engine::client_auth::{ClientResult, Presented};
    use crate::engine::crypto::DigestKey;
    use crate::engine::realm::jwt::{Instance, JwtAuthenticator};
    use crate::engine::realm::testing::{self, Changing, Says, Signer, Spec};
    use crate::engine::secret::Secret;
    use crate::engine::time::{Monotonic, Now, UnixTime};
    use crate::engine::token::claims::TokenRules;
    use crate::engine::token::keys::{Key, KeySet};
    use crate::engine::token::signature::{Inline, Keys, Lost, Wait, Work};
    use crate::engine::token::tests::compact;
    use crate::engine::token::{Bearer, Compact, Token};
    use crate::engine::user::UserClaims;
    use crate::engine::witness::Ended;
    use futures_util::FutureExt;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    /// A realm of `issuer` that wants `secret`, if any, and takes `audience`.
    fn realm(key: &DigestKey, issuer: &str, secret: Option<&str>, audience: &str) -> JwtRealm {
        JwtRealm {
            name: issuer.into(),
            client_authentication: ClientAuthentication::new(secret.map(Secret::new).as_ref(), key),
            authenticator: Arc::new(JwtAuthenticator::new(
                Instance { generation: 0, place: 0 },
                TokenRules::for_tests(issuer, audience),
                Keys { hmac: Some(Arc::new(KeySet::of_text(&Secret::new([1; 32])))), public: None },
                UserClaims::for_tests("sub"),
                None,
            )),
        }
    }

    /// Writes down which steps of which realms were walked.
    #[derive(Default)]
    struct Steps(Vec<String>);

    impl Witness for Steps {
        fn step(&mut self, realm: Option<RealmId>, step: Step, ended: Ended<'_>) {
            let result = match ended {
                Ended::Passed => "passed",
                Ended::Skipped(_) => "skipped",
                Ended::Failed(refusal) => refusal.reason().code(),
            };
            self.0.push(format!("{} {} {result}", realm.unwrap().0, step.name()));
        }

        fn client(&mut self, _: RealmId, _: ClientResult) {}

        fn remembered(&mut self, _: RealmId, _: usize) {}
    }

    /// Asks `realms` about a forged token of issuer `i` and audience `a`.
    fn ask(key: &DigestKey, realms: &[JwtRealm], secret: &str) -> (Refused, Vec<String>) {
        let claims = r#"{"iss":"i","aud":"a","sub":"s","iat":1,"exp":99}"#;
        let bearer = compact(r#"{"alg":"HS256"}"#, claims, "forged");
        let bearer = Bearer::new(bearer.as_bytes(), usize::MAX).unwrap();
        let parts = Compact::decode(bearer).unwrap();
        let header = format!("SharedSecret {secret}");
        let unix = UnixTime::new(Duration::from_secs(9));
        let now = Now { unix, monotonic: Monotonic::new(Duration::ZERO) };
        let credentials = Credentials {
            text: bearer.fingerprint(),
            token: &Token::read(&parts).unwrap(),
            client: Presented::read(Some(header.as_bytes()), key).unwrap(),
            now,
            want_metadata: false,
        };
        let mut steps = Steps::default();
        let refused = authenticate(realms, &credentials, &Inline, &mut steps);
        (refused.now_or_never().unwrap().unwrap_err(), steps.0)
    }

    #[test]
    fn a_realm_of_another_issuer_is_passed_over_without_asking_for_the_client() {
        let key = DigestKey::new(&[0; 32]);
        let realms = [realm(&key, "other", Some("x"), "a"), realm(&key, "i", Some("s"), "a")];
        let (refused, steps) = ask(&key, &realms, "s");
        assert_eq!((refused.realm, refused.reason), (Some(RealmId(1)), Reason::SignatureInvalid));
        assert_eq!(
            steps,
            [
                "0 issuer issuer_mismatch",
                "1 issuer passed",
                "1 client_authentication passed",
                "1 cache skipped",
                "1 claims passed",
                "1 signature signature_invalid",
            ]
        );
    }

    #[test]
    fn no_realm_is_named_where_none_was_entered() {
        let key = DigestKey::new(&[0; 32]);
        let realms = [realm(&key, "x", None, "a"), realm(&key, "y", None, "a")];
        let (refused, _) = ask(&key, &realms, "s");
        assert_eq!((refused.realm, refused.reason), (None, Reason::IssuerMismatch));
        let (refused, _) = ask(&key, &[], "s");
        assert_eq!((refused.realm, refused.reason), (None, Reason::InternalError));
    }

    #[test]
    fn the_refusal_that_got_furthest_is_reported_and_ties_go_to_the_earlier_realm() {
        let key = DigestKey::new(&[0; 32]);
        let wrong_client = || realm(&key, "i", Some("another"), "a");
        let wrong_audience = || realm(&key, "i", Some("s"), "b");
        let forged = || realm(&key, "i", Some("s"), "a");
        // The algorithm is looked at after the audience.
        let wrong_algorithm = || {
            let mut realm = forged();
            Arc::get_mut(&mut realm.authenticator).unwrap().rules.algorithms.clear();
            realm
        };
        for (realms, place, reason) in [
            (vec![wrong_client(), wrong_audience()], 1, Reason::AudienceMismatch),
            (vec![wrong_audience(), wrong_client()], 0, Reason::AudienceMismatch),
            (vec![wrong_audience(), wrong_algorithm()], 1, Reason::AlgorithmNotAllowed),
            (vec![wrong_algorithm(), wrong_audience()], 0, Reason::AlgorithmNotAllowed),
            (vec![wrong_audience(), forged(), forged()], 1, Reason::SignatureInvalid),
            (vec![wrong_client(), wrong_client()], 0, Reason::ClientSecretMismatch),
        ] {
            let (refused, _) = ask(&key, &realms, "s");
            assert_eq!((refused.realm, refused.reason), (Some(RealmId(place)), reason));
        }
    }

    #[test]
    fn claims_are_not_looked_at_for_a_client_that_is_not_known() {
        let key = DigestKey::new(&[0; 32]);
        let (_, steps) = ask(&key, &[realm(&key, "i", Some("another"), "b")], "s");
        let last = "0 client_authentication client_secret_mismatch";
        assert_eq!(steps.last().map(String::as_str), Some(last));
    }

    /// Loses the first signature that it is given.
    #[derive(Default)]
    struct LosesTheFirst(AtomicBool);

    impl Waits for LosesTheFirst {
        async fn verify(&self, work: Work) -> Result<Option<Arc<Key>>, Lost> {
            if self.0.swap(true, Ordering::Relaxed) { Ok(work.run()) } else { Err(Lost) }
        }

        async fn in_time(&self, wait: Wait<'_>) -> Option<()> {
            Inline.in_time(wait).await
        }
    }

    #[test]
    fn a_realm_that_could_not_tell_goes_before_all_that_said_no_but_not_before_one_that_accepts() {
        let is = Spec::default;
        let says_no =
            || Spec { public: Some(Changing::new(vec![Signer::public(1, None, None)])), ..is() };
        let of_another_client = || Spec { secret: Some("s"), ..is() };
        for (specs, end) in [
            (vec![is()], ("internal_error", Some(0))),
            (vec![is(), says_no()], ("internal_error", Some(0))),
            (vec![of_another_client(), is(), says_no()], ("internal_error", Some(1))),
            (vec![is(), is(), says_no()], ("ok", Some(1))),
        ] {
            let chain = testing::chain(&specs);
            let token = Says::default().token();
            let lossy = LosesTheFirst::default();
            let told = testing::ask_of(&chain, &lossy, &token, None, testing::at(0));
            assert_eq!(told.end, end);
            // That one could not tell is nothing to remember: it is asked again, and accepts.
            let again = testing::ask(&chain, &token, None, testing::at(0));
            let first = specs.iter().position(|spec| spec.secret.is_none());
            assert_eq!(again.end, ("ok", first), "{:?}", again.steps);
        }
    }
}
