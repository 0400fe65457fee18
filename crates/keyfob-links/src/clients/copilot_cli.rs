//! GitHub Copilot on the command line.

use std::path::PathBuf;

use keyfob_agent::client_programs::ClientPrograms;

use super::places::{folder_is_there, mcp_servers, named_or_home};
use crate::client::{Client, Via, Wanted, Writing, bridge};
use crate::edit::Format;
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "copilot-cli",
    name: "GitHub Copilot CLI",
    ways: &[Via::Proxy, Via::Bridge],
    installed: |machine| places(machine).iter().any(|file| folder_is_there(machine, file)),
    writing: Writing::File { format: Format::Json, places, tables: mcp_servers },
    entry,
    afterwards: "Start a new Copilot session.",
    after_unlinking: "Start a new Copilot session.",
    environment: "env",
    helper_since: None,
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    vec![named_or_home(machine, "COPILOT_HOME", ".copilot").join("mcp-config.json")]
}

fn entry(wanted: &Wanted) -> Value {
    match wanted.via {
        Via::Bridge => {
            let [command, arguments] = bridge(wanted);
            table([("type", "local".into()), command, arguments, ("tools", vec!["*"].into())])
        }
        Via::Helper | Via::Proxy => {
            table([("type", "http".into()), ("url", wanted.address().into()), ("tools", vec!["*"].into())])
        }
    }
}
