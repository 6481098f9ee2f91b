//! The tests through the real interfaces: one binary, because linking it once is what costs.
//!
//! Rule: a test here starts the built binary and talks to it as Envoy and an operator do; what
//! the code looks like inside is the unit tests' business.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails, helpers included")]

mod answers;
mod architecture;
mod attacks;
mod chain;
#[cfg(feature = "system-tests")]
mod differential;
mod envoy;
mod hostile;
mod key_urls;
mod providers;
mod reload;
mod serving;
mod support;
mod transport;
mod vectors;
mod wire;
