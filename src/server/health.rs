//! `grpc.health.v1.Health`: for the whole, for the Authorization service and for each realm.
//!
//! The one rule: it follows `/readyz`, and `NOT_SERVING` is said before anything stops. A realm's
//! own name tells whether that realm has keys, which a drain does not change.

use super::ext_authz::SERVICE;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// Says how the service is.
pub struct Health {
    reporter: HealthReporter,
    realms: Vec<String>,
}

/// The names that follow `/readyz`.
const WHOLE: [&str; 2] = [SERVICE, ""];

impl Health {
    /// Everything serves, `realms` included. The routes answer health checks.
    pub async fn serving(realms: &[String]) -> (Self, Routes) {
        let (reporter, service) = tonic_health::server::health_reporter();
        let mut health = Self { reporter, realms: Vec::new() };
        for name in WHOLE {
            health.reporter.set_service_status(name, ServingStatus::Serving).await;
        }
        health.set_realms(realms).await;
        (health, Routes::new(service))
    }

    /// These are the realms from now on, and each has keys.
    pub async fn set_realms(&mut self, realms: &[String]) {
        let names: Vec<_> = realms.iter().map(|realm| format!("realm/{realm}")).collect();
        let before = std::mem::take(&mut self.realms);
        // All of them, as long as this is not over: whoever ends it half-way ends their watches.
        self.realms = before.iter().chain(&names).cloned().collect();
        for name in before.iter().filter(|name| !names.contains(name)) {
            self.reporter.clear_service_status(name).await;
        }
        for name in names.iter().filter(|name| !before.contains(name)) {
            self.reporter.set_service_status(name, ServingStatus::Serving).await;
        }
        self.realms = names;
    }

    /// From now on other processes had better be asked.
    pub async fn drain(&self) {
        for name in WHOLE {
            self.reporter.set_service_status(name, ServingStatus::NotServing).await;
        }
    }

    /// Ends every watch, which would keep its connection open for good.
    pub async fn end_watches(self) {
        let mut reporter = self.reporter.clone();
        for name in WHOLE.into_iter().chain(self.realms.iter().map(String::as_str)) {
            reporter.clear_service_status(name).await;
        }
    }
}
