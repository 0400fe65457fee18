//! Ways through to an MCP server with the token added on the way: the stdio bridge, and single calls.
//!
//! It relays JSON-RPC as bytes and looks only at what it must (`id`, `method`, the negotiated version), so that MCP may grow
//! without keyfob. It decides no renewal and opens no store: tokens come from a [`token_source::TokenSource`].
#![forbid(unsafe_code)]

pub mod bridge;
pub mod event_stream;
pub mod mcp_client;
mod messages;
pub mod token_source;
pub mod upstream;
