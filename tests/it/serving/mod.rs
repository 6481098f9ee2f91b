//! Serving: what an operator sees and does (health, metrics, logs, signals, commands).

mod commands;
mod drain;
pub(crate) mod health;
mod log;
mod metrics;
mod silence;
