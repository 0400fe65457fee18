//! The stdio bridge, driven in memory against a network that knows what will be asked.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test client may fail loudly outside of test functions"
)]

mod answers;
mod authorization;
mod client;
mod ends;
mod header_mismatch;
mod old_transport;
mod scripted_http;
mod sessions;
mod wishes;

pub(crate) use client::{Client, token};
pub(crate) use scripted_http::Answer;

pub(crate) const URL: &str = "https://portal.example/mcp";
/// Where a server of the first edition wants its messages.
pub(crate) const OLD_ENDPOINT: &str = "https://portal.example/messages?s=1";
pub(crate) const INITIALIZE: &str =
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#;
pub(crate) const WELCOME: &str = r#"{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18"}}"#;

/// A request with this id.
pub(crate) fn ask(id: u32, method: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"}}"#)
}

/// Its answer.
pub(crate) fn reply(id: u32, result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"{result}"}}"#)
}
