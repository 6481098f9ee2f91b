//! Names and values that look like the right ones, or become them by some Unicode normalisation:
//! nothing is normalised, so each is what its code points say.

use serde_json::json;

use super::{Attack, allow, hold_beside};
use crate::support::corp;
use crate::support::token::{Claims, HS256};

/// Names that are `name` to somebody else: by letter case, by compatibility, by look, by what
/// cannot be seen.
fn like(name: &str) -> Vec<String> {
    let (first, rest) = name.split_at(1);
    let wide = char::from_u32(u32::from(first.as_bytes()[0]) - 0x61 + 0xff41).unwrap();
    let bold = char::from_u32(u32::from(first.as_bytes()[0]) - 0x61 + 0x1d41a).unwrap();
    vec![
        name.to_uppercase(),
        format!("{}{rest}", first.to_uppercase()),
        format!("{wide}{rest}"),
        format!("{bold}{rest}"),
        name.replace('s', "\u{17f}"),
        name.replace('s', "\u{455}"),
        name.replace('i', "\u{131}"),
        name.replace('a', "\u{430}"),
        name.replace('e', "\u{435}"),
        name.replace('u', "u\u{308}"),
        format!("{name} "),
        format!(" {name}"),
        format!("{name}\0"),
        format!("{name}\n"),
        format!("{name}\u{200b}"),
        format!("\u{feff}{name}"),
        format!("{first}\u{ad}{rest}"),
        format!("{name}\u{301}"),
        format!("{name}\u{fe0f}"),
        format!("\u{202e}{}", name.chars().rev().collect::<String>()),
        format!("/{name}"),
        format!("{name}[]"),
        format!("{name}.0"),
    ]
    .into_iter()
    .filter(|like| like != name)
    .collect()
}

#[test]
fn a_name_that_is_like_a_claims_is_not_that_claim() {
    let gate = corp::setup().start();
    let (mut attacks, mut checks) = (Vec::new(), Vec::new());
    for name in ["sub", "aud", "exp", "iat"] {
        for like in like(name) {
            let value = match name {
                "sub" => json!("admin"),
                "aud" => json!(corp::AUDIENCE),
                "exp" => json!(crate::support::token::EXPIRES),
                _ => json!(crate::support::token::ISSUED),
            };
            // Instead of the claim it is none; beside it, it takes nothing away and adds nothing.
            let instead = Claims::good().without(name).with(&like, value.clone());
            attacks.push(Attack::refused(&format!("{like:?}"), &instead, "claim_missing"));
            checks.push((format!("{like:?}"), Claims::good().with(&like, value)));
        }
    }
    hold_beside(&gate, &Claims::good().token(), &attacks);
    for (what, claims) in checks {
        let answer = gate.caller().check(&corp::with(&claims));
        assert_eq!(answer.principal().as_deref(), Some("ana"), "{what}: {answer:?}");
    }
}

#[test]
fn a_value_that_is_like_the_realms_is_another() {
    let gate = corp::setup().set(&corp::setting("allowed_subjects"), json!(["ana"])).start();
    let mut attacks = Vec::new();
    for (name, value, reason) in
        [("sub", "ana", "subject_mismatch"), ("aud", corp::AUDIENCE, "audience_mismatch")]
    {
        for like in like(value) {
            let claims = Claims::good().with(name, like.as_str());
            attacks.push(Attack::refused(&format!("{name}: {like:?}"), &claims, reason));
        }
    }
    let issuers = [
        "https://idp.example.com",
        "https://idp.example.com//",
        "https://idp.example.com/.",
        "https://idp.example.com/?",
        "https://idp.example.com/%2F",
        "https://idp.example.com%2F",
        "https://idp.example.com./",
        "https://IDP.EXAMPLE.COM/",
        "Https://idp.example.com/",
        "http://idp.example.com/",
        "//idp.example.com/",
        "https:idp.example.com/",
        "https:\\\\idp.example.com\\",
        "https://idp.example.com@evil.example/",
        "https://evil.example/https://idp.example.com/",
        "https://\u{ff49}dp.example.com/",
        "https://idp\u{3002}example.com/",
        "https://idp.ex\u{e4}mple.com/",
        "https://idp.exa\u{308}mple.com/",
        "https://xn--idp-abc.example.com/",
        "https://idp.example.com\u{2215}",
        "https://idp.example.com/\u{200b}",
        "https://idp.example.com/\n",
    ];
    for issuer in issuers {
        let claims = Claims::good().with("iss", issuer);
        attacks.push(Attack::refused(&format!("iss: {issuer:?}"), &claims, "issuer_mismatch"));
    }
    hold_beside(&gate, &Claims::good().token(), &attacks);
}

#[test]
fn two_forms_of_one_name_are_two_users() {
    let gate = corp::setup().start();
    let composed = Claims::good().with("sub", "jos\u{e9}");
    let decomposed = Claims::good().with("sub", "jose\u{301}");
    let caller = gate.caller();
    let user = |claims: &Claims| caller.check(&corp::with(claims)).principal();
    for _ in 0..2 {
        assert_eq!(user(&composed).as_deref(), Some("jos\u{e9}"));
        assert_eq!(user(&decomposed).as_deref(), Some("jose\u{301}"));
    }
}

#[test]
fn one_good_audience_is_enough_and_the_list_is_texts_alone() {
    let gate = corp::setup().start();
    let bad = [
        (json!([]), "audience_mismatch"),
        (json!([""]), "audience_mismatch"),
        (json!(["API", "api ", "ap", "i"]), "audience_mismatch"),
        (json!(["[\"api\"]"]), "audience_mismatch"),
        (json!("[\"api\"]"), "audience_mismatch"),
        (json!("x api"), "audience_mismatch"),
    ];
    let mut attacks: Vec<_> = bad
        .into_iter()
        .map(|(aud, reason)| {
            Attack::refused(&aud.to_string(), &Claims::good().with("aud", aud), reason)
        })
        .collect();
    let malformed = [
        json!(["api", null]),
        json!(["api", 1]),
        json!(["api", true]),
        json!(["api", ["api"]]),
        json!([["api"]]),
        json!(["api", {}]),
        json!({ "api": true }),
        json!({ "0": "api" }),
    ];
    attacks.extend(malformed.into_iter().map(|aud| {
        let check = corp::with(&Claims::good().with("aud", aud.clone()));
        Attack::new(&aud.to_string(), check, (401, "claim_malformed"), super::UNREADABLE)
    }));
    hold_beside(&gate, &Claims::good().token(), &attacks);
    let many: Vec<_> = (0..500).map(|n| format!("a{n}")).chain(["api".to_owned()]).collect();
    let among = Claims::good().with("aud", json!(many)).signed(HS256, corp::KEY);
    let twice = Claims::good().with("aud", json!(["api", "api"]));
    let checks =
        [("the last of 501", corp::with_token(&among)), ("twice the same", corp::with(&twice))];
    allow(&gate, &checks);
}
