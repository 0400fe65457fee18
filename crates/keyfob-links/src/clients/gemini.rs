//! Gemini CLI. Its own command would write other entries' secrets out, so the file is edited.

use std::path::PathBuf;

use keyfob_agent::client_programs::ClientPrograms;

use super::places::{folder_is_there, home, mcp_servers};
use crate::client::{Client, Via, Wanted, Writing, bridge};
use crate::edit::Format;
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "gemini",
    name: "Gemini CLI",
    ways: &[Via::Proxy, Via::Bridge],
    installed: |machine| places(machine).iter().any(|file| folder_is_there(machine, file)),
    writing: Writing::File { format: Format::JsonWithComments, places, tables: mcp_servers },
    entry,
    afterwards: "In a running session type /mcp reload.",
    after_unlinking: "In a running session type /mcp reload.",
    environment: "env",
    helper_since: None,
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    vec![home(machine, ".gemini/settings.json")]
}

fn entry(wanted: &Wanted) -> Value {
    match wanted.via {
        Via::Bridge => table(bridge(wanted)),
        Via::Helper | Via::Proxy => table([("url", wanted.address().into()), ("type", "http".into())]),
    }
}
