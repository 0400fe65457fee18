//! Servers that lie, break off and lead astray, against the journeys themselves: no process, no wire, no waiting; every
//! request is written down and held against what may be sent where.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails with words")]

mod dice;
mod machine;
mod malformed;
mod network;
mod rules;
mod servers_move;
mod site;
mod slow;
mod world;
mod wrong_host;
