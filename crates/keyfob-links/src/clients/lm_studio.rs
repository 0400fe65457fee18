//! LM Studio.

use std::path::PathBuf;

use keyfob_agent::client_programs::ClientPrograms;

use super::places::{folder_is_there, home, mcp_servers};
use crate::client::{Client, Via, Wanted, Writing, bridge};
use crate::edit::Format;
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "lm-studio",
    name: "LM Studio",
    ways: &[Via::Proxy, Via::Bridge],
    installed: |machine| places(machine).iter().any(|file| folder_is_there(machine, file)),
    writing: Writing::File { format: Format::Json, places, tables: mcp_servers },
    entry,
    afterwards: "In LM Studio, open the Program tab and reload mcp.json.",
    after_unlinking: "In LM Studio, open the Program tab and reload mcp.json.",
    environment: "env",
    helper_since: None,
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    vec![home(machine, ".lmstudio/mcp.json"), home(machine, ".cache/lm-studio/mcp.json")]
}

fn entry(wanted: &Wanted) -> Value {
    match wanted.via {
        Via::Bridge => table(bridge(wanted)),
        Via::Helper | Via::Proxy => table([("url", wanted.address().into())]),
    }
}
