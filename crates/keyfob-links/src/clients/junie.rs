//! Junie in the IDEs of JetBrains; its documents name programs before addresses.

use std::path::PathBuf;

use keyfob_agent::client_programs::ClientPrograms;

use super::places::{folder_is_there, home, mcp_servers};
use crate::client::{Client, Via, Wanted, Writing, bridge};
use crate::edit::Format;
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "junie",
    name: "JetBrains Junie",
    ways: &[Via::Bridge, Via::Proxy],
    installed: |machine| places(machine).iter().any(|file| folder_is_there(machine, file)),
    writing: Writing::File { format: Format::Json, places, tables: mcp_servers },
    entry,
    afterwards: "Restart the IDE, or reload the servers in the settings of Junie.",
    after_unlinking: "Restart the IDE, or reload the servers in the settings of Junie.",
    environment: "env",
    helper_since: None,
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    vec![home(machine, ".junie/mcp/mcp.json")]
}

fn entry(wanted: &Wanted) -> Value {
    match wanted.via {
        Via::Bridge => table(bridge(wanted)),
        Via::Helper | Via::Proxy => table([("url", wanted.address().into())]),
    }
}
