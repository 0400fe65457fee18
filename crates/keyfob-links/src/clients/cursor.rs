//! Cursor and its command line.

use std::path::PathBuf;

use keyfob_agent::client_programs::ClientPrograms;

use super::places::{folder_is_there, home, mcp_servers};
use crate::client::{Client, Via, Wanted, Writing, bridge};
use crate::edit::Format;
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "cursor",
    name: "Cursor",
    ways: &[Via::Proxy, Via::Bridge],
    installed: |machine| places(machine).iter().any(|file| folder_is_there(machine, file)),
    writing: Writing::File { format: Format::JsonWithComments, places, tables: mcp_servers },
    entry,
    afterwards: "In Cursor, open Settings, MCP, and switch the server on; restart Cursor where it does not show.",
    after_unlinking: "Restart Cursor where it still shows the server.",
    environment: "env",
    helper_since: None,
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    vec![home(machine, ".cursor/mcp.json")]
}

fn entry(wanted: &Wanted) -> Value {
    match wanted.via {
        Via::Bridge => table(bridge(wanted)),
        Via::Helper | Via::Proxy => table([("url", wanted.address().into())]),
    }
}
