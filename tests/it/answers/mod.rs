//! What an answer says: the headers of an allow, its removals, the bodies of a denial, and the
//! dynamic metadata of both.
//!
//! Rule: names and texts here are the contract's, written out, so that a test fails when one
//! drifts.

mod budget;
mod denials;
mod dynamic_metadata;
mod headers;
mod mapped;
mod preset;
mod removals;
mod run_as;
mod user_metadata;

/// The names that identity headers have unless a setting renames them.
const DEFAULT_NAMES: &[&str] = &[
    "x-es-username",
    "x-es-authenticated-user",
    "x-es-realm",
    "x-es-lookup-realm",
    "x-es-roles",
    "x-es-groups",
    "x-es-full-name",
    "x-es-email",
    "x-es-dn",
    "x-es-metadata",
];
