//! A demo portal: a small authorization server and an MCP server in one process on loopback.
//!
//! `keyfob demo` and the tray app's demo show keyfob against it, and every journey test runs against the same code with
//! faults and oddities added. Its tokens open nothing but the portal itself and end with it, which is why they are plain
//! strings here. It keeps everything in memory and never leaves 127.0.0.1.
//!
//! ```no_run
//! # async fn demo() -> std::io::Result<()> {
//! use keyfob_demo::{Portal, PortalOptions};
//! let portal = Portal::start(PortalOptions { name: "readonly".into(), ..PortalOptions::default() }).await?;
//! let url = portal.mcp_url();
//! # Ok(()) }
//! ```
#![forbid(unsafe_code)]

mod authorization_server;
mod clock;
mod endpoint;
mod exchange;
mod faults;
mod gate;
mod mcp_server;
pub mod oddities;
mod options;
mod pages;
mod parameters;
mod portal;
mod record;
mod tokens;
mod tools;
mod wire;

pub use clock::Clock;
pub use endpoint::Endpoint;
pub use faults::{Fault, Faults};
pub use gate::Gate;
pub use oddities::Oddities;
pub use options::{Consent, GivenClient, PortalOptions, ScopedTool};
pub use portal::Portal;
pub use record::{Record, RecordTimeout, Refreshes, Registration, Seen, SeenRequest, ToolCall};
