//! Realmgate: an Envoy `ext_authz` service that authenticates as Elasticsearch's security realms do.
pub mod app;
pub mod engine;
pub mod http;
pub mod observe;
pub mod server;
pub mod settings;
