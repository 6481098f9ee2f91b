//! GitHub Actions: the OIDC token of a job in an environment, with its many texts, some of them
//! empty, and the document of `/.well-known/jwks`.

use serde_json::{Value, json};

use super::provider::{CERTIFICATE, Change, Identity, KeySet, Provider, mistake, published, rsa};
use crate::support::token::{EXPIRES, ISSUED};

const ISSUER: &str = "https://token.actions.githubusercontent.com";

fn keys() -> KeySet {
    let key = |number, kid: &str| {
        rsa(number)
            .with("alg", "RS256")
            .with("use", "sig")
            .with("kid", kid)
            .with("x5c", json!([CERTIFICATE]))
            .with("x5t", "tHuMbPrInToFaCeRt-_0123abcd")
    };
    published(&[
        key(0, "11111111-aaaa-5bbb-8ccc-222222222222"),
        key(1, "0123456789ABCDEF0123456789ABCDEF01234567"),
        key(2, "33333333-dddd-5eee-9fff-444444444444"),
    ])
}

pub(super) fn all() -> Vec<Provider> {
    vec![Provider {
        name: "GitHub Actions",
        token: "OIDC token of a job",
        realm: "github",
        issuer_form: "https://token.actions.githubusercontent.com",
        audience_from: "what the workflow asks for; if nothing, `https://github.com/OWNER`",
        keys_at: "/.well-known/jwks",
        remarks: "Everybody's jobs have this issuer: ask for the owner by its ID, which nobody \
                  can take over, and for an environment or a branch, since pull requests have a \
                  `sub`, too.",
        settings: json!({
            "token_type": "id_token",
            "allowed_issuer": ISSUER,
            "allowed_audiences": ["https://orders.example.com"],
            "allowed_subject_patterns": ["repo:example-org/*:environment:production"],
            "required_claims.repository_owner_id": "65",
            "claims.principal": "repository",
            "claims.groups": "environment",
            "claims.name": "actor",
        }),
        key_sets: vec![keys()],
        header: r#"{"typ":"JWT","alg":"RS256","x5t":"tHuMbPrInToFaCeRt-_0123abcd","kid":"KID"}"#,
        claims: claims(),
        identity: Identity {
            username: "example-org/orders",
            groups: Some("production"),
            email: None,
            full_name: Some("ana-lima"),
        },
        mistakes: vec![
            mistake(
                "a pull request",
                Change::Claims(json!({
                    "sub": "repo:example-org/orders:pull_request",
                    "environment": null,
                    "event_name": "pull_request",
                })),
                "subject_mismatch",
            ),
            mistake(
                "the audience that is not asked for",
                Change::Claims(json!({ "aud": "https://github.com/example-org" })),
                "audience_mismatch",
            ),
            mistake(
                "another owner who took the name over",
                Change::Claims(json!({ "repository_owner_id": "4711" })),
                "required_claim_mismatch",
            ),
        ],
    }]
}

fn claims() -> Value {
    json!({
        "jti": "10e5b7ff-5e5e-4b0a-9d0e-1e7b0a0a0a0a",
        "sub": "repo:example-org/orders:environment:production",
        "environment": "production",
        "aud": "https://orders.example.com",
        "ref": "refs/heads/main",
        "sha": "example-sha",
        "repository": "example-org/orders",
        "repository_owner": "example-org",
        "actor_id": "12",
        "repository_visibility": "private",
        "repository_id": "74",
        "repository_owner_id": "65",
        "run_id": "9876543210",
        "run_number": "10",
        "run_attempt": "2",
        "runner_environment": "github-hosted",
        "actor": "ana-lima",
        "workflow": "deploy",
        "head_ref": "",
        "base_ref": "",
        "event_name": "workflow_dispatch",
        "ref_protected": "true",
        "ref_type": "branch",
        "workflow_ref": "example-org/orders/.github/workflows/deploy.yml@refs/heads/main",
        "workflow_sha": "example-sha",
        "job_workflow_ref": "example-org/ci/.github/workflows/deploy.yml@refs/heads/main",
        "job_workflow_sha": "example-sha",
        "iss": ISSUER,
        "nbf": ISSUED,
        "exp": EXPIRES,
        "iat": ISSUED,
    })
}
