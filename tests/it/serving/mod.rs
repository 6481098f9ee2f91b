//! Serving: what an operator sees and does (health, metrics, logs, signals, commands).

mod agreement;
mod authenticate;
mod check;
mod commands;
mod drain;
mod explain;
pub(crate) mod health;
mod log;
mod metrics;
mod remembered;
mod silence;
