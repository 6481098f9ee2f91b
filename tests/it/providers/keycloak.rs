//! Keycloak 26: its access token and its ID token, as a realm's token endpoint gives them out, and
//! the document of `/protocol/openid-connect/certs`, which has a key for encryption, too.

use serde_json::{Value, json};

use super::provider::{CERTIFICATE, Change, Identity, KeySet, Provider, mistake, published, rsa};
use crate::support::token::{EXPIRES, ISSUED};

/// Keycloak writes blanks around its colons.
const HEADER: &str = r#"{"alg":"RS256","typ" : "JWT","kid" : "KID"}"#;
const ISSUER: &str = "https://sso.example.com/realms/shop";
const KEYS_AT: &str = "/realms/REALM/protocol/openid-connect/certs";

fn keys() -> KeySet {
    let signing = rsa(0)
        .with("kid", "sIgNiNgKeYoFtHeReAlM0123456789-_abcdefghijk")
        .with("alg", "RS256")
        .with("use", "sig")
        .with("x5c", json!([CERTIFICATE]))
        .with("x5t", "S8iXg3mVbgq6lpj6hY6UfQGyPzE")
        .with("x5t#S256", "cKQ3gbdXjTAtLr0OSzzqg6VfGSGEmKgIBMi1qNtvVQ8");
    let sealing = rsa(1)
        .with("kid", "eNcRyPtIoNkEyOfThEreAlM0123456789-_abcdefgh")
        .with("alg", "RSA-OAEP")
        .with("use", "enc")
        .with("x5c", json!([CERTIFICATE]))
        .with("x5t", "1m7gb7u1mQqK2VY2X0pXGQ3yMfM")
        .with("x5t#S256", "pS2sIzFQjFqkq7pOvqGR1IhJxkPoIKYlNQDR6d2ly7A");
    published(&[signing, sealing])
}

pub(super) fn all() -> Vec<Provider> {
    vec![access(), id()]
}

fn access() -> Provider {
    Provider {
        name: "Keycloak",
        token: "access token",
        realm: "keycloak",
        issuer_form: "https://HOST/realms/REALM",
        audience_from: "an audience mapper (or a role of the API's client); alone it is `account`",
        keys_at: KEYS_AT,
        remarks: "Roles of a client: `/resource_access/CLIENT/roles`.",
        settings: json!({
            "token_type": "access_token",
            "allowed_issuer": ISSUER,
            "allowed_audiences": ["orders-api"],
            "allowed_subject_patterns": ["*"],
            "required_claims.typ": "Bearer",
            "claims.principal": "preferred_username",
            "claims.groups": "/realm_access/roles",
            "claims.mail": "email",
            "claims.name": "name",
        }),
        key_sets: vec![keys()],
        header: HEADER,
        claims: access_claims(),
        identity: Identity {
            username: "ana",
            groups: Some("offline_access,default-roles-shop,uma_authorization"),
            email: Some("ana@example.com"),
            full_name: Some("Ana Lima"),
        },
        mistakes: vec![
            mistake(
                "no audience mapper",
                Change::Claims(json!({ "aud": "account" })),
                "audience_mismatch",
            ),
            mistake(
                "an ID token of a client that is named like the API",
                Change::Claims(json!({ "aud": "orders-api", "typ": "ID" })),
                "required_claim_mismatch",
            ),
            mistake(
                "the issuer by the name inside the cluster",
                Change::Claims(json!({ "iss": "http://keycloak:8080/realms/shop" })),
                "issuer_mismatch",
            ),
        ],
    }
}

fn access_claims() -> Value {
    json!({
        "exp": EXPIRES,
        "iat": ISSUED,
        "auth_time": ISSUED,
        "jti": "onrtac:8d8f2d3b-6c1e-4a86-a3a5-9f0ae7f1c0cd",
        "iss": ISSUER,
        "aud": ["orders-api", "account"],
        "sub": "0c9e8f5a-1b2c-4d3e-8f90-a1b2c3d4e5f6",
        "typ": "Bearer",
        "azp": "web-shop",
        "sid": "c1b3a0c1-f1a4-4f0c-8e6f-0c8f2f5d1d9a",
        "acr": "1",
        "allowed-origins": ["https://shop.example.com"],
        "realm_access": {
            "roles": ["offline_access", "default-roles-shop", "uma_authorization"],
        },
        "resource_access": {
            "orders-api": { "roles": ["reader"] },
            "account": { "roles": ["manage-account", "view-profile"] },
        },
        "scope": "openid email profile",
        "email_verified": true,
        "name": "Ana Lima",
        "preferred_username": "ana",
        "given_name": "Ana",
        "family_name": "Lima",
        "email": "ana@example.com",
    })
}

fn id() -> Provider {
    Provider {
        name: "Keycloak",
        token: "ID token",
        realm: "keycloak_id",
        issuer_form: "https://HOST/realms/REALM",
        audience_from: "the client's ID",
        keys_at: KEYS_AT,
        remarks: "`groups` by a group membership mapper; with full paths a pattern takes off the \
                  slash.",
        settings: json!({
            "token_type": "id_token",
            "allowed_issuer": ISSUER,
            "allowed_audiences": ["web-shop"],
            "required_claims.typ": "ID",
            "claims.principal": "preferred_username",
            "claims.groups": "groups",
            "claim_patterns.groups": "^/(.+)$",
            "claims.mail": "email",
            "claims.name": "name",
        }),
        key_sets: vec![keys()],
        header: HEADER,
        claims: id_claims(),
        identity: Identity {
            username: "ana",
            groups: Some("staff,staff/eu"),
            email: Some("ana@example.com"),
            full_name: Some("Ana Lima"),
        },
        mistakes: vec![
            mistake(
                "an access token",
                Change::Claims(json!({ "aud": "account", "typ": "Bearer" })),
                "audience_mismatch",
            ),
            mistake(
                "an access token whose mapper adds the client",
                Change::Claims(json!({ "aud": ["web-shop", "account"], "typ": "Bearer" })),
                "required_claim_mismatch",
            ),
        ],
    }
}

fn id_claims() -> Value {
    json!({
        "exp": EXPIRES,
        "iat": ISSUED,
        "auth_time": ISSUED,
        "jti": "fa2b7cb8-3d92-4f0d-9d5c-41a4d6b2a3c6",
        "iss": ISSUER,
        "aud": "web-shop",
        "sub": "0c9e8f5a-1b2c-4d3e-8f90-a1b2c3d4e5f6",
        "typ": "ID",
        "azp": "web-shop",
        "nonce": "n-0S6_WzA2Mj",
        "sid": "c1b3a0c1-f1a4-4f0c-8e6f-0c8f2f5d1d9a",
        "at_hash": "MTIzNDU2Nzg5MGFiY2RlZg",
        "acr": "1",
        "email_verified": false,
        "groups": ["/staff", "/staff/eu"],
        "name": "Ana Lima",
        "preferred_username": "ana",
        "given_name": "Ana",
        "family_name": "Lima",
        "email": "ana@example.com",
    })
}
