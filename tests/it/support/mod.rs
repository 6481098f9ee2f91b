//! What the tests stand on: the real binary on free ports, raw checks sent to it, tokens to send.
//!
//! Rule: everything goes through the interfaces that Envoy and an operator use, and everything
//! that is started or written here is gone when its value is dropped.

pub(crate) mod answer;
pub(crate) mod caller;
pub(crate) mod check;
pub(crate) mod corp;
pub(crate) mod folder;
pub(crate) mod gate;
pub(crate) mod http;
#[allow(dead_code, unused_imports, reason = "the unit tests of fetching need more of it")]
pub(crate) mod https;
pub(crate) mod inside;
pub(crate) mod issuer;
pub(crate) mod keys;
pub(crate) mod mount;
pub(crate) mod process;
pub(crate) mod series;
pub(crate) mod token;
#[cfg(feature = "system-tests")]
pub(crate) mod tools;
pub(crate) mod wait;
