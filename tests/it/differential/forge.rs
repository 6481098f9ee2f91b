//! Makes tokens in great variety for one algorithm and its key.
//!
//! Rule: what is chosen is chosen by the seed; only keys and the randomness inside signatures
//! differ from run to run.

use serde_json::{Map, Value, json};

use crate::support::corp::{AUDIENCE, ISSUER};
use crate::support::keys::Key;
use crate::support::token::{EXPIRES, ISSUED};

/// One token, and what is particular about it.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) kind: String,
    pub(super) token: String,
}

/// A generator that is the same everywhere: `SplitMix64`.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number under `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap();
        usize::try_from(self.roll() % end).unwrap()
    }

    /// One of these.
    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// Makes the cases of one algorithm.
#[derive(Debug)]
pub(super) struct Forge<'k> {
    pub(super) dice: &'k mut Dice,
    pub(super) alg: &'static str,
    pub(super) key: &'k Key,
    cases: Vec<Case>,
}

impl<'k> Forge<'k> {
    pub(super) fn new(dice: &'k mut Dice, alg: &'static str, key: &'k Key) -> Self {
        Self { dice, alg, key, cases: Vec::new() }
    }

    /// All that was made.
    pub(super) fn into_cases(self) -> Vec<Case> {
        self.cases
    }

    /// Keeps a token.
    pub(super) fn push(&mut self, kind: impl Into<String>, token: String) {
        self.cases.push(Case { kind: kind.into(), token });
    }

    /// A header that should do, in one of the ways in which issuers write it.
    pub(super) fn header(&mut self) -> String {
        let alg = self.alg;
        match self.dice.below(4) {
            0 => json!({ "alg": alg }).to_string(),
            1 => json!({ "alg": alg, "typ": "JWT" }).to_string(),
            2 => format!(r#"{{"typ":"jwt","alg":"{alg}"}}"#),
            _ => format!("{{ \"typ\" : \"JWT\",\r\n  \"alg\" : \"{alg}\", \"x\": [1, {{}}] }}"),
        }
    }

    /// Claims that should do, with some that nobody asked for.
    pub(super) fn claims(&mut self) -> Map<String, Value> {
        let sub = self.dice.pick(&["ana", "a b", "Łukasz Żółć", "\u{1f980}", "<ana@x>", "a\"\\/b"]);
        let audiences = [json!(AUDIENCE), json!([AUDIENCE]), json!(["other", AUDIENCE])];
        let mut claims = json!({ "iss": ISSUER, "sub": sub, "exp": EXPIRES, "iat": ISSUED });
        claims["aud"] = audiences[self.dice.below(3)].clone();
        let extras = [
            ("nbf", json!(ISSUED)),
            ("jti", json!("7f0c")),
            ("groups", json!(["a", "b,c"])),
            ("realm_access", json!({ "roles": ["x"], "deep": [[{ "y": null }]] })),
            ("email_verified", json!(true)),
            ("auth_time", json!(ISSUED)),
            ("n", json!(-1.5e-3)),
            ("nothing", json!(null)),
        ];
        for (name, value) in extras {
            if self.dice.below(3) == 0 {
                claims[name] = value;
            }
        }
        claims.as_object().unwrap().clone()
    }

    /// A payload that should do.
    pub(super) fn payload(&mut self) -> String {
        Value::Object(self.claims()).to_string()
    }

    /// A token of these texts, truly signed.
    pub(super) fn signed(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        self.key.sign_texts(header, payload, self.alg)
    }

    /// A token of these two parts as they stand, truly signed.
    pub(super) fn signed_parts(&self, header: &str, payload: &str) -> String {
        self.key.sign_parts(header, payload, self.alg)
    }

    /// A token that should do.
    pub(super) fn good(&mut self) -> String {
        let (header, payload) = (self.header(), self.payload());
        self.signed(header, payload)
    }

    /// Keeps a good token under this header.
    pub(super) fn under(&mut self, kind: impl Into<String>, header: impl AsRef<[u8]>) {
        let payload = self.payload();
        let token = self.signed(header, payload);
        self.push(kind, token);
    }

    /// Keeps a token with this payload.
    pub(super) fn with(&mut self, kind: impl Into<String>, payload: impl AsRef<[u8]>) {
        let header = self.header();
        let token = self.signed(header, payload);
        self.push(kind, token);
    }
}
