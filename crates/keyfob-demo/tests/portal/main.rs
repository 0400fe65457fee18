//! The portal as a client meets it on the wire, with a client that knows nothing but TCP.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test client may fail loudly outside of test functions"
)]

mod cut_answers;
mod devices_and_machines;
mod mcp;
mod metadata;
mod pages;
mod rotation;
mod sign_in;
mod visitor;
