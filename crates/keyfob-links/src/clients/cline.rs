//! Cline. An address without a type would mean the old event stream.

use std::path::PathBuf;

use keyfob_agent::client_programs::ClientPrograms;

use super::places::{folder_is_there, home, mcp_servers};
use crate::client::{Client, Via, Wanted, Writing, bridge};
use crate::edit::Format;
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "cline",
    name: "Cline",
    ways: &[Via::Proxy, Via::Bridge],
    installed: |machine| places(machine).iter().any(|file| folder_is_there(machine, file)),
    writing: Writing::File { format: Format::Json, places, tables: mcp_servers },
    entry,
    afterwards: "Cline sees the change by itself.",
    after_unlinking: "Cline sees the change by itself.",
    environment: "env",
    helper_since: None,
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    vec![file(machine)]
}

fn file(machine: &dyn ClientPrograms) -> PathBuf {
    let settings = "settings/cline_mcp_settings.json";
    let named = |variable: &str| machine.variable(variable).map(PathBuf::from);
    let whole = named("CLINE_MCP_SETTINGS_PATH");
    let data = || named("CLINE_DATA_DIR").map(|folder| folder.join(settings));
    let root = || named("CLINE_DIR").map(|folder| folder.join("data").join(settings));
    let usual = || home(machine, ".cline/data").join(settings);
    whole.or_else(data).or_else(root).unwrap_or_else(usual)
}

fn entry(wanted: &Wanted) -> Value {
    let enabled = ("disabled", false.into());
    match wanted.via {
        Via::Bridge => {
            let [command, arguments] = bridge(wanted);
            table([("type", "stdio".into()), command, arguments, enabled])
        }
        Via::Helper | Via::Proxy => {
            table([("type", "streamableHttp".into()), ("url", wanted.address().into()), enabled])
        }
    }
}
