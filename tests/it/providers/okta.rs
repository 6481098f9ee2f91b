//! Okta: an access token of a custom authorization server (those of the org server are for Okta
//! alone), an ID token, and the document of `/v1/keys`.

use serde_json::{Value, json};

use super::provider::{Change, Identity, KeySet, Provider, mistake, published, rsa};
use crate::support::token::{EXPIRES, ISSUED};

/// No `typ`.
const HEADER: &str = r#"{"kid":"KID","alg":"RS256"}"#;
const ISSUER: &str = "https://example.okta.com/oauth2/default";

fn keys() -> KeySet {
    let key =
        |number, kid: &str| rsa(number).with("alg", "RS256").with("kid", kid).with("use", "sig");
    published(&[
        key(2, "aCtIvEkEyOfThEsErVeR-_0123456789abcdefghijk"),
        key(0, "nExTkEyOfThEsErVeR-_0123456789abcdefghijklm"),
    ])
}

pub(super) fn all() -> Vec<Provider> {
    vec![access(), id()]
}

fn access() -> Provider {
    Provider {
        name: "Okta",
        token: "access token",
        realm: "okta",
        issuer_form: "https://ORG.okta.com/oauth2/SERVER",
        audience_from: "the authorization server's audience",
        keys_at: "/oauth2/SERVER/v1/keys",
        remarks: "Of a custom authorization server, such as `default`; `groups` by a claim of \
                  that server.",
        settings: json!({
            "token_type": "access_token",
            "allowed_issuer": ISSUER,
            "allowed_audiences": ["api://default"],
            "allowed_subject_patterns": ["*@example.com"],
            "required_claims.cid": "0oa1gjh63g214q0Hq0g4",
            "claims.principal": "sub",
            "claims.groups": "groups",
        }),
        key_sets: vec![keys()],
        header: HEADER,
        claims: access_claims(),
        identity: Identity {
            username: "ana@example.com",
            groups: Some("Everyone,Orders%2C EU"),
            ..Identity::default()
        },
        mistakes: vec![
            mistake(
                "an ID token",
                Change::Claims(json!({ "aud": "0oa1gjh63g214q0Hq0g4", "cid": null })),
                "audience_mismatch",
            ),
            mistake(
                "a token of the org server",
                Change::Claims(json!({
                    "iss": "https://example.okta.com",
                    "aud": "https://example.okta.com",
                })),
                "issuer_mismatch",
            ),
            mistake(
                "another application's",
                Change::Claims(json!({ "cid": "0oa2other00000000000" })),
                "required_claim_mismatch",
            ),
        ],
    }
}

fn access_claims() -> Value {
    json!({
        "ver": 1,
        "jti": "AT.iDoFtHiSaCcEsStOkEn-_0123456789abcdefghij",
        "iss": ISSUER,
        "aud": "api://default",
        "iat": ISSUED,
        "exp": EXPIRES,
        "cid": "0oa1gjh63g214q0Hq0g4",
        "uid": "00u1gjh63g214q0Hq0g4",
        "scp": ["openid", "profile", "email"],
        "auth_time": ISSUED,
        "sub": "ana@example.com",
        "groups": ["Everyone", "Orders, EU"],
    })
}

fn id() -> Provider {
    Provider {
        name: "Okta",
        token: "ID token",
        realm: "okta_id",
        issuer_form: "https://ORG.okta.com/oauth2/SERVER",
        audience_from: "the application's client ID",
        keys_at: "/oauth2/SERVER/v1/keys",
        remarks: "`sub` is Okta's ID of the user, `preferred_username` the login.",
        settings: json!({
            "token_type": "id_token",
            "allowed_issuer": ISSUER,
            "allowed_audiences": ["0oa1gjh63g214q0Hq0g4"],
            "claims.principal": "preferred_username",
            "claims.groups": "groups",
            "claims.mail": "email",
            "claims.name": "name",
        }),
        key_sets: vec![keys()],
        header: HEADER,
        claims: id_claims(),
        identity: Identity {
            username: "ana@example.com",
            groups: Some("Everyone"),
            email: Some("ana@example.com"),
            full_name: Some("Ana Lima"),
        },
        mistakes: vec![
            mistake(
                "an access token",
                Change::Claims(json!({ "aud": "api://default", "cid": "0oa1gjh63g214q0Hq0g4" })),
                "audience_mismatch",
            ),
            mistake(
                "the scope `profile` not asked for",
                Change::Claims(json!({ "preferred_username": null, "name": null })),
                "principal_missing",
            ),
        ],
    }
}

fn id_claims() -> Value {
    json!({
        "sub": "00u1gjh63g214q0Hq0g4",
        "name": "Ana Lima",
        "email": "ana@example.com",
        "ver": 1,
        "iss": ISSUER,
        "aud": "0oa1gjh63g214q0Hq0g4",
        "iat": ISSUED,
        "exp": EXPIRES,
        "jti": "ID.iDoFtHiSiDtOkEn-_0123456789abcdefghijklmn",
        "amr": ["pwd", "mfa"],
        "idp": "00o1gjh5w1o1o1o1o0g4",
        "nonce": "UBGW",
        "preferred_username": "ana@example.com",
        "auth_time": ISSUED,
        "at_hash": "AtHaShOfTheToken012345",
        "groups": ["Everyone"],
    })
}
