//! Claude Code. It rewrites its file all the time, so that its own command adds the entry.

use std::path::PathBuf;

use keyfob_agent::client_programs::ClientPrograms;

use super::places::home;
use crate::client::{Client, Via, Wanted, Writing, bridge};
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "claude-code",
    name: "Claude Code",
    ways: &[Via::Helper, Via::Proxy, Via::Bridge],
    installed: |machine| machine.program("claude").is_some(),
    writing: Writing::Command {
        program: "claude",
        add: |name| ["mcp", "add-json", "--scope", "user", name, "-"].map(String::from).into(),
        remove: |name| ["mcp", "remove", "--scope", "user", name].map(String::from).into(),
        places,
        tables: &["mcpServers"],
    },
    entry,
    afterwards: "New sessions have it; in a running one type /mcp and press Reconnect.",
    after_unlinking: "New sessions do without it; in a running one type /mcp and press Reconnect.",
    environment: "env",
    helper_since: None,
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    let folder = machine.variable("CLAUDE_CONFIG_DIR").map(PathBuf::from);
    vec![folder.map_or_else(|| home(machine, ".claude.json"), |folder| folder.join(".claude.json"))]
}

fn entry(wanted: &Wanted) -> Value {
    let http = ("type", "http".into());
    match wanted.via {
        Via::Helper => table([
            http,
            ("url", wanted.url.clone().into()),
            ("headersHelper", wanted.command_line("headers").into()),
        ]),
        Via::Proxy => table([http, ("url", wanted.address().into())]),
        Via::Bridge => {
            let [command, arguments] = bridge(wanted);
            table([("type", "stdio".into()), command, arguments])
        }
    }
}
