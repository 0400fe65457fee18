//! Visual Studio Code's own agent.

use std::path::PathBuf;

use keyfob_agent::client_programs::ClientPrograms;

use super::places::settings;
use crate::client::{Client, Via, Wanted, Writing, bridge};
use crate::edit::Format;
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "vscode",
    name: "Visual Studio Code",
    ways: &[Via::Proxy, Via::Bridge],
    installed: |machine| places(machine).iter().any(|file| super::places::folder_is_there(machine, file)),
    writing: Writing::File { format: Format::JsonWithComments, places, tables: servers },
    entry,
    afterwards: "Visual Studio Code sees the change by itself and asks once whether to trust the server.",
    after_unlinking: "Visual Studio Code sees the change by itself.",
    environment: "env",
    helper_since: None,
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    vec![settings(machine, "Code/User/mcp.json"), settings(machine, "Code - Insiders/User/mcp.json")]
}

fn servers(_text: &str) -> &'static [&'static str] {
    &["servers"]
}

fn entry(wanted: &Wanted) -> Value {
    match wanted.via {
        Via::Bridge => {
            let [command, arguments] = bridge(wanted);
            table([("type", "stdio".into()), command, arguments])
        }
        Via::Helper | Via::Proxy => table([("type", "http".into()), ("url", wanted.address().into())]),
    }
}
