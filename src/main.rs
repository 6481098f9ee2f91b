//! The `realmgate` binary.
fn main() {}
