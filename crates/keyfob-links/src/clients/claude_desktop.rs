//! Claude Desktop: programs only, no addresses. It rewrites its file when it ends.

use std::path::PathBuf;

use keyfob_agent::client_programs::ClientPrograms;

use super::places::{folder_is_there, mcp_servers, settings};
use crate::client::{Client, Via, Wanted, Writing, bridge};
use crate::edit::Format;
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "claude-desktop",
    name: "Claude Desktop",
    ways: &[Via::Bridge],
    installed: |machine| places(machine).iter().any(|file| folder_is_there(machine, file)),
    writing: Writing::File { format: Format::Json, places, tables: mcp_servers },
    entry,
    afterwards: "Quit Claude Desktop from its tray icon (closing the window is not enough), and start it again. Where the server is missing then, link it once more while Claude Desktop does not run: it may have written its file anew.",
    after_unlinking: "Quit Claude Desktop from its tray icon and start it again: closing the window is not enough.",
    environment: "env",
    helper_since: None,
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    vec![settings(machine, "Claude/claude_desktop_config.json")]
}

fn entry(wanted: &Wanted) -> Value {
    table(bridge(wanted))
}
