//! The loopback proxy as clients meet it: the real keeper, a portal behind it, and plain HTTP on a socket of the test's own, so that
//! nothing between hides a byte.
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails with words")]

mod client;
mod desk;
mod endurance;
mod links;
mod passing;
mod refusals;
mod strangers;
