//! Orchestration: the actor that keeps sign-ins alive, the journeys it starts, and the ports they walk through.
//!
//! tokio and ports only: no operating system crate, no HTTP client, no clock of its own. Everything outside is a trait in
//! [`ports`].
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests look at what they made"))]

pub mod agent;
pub mod client_programs;
pub mod control;
pub mod delivery;
pub mod foreign_stores;
pub mod health;
pub mod journal;
pub mod journeys;
pub mod local_proxy;
pub mod metrics;
pub mod notice;
pub mod ports;
pub mod proxy_ports;
pub mod snapshot;

mod shown;
