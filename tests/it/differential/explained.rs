//! Where the two sides differ on purpose, and why.
//!
//! Rule: a difference that is not listed here fails the test, and so does a row that no token has
//! needed.

/// A difference.
#[derive(Debug)]
pub(super) enum Explained {
    /// Denied here, with this reason code, and allowed there: every kind that holds these words.
    Stricter { kinds: &'static str, reason: &'static str, why: &'static str },
    /// Allowed here and denied there: this one kind.
    Looser { kind: &'static str, why: &'static str },
}

use Explained::{Looser, Stricter};

impl Explained {
    /// Whether this is about such a token; `reason` is Realmgate's, `ok` for an allow.
    pub(super) fn explains(&self, kind: &str, reason: &str) -> bool {
        match self {
            Stricter { kinds, reason: ours, why: _ } => *ours == reason && kind.contains(kinds),
            Looser { kind: only, why: _ } => reason == "ok" && kind == *only,
        }
    }

    /// One line for whoever reads what a run tells.
    pub(super) fn line(&self) -> String {
        match self {
            Stricter { kinds, reason, why } => format!("stricter, {reason}: {kinds}: {why}"),
            Looser { kind, why } => format!("looser: {kind}: {why}"),
        }
    }
}

const fn unread(kinds: &'static str, why: &'static str) -> Explained {
    Stricter { kinds, reason: "not_a_jwt", why }
}

const fn malformed(kinds: &'static str, why: &'static str) -> Explained {
    Stricter { kinds, reason: "claim_malformed", why }
}

const fn ignored(kind: &'static str) -> Explained {
    Looser { kind, why: "nothing is read from this member, so its type is nobody's concern" }
}

const TWICE: &str = "a member that stands twice means one thing here and another there";
const RFC8259: &str = "not in the grammar of RFC 8259";
const UTF8: &str = "JSON between systems is UTF-8 without a mark (RFC 8259, 8.1)";
const SURROGATE: &str = "half a surrogate pair is no character";
const DOUBLE: &str = "a number beyond doubles means something else to every parser";
const MILLISECONDS: &str = "its milliseconds do not fit 64 bits: it would wrap round elsewhere";
const AUTH_TIME: &str = "Elasticsearch's realm checks `auth_time`; RFC 7519 has no such claim";
const TRIMMED: &str = "white space around a header's value is not part of it";

pub(super) const EXPLAINED: &[Explained] = &[
    unread("header: crit", "an extension that must be understood is refused, whichever it is"),
    unread("header: zip", "a signed token has no such member; nobody may guess what it meant"),
    unread("header: enc", "an encryption header on a signed token"),
    Stricter {
        kinds: "header: b64 false, the payload as it is",
        reason: "multiple_header_values",
        why: "RFC 7797 is not taken; its commas are seen even before its `crit`",
    },
    unread("header: alg twice", TWICE),
    unread("header: kid twice", TWICE),
    unread("header: nobody's member twice", TWICE),
    unread("header: a member twice", TWICE),
    unread("JSON: a member twice", TWICE),
    unread("JSON: iss twice", TWICE),
    unread("JSON: aud twice", TWICE),
    unread("JSON: sub twice", TWICE),
    unread("JSON: exp twice", TWICE),
    unread("JSON: iat twice", TWICE),
    unread("JSON: NaN", RFC8259),
    unread("JSON: Infinity", RFC8259),
    unread("JSON: UTF-16", UTF8),
    unread("JSON: UTF-32", UTF8),
    unread("JSON: a byte order mark", UTF8),
    unread("JSON: a lone surrogate", SURROGATE),
    unread("JSON: a lone low surrogate", SURROGATE),
    unread("JSON: a surrogate in UTF-8", SURROGATE),
    unread("JSON: a number beyond doubles", DOUBLE),
    unread("JSON: a number of 400 digits", DOUBLE),
    unread("is 1e400", DOUBLE),
    unread("JSON: 128 levels below", "128 levels are enough, the outermost object counted"),
    malformed("claims: exp is", MILLISECONDS),
    malformed("claims: iat is", MILLISECONDS),
    malformed("claims: nbf is", MILLISECONDS),
    malformed("claims: auth_time is", AUTH_TIME),
    Stricter { kinds: "claims: auth_time is", reason: "token_not_yet_valid", why: AUTH_TIME },
    Stricter {
        kinds: "claims: authenticated next year",
        reason: "token_not_yet_valid",
        why: AUTH_TIME,
    },
    Stricter {
        kinds: "claims: sub is \" \"",
        reason: "principal_missing",
        why: "a blank name is nobody's",
    },
    Looser { kind: "base64: a line end behind, part 2", why: TRIMMED },
    Looser { kind: "base64: a tab behind, part 2", why: TRIMMED },
    Looser { kind: "claims: jti is null", why: "a claim that is null is an absent claim" },
    Looser { kind: "header: b64 null", why: "only `false` asks for anything" },
    Looser { kind: "header: b64 a text", why: "only `false` asks for anything" },
    ignored("header: x5c a list of numbers"),
    ignored("header: jku a number"),
    ignored("header: jku null"),
    ignored("header: x5u a number"),
    ignored("header: x5t a number"),
    ignored("header: x5t#S256 null"),
];
