//! Codex: command line, IDE extension and desktop app read one file.

use std::path::PathBuf;

use keyfob_agent::client_programs::ClientPrograms;

use super::places::named_or_home;
use crate::client::{Client, Via, Wanted, Writing, bridge};
use crate::edit::Format;
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "codex",
    name: "Codex",
    ways: &[Via::Helper, Via::Proxy, Via::Bridge],
    installed: |machine| {
        machine.program("codex").is_some()
            || places(machine).iter().any(|file| super::places::folder_is_there(machine, file))
    },
    writing: Writing::File { format: Format::Toml, places, tables: mcp_servers },
    entry,
    afterwards: "Start a new Codex session.",
    after_unlinking: "Start a new Codex session.",
    environment: "env",
    helper_since: Some("0.148"),
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    vec![named_or_home(machine, "CODEX_HOME", ".codex").join("config.toml")]
}

fn mcp_servers(_text: &str) -> &'static [&'static str] {
    &["mcp_servers"]
}

fn entry(wanted: &Wanted) -> Value {
    match wanted.via {
        // One text, run by a shell; a list would make Codex refuse its whole file.
        Via::Helper => table([
            ("url", wanted.url.clone().into()),
            ("http_headers_helper", wanted.command_line("headers").into()),
        ]),
        Via::Proxy => table([("url", wanted.address().into())]),
        Via::Bridge => table(bridge(wanted)),
    }
}
