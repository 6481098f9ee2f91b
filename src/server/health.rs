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
    is_ready: bool,
    realms: Vec<RealmHealth>,
}

/// A realm as health checks ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealmHealth {
    /// The realm's name.
    pub name: String,
    /// Whether it has keys: without any it lets nobody in.
    pub has_keys: bool,
}

/// The names that follow `/readyz`.
const WHOLE: [&str; 2] = [SERVICE, ""];

impl Health {
    /// The whole serves if it `is_ready`, and of `realms` those that have keys. The routes answer
    /// health checks.
    pub async fn new(is_ready: bool, realms: &[RealmHealth]) -> (Self, Routes) {
        let (reporter, service) = tonic_health::server::health_reporter();
        let mut health = Self { reporter, is_ready: !is_ready, realms: Vec::new() };
        health.set_whole(is_ready).await;
        health.set_realms(realms).await;
        (health, Routes::new(service))
    }

    /// Whether the whole serves.
    pub async fn set_whole(&mut self, is_ready: bool) {
        // Who watches is told of changes only.
        if self.is_ready == is_ready {
            return;
        }
        self.is_ready = is_ready;
        let status = if is_ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        for name in WHOLE {
            self.reporter.set_service_status(name, status).await;
        }
    }

    /// These are the realms from now on.
    pub async fn set_realms(&mut self, realms: &[RealmHealth]) {
        let before = std::mem::take(&mut self.realms);
        // All of them, as long as this is not over: whoever ends it half-way ends their watches.
        self.realms = before.iter().chain(realms).cloned().collect();
        for RealmHealth { name, .. } in &before {
            if realms.iter().all(|realm| realm.name != *name) {
                self.reporter.clear_service_status(&service(name)).await;
            }
        }
        // Who watches is told of changes only.
        for realm in realms.iter().filter(|realm| !before.contains(realm)) {
            let status =
                if realm.has_keys { ServingStatus::Serving } else { ServingStatus::NotServing };
            self.reporter.set_service_status(service(&realm.name), status).await;
        }
        self.realms = realms.to_vec();
    }

    /// Ends every watch, which would keep its connection open for good.
    pub async fn end_watches(self) {
        let mut reporter = self.reporter.clone();
        for name in WHOLE {
            reporter.clear_service_status(name).await;
        }
        for realm in self.realms {
            reporter.clear_service_status(&service(&realm.name)).await;
        }
    }
}

/// The name by which the realm `name` is asked for.
fn service(name: &str) -> String {
    format!("realm/{name}")
}
