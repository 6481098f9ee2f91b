//! Realmgate: an Envoy `ext_authz` service that authenticates as Elasticsearch's security realms do.

pub mod engine;
