//! Antigravity, the heir of Gemini CLI, and its IDE.

use std::path::PathBuf;

use keyfob_agent::client_programs::ClientPrograms;

use super::places::{folder_is_there, home, mcp_servers};
use crate::client::{Client, Via, Wanted, Writing, bridge};
use crate::edit::Format;
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "antigravity",
    name: "Antigravity",
    ways: &[Via::Proxy, Via::Bridge],
    installed: |machine| places(machine).iter().any(|file| folder_is_there(machine, file)),
    writing: Writing::File { format: Format::Json, places, tables: mcp_servers },
    entry,
    afterwards: "In Antigravity, open the MCP servers and press Refresh.",
    after_unlinking: "In Antigravity, open the MCP servers and press Refresh.",
    environment: "env",
    helper_since: None,
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    vec![
        home(machine, ".gemini/config/mcp_config.json"),
        home(machine, ".gemini/antigravity/mcp_config.json"),
    ]
}

fn entry(wanted: &Wanted) -> Value {
    match wanted.via {
        Via::Bridge => table(bridge(wanted)),
        Via::Helper | Via::Proxy => table([("serverUrl", wanted.address().into())]),
    }
}
