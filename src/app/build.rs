//! Settings into what decides, answers and watches checks.
//!
//! The one rule: this is the only place that carries anything over from what was in force before. A
//! realm of which nothing but the client secret changed lives on as it is; of any other the previous
//! secret does.

use super::StartError;
use crate::engine::crypto::{DigestKey, HmacKey};
use crate::engine::identity::Identity;
use crate::engine::realm::jwt::{JwtAuthenticator, JwtRealm};
use crate::engine::token::claims::TokenRules;
use crate::engine::user::UserClaims;
use crate::engine::{ClientAuthentication, Monotonic, Snapshot};
use crate::observe::{DecisionLog, Decisions, Metrics, Observer};
use crate::server::ext_authz::InForce;
use crate::settings::{self, Settings};
use std::sync::Arc;

/// What was in force before.
#[derive(Clone, Copy)]
pub(super) struct Before<'b> {
    pub(super) settings: &'b Settings,
    pub(super) in_force: &'b InForce,
}

/// The first version of a process.
pub(super) fn first(settings: &Settings, metrics: &Arc<Metrics>) -> Result<InForce, StartError> {
    let (decisions, lines) = (decisions(settings), settings.log.lines_per_second);
    let observer = Observer::new(
        Arc::clone(metrics),
        DecisionLog::new(decisions, lines),
        &names(settings),
        settings.limits.checks_in_flight,
    );
    Ok(InForce::new(snapshot(settings)?, observer, settings.limits.deadline))
}

/// The version that takes the place of `before` at `now`.
pub(super) fn next(settings: &Settings, before: Before<'_>, now: Monotonic) -> InForce {
    let observer = before.in_force.observer().reconfigured(
        decisions(settings),
        settings.log.lines_per_second,
        &names(settings),
        settings.limits.checks_in_flight,
    );
    let old = before.in_force.snapshot();
    let digest_key = old.digest_key.clone();
    let realms = settings.realms.iter().map(|realm| {
        let was = before.settings.realms.iter().find(|was| was.name == realm.name);
        let lives = old.realms.iter().find(|lives| lives.name == realm.name);
        let fresh = || jwt_realm(realm, &digest_key);
        was.zip(lives)
            .map_or_else(fresh, |(was, lives)| taken_over(realm, &digest_key, was, lives, now))
    });
    let realms = realms.collect();
    let snapshot = assemble(settings, realms, digest_key, old.generation + 1);
    InForce::new(snapshot, observer, settings.limits.deadline)
}

/// Names of the realms, in the order of the chain.
pub(super) fn names(settings: &Settings) -> Vec<String> {
    settings.realms.iter().map(|realm| realm.name.clone()).collect()
}

/// Everything that a check is decided by, out of the first settings of a process.
pub fn snapshot(settings: &Settings) -> Result<Snapshot, StartError> {
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| StartError::Random)?;
    let digest_key = DigestKey::new(&random);
    let realms = settings.realms.iter().map(|realm| jwt_realm(realm, &digest_key)).collect();
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

fn jwt_realm(realm: &settings::JwtRealm, key: &DigestKey) -> JwtRealm {
    JwtRealm {
        name: realm.name.clone(),
        client_authentication: ClientAuthentication::new(realm.client_secret.as_ref(), key),
        authenticator: Arc::new(authenticator(realm)),
    }
}

/// The realm that takes the place of `lives`, which was made of the settings `was`.
fn taken_over(
    realm: &settings::JwtRealm,
    key: &DigestKey,
    was: &settings::JwtRealm,
    lives: &JwtRealm,
    now: Monotonic,
) -> JwtRealm {
    let authenticator = if was.is_same_but_for_client_secret(realm) {
        Arc::clone(&lives.authenticator)
    } else {
        Arc::new(authenticator(realm))
    };
    let client_authentication = ClientAuthentication::new(realm.client_secret.as_ref(), key)
        .in_place_of(&lives.client_authentication, realm.rotation_grace_period, now);
    JwtRealm { name: realm.name.clone(), client_authentication, authenticator }
}

fn authenticator(realm: &settings::JwtRealm) -> JwtAuthenticator {
    let hmac_key = HmacKey::new(&realm.hmac_key);
    if !realm.allowed_algorithms.iter().any(|algorithm| hmac_key.serves(*algorithm)) {
        let realm = realm.name.as_str();
        tracing::warn!(
            event = "no_usable_key",
            realm,
            "no allowed algorithm has a key: authentication will fail until this is fixed"
        );
    }
    JwtAuthenticator {
        rules: TokenRules {
            issuer: realm.allowed_issuer.clone(),
            audiences: realm.allowed_audiences.clone(),
            subjects: realm.allowed_subjects.clone(),
            algorithms: realm.allowed_algorithms.clone(),
            clock_skew: realm.clock_skew_seconds,
        },
        key: hmac_key,
        user: UserClaims {
            principal: realm.principal_claim.clone(),
            groups: realm.groups_claim.clone(),
            dn: realm.dn_claim.clone(),
            mail: realm.mail_claim.clone(),
            name: realm.name_claim.clone(),
            populate_metadata: realm.populate_user_metadata,
        },
    }
}
