//! Kubernetes: the projected token of a service account, bound to a pod, and the document of
//! `/openid/v1/jwks` as the API server writes it (with `alg`), as a provider of clusters may
//! publish it (without), and with a key of P-256.

use serde_json::{Value, json};

use super::provider::{Change, Identity, KeySet, Provider, mistake, published, rsa};
use crate::support::keys::Key;
use crate::support::token::{EXPIRES, ISSUED};

const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
const KID: &str = "GdY5zxwS9Xo_1kWjmrV1vQ0m0xY4vKjv3x1bqkq0J0s";

fn with_alg() -> KeySet {
    let signing = rsa(1).with("use", "sig").with("kid", KID).with("alg", "RS256");
    let retired = rsa(0).with("use", "sig").with("kid", "rEtIrEd0").with("alg", "RS256");
    published(&[signing, retired])
}

fn without_alg() -> KeySet {
    published(&[rsa(1).with("use", "sig").with("kid", KID)])
}

pub(super) fn all() -> Vec<Provider> {
    vec![of_rsa(), of_p256()]
}

fn of_rsa() -> Provider {
    Provider {
        name: "Kubernetes",
        token: "token of a service account",
        realm: "kubernetes",
        issuer_form: "https://kubernetes.default.svc.cluster.local",
        audience_from: "`audience` of the projected volume",
        keys_at: "/openid/v1/jwks",
        remarks: "The issuer is the API server's `--service-account-issuer`; managed clusters \
                  have their own. Never take the API server's own audience.",
        settings: json!({
            "token_type": "access_token",
            "allowed_issuer": ISSUER,
            "allowed_audiences": ["orders"],
            "allowed_subject_patterns": ["system:serviceaccount:shop:*"],
            "claims.principal": "sub",
            "claim_patterns.principal": "^system:serviceaccount:(.+)$",
            "claims.groups": "/kubernetes.io/namespace",
            "claims.name": "/kubernetes.io/pod/name",
        }),
        key_sets: vec![with_alg(), without_alg()],
        // No `typ`.
        header: r#"{"alg":"RS256","kid":"KID"}"#,
        claims: claims(),
        identity: Identity {
            username: "shop:web",
            groups: Some("shop"),
            email: None,
            full_name: Some("web-7c9d"),
        },
        mistakes: vec![
            mistake(
                "the token that every pod has for the API server",
                Change::Claims(json!({ "aud": [ISSUER] })),
                "audience_mismatch",
            ),
            mistake(
                "a pod of another namespace",
                Change::Claims(json!({ "sub": "system:serviceaccount:default:web" })),
                "subject_mismatch",
            ),
            mistake(
                "the token of a Secret, which never expires",
                Change::Claims(json!({
                    "iss": "kubernetes/serviceaccount",
                    "kubernetes.io": null,
                    "kubernetes.io/serviceaccount/namespace": "shop",
                    "kubernetes.io/serviceaccount/service-account.name": "web",
                    "aud": null,
                    "exp": null,
                    "iat": null,
                    "nbf": null,
                    "jti": null,
                })),
                "issuer_mismatch",
            ),
        ],
    }
}

fn claims() -> Value {
    json!({
        "aud": ["orders", "payments"],
        "exp": EXPIRES,
        "iat": ISSUED,
        "iss": ISSUER,
        "jti": "aed34954-b33a-4142-b1ec-389d6bbb4936",
        "kubernetes.io": {
            "namespace": "shop",
            "node": { "name": "node-1", "uid": "646e7c5e-32d6-4d42-9dbd-e504e6cbe6b1" },
            "pod": { "name": "web-7c9d", "uid": "5e0bd49b-f040-43b0-99b7-22765a53f7f3" },
            "serviceaccount": { "name": "web", "uid": "14ee3fa4-a7e2-420f-9f9a-dbc4507c3798" },
            "warnafter": ISSUED + 3607,
        },
        "nbf": ISSUED,
        "sub": "system:serviceaccount:shop:web",
    })
}

fn of_p256() -> Provider {
    let of_rsa = of_rsa();
    let mut settings = of_rsa.settings.clone();
    settings["allowed_issuer"] = json!("https://ec.example.com");
    settings["allowed_signature_algorithms"] = json!(["ES256"]);
    let mut claims = of_rsa.claims.clone();
    claims["iss"] = json!("https://ec.example.com");
    Provider {
        token: "the same, with a key of P-256",
        realm: "kubernetes_ec",
        issuer_form: "https://HOST",
        remarks: "Where the API server's `--service-account-signing-key-file` is such a key.",
        settings,
        key_sets: vec![published(&[Key::p256()
            .with("use", "sig")
            .with("kid", KID)
            .with("alg", "ES256")])],
        header: r#"{"alg":"ES256","kid":"KID"}"#,
        claims,
        mistakes: vec![
            mistake(
                "algorithms left at RS256",
                Change::Setting("allowed_signature_algorithms", json!(["RS256"])),
                "algorithm_not_allowed",
            ),
            mistake(
                "a key that has gone",
                Change::Header(r#"{"alg":"ES256","kid":"gone"}"#),
                "no_usable_key",
            ),
        ],
        ..of_rsa
    }
}
