//! What is done to tokens: one file for each place where it is done.
//!
//! Rule: a case differs from a good token in what its kind says and in nothing else.

mod claims;
mod confusion;
mod encoding;
mod header;
mod json;
mod signature;
mod structure;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::forge::{Dice, Forge};
use super::judge::Order;
use crate::support::keys::Key;

pub(super) use confusion::confused;

/// How the kinds begin that have to be allowed.
pub(super) const GOOD: &str = "as it should be";

/// How many of them there are for each algorithm.
const GOOD_ONES: usize = 40;
/// How many the other side makes.
const MADE_ELSEWHERE: usize = 20;

/// Everything that can be done with one key.
pub(super) fn make(forge: &mut Forge<'_>) {
    for _ in 0..GOOD_ONES {
        let token = forge.good();
        forge.push(GOOD, token);
    }
    structure::make(forge);
    encoding::make(forge);
    header::make(forge);
    claims::make(forge);
    json::make(forge);
    signature::make(forge);
}

/// Tokens that the other implementation makes: good ones, and some that nothing here can make.
pub(super) fn orders(dice: &mut Dice, alg: &'static str, key: &Key) -> Vec<Order> {
    let mut forge = Forge::new(dice, alg, key);
    let private = BASE64_STANDARD.encode(key.private());
    let mut orders = signature::salted(&mut forge, &private);
    for _ in 0..MADE_ELSEWHERE {
        let header: Value = serde_json::from_str(&forge.header()).unwrap();
        let claims = forge.claims();
        let order = json!({ "encode": { "header": header, "claims": claims, "key": private } });
        orders.push(Order { kind: format!("{GOOD}, made elsewhere"), order });
    }
    orders
}

/// Good tokens of one signer: without a key's name, and with each of these.
pub(super) fn signed_by(forge: &mut Forge<'_>, who: &str, kids: &[&str]) {
    let alg = forge.alg;
    for _ in 0..2 {
        forge.under(format!("signed by {who}, {alg}"), format!(r#"{{"alg":"{alg}"}}"#));
    }
    for kid in kids {
        let header = format!(r#"{{"alg":"{alg}","kid":"{kid}"}}"#);
        forge.under(format!("signed by {who}, {alg}, as of the key {kid}"), header);
    }
    let jwk = forge.key.jwk();
    let header = json!({ "alg": alg, "jwk": jwk });
    forge.under(format!("signed by {who}, {alg}, who brings the key"), header.to_string());
}
