//! Stamps version and commit, and compiles the check request.
fn main() {}
