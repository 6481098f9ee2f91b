//! Why a check ended as it did: one vocabulary for answers, metrics, logs and tests.
//!
//! Codes are public names: add, never rename.

/// Declares the enum, [`Reason::ALL`], the code and the status from one list, so that none can be
/// forgotten in one of them.
macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $status:ident;)+) => {
        /// Why a check ended as it did.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Reason {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as it stands in metrics, logs and dynamic metadata.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// What the caller is answered.
            pub const fn status(self) -> Status {
                match self { $(Self::$name => Status::$status,)+ }
            }

            /// One sentence for the operator, from the doc comment.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

reasons! {
    /// The user is known and may pass.
    Ok = "ok", Ok;

    /// No `Authorization: Bearer` value was sent, or it is blank.
    NoCredentials = "no_credentials", Unauthorized;
    /// The bearer value is no JWT by the strict rules.
    NotAJwt = "not_a_jwt", Unauthorized;
    /// The bearer value is longer than `realmgate.limits.token_size`.
    TokenTooLarge = "token_too_large", Unauthorized;
    /// The realm wants a client secret and none was sent.
    ClientSecretMissing = "client_secret_missing", Unauthorized;
    /// The client secret is not the realm's.
    ClientSecretMismatch = "client_secret_mismatch", Unauthorized;
    /// The header's `typ` is neither absent nor `JWT`, nor `at+jwt` in an access token.
    TypNotAllowed = "typ_not_allowed", Unauthorized;
    /// `iss` is no realm's `allowed_issuer`.
    IssuerMismatch = "issuer_mismatch", Unauthorized;
    /// `sub` is none of `allowed_subjects` and matches no `allowed_subject_patterns`.
    SubjectMismatch = "subject_mismatch", Unauthorized;
    /// `aud` has none of `allowed_audiences`.
    AudienceMismatch = "audience_mismatch", Unauthorized;
    /// `alg` is none of `allowed_signature_algorithms`.
    AlgorithmNotAllowed = "algorithm_not_allowed", Unauthorized;
    /// A claim that the realm needs is absent.
    ClaimMissing = "claim_missing", Unauthorized;
    /// A claim that is checked has an impossible type or value.
    ClaimMalformed = "claim_malformed", Unauthorized;
    /// `exp` and the allowed skew are in the past.
    TokenExpired = "token_expired", Unauthorized;
    /// `iat`, `nbf` or `auth_time` is in the future, beyond the allowed skew.
    TokenNotYetValid = "token_not_yet_valid", Unauthorized;
    /// A claim has none of the values that `required_claims` asks for.
    RequiredClaimMismatch = "required_claim_mismatch", Unauthorized;
    /// The realm has no key that could verify this token.
    NoUsableKey = "no_usable_key", Unauthorized;
    /// No key of the realm verifies the signature.
    SignatureInvalid = "signature_invalid", Unauthorized;
    /// The principal's claim is absent or blank, or its pattern is found in no value.
    PrincipalMissing = "principal_missing", Unauthorized;
    /// A claim that a user property is read from is neither a string nor a list of strings.
    PropertyMalformed = "property_malformed", Unauthorized;
    /// `es-security-runas-user` was sent empty.
    RunAsEmpty = "run_as_empty", Unauthorized;

    /// The user may not act as the one named in `es-security-runas-user`.
    RunAsDenied = "run_as_denied", Forbidden;
    /// A route rule forbids the request, such as a `CONNECT`.
    RuleDenied = "rule_denied", Forbidden;
    /// The user's name does not fit the identity headers.
    IdentityNotRepresentable = "identity_not_representable", Forbidden;

    /// A credential header was sent more than once.
    MultipleHeaderValues = "multiple_header_values", BadRequest;
    /// The check holds no usable HTTP request.
    BadRequest = "bad_request", BadRequest;

    /// The realm's public keys have never been loaded, or others did not come in time.
    KeysUnavailable = "keys_unavailable", Unavailable;
    /// The check was not decided in time.
    DeadlineExceeded = "deadline_exceeded", Unavailable;
    /// More checks than `realmgate.limits.checks_in_flight` were under way.
    Overloaded = "overloaded", Unavailable;
    /// A bug or a configuration of Envoy that cannot be served safely.
    InternalError = "internal_error", Unavailable;
}

/// The HTTP status of an answer, and the gRPC code that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 200: the request goes on to the upstream.
    Ok,
    /// 400: the request itself is at fault.
    BadRequest,
    /// 401: who is calling is not known.
    Unauthorized,
    /// 403: who is calling is known, or does not matter, and it is forbidden.
    Forbidden,
    /// 503: there is no decision, and the fault is ours.
    Unavailable,
}

impl Status {
    /// The HTTP status code.
    pub const fn http(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::Unavailable => 503,
        }
    }

    /// The decision as it stands in metrics, logs and dynamic metadata.
    pub const fn decision(self) -> &'static str {
        match self {
            Self::Ok => "allow",
            Self::BadRequest | Self::Unauthorized | Self::Forbidden => "deny",
            Self::Unavailable => "error",
        }
    }

    /// The `google.rpc.Code` of `CheckResponse.status`. Zero for [`Status::Ok`] alone: Envoy lets
    /// a request pass by nothing but a zero here.
    pub const fn grpc(self) -> i32 {
        match self {
            Self::Ok => 0,
            Self::BadRequest => 3,
            Self::Unauthorized => 16,
            Self::Forbidden => 7,
            Self::Unavailable => 14,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_pinned() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        let pinned = "algorithm_not_allowed audience_mismatch bad_request claim_malformed \
            claim_missing client_secret_mismatch client_secret_missing deadline_exceeded \
            identity_not_representable internal_error issuer_mismatch keys_unavailable multiple_header_values \
            no_credentials no_usable_key not_a_jwt ok overloaded principal_missing \
            property_malformed required_claim_mismatch rule_denied run_as_denied run_as_empty signature_invalid \
            subject_mismatch token_expired token_not_yet_valid token_too_large typ_not_allowed";
        assert!(
            codes.into_iter().eq(pinned.split_whitespace()),
            "codes are public: add, never rename"
        );
    }

    #[test]
    fn only_ok_has_the_grpc_code_that_envoy_takes_for_allow() {
        for reason in Reason::ALL {
            assert_eq!(reason.status().grpc() == 0, *reason == Reason::Ok, "{reason:?}");
        }
    }
}
