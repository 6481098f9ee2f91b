//! ECDSA signatures that were not made by signing: zero, out of range, in another form, of another
//! curve; and the one change that a signature bears.

use super::bytes::{integer, minus, order, plus, sequence, small};
use super::{good, input, judged, resigned, trusted};
use crate::attacks::{Attack, allow, hold_beside};
use crate::support::corp;
use crate::support::keys::Key;
use crate::support::token::{Claims, decode, parts};
use crate::support::wait;

/// The issuer's EC keys, each with its curve.
fn curves() -> [(&'static Key, &'static str); 3] {
    [(Key::p256(), "P-256"), (Key::p384(), "P-384"), (Key::p521(), "P-521")]
}

/// Both numbers of a token's signature.
fn numbers(token: &str) -> [Vec<u8>; 2] {
    let signature = decode(&parts(token)[2]);
    let (r, s) = signature.split_at(signature.len() / 2);
    [r.to_vec(), s.to_vec()]
}

/// A row for each signature: all of them are invalid ones of this token.
fn rows(token: &str, curve: &str, signatures: Vec<(&str, Vec<u8>)>) -> Vec<Attack> {
    let row = |(what, signature): (&str, Vec<u8>)| {
        let token = resigned(token, &signature);
        judged(&format!("{curve}: {what}"), &token, "signature_invalid")
    };
    signatures.into_iter().map(row).collect()
}

#[test]
fn numbers_out_of_their_range_are_no_signature() {
    let gate = super::gate();
    for (key, curve) in curves() {
        let token = good(key);
        let [r, s] = numbers(&token);
        let n = order(curve);
        let (zero, one, two) = (small(0, &n), small(1, &n), small(2, &n));
        let (below, above) = (minus(&n, &one), plus(&n, &one).unwrap());
        let most = vec![0xff; n.len()];
        let x = key.numbers()[0].clone();
        let mut pairs = vec![
            ("r = 0", [&zero, &s]),
            ("s = 0", [&r, &zero]),
            ("r = s = 0", [&zero, &zero]),
            ("r = n", [&n, &s]),
            ("s = n", [&r, &n]),
            ("r = s = n", [&n, &n]),
            ("r = n, s = 0", [&n, &zero]),
            ("r = 0, s = n", [&zero, &n]),
            ("r = 0, s = 1", [&zero, &one]),
            ("r = 1, s = 0", [&one, &zero]),
            ("r = s = 1", [&one, &one]),
            ("r = 1, s = 2", [&one, &two]),
            ("r = n - 1, s = 1", [&below, &one]),
            ("r = s = n - 1", [&below, &below]),
            ("r = s = n + 1", [&above, &above]),
            ("r = s = all bits", [&most, &most]),
            ("r and s in the other order", [&s, &r]),
            ("r twice", [&r, &r]),
            ("s twice", [&s, &s]),
            ("r is the key's x", [&x, &one]),
            ("r is the key's x, twice", [&x, &x]),
        ];
        // Only the coordinates of P-521 have room for a number that is too large by n.
        let beyond = [plus(&r, &n), plus(&s, &n)];
        if let [Some(far_r), Some(far_s)] = &beyond {
            pairs.push(("r + n", [far_r, &s]));
            pairs.push(("s + n", [&r, far_s]));
        }
        let minus_r = minus(&n, &r);
        pairs.push(("-r", [&minus_r, &s]));
        let signatures =
            pairs.into_iter().map(|(what, [r, s])| (what, [&**r, s].concat())).collect();
        hold_beside(&gate, &token, &rows(&token, curve, signatures));
    }
}

#[test]
fn a_signature_has_the_fixed_form_and_no_other() {
    let gate = super::gate();
    for (key, curve) in curves() {
        let token = good(key);
        let [r, s] = numbers(&token);
        let fixed = [&*r, &s].concat();
        let half = fixed.len() / 2;
        let signatures = vec![
            ("DER", sequence(&[&integer(&r), &integer(&s)])),
            ("DER of zeros", sequence(&[&integer(&[0]), &integer(&[0])])),
            ("DER of nothing", sequence(&[])),
            (
                "DER with something behind",
                [&*sequence(&[&integer(&r), &integer(&s)]), &[0]].concat(),
            ),
            ("r alone", r.clone()),
            ("s alone", s.clone()),
            ("one byte", vec![0]),
            ("one byte less", fixed[..fixed.len() - 1].to_vec()),
            ("two bytes less", [&r[..half - 1], &s[..half - 1]].concat()),
            ("one byte before", [&[0], &*fixed].concat()),
            ("one byte behind", [&*fixed, &[0]].concat()),
            ("a zero before each", [&[0], &*r, &[0], &s].concat()),
            ("a zero behind each", [&*r, &[0], &s, &[0]].concat()),
            ("without its first byte each", [&r[1..], &s[1..]].concat()),
            ("twice", [&*fixed, &fixed].concat()),
            ("a point's mark before it", [&[4], &*fixed].concat()),
            ("a hash, as Ethereum has it, behind it", [&*fixed, &[27]].concat()),
            ("4,000 zeros", vec![0; 4000]),
        ];
        hold_beside(&gate, &token, &rows(&token, curve, signatures));
    }
}

#[test]
fn a_signature_of_another_curve_key_or_text_is_invalid() {
    let gate = super::gate();
    for (key, curve) in curves() {
        let token = good(key);
        let input = input(&token);
        let mut signatures: Vec<_> = trusted()
            .into_iter()
            .filter(|other| other.kid() != key.kid())
            .map(|other| (other.alg(), other.sign(other.alg(), input.as_bytes())))
            .collect();
        let width = decode(&parts(&token)[2]).len();
        for (_, signature) in signatures.clone() {
            let mut fitted = signature;
            fitted.resize(width, 0);
            signatures.push(("another curve's at full length", fitted));
        }
        let stranger = Key::other_p256().sign("ES256", input.as_bytes());
        signatures.push(("a stranger's", stranger));
        signatures.push(("of another text", key.sign(key.alg(), b"another text")));
        let mut with_dot = input.clone().into_bytes();
        with_dot.push(b'.');
        signatures.push(("of the text and a dot", key.sign(key.alg(), &with_dot)));
        hold_beside(&gate, &token, &rows(&token, curve, signatures));
    }
}

/// s and n - s are both good: whoever sees a token can write another text of the same token. So
/// nothing may take a token's text for its identity, and here only the memory does, where another
/// text is another entry.
#[test]
fn the_other_s_is_another_text_of_the_same_token_and_is_judged_anew() {
    for (key, curve) in curves() {
        let gate = super::gate();
        let token = good(key);
        let [r, s] = numbers(&token);
        let other = [&*r, &minus(&order(curve), &s)].concat();
        let twin = resigned(&token, &other);
        assert_ne!(token, twin);
        let entries = || gate.metric(r#"realmgate_jwt_cache_entries{realm="corp"}"#);
        allow(&gate, &[("as signed", corp::with_token(&token))]);
        let one = wait::poll(wait::PATIENCE, || (entries() == 1).then_some(()));
        assert!(one.is_some(), "{} entries", entries());
        allow(&gate, &[("with the other s", corp::with_token(&twin))]);
        let two = wait::poll(wait::PATIENCE, || (entries() == 2).then_some(()));
        assert!(two.is_some(), "{} entries", entries());
        let claims = Claims::good().with("sub", "admin");
        let [header, ..] = parts(&token);
        let [_, payload, _] = parts(&key.token(&claims, key.alg()));
        let forged = resigned(&format!("{header}.{payload}."), &other);
        let check = corp::with_token(&forged);
        let attack = Attack::judged("on other claims", check, &claims, "signature_invalid");
        hold_beside(&gate, &token, &[attack]);
    }
}
