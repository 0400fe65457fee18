//! Hostile bytes at every door that reads them: the control socket, the sealed records and `profiles.toml` on this machine, what
//! servers and browsers send, and the stores of other programs. Mutations of true examples for a time budget, `KEYFOB_FUZZ_SECONDS` for each (docs/adr/0013).
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails with words")]

mod control_frame;
mod from_servers;
mod mutations;
mod profiles_toml;
mod redirect;
mod sealed_record;
