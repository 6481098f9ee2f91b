//! Serving: what an operator sees and does (health, metrics, logs, signals, commands).

mod commands;
mod drain;
mod health;
mod log;
mod metrics;
mod silence;
