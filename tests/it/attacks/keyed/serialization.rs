//! What is signed by the right key and yet is no compact JWS: encrypted, in JSON, nested, joined.

use serde_json::{Value, json};

use super::{good, input};
use crate::attacks::{Attack, allow, hold, hold_beside};
use crate::support::check::Check;
use crate::support::corp;
use crate::support::keys::Key;
use crate::support::token::{Claims, encode, parts};

/// The claims' text signed by the RSA key under this header.
fn under(header: &Value) -> String {
    Key::rsa().under(header, &Claims::good(), "RS256")
}

#[test]
fn a_jwe_is_not_a_jwt() {
    let token = good(Key::rsa());
    let [_, payload, signature] = parts(&token);
    let key = encode([7; 256]);
    let (iv, tag) = (encode([7; 12]), encode([7; 16]));
    let mut attacks = Vec::new();
    for header in [
        json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "rsa" }),
        json!({ "alg": "RSA1_5", "enc": "A128CBC-HS256", "kid": "rsa" }),
        json!({ "alg": "dir", "enc": "A256GCM" }),
        json!({ "alg": "ECDH-ES", "enc": "A256GCM", "epk": Key::other_p256().jwk() }),
        json!({ "alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": i32::MAX, "p2s": "AAAA" }),
        json!({ "alg": "RS256", "enc": "A256GCM", "cty": "JWT" }),
    ] {
        let head = encode(header.to_string());
        let rows = [
            ("five parts", format!("{head}.{key}.{iv}.{payload}.{tag}")),
            ("five parts, no key", format!("{head}..{iv}.{payload}.{tag}")),
            ("five parts, nothing", format!("{head}....")),
            (
                "five parts that end as a token",
                format!("{head}.{iv}.{}.{signature}", input(&token)),
            ),
            ("three parts", format!("{head}.{payload}.{signature}")),
            ("three parts, signed", under(&header)),
        ];
        for (what, token) in rows {
            attacks.push(Attack::not_a_jwt(&format!("{header}: {what}"), &token));
        }
    }
    hold_beside(&super::gate(), &token, &attacks);
}

/// A value as the scheme `Bearer` has it. Serialised JSON has commas, which repeat the header.
fn repeated(what: &str, value: &str) -> Attack {
    let sentence = "multiple values for single-valued header [Authorization].";
    Attack::new(what, corp::with_token(value), (400, "multiple_header_values"), sentence)
}

#[test]
fn json_serialization_is_no_token() {
    let token = good(Key::rsa());
    let [protected, payload, signature] = parts(&token);
    let one = json!({ "protected": protected, "signature": signature });
    let mut flattened = one.clone();
    flattened["payload"] = json!(payload);
    let general = json!({ "payload": payload, "signatures": [one.clone(), one] });
    let wrapped = json!({ "token": token });
    let gate = super::gate();
    let mut attacks = vec![
        Attack::not_a_jwt("in an object", &wrapped.to_string()),
        Attack::not_a_jwt("in a list", &json!([token]).to_string()),
        Attack::not_a_jwt("in quotes", &json!(token).to_string()),
    ];
    for (what, value) in [("flattened", flattened), ("general", general)] {
        let text = value.to_string();
        attacks.push(repeated(what, &text));
        attacks.push(Attack::not_a_jwt(&format!("{what}, in base64url"), &encode(&text)));
        let [_, _, signature] = parts(&token);
        let as_header = format!("{}.{payload}.{signature}", encode(&text));
        attacks.push(Attack::not_a_jwt(&format!("{what}, as a header"), &as_header));
    }
    hold_beside(&gate, &token, &attacks);
}

#[test]
fn a_nested_token_is_not_a_jwt() {
    let inner = good(Key::rsa());
    let nested = |cty: Value, payload: &str| {
        let mut header = json!({ "alg": "RS256", "kid": "rsa" });
        if !cty.is_null() {
            header["cty"] = cty;
        }
        Key::rsa().sign_texts(header.to_string(), payload, "RS256")
    };
    let twice = nested(json!("JWT"), &inner);
    let attacks = [
        Attack::not_a_jwt("with cty JWT", &twice),
        Attack::not_a_jwt("with cty jwt", &nested(json!("jwt"), &inner)),
        Attack::not_a_jwt("without cty", &nested(Value::Null, &inner)),
        Attack::not_a_jwt("as a JSON text", &nested(json!("JWT"), &json!(inner).to_string())),
        Attack::not_a_jwt("as a JSON list", &nested(json!("JWT"), &json!([inner]).to_string())),
        Attack::not_a_jwt("nested twice", &nested(json!("JWT"), &twice)),
        Attack::not_a_jwt("the claims in base64url", &nested(json!("JWT"), &parts(&inner)[1])),
    ];
    hold_beside(&super::gate(), &inner, &attacks);
    // The claims of a token inside are nobody's: those outside count.
    let admin = good(Key::rsa());
    let claims = Claims::good().with("jwt", admin).with("sub", "ana");
    let gate = super::gate();
    let answer = gate.caller().check(&corp::with_token(&Key::rsa().token(&claims, "RS256")));
    assert_eq!(answer.principal().as_deref(), Some("ana"), "{answer:?}");
}

#[test]
fn two_tokens_are_none() {
    let (one, other) = (good(Key::rsa()), good(Key::p256()));
    let [header, payload, signature] = parts(&one);
    let [other_header, other_payload, other_signature] = parts(&other);
    let attacks = [
        Attack::not_a_jwt("joined by a dot", &format!("{one}.{other}")),
        Attack::not_a_jwt("joined by a blank", &format!("{one} {other}")),
        Attack::not_a_jwt("joined by a semicolon", &format!("{one};{other}")),
        Attack::not_a_jwt("with the scheme between", &format!("{one} Bearer {other}")),
        Attack::not_a_jwt("behind a second scheme", &format!("Bearer {one}")),
        Attack::not_a_jwt("behind each other", &format!("{one}{other}")),
        Attack::not_a_jwt("the same twice", &format!("{one}{one}")),
        repeated("joined by a comma", &format!("{one},{other}")),
        repeated("joined by a comma and a blank", &format!("{one}, {other}")),
        repeated("joined as two headers are", &format!("{one},Bearer {one}")),
        super::judged(
            "the header of one",
            &format!("{other_header}.{payload}.{signature}"),
            "signature_invalid",
        ),
        super::judged(
            "the payload and header of one",
            &format!("{header}.{other_payload}.{other_signature}"),
            "signature_invalid",
        ),
    ];
    hold_beside(&super::gate(), &one, &attacks);
}

#[test]
fn members_that_change_what_is_signed_are_not_a_jwt_when_they_do_what_they_say() {
    let (text, key) = (Claims::good().text(), Key::rsa());
    // RFC 7797: the payload is signed as it stands.
    let header = json!({ "alg": "RS256", "kid": "rsa", "b64": false, "crit": ["b64"] });
    let head = encode(header.to_string());
    let signature = encode(key.sign("RS256", format!("{head}.{text}").as_bytes()));
    let unlisted = encode(json!({ "alg": "RS256", "b64": false }).to_string());
    let of_unlisted = encode(key.sign("RS256", format!("{unlisted}.{text}").as_bytes()));
    let detached = format!("{head}..{signature}");
    let mut attacks = vec![
        Attack::not_a_jwt("not encoded, detached", &detached),
        Attack::not_a_jwt(
            "not encoded, sent encoded",
            &format!("{head}.{}.{signature}", encode(&text)),
        ),
        Attack::not_a_jwt(
            "not encoded, unlisted",
            &format!("{unlisted}.{}.{of_unlisted}", encode(&text)),
        ),
    ];
    let mut compressed = vec![1];
    let length = u16::try_from(text.len()).unwrap();
    compressed.extend(length.to_le_bytes());
    compressed.extend((!length).to_le_bytes());
    compressed.extend(text.as_bytes());
    for zip in [json!("DEF"), json!("GZIP"), json!("def"), json!(""), json!(null), json!(1)] {
        let head = encode(json!({ "alg": "RS256", "zip": zip }).to_string());
        let input = format!("{head}.{}", encode(&compressed));
        let token = format!("{input}.{}", encode(key.sign("RS256", input.as_bytes())));
        attacks.push(Attack::not_a_jwt(&format!("compressed, zip: {zip}"), &token));
        let plain = under(&json!({ "alg": "RS256", "zip": zip }));
        attacks.push(Attack::not_a_jwt(&format!("plain, zip: {zip}"), &plain));
    }
    for crit in [
        json!(["b64"]),
        json!(["exp"]),
        json!(["alg"]),
        json!(["kid"]),
        json!(["crit"]),
        json!([]),
        json!([""]),
        json!([null]),
        json!([["exp"]]),
        json!(["exp", "exp"]),
        json!("exp"),
        json!(""),
        json!({}),
        json!({ "exp": true }),
        json!(null),
        json!(true),
        json!(0),
        json!(["http://example.com/UNDEFINED"]),
    ] {
        let header = json!({ "alg": "RS256", "crit": crit, "exp": 1, "b64": true });
        attacks.push(Attack::not_a_jwt(&header.to_string(), &under(&header)));
    }
    hold_beside(&super::gate(), &good(key), &attacks);
}

#[test]
fn a_good_token_in_another_place_is_no_credential() {
    let gate = super::gate();
    let token = good(Key::rsa());
    let nothing = |what: &str, check: Check| {
        let check = check.client_secret(corp::SECRET);
        Attack::new(what, check, (401, "no_credentials"), crate::attacks::NOTHING)
    };
    let attacks = [
        nothing("without its scheme", Check::get().header("authorization", &token)),
        nothing("as Token", Check::get().header("authorization", &format!("Token {token}"))),
        nothing("as JWT", Check::get().header("authorization", &format!("JWT {token}"))),
        nothing("in x-access-token", Check::get().header("x-access-token", &token)),
        nothing("in a cookie", Check::get().header("cookie", &format!("access_token={token}"))),
    ];
    hold(&gate, &attacks);
    allow(&gate, &[("in its place", corp::with_token(&token))]);
}
