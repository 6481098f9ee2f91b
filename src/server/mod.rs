//! The edge: from Envoy's bytes to a decision and back, and from a sender's own request.
//!
//! The one rule: protobuf and gRPC end in this folder, and nothing here decides.

pub mod authenticate;
pub mod clock;
mod codec;
mod deadline;
pub mod edge;
pub mod ext_authz;
pub mod health;
pub mod listen;
mod respond;
pub mod signatures;
pub mod view;
pub mod workers;
