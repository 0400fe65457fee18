//! How each MCP client is configured, one file per client, and how keyfob's entry gets into its file and out again with
//! everything else as it was. Files and programs are reached through a port; no token ever comes here.
#![forbid(unsafe_code)]

pub mod carried;
pub mod client;
pub mod clients;
pub mod edit;
pub mod entry;
pub mod found;
pub mod ledger;
pub mod link;
pub mod mcp_remote;
pub mod proxied;
pub mod replaceable;
mod shown;
