//! Continue: a file of our own beside its configuration, so that nothing of the user's is edited.

use std::path::PathBuf;

use keyfob_agent::client_programs::ClientPrograms;

use super::places::{folder_is_there, home, mcp_servers};
use crate::client::{Client, Via, Wanted, Writing, bridge};
use crate::edit::Format;
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "continue",
    name: "Continue",
    ways: &[Via::Proxy, Via::Bridge],
    installed: |machine| folder_is_there(machine, &home(machine, ".continue/config.yaml")),
    writing: Writing::File { format: Format::Json, places, tables: mcp_servers },
    entry,
    afterwards: "Reload the window of your editor.",
    after_unlinking: "Reload the window of your editor.",
    environment: "env",
    helper_since: None,
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    vec![home(machine, ".continue/mcpServers/keyfob.json")]
}

fn entry(wanted: &Wanted) -> Value {
    match wanted.via {
        Via::Bridge => table(bridge(wanted)),
        Via::Helper | Via::Proxy => table([("type", "http".into()), ("url", wanted.address().into())]),
    }
}
