//! Hostile bytes at the three doors that read them from elsewhere on this machine: the control socket, the sealed records and
//! `profiles.toml`. Mutations of true examples for a time budget, `KEYFOB_FUZZ_SECONDS` for each (docs/adr/0013).
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails with words")]

mod control_frame;
mod mutations;
mod profiles_toml;
mod sealed_record;
