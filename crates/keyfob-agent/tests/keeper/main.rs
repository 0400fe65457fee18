//! The real keeper under a clock that tests move: what it tells, when, and how often.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "doubles stop with the test")]

mod days;
mod doubles;
mod places;
mod renewals;
mod server;
mod settings_double;
mod step_ups;
mod work;
