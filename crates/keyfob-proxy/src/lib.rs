//! Ways through to an MCP server with the token added on the way: the loopback proxy, the stdio bridge, and single calls.
//!
//! It relays JSON-RPC as bytes and looks only at what it must (`id`, `method`, the negotiated version), so that MCP may grow
//! without keyfob. It decides no renewal and opens no store: tokens come from a [`token_source::TokenSource`].
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests look at what they made"))]

pub mod bridge;
pub mod hello;
pub mod hidden_tools;
pub mod loopback_proxy;
pub mod mcp_client;
pub mod taken_tokens;
pub mod token_source;
pub mod upstream;

mod awakening;
mod connection_timer;
mod event_stream;
mod forward;
mod guard;
mod json_rpc;
mod messages;
mod mirrored_parameters;
mod passed_headers;
mod ready_tokens;
mod refusal;
mod request_body;
mod session;
mod standard_headers;
mod step_up_limit;
mod target;
