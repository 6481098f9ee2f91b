//! Dex: an ID token for one client on behalf of another, with the claims of the scopes `groups` and
//! `federated:id`, and the document of `/keys` after a rotation.

use serde_json::{Value, json};

use super::provider::{Change, Identity, KeySet, Provider, mistake, published, rsa};
use crate::support::token::{EXPIRES, ISSUED};

const ISSUER: &str = "https://dex.example.com/dex";

fn keys() -> KeySet {
    let key =
        |number, kid: &str| rsa(number).with("use", "sig").with("kid", kid).with("alg", "RS256");
    published(&[
        key(0, "b3e4cf5b7a6b9c5e2d1f0a9887766554433221100"),
        key(2, "9d1f5a7be3c4d2c6b8a0f1e2d3c4b5a697887766"),
    ])
}

pub(super) fn all() -> Vec<Provider> {
    vec![Provider {
        name: "Dex",
        token: "ID token",
        realm: "dex",
        issuer_form: "https://HOST/PATH",
        audience_from: "the client's ID",
        keys_at: "/PATH/keys",
        remarks: "`sub` is an encoding of connector and user, so take another claim for the \
                  name. `groups` come with the scope of that name.",
        settings: json!({
            "token_type": "id_token",
            "allowed_issuer": ISSUER,
            "allowed_audiences": ["cli-app"],
            "claims.principal": "preferred_username",
            "claims.groups": "groups",
            "claims.mail": "email",
            "claims.name": "name",
        }),
        key_sets: vec![keys()],
        // No `typ`.
        header: r#"{"alg":"RS256","kid":"KID"}"#,
        claims: claims(),
        identity: Identity {
            username: "ana",
            groups: Some("example-org:orders,example-org:ops"),
            email: Some("ana@example.com"),
            full_name: Some("Ana Lima"),
        },
        mistakes: vec![
            mistake(
                "a token for another client",
                Change::Claims(json!({ "aud": "web-app" })),
                "audience_mismatch",
            ),
            mistake(
                "the scope `profile` not asked for",
                Change::Claims(json!({ "name": null, "preferred_username": null })),
                "principal_missing",
            ),
            mistake(
                "a token of yesterday",
                Change::Claims(json!({ "exp": ISSUED + 86_400 })),
                "token_expired",
            ),
        ],
    }]
}

fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "sub": "CgcxMjM0NTY3EgZnaXRodWI",
        "aud": ["web-app", "cli-app"],
        "exp": EXPIRES,
        "iat": ISSUED,
        "azp": "web-app",
        "at_hash": "AtHaShOfTheToken012345",
        "c_hash": "CHaShOfTheCode01234567",
        "email": "ana@example.com",
        "email_verified": true,
        "groups": ["example-org:orders", "example-org:ops"],
        "name": "Ana Lima",
        "preferred_username": "ana",
        "federated_claims": { "connector_id": "github", "user_id": "1234567" },
    })
}
