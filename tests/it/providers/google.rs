//! Google: the ID token of a Workspace account (its access tokens are no JWTs), and the document
//! of `/oauth2/v3/certs`.

use serde_json::{Value, json};

use super::provider::{Change, Identity, KeySet, Provider, mistake, published, rsa};
use crate::support::token::{EXPIRES, ISSUED};

const CLIENT: &str = "123456789012-abcdefghijklmnop.apps.googleusercontent.com";

fn keys() -> KeySet {
    let key =
        |number, kid: &str| rsa(number).with("use", "sig").with("alg", "RS256").with("kid", kid);
    published(&[
        key(1, "0123456789abcdef0123456789abcdef01234567"),
        key(0, "89abcdef0123456789abcdef0123456789abcdef"),
    ])
}

pub(super) fn all() -> Vec<Provider> {
    vec![Provider {
        name: "Google",
        token: "ID token",
        realm: "google",
        issuer_form: "https://accounts.google.com",
        audience_from: "the OAuth client's ID",
        keys_at: "https://www.googleapis.com/oauth2/v3/certs",
        remarks: "Without `required_claims.hd` everybody with a Google account is let in. \
                  `email_verified` is a boolean, which `required_claims` cannot ask for.",
        settings: json!({
            "token_type": "id_token",
            "allowed_issuer": "https://accounts.google.com",
            "allowed_audiences": [CLIENT],
            "required_claims.hd": "example.com",
            "claims.principal": "email",
            "claims.mail": "email",
            "claims.name": "name",
        }),
        key_sets: vec![keys()],
        header: r#"{"alg":"RS256","kid":"KID","typ":"JWT"}"#,
        claims: claims(),
        identity: Identity {
            username: "ana@example.com",
            groups: None,
            email: Some("ana@example.com"),
            full_name: Some("Ana Lima"),
        },
        mistakes: vec![
            mistake(
                "an access token",
                Change::Text("ya29.a0AfB_byC1d2e3f4g5h6i7j8k9"),
                "not_a_jwt",
            ),
            mistake(
                "a private account",
                Change::Claims(json!({ "hd": null, "email": "mallory@gmail.com" })),
                "claim_missing",
            ),
            mistake(
                "a token for another application",
                Change::Claims(json!({ "aud": "0-other.apps.googleusercontent.com" })),
                "audience_mismatch",
            ),
            mistake(
                "a boolean asked for",
                Change::Setting("required_claims.email_verified", json!("true")),
                "claim_malformed",
            ),
        ],
    }]
}

fn claims() -> Value {
    json!({
        "iss": "https://accounts.google.com",
        "azp": CLIENT,
        "aud": CLIENT,
        "sub": "123456789012345678901",
        "hd": "example.com",
        "email": "ana@example.com",
        "email_verified": true,
        "at_hash": "AtHaShOfTheToken012345",
        "nonce": "0394852-3190485-2490358",
        "name": "Ana Lima",
        "picture": "https://lh3.googleusercontent.com/a/ACg8ocK=s96-c",
        "given_name": "Ana",
        "family_name": "Lima",
        "iat": ISSUED,
        "exp": EXPIRES,
    })
}
