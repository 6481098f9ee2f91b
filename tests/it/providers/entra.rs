//! Microsoft Entra ID (Azure AD): access tokens for an API of one's own in both versions, of which
//! the API's manifest chooses one, and the tenant's `/discovery/v2.0/keys`, which names no `alg`.

use serde_json::{Value, json};

use super::provider::{CERTIFICATE, Change, Identity, KeySet, Provider, mistake, published, rsa};
use crate::support::token::{EXPIRES, ISSUED};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const V2: &str = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0";
const V1: &str = "https://sts.windows.net/11111111-2222-3333-4444-555555555555/";
const API: &str = "66666666-7777-8888-9999-aaaaaaaaaaaa";

fn keys() -> KeySet {
    let key = |number, kid: &str| {
        rsa(number)
            .with("use", "sig")
            .with("kid", kid)
            .with("x5t", kid)
            .with("x5c", json!([CERTIFICATE]))
            .with("cloud_instance_name", "microsoftonline.com")
            .with("issuer", V2)
    };
    published(&[
        key(0, "tHuMbPrInToFcUrReNtCeRt-_0a"),
        key(1, "tHuMbPrInToFoLdErCeRt-_0abc"),
        key(2, "-HuMbPrInToFnExTcErT-_0abcd"),
    ])
}

pub(super) fn all() -> Vec<Provider> {
    vec![version_2(), version_1()]
}

fn version_2() -> Provider {
    Provider {
        name: "Entra ID",
        token: "access token, v2.0",
        realm: "entra",
        issuer_form: "https://login.microsoftonline.com/TENANT/v2.0",
        audience_from: "the API's application ID, a GUID",
        keys_at: "https://login.microsoftonline.com/TENANT/discovery/v2.0/keys",
        remarks: "With `requestedAccessTokenVersion: 2` in the API's manifest. `sub` differs \
                  from application to application; `oid` names the user in all of them. Over 200 \
                  groups there is no `groups`: use app roles (`roles`).",
        settings: json!({
            "token_type": "access_token",
            "allowed_issuer": V2,
            "allowed_audiences": [API],
            "allowed_subject_patterns": ["*"],
            "required_claims.ver": "2.0",
            "claims.principal": "oid",
            "claims.groups": "roles",
            "claims.mail": "preferred_username",
            "claims.name": "name",
        }),
        key_sets: vec![keys()],
        header: r#"{"typ":"JWT","alg":"RS256","kid":"KID"}"#,
        claims: version_2_claims(),
        identity: Identity {
            username: "99999999-8888-7777-6666-555555555555",
            groups: Some("Orders.Read,Orders.Write"),
            email: Some("ana@example.com"),
            full_name: Some("Ana Lima"),
        },
        mistakes: vec![
            mistake(
                "a manifest that asks for version 1",
                Change::Claims(json!({ "iss": V1, "aud": "api://orders", "ver": "1.0" })),
                "issuer_mismatch",
            ),
            mistake(
                "a token for Microsoft Graph",
                Change::Claims(json!({ "aud": "00000003-0000-0000-c000-000000000000" })),
                "audience_mismatch",
            ),
            mistake(
                "the API by its URI",
                Change::Setting("allowed_audiences", json!(["api://orders"])),
                "audience_mismatch",
            ),
        ],
    }
}

fn version_2_claims() -> Value {
    json!({
        "aud": API,
        "iss": V2,
        "iat": ISSUED,
        "nbf": ISSUED,
        "exp": EXPIRES,
        "aio": "AXQAi/8IAAAAopaqueToEverybody/0123456789+abcdefghijklmnop==",
        "azp": "bbbbbbbb-cccc-dddd-eeee-ffffffffffff",
        "azpacr": "0",
        "groups": ["3f9c7a6e-8f9e-4b0a-9a58-3d8f3c2f1b11"],
        "name": "Ana Lima",
        "oid": "99999999-8888-7777-6666-555555555555",
        "preferred_username": "ana@example.com",
        "rh": "I",
        "roles": ["Orders.Read", "Orders.Write"],
        "scp": "access_as_user",
        "sid": "0016f6e1-3d8e-4d52-9d3b-8f3d2d5f8c11",
        "sub": "pAiRwIsEsUbOfThIsApI-_0123456789abcdefghijk",
        "tid": TENANT,
        "uti": "uTiOfThIsToKeN-_012345",
        "ver": "2.0",
        "wids": ["12121212-3434-5656-7878-909090909090"],
        "xms_ftd": "b3BhcXVlLXRv",
    })
}

fn version_1() -> Provider {
    Provider {
        name: "Entra ID",
        token: "access token, v1.0",
        realm: "entra_v1",
        issuer_form: "https://sts.windows.net/TENANT/",
        audience_from: "the API's application ID URI",
        keys_at: "https://login.microsoftonline.com/TENANT/discovery/keys",
        remarks: "What an API gets whose manifest asks for nothing. Tokens for an application \
                  alone have no `upn`: take `oid` there.",
        settings: json!({
            "token_type": "access_token",
            "allowed_issuer": V1,
            "allowed_audiences": ["api://orders"],
            "allowed_subject_patterns": ["*"],
            "required_claims.appid": ["bbbbbbbb-cccc-dddd-eeee-ffffffffffff"],
            "claims.principal": "upn",
            "claim_patterns.principal": "^([^@]+)@example\\.com$",
            "claims.groups": "groups",
            "claims.mail": "upn",
            "claims.name": "name",
        }),
        key_sets: vec![keys()],
        header: r#"{"typ":"JWT","alg":"RS256","x5t":"KID","kid":"KID"}"#,
        claims: version_1_claims(),
        identity: Identity {
            username: "ana",
            groups: Some("3f9c7a6e-8f9e-4b0a-9a58-3d8f3c2f1b11"),
            email: Some("ana@example.com"),
            full_name: Some("Ana Lima"),
        },
        mistakes: vec![
            mistake(
                "the issuer of version 2",
                Change::Setting("allowed_issuer", json!(V2)),
                "issuer_mismatch",
            ),
            mistake(
                "a guest of another directory, whom the pattern does not take",
                Change::Claims(json!({ "upn": "bo_partner.example#EXT#@example.onmicrosoft.com" })),
                "principal_missing",
            ),
            mistake(
                "a token for an application alone",
                Change::Claims(json!({ "upn": null, "unique_name": null, "idtyp": "app" })),
                "principal_missing",
            ),
        ],
    }
}

fn version_1_claims() -> Value {
    json!({
        "aud": "api://orders",
        "iss": V1,
        "iat": ISSUED,
        "nbf": ISSUED,
        "exp": EXPIRES,
        "acct": 0,
        "acr": "1",
        "aio": "AXQAi/8IAAAAopaqueToEverybody/0123456789+abcdefghijklmnop==",
        "amr": ["pwd", "mfa"],
        "appid": "bbbbbbbb-cccc-dddd-eeee-ffffffffffff",
        "appidacr": "0",
        "family_name": "Lima",
        "given_name": "Ana",
        "groups": ["3f9c7a6e-8f9e-4b0a-9a58-3d8f3c2f1b11"],
        "idtyp": "user",
        "ipaddr": "192.0.2.7",
        "name": "Ana Lima",
        "oid": "99999999-8888-7777-6666-555555555555",
        "puid": "10032000A1B2C3D4",
        "rh": "0.AAAAo-paque-to-everybody.",
        "scp": "user_impersonation",
        "sub": "pAiRwIsEsUbOfAnOtHeRaPi-_0123456789abcdefgh",
        "tid": TENANT,
        "unique_name": "ana@example.com",
        "upn": "ana@example.com",
        "uti": "uTiOfAnOtHeRtOkEn-_012",
        "ver": "1.0",
        "wids": ["12121212-3434-5656-7878-909090909090"],
        "xms_tcdt": 1_289_241_547,
    })
}
