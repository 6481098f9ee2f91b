//! Amazon Cognito: both tokens of a user pool, which signs them with different keys, and the pool's
//! `/.well-known/jwks.json`. The access token has no `aud`.

use serde_json::{Value, json};

use super::provider::{Change, Identity, KeySet, Provider, mistake, published, rsa};
use crate::support::keys::Key;
use crate::support::token::{EXPIRES, ISSUED};

/// No `typ`, and a key's name that is padded base64.
const HEADER: &str = r#"{"kid":"KID","alg":"RS256"}"#;
const ISSUER: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123";
const CLIENT: &str = "7lhlkkfbfb4q5kpp90urffao3u";
const SUB: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

fn keys() -> [Key; 2] {
    let key =
        |number, kid: &str| rsa(number).with("alg", "RS256").with("kid", kid).with("use", "sig");
    [
        key(1, "1234example1234example1234example1234exampl="),
        key(2, "5678example5678+example5678/example5678exam="),
    ]
}

fn of_access_tokens() -> KeySet {
    let [id, access] = keys();
    published(&[access, id])
}

pub(super) fn all() -> Vec<Provider> {
    vec![access(), id()]
}

fn access() -> Provider {
    Provider {
        name: "Cognito",
        token: "access token",
        realm: "cognito",
        issuer_form: "https://cognito-idp.REGION.amazonaws.com/POOL",
        audience_from: "the app client's ID",
        keys_at: "/POOL/.well-known/jwks.json",
        remarks: "It has no `aud`, so `client_id` stands in; `token_use` keeps ID tokens out, \
                  whose `aud` is the same.",
        settings: json!({
            "token_type": "access_token",
            "allowed_issuer": ISSUER,
            "allowed_audiences": [CLIENT],
            "fallback_claims.aud": "client_id",
            "allowed_subject_patterns": ["*"],
            "required_claims.token_use": "access",
            "claims.principal": "username",
            "claims.groups": "cognito:groups",
        }),
        key_sets: vec![of_access_tokens()],
        header: HEADER,
        claims: access_claims(),
        identity: Identity { username: "ana", groups: Some("orders,ops"), ..Identity::default() },
        mistakes: vec![
            mistake(
                "an ID token",
                Change::Claims(id_token_of_the_same_client()),
                "required_claim_mismatch",
            ),
            mistake(
                "no claim that stands in for `aud`",
                Change::Setting("fallback_claims.aud", json!("aud")),
                "claim_missing",
            ),
            mistake(
                "a token of another client",
                Change::Claims(json!({ "client_id": "other" })),
                "audience_mismatch",
            ),
        ],
    }
}

fn access_claims() -> Value {
    json!({
        "sub": SUB,
        "device_key": "eu-west-1_01234567-89ab-cdef-0123-456789abcdef",
        "cognito:groups": ["orders", "ops"],
        "iss": ISSUER,
        "version": 2,
        "client_id": CLIENT,
        "origin_jti": "5b9f50a3-05da-454a-8b99-b79c2349de77",
        "event_id": "0ed5ad5c-7182-4ecf-9d4a-1ccf3d8b1f5c",
        "token_use": "access",
        "scope": "openid phone email",
        "auth_time": ISSUED,
        "exp": EXPIRES,
        "iat": ISSUED,
        "jti": "a0aeb4f7-8b2b-4a4e-8a42-b9ae2a0cf3ba",
        "username": "ana",
    })
}

fn id_token_of_the_same_client() -> Value {
    json!({ "token_use": "id", "aud": CLIENT, "client_id": null, "cognito:username": "ana" })
}

fn id() -> Provider {
    Provider {
        name: "Cognito",
        token: "ID token",
        realm: "cognito_id",
        issuer_form: "https://cognito-idp.REGION.amazonaws.com/POOL",
        audience_from: "the app client's ID",
        keys_at: "/POOL/.well-known/jwks.json",
        remarks: "Names of claims with colons are taken as they stand.",
        settings: json!({
            "token_type": "id_token",
            "allowed_issuer": ISSUER,
            "allowed_audiences": [CLIENT],
            "required_claims.token_use": "id",
            "claims.principal": "cognito:username",
            "claims.groups": "cognito:groups",
            "claims.mail": "email",
            "claims.name": "name",
        }),
        key_sets: vec![published(&keys())],
        header: HEADER,
        claims: id_claims(),
        identity: Identity {
            username: "ana",
            groups: Some("orders,ops"),
            email: Some("ana@example.com"),
            full_name: Some("Ana Lima"),
        },
        mistakes: vec![
            mistake(
                "an access token",
                Change::Claims(json!({ "aud": null, "client_id": CLIENT, "token_use": "access" })),
                "claim_missing",
            ),
            mistake(
                "a user of another pool",
                Change::Claims(json!({
                    "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other",
                })),
                "issuer_mismatch",
            ),
        ],
    }
}

fn id_claims() -> Value {
    json!({
        "sub": SUB,
        "cognito:groups": ["orders", "ops"],
        "cognito:preferred_role": "arn:aws:iam::111122223333:role/orders",
        "cognito:roles": ["arn:aws:iam::111122223333:role/orders"],
        "cognito:username": "ana",
        "custom:tenant": "acme",
        "email": "ana@example.com",
        "email_verified": true,
        "name": "Ana Lima",
        "identities": [{
            "userId": "amzn1.account.EXAMPLE",
            "providerName": "LoginWithAmazon",
            "providerType": "LoginWithAmazon",
            "issuer": null,
            "primary": "true",
            "dateCreated": "1642699117273",
        }],
        "iss": ISSUER,
        "nonce": "abcdefg",
        "origin_jti": "5b9f50a3-05da-454a-8b99-b79c2349de77",
        "aud": CLIENT,
        "event_id": "64f513be-32db-42b0-b78e-b02127b4f463",
        "token_use": "id",
        "auth_time": ISSUED,
        "exp": EXPIRES,
        "iat": ISSUED,
        "jti": "7a8e9c1d-3c5b-4a1f-9f0e-2b6d8e4c0a11",
        "at_hash": "AtHaShOfTheToken012345",
    })
}
