//! GitHub Copilot in the IDEs of JetBrains.

use std::path::PathBuf;

use keyfob_agent::client_programs::{ClientPrograms, System};

use super::places::{dot_config, folder_is_there, named_or_home};
use crate::client::{Client, Via, Wanted, Writing, bridge};
use crate::edit::Format;
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "copilot-jetbrains",
    name: "GitHub Copilot for JetBrains",
    ways: &[Via::Proxy, Via::Bridge],
    installed: |machine| places(machine).iter().any(|file| folder_is_there(machine, file)),
    writing: Writing::File { format: Format::Json, places, tables: servers },
    entry,
    afterwards: "In the IDE, open the chat of Copilot in agent mode and start the server in its tool list.",
    after_unlinking: "Restart the IDE where the server still shows in the tool list of Copilot.",
    environment: "env",
    helper_since: None,
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    vec![file(machine)]
}

fn file(machine: &dyn ClientPrograms) -> PathBuf {
    let path = "github-copilot/intellij/mcp.json";
    match machine.system() {
        System::Windows => named_or_home(machine, "LOCALAPPDATA", "AppData/Local").join(path),
        System::Linux | System::MacOs => dot_config(machine, path),
    }
}

fn servers(_text: &str) -> &'static [&'static str] {
    &["servers"]
}

fn entry(wanted: &Wanted) -> Value {
    match wanted.via {
        Via::Bridge => table(bridge(wanted)),
        Via::Helper | Via::Proxy => table([("url", wanted.address().into())]),
    }
}
