//! Auth0: an access token for an API in both of the profiles that an API can be set to, and a
//! tenant's `/.well-known/jwks.json` with the current and the next key.

use serde_json::{Value, json};

use super::provider::{
    CERTIFICATE, Change, Identity, KeySet, Mistake, Provider, mistake, published, rsa,
};
use crate::support::token::{EXPIRES, ISSUED};

const ISSUER: &str = "https://example.eu.auth0.com/";
/// A profile is an API's.
const ORDERS: &str = "https://api.example.com/orders";
const STOCK: &str = "https://api.example.com/stock";
/// What is issued where no API is asked for: for the tenant alone, in five parts.
const ENCRYPTED: &str = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aXYtb2YtMTJieQ.\
                         Y2lwaGVydGV4dA.dGFn";

fn keys() -> KeySet {
    let key = |number, kid: &str| {
        rsa(number)
            .with("use", "sig")
            .with("kid", kid)
            .with("x5t", "dGh1bWJwcmludG9mdGVuYW50QQ")
            .with("x5c", json!([CERTIFICATE]))
            .with("alg", "RS256")
    };
    published(&[key(1, "Q3VycmVudEtleU9mVGhlVGVuYW50"), key(2, "nExTkEyOfThEtEnAnT0123")])
}

pub(super) fn all() -> Vec<Provider> {
    vec![auth0_profile(), rfc9068_profile()]
}

fn settings(api: &str) -> Value {
    json!({
        "token_type": "access_token",
        "allowed_issuer": ISSUER,
        "allowed_audiences": [api],
        "allowed_subject_patterns": ["*"],
        "claims.principal": "sub",
        "claims.groups": "permissions",
        "claims.mail": "https://example.com/email",
    })
}

fn claims(api: &str) -> Value {
    json!({
        "https://example.com/email": "ana@example.com",
        "iss": ISSUER,
        "sub": "auth0|507f1f77bcf86cd799439011",
        "aud": [api, "https://example.eu.auth0.com/userinfo"],
        "iat": ISSUED,
        "exp": EXPIRES,
        "scope": "openid profile email read:orders",
        "permissions": ["read:orders", "write:orders"],
    })
}

fn identity() -> Identity {
    Identity {
        username: "auth0|507f1f77bcf86cd799439011",
        groups: Some("read:orders,write:orders"),
        email: Some("ana@example.com"),
        full_name: None,
    }
}

fn mistakes() -> Vec<Mistake> {
    vec![
        mistake(
            "the issuer without its slash",
            Change::Setting("allowed_issuer", json!("https://example.eu.auth0.com")),
            "issuer_mismatch",
        ),
        mistake(
            "an ID token, which is for the application",
            Change::Claims(json!({ "aud": "AbCdEfGhIjKlMnOpQrStUvWxYz012345" })),
            "audience_mismatch",
        ),
        mistake(
            "users of another connection",
            Change::Setting("allowed_subject_patterns", json!(["google-oauth2|*"])),
            "subject_mismatch",
        ),
        mistake(
            "no audience asked for, so an encrypted token",
            Change::Text(ENCRYPTED),
            "not_a_jwt",
        ),
    ]
}

fn auth0_profile() -> Provider {
    let mut claims = claims(ORDERS);
    claims["azp"] = json!("AbCdEfGhIjKlMnOpQrStUvWxYz012345");
    claims["gty"] = json!("password");
    Provider {
        name: "Auth0",
        token: "access token",
        realm: "auth0",
        issuer_form: "https://TENANT.REGION.auth0.com/",
        audience_from: "the API's identifier",
        keys_at: "/.well-known/jwks.json",
        remarks: "The slash at the issuer's end counts. Names of claims that an Action adds are \
                  URLs, and taken as they stand.",
        settings: settings(ORDERS),
        key_sets: vec![keys()],
        header: r#"{"alg":"RS256","typ":"JWT","kid":"KID"}"#,
        claims,
        identity: identity(),
        mistakes: mistakes(),
    }
}

fn rfc9068_profile() -> Provider {
    let mut claims = claims(STOCK);
    claims["client_id"] = json!("AbCdEfGhIjKlMnOpQrStUvWxYz012345");
    claims["jti"] = json!("JtIoFtHeToKeN0123456ab");
    let mut mistakes = mistakes();
    let id_token = Change::Setting("token_type", json!("id_token"));
    mistakes.push(mistake("taken for an ID token", id_token, "typ_not_allowed"));
    Provider {
        name: "Auth0",
        token: "access token, RFC 9068 profile",
        realm: "auth0_9068",
        issuer_form: "https://TENANT.REGION.auth0.com/",
        audience_from: "the API's identifier",
        keys_at: "/.well-known/jwks.json",
        remarks: "Its header says `typ: at+jwt`, which only realms of `access_token` take.",
        settings: settings(STOCK),
        key_sets: vec![keys()],
        header: r#"{"alg":"RS256","typ":"at+jwt","kid":"KID"}"#,
        claims,
        identity: identity(),
        mistakes,
    }
}
