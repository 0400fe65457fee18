//! Crash points: the real command is killed, or refused, at each of its system calls that leave a trace, and started again.
//! Linux on x86-64 only: the tracer reads registers.
#![forbid(unsafe_code)]
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![expect(clippy::expect_used, clippy::panic, reason = "the steps of a test stop it; no caller could go on")]

mod accounts;
mod calls;
mod durability;
mod journey;
mod kills;
mod points;
mod power_cut;
mod refusals;
mod restart;
mod session;

mod traced;
mod user;
