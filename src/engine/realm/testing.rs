//! Chains for tests: realms, the tokens that their issuers sign, and a witness that writes down.
//!
//! The one rule: what a test does not say is good, so that it says only what it is about.

use super::jwt::{Instance, JwtAuthenticator, JwtRealm, MemoryBounds};
use crate::engine::crypto::testing::{Pair, hs256};
use crate::engine::crypto::{Curve, DigestKey, Fingerprint};
use crate::engine::identity::{
    DynamicMetadata, Forward, HeaderNames, Identity, IdentitySettings, Preset,
};
use crate::engine::request::{Form, Header, RequestView};
use crate::engine::token::keys::{Key, KeySet};
use crate::engine::token::signature::{Inline, KeySource, Keys, Wait, Waits};
use crate::engine::token::tests::compact_bytes;
use crate::engine::token::{Algorithm, claims::TokenRules};
use crate::engine::user::UserClaims;
use crate::engine::{
    ClientAuthentication, ClientResult, Decision, Ended, Monotonic, Now, RealmId, Secret, Skipped,
    Snapshot, Step, UnixTime, Verdict, Witness, authorize,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

/// When the monotonic clock of tests starts, by the wall clock.
const START: Duration = Duration::from_secs(10);

/// So long after the start of the clock.
pub(crate) fn after(passed: Duration) -> Now {
    Now { unix: UnixTime::new(START + passed), monotonic: Monotonic::new(passed) }
}

/// So many seconds after the start of the clock.
pub(crate) fn at(seconds: u64) -> Now {
    after(Duration::from_secs(seconds))
}

/// Public keys that the test changes, and what there is to be had instead of them.
pub(crate) struct Changing {
    now: Mutex<Option<Arc<KeySet>>>,
    next: Mutex<Next>,
    asked: AtomicUsize,
}

/// What comes of asking a source for other keys.
pub(crate) enum Next {
    /// There are no others.
    Same,
    /// These take the place of those at hand.
    Keys(Vec<Key>),
    /// Nobody knows yet.
    Never,
}

impl Changing {
    pub(crate) fn new(keys: Vec<Key>) -> Arc<Self> {
        let source = Self::unloaded();
        source.set(keys);
        source
    }

    /// A source that has never been loaded.
    pub(crate) fn unloaded() -> Arc<Self> {
        let next = Mutex::new(Next::Same);
        Arc::new(Self { now: Mutex::default(), next, asked: AtomicUsize::new(0) })
    }

    pub(crate) fn set(&self, keys: Vec<Key>) {
        *self.now.lock().unwrap() = Some(Arc::new(KeySet::new(keys)));
    }

    /// What comes of asking from now on.
    pub(crate) fn set_next(&self, next: Next) {
        *self.next.lock().unwrap() = next;
    }

    /// How often it was asked for other keys.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl KeySource for Changing {
    fn current(&self) -> Option<Arc<KeySet>> {
        self.now.lock().unwrap().clone()
    }

    fn renewed(&self, used: Option<Fingerprint>, _: Monotonic) -> Wait<'_> {
        let now = self.current().map(|keys| keys.version());
        assert_eq!(used, now, "nothing changed since they were tried");
        self.asked.fetch_add(1, Ordering::Relaxed);
        let next = std::mem::replace(&mut *self.next.lock().unwrap(), Next::Same);
        match next {
            Next::Same => {}
            Next::Keys(keys) => self.set(keys),
            Next::Never => return Box::pin(std::future::pending()),
        }
        Box::pin(std::future::ready(()))
    }
}

/// What signs a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signer {
    /// The first or second key on P-256.
    Es256(usize),
    /// The HMAC key of this byte.
    Hs256(u8),
    /// Nobody: the signature is none.
    Nobody,
}

impl Signer {
    fn pair(which: usize) -> &'static Pair {
        static SECOND: LazyLock<Pair> = LazyLock::new(|| Pair::ec(Curve::P256));
        if which == 0 { Pair::p256() } else { &SECOND }
    }

    /// The public key, as a set says it.
    pub(crate) fn public(which: usize, kid: Option<&str>, alg: Option<&str>) -> Key {
        let [kid, alg] = [kid, alg].map(|text| text.map(str::to_owned));
        Key::public(kid, alg, Self::pair(which).public())
    }

    /// The same key as it is published.
    pub(crate) fn jwk(which: usize) -> Value {
        Self::pair(which).jwk()
    }

    /// An HMAC key as a set says it.
    pub(crate) fn oct(byte: u8) -> Value {
        json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode(Self::secret(byte).expose()) })
    }

    /// The HMAC key of this byte.
    pub(crate) fn secret(byte: u8) -> Secret {
        Secret::new([byte; 32])
    }

    fn sign(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Es256(which) => Self::pair(which).sign(Algorithm::Es256, message),
            Self::Hs256(byte) => hs256(Self::secret(byte).expose(), message),
            Self::Nobody => vec![0; 64],
        }
    }
}

/// What a token says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Says {
    pub(crate) signer: Signer,
    pub(crate) kid: Option<&'static str>,
    pub(crate) issuer: &'static str,
    pub(crate) audience: &'static str,
    pub(crate) subject: &'static str,
    /// The claim `dept`.
    pub(crate) dept: Option<&'static str>,
    /// In seconds after the start of the clock.
    pub(crate) ends: u64,
}

impl Default for Says {
    fn default() -> Self {
        let (issuer, audience, subject) = ("i", "a", "s");
        let (signer, kid, dept) = (Signer::Es256(0), None, None);
        Self { signer, kid, issuer, audience, subject, dept, ends: 1000 }
    }
}

impl Says {
    /// The token.
    pub(crate) fn token(self) -> String {
        let Self { signer, kid, issuer, audience, subject, dept, ends } = self;
        let alg = if let Signer::Hs256(_) = signer { "HS256" } else { "ES256" };
        let member = |name, value| format!(r#","{name}":"{value}""#);
        let kid = kid.map(|kid| member("kid", kid)).unwrap_or_default();
        let dept = dept.map(|dept| member("dept", dept)).unwrap_or_default();
        let exp = START.as_secs() + ends;
        let header = format!(r#"{{"alg":"{alg}"{kid}}}"#);
        let claims = format!(
            r#"{{"iss":"{issuer}","aud":"{audience}","sub":"{subject}"{dept},"iat":1,"exp":{exp}}}"#
        );
        let unsigned = compact_bytes(&header, &claims, b"");
        let message = unsigned.strip_suffix('.').unwrap();
        compact_bytes(&header, &claims, &signer.sign(message.as_bytes()))
    }
}

/// A realm to be made.
#[derive(Clone)]
pub(crate) struct Spec {
    pub(crate) issuer: &'static str,
    pub(crate) audience: &'static str,
    /// The client's secret, if it must present one.
    pub(crate) secret: Option<&'static str>,
    /// The byte of its HMAC key.
    pub(crate) hmac: Option<u8>,
    pub(crate) public: Option<Arc<Changing>>,
    /// How many tokens it remembers.
    pub(crate) size: u32,
    /// In seconds.
    pub(crate) ttl: u64,
    /// In seconds.
    pub(crate) skew: u32,
}

impl Default for Spec {
    fn default() -> Self {
        let public = Some(Changing::new(vec![Signer::public(0, None, None)]));
        let (issuer, audience, secret, hmac) = ("i", "a", None, None);
        Self { issuer, audience, secret, hmac, public, size: 100, ttl: 600, skew: 0 }
    }
}

impl Spec {
    /// The realm, which remembers nothing yet.
    pub(crate) fn realm(&self, instance: Instance) -> JwtRealm {
        JwtRealm {
            name: format!("{}-{}", self.issuer, instance.place),
            client_authentication: self.client_authentication(),
            authenticator: Arc::new(self.authenticator(instance)),
        }
    }

    pub(crate) fn client_authentication(&self) -> ClientAuthentication {
        ClientAuthentication::new(self.secret.map(Secret::new).as_ref(), &digest_key())
    }

    pub(crate) fn authenticator(&self, instance: Instance) -> JwtAuthenticator {
        let mut rules = TokenRules::for_tests(self.issuer, self.audience);
        rules.algorithms = vec![Algorithm::Es256, Algorithm::Hs256];
        rules.clock_skew = self.skew.into();
        let bounds = MemoryBounds {
            ttl: Duration::from_secs(self.ttl),
            size: self.size,
            skew_millis: i64::from(self.skew) * 1000,
        };
        let hmac = self.hmac.map(|byte| Arc::new(KeySet::of_text(&Signer::secret(byte))));
        let public = self.public.clone().map(|keys| keys as Arc<dyn KeySource>);
        let bounds = (self.size > 0 && self.ttl > 0).then_some(bounds);
        JwtAuthenticator::new(
            instance,
            rules,
            Keys { hmac, public },
            UserClaims::for_tests("sub"),
            bounds,
        )
    }
}

/// The chain of these realms, the first that there is.
pub(crate) fn chain(specs: &[Spec]) -> Snapshot {
    let instance = |place| Instance { generation: 0, place };
    let realms = specs.iter().enumerate();
    snapshot(realms.map(|(place, spec)| spec.realm(instance(place))).collect(), false)
}

/// What is in force with these realms.
pub(crate) fn snapshot(realms: Vec<JwtRealm>, metadata: bool) -> Snapshot {
    let identity = IdentitySettings {
        preset: Preset::Headers(HeaderNames::default()),
        metadata,
        remove: Vec::new(),
        dynamic_metadata: DynamicMetadata::None,
        forward: Forward::default(),
    };
    Snapshot {
        generation: 0,
        realms,
        identity: Identity::new(identity, 8192),
        run_as_enabled: true,
        token_size: 16 * 1024,
        digest_key: digest_key(),
    }
}

fn digest_key() -> DigestKey {
    DigestKey::new(&[1; 32])
}

/// How a check ended, and what the witness heard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The reason, and the realm's place.
    pub(crate) end: (&'static str, Option<usize>),
    /// The user and the headers that are set, or the body of the refusal.
    pub(crate) said: Vec<String>,
    pub(crate) steps: Vec<String>,
}

/// Asks about `token` from a client that presents `secret`.
pub(crate) fn ask(snapshot: &Snapshot, token: &str, secret: Option<&str>, now: Now) -> Told {
    ask_of(snapshot, &Inline, token, secret, now)
}

/// The same where signatures are verified by `signatures`.
pub(crate) fn ask_of(
    snapshot: &Snapshot,
    waits: &impl Waits,
    token: &str,
    secret: Option<&str>,
    now: Now,
) -> Told {
    let authorization = format!("Bearer {token}");
    let client = secret.map(|secret| format!("SharedSecret {secret}"));
    let header = |name: &'static str, value| {
        let value = str::as_bytes(value);
        Header { name: name.as_bytes(), value, form: Form::Joined }
    };
    let mut headers = vec![header(":method", "GET"), header("authorization", &authorization)];
    headers.extend(client.as_ref().map(|value| header("es-client-authentication", value)));
    let request = RequestView::new(b"GET", b"/", b"h", headers, std::iter::empty()).unwrap();
    let mut steps = Steps::default();
    let decision = authorize(snapshot, &request, now, waits, &mut steps).now_or_never();
    let decision = decision.expect("nothing waits");
    let realm = decision.established.realm.map(|RealmId(place)| place);
    Told { end: (decision.reason().code(), realm), said: said(&decision), steps: steps.0 }
}

fn said(decision: &Decision<'_>) -> Vec<String> {
    match &decision.verdict {
        Verdict::Allow(allow) => {
            let user = decision.established.user.iter().cloned();
            user.chain(allow.set.iter().map(|(name, value)| format!("{name}: {value}"))).collect()
        }
        Verdict::Deny(denial) => vec![denial.body().into_owned()],
    }
}

/// Writes down which steps of which realms were walked, and how clients proved themselves.
#[derive(Default)]
pub(crate) struct Steps(pub(crate) Vec<String>);

impl Witness for Steps {
    fn step(&mut self, realm: Option<RealmId>, step: Step, ended: Ended<'_>) {
        let result = match ended {
            Ended::Passed => "passed",
            Ended::Skipped(Skipped::CacheOff) => "off",
            Ended::Skipped(Skipped::DeclinedBefore) => "declined before",
            Ended::Skipped(Skipped::NotRemembered) => "not remembered",
            Ended::Failed(refusal) => refusal.reason().code(),
        };
        let realm = realm.map_or_else(|| "-".to_owned(), |RealmId(place)| place.to_string());
        self.0.push(format!("{realm} {} {result}", step.name()));
    }

    fn client(&mut self, RealmId(place): RealmId, result: ClientResult) {
        self.0.push(format!("{place} client is {}", result.code()));
    }

    fn remembered(&mut self, RealmId(place): RealmId, tokens: usize) {
        assert!(tokens > 0, "realm {place}");
    }
}
