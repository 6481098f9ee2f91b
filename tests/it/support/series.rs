//! Names of metric series that many tests look at.
//!
//! Rule: they are written as a scrape shows them, never built from the service's own constants.

/// The series of loads of a realm.
pub(crate) fn loads(realm: &str, trigger: &str, result: &str) -> String {
    let labels = format!(r#"realm="{realm}",trigger="{trigger}",result="{result}""#);
    format!("realmgate_jwks_reload_total{{{labels}}}")
}

/// The series of a realm's requests for other keys.
pub(crate) fn asked(realm: &str, result: &str) -> String {
    format!(r#"realmgate_jwks_reload_requests_total{{realm="{realm}",result="{result}"}}"#)
}

/// The series of versions of the configuration.
pub(crate) fn reloads(result: &str) -> String {
    format!(r#"realmgate_config_reloads_total{{result="{result}"}}"#)
}
