//! An issuer that publishes keys at an https URL: it rotates, stalls, breaks and lies as it is told.
//!
//! Rule: a gate trusts it by a file beside its configuration and by nothing else, and what it
//! answers changes only when the test says so.

use serde_json::{Value, json};

use super::check::Check;
use super::corp;
use super::gate::Setup;
use super::https::{Answer, Authority, Flaw, Request, Server};
use super::keys::{self, Curve, Key};
use super::token::Claims;

/// Where the keys are.
const KEYS: &str = "/keys";

/// Where the discovery document is.
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The file of whom the gate trusts, beside its configuration.
pub(crate) const AUTHORITY: &str = "issuer.pem";

/// A running issuer.
pub(crate) struct Issuer {
    authority: Authority,
    server: Server,
}

/// What an issuer may answer instead of its keys, and a part of what is said of it.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) answer: Answer,
    pub(crate) said: &'static str,
}

impl Issuer {
    /// One that publishes these keys.
    pub(crate) fn publishing<'k>(keys: impl IntoIterator<Item = &'k Key>) -> Self {
        let authority = Authority::new("the issuer's");
        let server = Server::start(&authority.server(Flaw::None));
        let issuer = Self { authority, server };
        issuer.publish(keys);
        issuer
    }

    /// From now on these are its keys.
    pub(crate) fn publish<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) {
        self.answer([Answer::ok(set(keys))]);
    }

    /// From now on it answers so: one after the other, and then with the last one always.
    pub(crate) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.server.on(KEYS, answers);
    }

    /// From now on answers are kept back.
    pub(crate) fn hold(&self) {
        self.server.hold();
    }

    /// Lets go all answers that were kept back.
    pub(crate) fn release(&self) {
        self.server.release();
    }

    /// Where its keys are.
    pub(crate) fn url(&self) -> String {
        self.server.url(KEYS)
    }

    /// The URL of its discovery document, which says this of itself.
    pub(crate) fn discovery(&self, issuer: &str) -> String {
        self.server.on(DISCOVERY, [self.discovery_document(issuer)]);
        self.server.url(DISCOVERY)
    }

    fn discovery_document(&self, issuer: &str) -> Answer {
        Answer::ok(json!({ "issuer": issuer, "jwks_uri": self.url() }).to_string())
    }

    /// The certificate of who vouches for it.
    pub(crate) fn authority(&self) -> String {
        self.authority.pem()
    }

    /// How often it was asked for its keys.
    pub(crate) fn fetches(&self) -> usize {
        self.requests().len()
    }

    /// The requests for its keys.
    pub(crate) fn requests(&self) -> Vec<Request> {
        let requests = self.server.requests().into_iter();
        requests.filter(|request| request.target == KEYS).collect()
    }

    /// The realm of [`corp`] with no keys but these.
    pub(crate) fn setup(&self) -> Setup {
        self.setup_at(&self.url())
    }

    /// The same with another of its URLs.
    pub(crate) fn setup_at(&self, url: &str) -> Setup {
        let setup = corp::setup()
            .without_secret(&corp::setting("hmac_key"))
            .set(&corp::setting("allowed_signature_algorithms"), "ES256");
        feed(setup, corp::setting, url).file(AUTHORITY, self.authority())
    }

    /// A realm beside that one, of an issuer's name of its own, with the same keys.
    pub(crate) fn add_second(&self, setup: Setup) -> Setup {
        let rest = [
            ("order", json!(2)),
            ("allowed_issuer", json!(SECOND)),
            ("allowed_audiences", json!([corp::AUDIENCE])),
            ("allowed_signature_algorithms", json!("ES256")),
            ("claims.principal", json!("sub")),
            ("client_authentication.type", json!("none")),
        ];
        let add = |setup: Setup, (suffix, value): (&str, Value)| setup.set(&second(suffix), value);
        feed(rest.into_iter().fold(setup, add), second, &self.url())
    }

    /// What it may answer instead of its keys.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let fault = |name, answer, said| Fault { name, answer, said };
        vec![
            fault("an error", Answer::new("500 Internal Server Error", &[], ""), "status [500]"),
            fault("gone", Answer::new("404 Not Found", &[], ""), "status [404]"),
            fault("a page", Answer::ok("<html>come back later</html>"), "HTML"),
            fault("cut off", Answer::truncated_body(), "the answer cannot be read"),
            fault("half of it", Answer::ok(r#"{"keys":[{"kty":"EC","#), "cut off"),
            fault("blank", Answer::ok(" \n"), "blank"),
            fault("closed", Answer::close(), "Get ["),
            fault("of another", self.discovery_document("https://else.example.com/"), "issuer"),
        ]
    }
}

fn feed(setup: Setup, setting: impl Fn(&str) -> String, url: &str) -> Setup {
    setup
        .set(&setting("pkc_jwkset_path"), url)
        .set(&setting("ssl.certificate_authorities"), json!([AUTHORITY]))
}

/// The issuer's name of the second realm.
const SECOND: &str = "second";

/// The full name of a setting of the second realm.
pub(crate) fn second(suffix: &str) -> String {
    format!("xpack.security.authc.realms.jwt.second.{suffix}")
}

/// The document of these keys.
pub(crate) fn set<'k>(keys: impl IntoIterator<Item = &'k Key>) -> String {
    keys::set(keys).to_string()
}

/// A key of this name that the realms can have.
pub(crate) fn key(kid: &str) -> Key {
    Key::new_ec(Curve::P256).with("kid", kid)
}

/// A check that the realm of [`corp`] allows as long as it has this key.
pub(crate) fn by(key: &Key) -> Check {
    of(key, &Claims::good())
}

/// A check with these claims for the same realm.
pub(crate) fn of(key: &Key, claims: &Claims) -> Check {
    corp::with_token(&key.token(claims, key.alg()))
}

/// A check that the second realm allows as long as it has this key.
pub(crate) fn by_second(key: &Key) -> Check {
    let claims = Claims::good().with("iss", SECOND);
    Check::get().bearer(&key.token(&claims, key.alg()))
}
