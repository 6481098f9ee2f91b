//! GitLab: the ID token of a CI job (`id_tokens`), whose IDs and flags are texts, and the document
//! of `/oauth/discovery/keys`.

use serde_json::{Value, json};

use super::provider::{Change, Identity, KeySet, Provider, mistake, published, rsa};
use crate::support::token::{EXPIRES, ISSUED};

const ISSUER: &str = "https://gitlab.example.com";

fn keys() -> KeySet {
    let key =
        |number, kid: &str| rsa(number).with("kid", kid).with("use", "sig").with("alg", "RS256");
    published(&[
        key(2, "cIsIgNiNgKeYoFtHeHoSt-_0123456789abcdefghij"),
        key(0, "oPeNiDsIgNiNgKeY-_0123456789abcdefghijklmno"),
    ])
}

pub(super) fn all() -> Vec<Provider> {
    vec![Provider {
        name: "GitLab",
        token: "ID token of a CI job",
        realm: "gitlab",
        issuer_form: "https://HOST",
        audience_from: "`aud` of the job's `id_tokens`",
        keys_at: "/oauth/discovery/keys",
        remarks: "`ref_protected` keeps out branches that anybody may push to. IDs are texts \
                  there, so they can be asked for.",
        settings: json!({
            "token_type": "id_token",
            "allowed_issuer": ISSUER,
            "allowed_audiences": ["https://orders.example.com"],
            "allowed_subject_patterns": ["project_path:shop/*:ref_type:branch:ref:main"],
            "required_claims.ref_protected": "true",
            "claims.principal": "project_path",
            "claims.mail": "user_email",
            "claims.name": "user_login",
        }),
        key_sets: vec![keys()],
        header: r#"{"kid":"KID","typ":"JWT","alg":"RS256"}"#,
        claims: claims(),
        identity: Identity {
            username: "shop/orders",
            groups: None,
            email: Some("ana@example.com"),
            full_name: Some("ana"),
        },
        mistakes: vec![
            mistake(
                "a job of another group's project",
                Change::Claims(json!({
                    "project_path": "mallory/orders",
                    "sub": "project_path:mallory/orders:ref_type:branch:ref:main",
                })),
                "subject_mismatch",
            ),
            mistake(
                "a branch that is not protected",
                Change::Claims(json!({ "ref_protected": "false" })),
                "required_claim_mismatch",
            ),
            mistake(
                "no `aud` in the job's `id_tokens`",
                Change::Claims(json!({ "aud": ISSUER })),
                "audience_mismatch",
            ),
        ],
    }]
}

fn claims() -> Value {
    json!({
        "namespace_id": "72",
        "namespace_path": "shop",
        "project_id": "20",
        "project_path": "shop/orders",
        "user_id": "1",
        "user_login": "ana",
        "user_email": "ana@example.com",
        "user_access_level": "owner",
        "user_identities": [{ "provider": "github", "extern_uid": "2435223452345" }],
        "pipeline_id": "574",
        "pipeline_source": "push",
        "job_id": "302",
        "ref": "main",
        "ref_type": "branch",
        "ref_path": "refs/heads/main",
        "ref_protected": "true",
        "groups_direct": ["shop", "shop/eu"],
        "environment": "production",
        "environment_protected": "false",
        "deployment_tier": "production",
        "environment_action": "start",
        "runner_id": 1,
        "runner_environment": "self-hosted",
        "sha": "714a629c0b401fdce83e847fc9589983fc6f46bc",
        "project_visibility": "private",
        "ci_config_ref_uri": "gitlab.example.com/shop/orders//.gitlab-ci.yml@refs/heads/main",
        "ci_config_sha": "714a629c0b401fdce83e847fc9589983fc6f46bc",
        "jti": "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b",
        "iat": ISSUED,
        "nbf": ISSUED,
        "exp": EXPIRES,
        "iss": ISSUER,
        "sub": "project_path:shop/orders:ref_type:branch:ref:main",
        "aud": "https://orders.example.com",
    })
}
