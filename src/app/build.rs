//! Settings into what decides, answers and watches checks.
//!
//! The one rule: this is the only place that carries anything over from what was in force before. A
//! realm of which nothing but the client secret changed, nor the source of its keys, lives on as it is;
//! of any other the previous secret does.

use super::StartError;
use super::keys::KeySources;
use crate::engine::crypto::DigestKey;
use crate::engine::identity::Identity;
use crate::engine::realm::jwt::{Instance, JwtAuthenticator, JwtRealm, MemoryBounds};
use crate::engine::token::claims::TokenRules;
use crate::engine::token::signature::Keys;
use crate::engine::user::{Claim, UserClaims};
use crate::engine::{ClientAuthentication, Monotonic, Snapshot};
use crate::observe::{DecisionLog, Decisions, Metrics, Observer};
use crate::server::ext_authz::InForce;
use crate::server::signatures::SignatureThreads;
use crate::settings::{self, Settings};
use std::sync::Arc;

/// What was in force before.
#[derive(Clone, Copy)]
pub(super) struct Before<'b> {
    pub(super) settings: &'b Settings,
    pub(super) keys: &'b KeySources,
    pub(super) in_force: &'b InForce,
}

/// The first version of a process.
pub(super) fn first(
    settings: &Settings,
    keys: &KeySources,
    metrics: &Arc<Metrics>,
) -> Result<InForce, StartError> {
    let (decisions, lines) = (decisions(settings), settings.log.lines_per_second);
    let observer = Observer::new(
        Arc::clone(metrics),
        DecisionLog::new(decisions, lines),
        &names(settings),
        settings.limits.checks_in_flight,
    );
    let signatures = Arc::new(SignatureThreads::start()?);
    let snapshot = snapshot(settings, keys)?;
    Ok(in_force(settings, snapshot, observer, signatures))
}

/// The version that takes the place of `before` at `now`, with the public keys of `keys`.
pub(super) fn next(
    settings: &Settings,
    keys: &KeySources,
    before: Before<'_>,
    now: Monotonic,
) -> InForce {
    let observer = before.in_force.observer().reconfigured(
        decisions(settings),
        settings.log.lines_per_second,
        &names(settings),
        settings.limits.checks_in_flight,
    );
    let old = before.in_force.snapshot();
    let (digest_key, generation) = (old.digest_key.clone(), old.generation + 1);
    let parts = Parts { keys, digest_key: &digest_key, generation };
    let realms = settings.realms.iter().enumerate().map(|(place, realm)| {
        let was = before.settings.realms.iter().find(|was| was.name == realm.name);
        let lives = old.realms.iter().find(|lives| lives.name == realm.name);
        let fresh = || parts.jwt_realm(place, realm);
        let taken_over = |(was, lives): (&settings::JwtRealm, &JwtRealm)| {
            let lives_on = was.is_same_but_for_client_secret(realm)
                && before.keys.has_the_source_of(realm, keys);
            parts.taken_over(place, realm, lives, lives_on, now)
        };
        was.zip(lives).map_or_else(fresh, taken_over)
    });
    let realms = realms.collect();
    let snapshot = assemble(settings, realms, digest_key, generation);
    let signatures = Arc::clone(before.in_force.signatures());
    in_force(settings, snapshot, observer, signatures)
}

fn in_force(
    settings: &Settings,
    snapshot: Snapshot,
    observer: Observer,
    signatures: Arc<SignatureThreads>,
) -> InForce {
    InForce::new(snapshot, observer, signatures, settings.limits.deadline)
        .with_security_api(settings.http_security_api)
        .with_fetched_keys(settings.realms.iter().any(|realm| realm.keys.url().is_some()))
}

/// Names of the realms, in the order of the chain.
pub(super) fn names(settings: &Settings) -> Vec<String> {
    settings.realms.iter().map(|realm| realm.name.clone()).collect()
}

/// Everything that a check is decided by.
pub(super) fn snapshot(settings: &Settings, keys: &KeySources) -> Result<Snapshot, StartError> {
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| StartError::Random)?;
    let digest_key = DigestKey::new(&random);
    let parts = Parts { keys, digest_key: &digest_key, generation: 0 };
    let realms = settings.realms.iter().enumerate();
    let realms = realms.map(|(place, realm)| parts.jwt_realm(place, realm)).collect();
    Ok(assemble(settings, realms, digest_key, 0))
}

fn assemble(
    settings: &Settings,
    realms: Vec<JwtRealm>,
    digest_key: DigestKey,
    generation: u64,
) -> Snapshot {
    Snapshot {
        generation,
        realms,
        identity: Identity::new(settings.identity.clone(), settings.limits.identity_size),
        run_as_enabled: settings.run_as_enabled,
        token_size: settings.limits.token_size,
        digest_key,
    }
}

fn decisions(settings: &Settings) -> Decisions {
    match settings.log.decisions {
        settings::Decisions::All => Decisions::All,
        settings::Decisions::Denied => Decisions::Denied,
        settings::Decisions::None => Decisions::None,
        settings::Decisions::RunAs => Decisions::RunAs,
    }
}

/// What realms are made with, besides their settings.
struct Parts<'p> {
    keys: &'p KeySources,
    digest_key: &'p DigestKey,
    /// Of the snapshot that they are made for.
    generation: u64,
}

impl Parts<'_> {
    fn jwt_realm(&self, place: usize, realm: &settings::JwtRealm) -> JwtRealm {
        let secret = realm.client.secret.as_ref();
        JwtRealm {
            name: realm.name.clone(),
            client_authentication: ClientAuthentication::new(secret, self.digest_key),
            authenticator: Arc::new(self.authenticator(place, realm)),
        }
    }

    /// The realm that takes the place of `lives`, of which all but the client's secret `lives_on`, or
    /// nothing.
    fn taken_over(
        &self,
        place: usize,
        realm: &settings::JwtRealm,
        lives: &JwtRealm,
        lives_on: bool,
        now: Monotonic,
    ) -> JwtRealm {
        let authenticator = if lives_on {
            Arc::clone(&lives.authenticator)
        } else {
            Arc::new(self.authenticator(place, realm))
        };
        let secret = realm.client.secret.as_ref();
        let client_authentication = ClientAuthentication::new(secret, self.digest_key).in_place_of(
            &lives.client_authentication,
            realm.client.rotation_grace_period,
            now,
        );
        JwtRealm { name: realm.name.clone(), client_authentication, authenticator }
    }

    fn authenticator(&self, place: usize, realm: &settings::JwtRealm) -> JwtAuthenticator {
        let instance = Instance { generation: self.generation, place };
        let bounds = realm.cache.map(|settings::CacheSettings { ttl, size }| MemoryBounds {
            ttl,
            size,
            skew_millis: realm.token.clock_skew.millis,
        });
        let keys =
            if restricts_more(realm) { Keys::default() } else { self::keys(realm, self.keys) };
        JwtAuthenticator::new(instance, token_rules(&realm.token), keys, user_claims(realm), bounds)
    }
}

/// Every setting is named, so that none is forgotten.
fn token_rules(token: &settings::TokenSettings) -> TokenRules {
    let settings::TokenSettings {
        token_type,
        allowed_issuer,
        allowed_audiences,
        allowed_subjects,
        allowed_algorithms,
        clock_skew,
        fallback_claims,
        required_claims,
    } = token;
    TokenRules {
        token_type: *token_type,
        issuer: allowed_issuer.clone(),
        audiences: allowed_audiences.clone(),
        subjects: allowed_subjects.clone(),
        algorithms: allowed_algorithms.clone(),
        clock_skew: clock_skew.seconds,
        fallback: fallback_claims.clone(),
        required: required_claims.clone(),
    }
}

fn user_claims(realm: &settings::JwtRealm) -> UserClaims {
    let settings::ClaimSettings { principal, groups, dn, mail, name, populate_user_metadata } =
        &realm.claims;
    let fallback = &realm.token.fallback_claims;
    let claim = |property, settings::Claim { name, pattern }: &settings::Claim| {
        let setting = realm.key(&format!("claims.{property}"));
        Claim::new(setting, name.clone(), fallback, pattern.clone())
    };
    let optional = |property, setting: &Option<settings::Claim>| {
        setting.as_ref().map(|setting| claim(property, setting))
    };
    UserClaims {
        principal: claim("principal", principal),
        groups: optional("groups", groups),
        dn: optional("dn", dn),
        mail: optional("mail", mail),
        name: optional("name", name),
        populate_metadata: *populate_user_metadata,
        token_type: realm.token.token_type,
    }
}

/// What verifies the realm's tokens. A realm that asks for what is not built yet has none: its
/// settings are refused, and this is what would hold otherwise.
fn keys(realm: &settings::JwtRealm, sources: &KeySources) -> Keys {
    let hmac = realm.keys.hmac.as_ref().map(settings::HmacKeys::key_set);
    Keys { hmac, public: sources.seen_by(realm) }
}

/// Whether the settings let fewer in than [`authenticator`](Parts::authenticator) would. Every setting
/// is named, so that none is forgotten.
fn restricts_more(realm: &settings::JwtRealm) -> bool {
    let settings::JwtRealm {
        name: _,
        order: _,
        token: _,
        claims: _,
        client: _,
        keys: _,
        key_reload: _,
        cache: _,
        back_channel: _,
        authorization_realms,
    } = realm;
    !authorization_realms.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::reports::KeyReports;
    use crate::engine::Secret;
    use crate::engine::token::Algorithm;
    use crate::engine::token::claims::Subjects;
    use crate::server::clock::Clock;
    use crate::settings::HmacKeys;

    fn quickstart() -> Settings {
        settings::quickstart(None, None).unwrap()
    }

    /// What is in force once `change` was made to the quickstart's settings, and what was before.
    fn changed(change: impl FnOnce(&mut Settings)) -> (InForce, InForce) {
        let before = quickstart();
        let metrics = Arc::new(Metrics::new().unwrap());
        let reports = KeyReports::new(Arc::clone(&metrics), Clock::start());
        let keys = KeySources::none(Arc::new(reports)).unwrap();
        let old = first(&before, &keys, &metrics).unwrap();
        let mut settings = before.clone();
        change(&mut settings);
        let now = Monotonic::new(std::time::Duration::ZERO);
        let before = Before { settings: &before, keys: &keys, in_force: &old };
        let new = next(&settings, &keys, before, now);
        (old, new)
    }

    fn allow_ana(realm: &mut settings::JwtRealm) {
        let subjects = Subjects { exact: vec!["ana".into()], patterns: Vec::new() };
        realm.token.allowed_subjects = Some(subjects);
    }

    fn authenticator(in_force: &InForce) -> &Arc<JwtAuthenticator> {
        &in_force.snapshot().realms[0].authenticator
    }

    /// Whether anything could verify a token.
    fn serves(in_force: &InForce) -> bool {
        authenticator(in_force).usable_keys() > 0
    }

    #[test]
    fn a_realm_lives_on_unless_more_than_its_client_secret_changed() {
        type Change = fn(&mut settings::JwtRealm);
        let rows: [(&str, Change, bool); 7] = [
            ("nothing", |_| {}, true),
            ("the client secret", |realm| realm.client.secret = Some(Secret::new("new")), true),
            ("its grace", |realm| realm.client.rotation_grace_period *= 2, false),
            ("no client authentication", |realm| realm.client.secret = None, false),
            ("the key", |realm| realm.keys.hmac = Some(HmacKeys::Key(Secret::new([7; 32]))), false),
            ("a subject", allow_ana, false),
            ("an algorithm", |realm| realm.token.allowed_algorithms.push(Algorithm::Hs512), false),
        ];
        for (what, change, lives_on) in rows {
            let (old, new) = changed(|settings| change(&mut settings.realms[0]));
            assert_eq!(Arc::ptr_eq(authenticator(&old), authenticator(&new)), lives_on, "{what}");
        }
        let (old, new) = changed(|settings| settings.limits.token_size += 1);
        assert!(Arc::ptr_eq(authenticator(&old), authenticator(&new)), "no realm changed");
    }

    #[test]
    fn a_realm_of_another_name_is_another_realm() {
        let (old, new) = changed(|settings| settings.realms[0].name = "other".into());
        assert!(!Arc::ptr_eq(authenticator(&old), authenticator(&new)));
    }

    #[test]
    fn a_previous_secret_outlives_a_change_of_the_realm() {
        let (_, new) = changed(|settings| {
            settings.realms[0].client.secret = Some(Secret::new("new"));
            settings.realms[0].token.allowed_issuer = "other".into();
        });
        let realm = &new.snapshot().realms[0];
        let has_previous = matches!(
            realm.client_authentication,
            ClientAuthentication::SharedSecret { previous: Some(_), .. }
        );
        assert!(has_previous);
    }

    #[test]
    fn a_realm_that_asks_for_what_is_not_built_lets_nobody_in() {
        let delegate = |realm: &mut settings::JwtRealm| {
            realm.authorization_realms.push("native1".into());
        };
        let (old, new) = changed(|settings| delegate(&mut settings.realms[0]));
        assert!(serves(&old), "the control");
        assert!(!serves(&new));
    }

    #[test]
    fn each_version_has_its_number() {
        let (old, new) = changed(|_| {});
        assert_eq!((old.snapshot().generation, new.snapshot().generation), (0, 1));
    }
}
