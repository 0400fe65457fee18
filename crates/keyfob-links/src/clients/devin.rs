//! Devin Desktop and its command line.

use std::path::PathBuf;

use keyfob_agent::client_programs::ClientPrograms;

use super::places::{dot_config, folder_is_there, mcp_servers};
use crate::client::{Client, Via, Wanted, Writing, bridge};
use crate::edit::Format;
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "devin",
    name: "Devin Desktop",
    ways: &[Via::Proxy, Via::Bridge],
    installed: |machine| places(machine).iter().any(|file| folder_is_there(machine, file)),
    writing: Writing::File { format: Format::Json, places, tables: mcp_servers },
    entry,
    afterwards: "Restart Devin, or press Refresh in its MCP settings.",
    after_unlinking: "Restart Devin, or press Refresh in its MCP settings.",
    environment: "env",
    helper_since: None,
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    vec![dot_config(machine, "devin/mcp_config.json")]
}

fn entry(wanted: &Wanted) -> Value {
    match wanted.via {
        Via::Bridge => table(bridge(wanted)),
        Via::Helper | Via::Proxy => {
            table([("serverUrl", wanted.address().into()), ("transport", "http".into())])
        }
    }
}
