//! What both sides are set up with: keys, and the rules of one JWT realm.
//!
//! Rule: one value makes both, so that neither side knows of a key or a rule that the other has
//! not.

use std::path::Path;

use aws_lc_rs::rand;
use aws_lc_rs::rsa::KeySize;
use serde_json::{Value, json};

use super::cases;
use super::forge::{Case, Dice, Forge};
use super::judge;
use crate::support::corp;
use crate::support::gate::{Gate, Setup};
use crate::support::keys::{self, Curve, HMAC, Key, PUBLIC};

/// What the realm's tokens may be for.
const AUDIENCES: [&str; 2] = [corp::AUDIENCE, "api2"];

/// The file of public keys, in the gate's own folder.
const FILE: &str = "jwks.json";

/// One set-up.
#[derive(Debug)]
pub(super) struct World {
    keys: Keys,
    algorithms: Vec<&'static str>,
    /// Everybody who signs: the algorithm, the key, and who that is.
    signers: Vec<(&'static str, Key, &'static str)>,
}

/// Where the realm has its keys from.
#[derive(Debug)]
enum Keys {
    /// `hmac_key`: one without a name.
    One(Key),
    /// `hmac_jwkset` and `pkc_jwkset_path`.
    Sets { hmac: Vec<Value>, public: Vec<Value> },
}

/// Those whose tokens are good.
pub(super) const KNOWN: &str = "a key of the realm";

impl World {
    /// One HMAC key for all three sizes.
    pub(super) fn of_one_hmac_key() -> Self {
        let key = Key::hmac(corp::KEY);
        let signers = HMAC.map(|alg| (alg, key.clone(), KNOWN)).into();
        Self { keys: Keys::One(key), algorithms: HMAC.into(), signers }
    }

    /// A set of HMAC keys and one of public keys, with some that must not be used; and strangers.
    pub(super) fn of_key_sets() -> Self {
        let rsa = Key::new_rsa(KeySize::Rsa2048).with("kid", "r").with("use", "sig");
        let pss = Key::new_rsa(KeySize::Rsa3072).with("kid", "p").with("alg", "PS256");
        let p256 = Key::new_ec(Curve::P256).with("kid", "e2").with("alg", "ES256");
        let p384 = Key::new_ec(Curve::P384).with("kid", "e3").with("key_ops", ["verify"]);
        let p521 = Key::new_ec(Curve::P521);
        let sealing = Key::new_rsa(KeySize::Rsa2048).with("kid", "s").with("use", "enc");
        let signing = Key::new_ec(Curve::P256).with("kid", "o").with("key_ops", ["sign"]);
        let long = random_hmac().with("kid", "h");
        let bound = Key::hmac([7; 64]).with("kid", "b").with("alg", "HS256");
        let exact = Key::hmac([8; 32]).with("kid", "x");
        let short = Key::hmac([9; 31]).with("kid", "t");
        let public = [&rsa, &pss, &p256, &p384, &p521, &sealing, &signing].map(Key::jwk);
        let hmac = [&long, &bound, &exact, &short].map(Key::jwk);
        let mut signers: Vec<_> =
            PUBLIC[..6].iter().map(|alg| (*alg, rsa.clone(), KNOWN)).collect();
        signers.extend([
            ("PS256", pss.clone(), KNOWN),
            ("RS256", pss, "a key for another algorithm"),
            ("ES256", p256.clone(), KNOWN),
            ("ES384", p384, KNOWN),
            ("ES512", p521, KNOWN),
            ("ES384", p256, "a key of another curve"),
            ("RS256", sealing, "a key for encryption"),
            ("ES256", signing, "a key for signing alone"),
            ("HS256", long.clone(), KNOWN),
            ("HS384", long.clone(), KNOWN),
            ("HS512", long, KNOWN),
            ("HS256", bound.clone(), KNOWN),
            ("HS512", bound, "a key for another size"),
            ("HS256", exact.clone(), KNOWN),
            ("HS384", exact, "a key that is too short for this size"),
            ("HS256", short, "a key that is too short"),
        ]);
        let strangers = HMAC.iter().chain(&PUBLIC);
        signers.extend(strangers.map(|alg| (*alg, stranger(alg), "a stranger")));
        let keys = Keys::Sets { hmac: hmac.into(), public: public.into() };
        Self { keys, algorithms: [&HMAC[..], &PUBLIC[..]].concat(), signers }
    }

    /// The same where the realm takes fewer algorithms.
    pub(super) fn taking(self, algorithms: &[&'static str]) -> Self {
        Self { algorithms: algorithms.into(), ..self }
    }

    /// The same after the issuer has withdrawn the public keys of these names.
    pub(super) fn without(mut self, kids: &[&str]) -> Self {
        if let Keys::Sets { public, .. } = &mut self.keys {
            public.retain(|key| key["kid"].as_str().is_none_or(|kid| !kids.contains(&kid)));
        }
        self
    }

    /// Realmgate with this set-up.
    pub(super) fn start(&self) -> (Gate, std::path::PathBuf) {
        let setup = corp::setup_without_secret()
            .set(&corp::setting("client_authentication.type"), "none")
            .set(&corp::setting("allowed_audiences"), json!(AUDIENCES))
            .set(&corp::setting("allowed_signature_algorithms"), json!(self.algorithms));
        let file = setup.folder().join(FILE);
        (self.with_sets(setup, &file).start(), file)
    }

    fn with_sets(&self, setup: Setup, file: &Path) -> Setup {
        let Keys::Sets { hmac, .. } = &self.keys else { return setup };
        self.publish(file);
        setup
            .without_secret(&corp::setting("hmac_key"))
            .secret(&corp::setting("hmac_jwkset"), json!({ "keys": hmac }).to_string())
            .set(&corp::setting("pkc_jwkset_path"), file.to_str().unwrap())
    }

    /// Writes the file of public keys.
    pub(super) fn publish(&self, file: &Path) {
        if let Keys::Sets { public, .. } = &self.keys {
            std::fs::write(file, json!({ "keys": public }).to_string()).unwrap();
        }
    }

    /// The keys for the other side.
    pub(super) fn keys(&self) -> Value {
        match &self.keys {
            Keys::One(key) => keys::set([key]),
            Keys::Sets { hmac, public } => {
                let all = [&hmac[..], &public[..]].concat();
                json!({ "keys": all })
            }
        }
    }

    /// The rules for the other side.
    pub(super) fn rules(&self) -> Value {
        json!({
            "algorithms": self.algorithms,
            "types": ["jwt"],
            "issuer": corp::ISSUER,
            "audiences": AUDIENCES,
        })
    }

    /// Every case of those who sign well, in the order in which it is played.
    pub(super) fn cases(&self, dice: &mut Dice) -> Vec<Case> {
        let (mut all, mut orders) = (Vec::new(), Vec::new());
        for (alg, key, _) in self.signers.iter().filter(|(.., who)| *who == KNOWN) {
            let mut forge = Forge::new(dice, alg, key);
            cases::make(&mut forge);
            all.extend(forge.into_cases());
            all.extend(cases::confused(dice, key));
            orders.extend(cases::orders(dice, alg, key));
        }
        all.extend(judge::make(orders));
        all.extend(self.tokens_of_all(dice));
        all
    }

    /// Tokens that are good but for who signed them, and the key that they name.
    pub(super) fn tokens_of_all(&self, dice: &mut Dice) -> Vec<Case> {
        let kids = ["r", "p", "e2", "e3", "s", "o", "h", "b", "x", "t", "nobody's", ""];
        let mut all = Vec::new();
        for (alg, key, who) in &self.signers {
            let mut forge = Forge::new(dice, alg, key);
            cases::signed_by(&mut forge, who, &kids);
            all.extend(forge.into_cases());
        }
        all
    }
}

/// The key of somebody who signs with this algorithm and whom nobody knows.
fn stranger(alg: &str) -> Key {
    match alg {
        "ES256" => Key::new_ec(Curve::P256),
        "ES384" => Key::new_ec(Curve::P384),
        "ES512" => Key::new_ec(Curve::P521),
        _ if HMAC.contains(&alg) => random_hmac(),
        _ => Key::new_rsa(KeySize::Rsa2048),
    }
}

/// A random key that is long enough for every HMAC algorithm.
fn random_hmac() -> Key {
    let mut octets = [0; 64];
    rand::fill(&mut octets).unwrap();
    Key::hmac(octets)
}
