//! `grpc.health.v1.Health`: for the whole, for the Authorization service and for each realm.
//!
//! The one rule: it follows `/readyz`, and `NOT_SERVING` is said before anything stops.

use super::ext_authz::SERVICE;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// Says how the service is.
pub struct Health {
    reporter: HealthReporter,
    names: Vec<String>,
}

impl Health {
    /// Everything serves, `realms` included. The routes answer health checks.
    pub async fn serving(realms: &[String]) -> (Self, Routes) {
        let (reporter, service) = tonic_health::server::health_reporter();
        let realms = realms.iter().map(|realm| format!("realm/{realm}"));
        let names = [String::new(), SERVICE.to_owned()].into_iter().chain(realms).collect();
        let health = Self { reporter, names };
        health.say(ServingStatus::Serving).await;
        (health, Routes::new(service))
    }

    /// From now on other processes had better be asked.
    pub async fn drain(&self) {
        self.say(ServingStatus::NotServing).await;
    }

    /// Ends every watch, which would keep its connection open for good.
    pub async fn end_watches(mut self) {
        for name in &self.names {
            self.reporter.clear_service_status(name).await;
        }
    }

    async fn say(&self, status: ServingStatus) {
        for name in &self.names {
            self.reporter.set_service_status(name, status).await;
        }
    }
}
