//! The kit of the demo and of the tests through a real Envoy: finds and runs one, answers behind
//! it and asks in front of it.
//!
//! Rule: std and small crates only, loopback only, and what a value has started is gone when the
//! value is dropped.

pub(crate) mod bootstrap;
pub(crate) mod children;
pub(crate) mod fetch;
pub(crate) mod find;
pub(crate) mod guide;
pub(crate) mod http;
pub(crate) mod run;
pub(crate) mod upstream;
pub(crate) mod wheels;
