//! A real OpenID provider: its tokens are let through by the keys that it publishes, also while it
//! rotates them.
//!
//! Rule: who is let through is read in what the upstream was sent.

mod provider;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use super::kit::http::{Request, Response};
use super::scene::{Scene, identity_in, reason_of};
use crate::support::series::{asked, loads};
use crate::support::wait;
use provider::{BY_DISCOVERY, BY_JWKS, CLIENT, Provider, Tokens, USER};

impl Tokens {
    /// Each with the realm that takes it and whom it is about.
    fn each(&self) -> [(&str, &'static str, &'static str); 2] {
        [(&self.access, BY_JWKS, CLIENT), (&self.id, BY_DISCOVERY, USER)]
    }

    /// Asks with each of them, and each must be let through as who it is about.
    fn assert_allowed(&self, scene: &Scene) {
        for (token, realm, user) in self.each() {
            let response = ask(scene, token);
            assert_eq!(response.status, 200, "{realm}: {}", response.text());
            let identity =
                [("x-es-authenticated-user", user), ("x-es-realm", realm), ("x-es-username", user)];
            assert_eq!(identity_in(&upstream_was_sent(&response)), identity);
        }
    }

    fn assert_refused(&self, scene: &Scene) {
        for (token, realm, _) in self.each() {
            assert!(is_refused(scene, token), "{realm}");
        }
    }

    /// The same tokens with signatures of nobody.
    fn forged(&self) -> Self {
        Self { access: forged(&self.access), id: forged(&self.id) }
    }
}

fn forged(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{first}{}", &signature[1..])
}

fn ask(scene: &Scene, token: &str) -> Response {
    let request = Request::get("/orders").header("Authorization", &format!("Bearer {token}"));
    request.send(scene.envoy.address()).unwrap()
}

/// The upstream tells what it was sent in its answer's body: others ask at the same time.
fn upstream_was_sent(response: &Response) -> Vec<(String, String)> {
    serde_json::from_value(response.json()["headers"].clone()).unwrap()
}

/// Whether it is refused, and then as Elasticsearch refuses; otherwise it was let through.
fn is_refused(scene: &Scene, token: &str) -> bool {
    let response = ask(scene, token);
    match response.status {
        200 => false,
        401 => {
            let reason = reason_of(&response);
            assert!(reason.starts_with("unable to authenticate user"), "{reason}");
            true
        }
        other => panic!("{other}: {}", response.text()),
    }
}

#[test]
fn a_providers_own_tokens_are_let_through_by_its_jwks_and_by_its_discovery_document() {
    let mut provider = Provider::start();
    let scene = Scene::of(provider.setup(), |bootstrap| bootstrap);
    let tokens = provider.issue();
    tokens.assert_allowed(&scene);
    tokens.forged().assert_refused(&scene);
    let of_another = provider.access_token("https://invoices.example.com");
    assert!(is_refused(&scene, &of_another), "it is for another service");
}

/// How many ask at the same time.
const CLIENTS: usize = 3;

/// How often the provider's keys are rotated.
const ROTATIONS: i64 = 4;

/// Clients that never stop asking.
struct Traffic<'s> {
    scene: &'s Scene,
    /// Tokens of keys that are published.
    tokens: RwLock<Arc<Tokens>>,
    /// How often each of the clients has asked with all of them.
    rounds: [AtomicUsize; CLIENTS],
    over: AtomicBool,
}

impl Traffic<'_> {
    fn drive(&self, client: usize) {
        let mut forged_of = None;
        while !self.over.load(Ordering::SeqCst) {
            let tokens = Arc::clone(&self.tokens.read().unwrap());
            tokens.assert_allowed(self.scene);
            // Each forged one may cost a load: once for each set of tokens, not in every round.
            if !forged_of.as_ref().is_some_and(|known| Arc::ptr_eq(known, &tokens)) {
                tokens.forged().assert_refused(self.scene);
                forged_of = Some(tokens);
            }
            self.rounds[client].fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Hands out these tokens, and waits until nobody asks with those before them, which are given
    /// back.
    fn change(&self, tokens: Tokens) -> Arc<Tokens> {
        let before = std::mem::replace(&mut *self.tokens.write().unwrap(), Arc::new(tokens));
        for rounds in &self.rounds {
            // One round may have begun before.
            let enough = rounds.load(Ordering::SeqCst) + 2;
            let is_through = || (rounds.load(Ordering::SeqCst) >= enough).then_some(());
            wait::eventually("every client asks with the new tokens", is_through);
        }
        before
    }
}

/// Ends the traffic, also where the test fails.
struct Over<'t, 's>(&'t Traffic<'s>);

impl Drop for Over<'_, '_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_providers_keys_are_rotated_while_requests_go_on_without_one_wrong_answer() {
    let mut provider = Provider::start();
    let setup = provider.setup().set("realmgate.jwks.reload_burst", 100);
    let scene = Scene::of(setup, |bootstrap| bootstrap);
    let traffic = Traffic {
        scene: &scene,
        tokens: RwLock::new(Arc::new(provider.issue())),
        rounds: std::array::from_fn(|_| AtomicUsize::new(0)),
        over: AtomicBool::new(false),
    };
    std::thread::scope(|scope| {
        let traffic = &traffic;
        let _over = Over(traffic);
        for client in 0..CLIENTS {
            scope.spawn(move || traffic.drive(client));
        }
        for _ in 0..ROTATIONS {
            provider.rotate();
            let new = provider.issue();
            new.assert_allowed(&scene);
            let old = traffic.change(new);
            old.assert_allowed(&scene);
            provider.retire();
            for (token, realm, _) in old.each() {
                let is_refused = || is_refused(&scene, token).then_some(());
                wait::eventually(&format!("the key is gone from {realm}"), is_refused);
            }
            old.assert_refused(&scene);
        }
    });
    for realm in [BY_JWKS, BY_DISCOVERY] {
        let metric = |series: &str| scene.gate().metric(series);
        let loads = |result| {
            ["signature_failure", "interval"].map(|trigger| metric(&loads(realm, trigger, result)))
        };
        // Each rotation is two changes of what is published.
        assert_eq!(loads("changed").iter().sum::<i64>(), 2 * ROTATIONS, "{realm}");
        assert_eq!(loads("error"), [0, 0], "{realm}");
        assert_eq!(metric(&asked(realm, "suppressed")), 0, "{realm}");
    }
}
