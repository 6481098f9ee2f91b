//! The table of a JWT realm's settings: every one that Elasticsearch knows.
//!
//! The one rule: names and defaults are Elasticsearch's; a default that differs on purpose is ours
//! and stricter.

use crate::settings::section::Standing::{NeverEffect, NotYet, Refused, Served};
use crate::settings::section::{Table, row, secure};

const STORES: &str = "key stores are not supported: name PEM files in [ssl.certificate_authorities], \
                      [ssl.certificate] and [ssl.key]";
const SUITES: &str = "cipher suites cannot be chosen";
const RESTRICTIONS: &str = "trust cannot be restricted further than by \
                            [ssl.certificate_authorities]";
const PASSPHRASE: &str = "a passphrase is a secret: it belongs into the keystore, as \
                          [ssl.secure_key_passphrase]";

/// Every setting of a JWT realm.
pub(in crate::settings) const TABLE: Table = &[
    row("order", Served, "", "Place in the chain; mandatory and unique."),
    row("enabled", Served, "true", "Whether the realm exists at all."),
    row("token_type", Served, "id_token", "`id_token` or `access_token`."),
    row("allowed_issuer", Served, "", "What `iss` must be; mandatory."),
    row("allowed_audiences", Served, "", "What `aud` must name one of; mandatory."),
    row(
        "allowed_subjects",
        Served,
        "any",
        "What `sub` must be one of; for access tokens this or patterns are mandatory.",
    ),
    row(
        "allowed_subject_patterns",
        Served,
        "none",
        "Or what `sub` may match: wildcards, or `/expressions/` in Lucene's syntax.",
    ),
    row(
        "allowed_signature_algorithms",
        Served,
        "RS256",
        "What `alg` must be one of: HS, RS, PS and ES with 256, 384 and 512.",
    ),
    row("allowed_clock_skew", Served, "60s", "How far clocks may differ."),
    row(
        "pkc_jwkset_path",
        Served,
        "none",
        "Public keys: a file with a JWK set, or an https URL of one (or of a discovery document).",
    ),
    row(
        "pkc_jwkset_reload.enabled",
        Served,
        "true",
        "Whether public keys are looked at again without being asked for.",
    ),
    row(
        "pkc_jwkset_reload.file_interval",
        Served,
        "5m",
        "How long between two looks at a file at most; at least 1s.",
    ),
    row(
        "pkc_jwkset_reload.url_interval_min",
        Served,
        "1h",
        "How long between two looks at a URL at least; at least 1s.",
    ),
    row(
        "pkc_jwkset_reload.url_interval_max",
        Served,
        "5d",
        "How long between two looks at a URL at most.",
    ),
    secure("hmac_jwkset", Served, "none", "HMAC keys: a JWK set."),
    secure("hmac_key", Served, "none", "An HMAC key: the bytes of a text."),
    row(
        "fallback_claims.sub",
        Served,
        "sub",
        "The claim that stands in for an absent `sub` of an access token.",
    ),
    row(
        "fallback_claims.aud",
        Served,
        "aud",
        "The claim that stands in for an absent `aud` of an access token.",
    ),
    row("required_claims.*", Served, "none", "What the claim of this name must be, or be one of."),
    row(
        "claims.principal",
        Served,
        "",
        "The claim that names the user, or a JSON pointer as `/a/b`; mandatory.",
    ),
    row("claims.groups", Served, "none", "The claim of the user's groups."),
    row("claims.dn", Served, "none", "The claim of the user's distinguished name."),
    row("claims.mail", Served, "none", "The claim of the user's e-mail address."),
    row("claims.name", Served, "none", "The claim of the user's full name."),
    row(
        "claim_patterns.principal",
        Served,
        "none",
        "A Java expression whose first group is what is taken of the claim.",
    ),
    row("claim_patterns.groups", Served, "none", "The same for groups."),
    row("claim_patterns.dn", Served, "none", "The same for the distinguished name."),
    row("claim_patterns.mail", Served, "none", "The same for the e-mail address."),
    row("claim_patterns.name", Served, "none", "The same for the full name."),
    row(
        "populate_user_metadata",
        Served,
        "true",
        "Whether the token's claims become the user's metadata.",
    ),
    row(
        "client_authentication.type",
        Served,
        "shared_secret",
        "How clients prove themselves: `shared_secret` or `none`.",
    ),
    secure(
        "client_authentication.shared_secret",
        Served,
        "",
        "What clients present; mandatory with `shared_secret`.",
    ),
    row(
        "client_authentication.rotation_grace_period",
        Served,
        "1m",
        "How long the previous secret still holds after a change.",
    ),
    row("authorization_realms", NotYet, "none", "The realms that the user is looked up in."),
    row("jwt.cache.ttl", Served, "20m", "How long a verified token is remembered."),
    row("jwt.cache.size", Served, "100000", "How many verified tokens are remembered."),
    row("http.connect_timeout", Served, "5s", "How long a connection to the issuer may take."),
    row(
        "http.connection_read_timeout",
        NeverEffect,
        "5s",
        "How long to wait for a connection out of the pool: there is no pool here.",
    ),
    row("http.socket_timeout", Served, "5s", "How long the issuer may be silent."),
    row("http.max_connections", NeverEffect, "200", "The size of that pool."),
    row("http.max_endpoint_connections", NeverEffect, "200", "The same for one endpoint."),
    row("http.proxy.host", Served, "none", "The proxy for fetching keys."),
    row("http.proxy.port", Served, "80", "The proxy's port."),
    row("http.proxy.scheme", Served, "http", "How the proxy is spoken to: `http` or `https`."),
    row("ssl.key", Served, "none", "The client key for fetching keys: a PEM file."),
    row("ssl.key_passphrase", Refused(PASSPHRASE), "", ""),
    secure("ssl.secure_key_passphrase", Served, "none", "The passphrase of `ssl.key`."),
    row("ssl.certificate", Served, "none", "The certificate of `ssl.key`: a PEM file."),
    row(
        "ssl.certificate_authorities",
        Served,
        "the system's",
        "Whom to trust when keys are fetched: PEM files.",
    ),
    row("ssl.keystore.path", Refused(STORES), "", ""),
    row("ssl.keystore.type", Refused(STORES), "", ""),
    row("ssl.keystore.algorithm", Refused(STORES), "", ""),
    row("ssl.keystore.password", Refused(STORES), "", ""),
    row("ssl.keystore.secure_password", Refused(STORES), "", ""),
    row("ssl.keystore.key_password", Refused(STORES), "", ""),
    row("ssl.keystore.secure_key_password", Refused(STORES), "", ""),
    row("ssl.truststore.path", Refused(STORES), "", ""),
    row("ssl.truststore.type", Refused(STORES), "", ""),
    row("ssl.truststore.algorithm", Refused(STORES), "", ""),
    row("ssl.truststore.password", Refused(STORES), "", ""),
    row("ssl.truststore.secure_password", Refused(STORES), "", ""),
    row("ssl.trust_restrictions.path", Refused(RESTRICTIONS), "", ""),
    row("ssl.trust_restrictions.x509_fields", Refused(RESTRICTIONS), "", ""),
    row(
        "ssl.client_authentication",
        NeverEffect,
        "",
        "Whether a client must have a certificate: fetching keys, we are the client.",
    ),
    row(
        "ssl.verification_mode",
        Served,
        "full",
        "How far the issuer's certificate is looked at: `full`, `certificate` or `none`.",
    ),
    row("ssl.supported_protocols", Served, "TLSv1.3, TLSv1.2", "The versions of TLS."),
    row("ssl.cipher_suites", Refused(SUITES), "", ""),
];
