//! Zed.

use std::path::PathBuf;

use keyfob_agent::client_programs::ClientPrograms;

use super::places::{dot_config, folder_is_there};
use crate::client::{Client, Via, Wanted, Writing, bridge};
use crate::edit::Format;
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "zed",
    name: "Zed",
    ways: &[Via::Proxy, Via::Bridge],
    installed: |machine| places(machine).iter().any(|file| folder_is_there(machine, file)),
    writing: Writing::File { format: Format::JsonWithComments, places, tables: context_servers },
    entry,
    afterwards: "Zed sees the change by itself.",
    after_unlinking: "Zed sees the change by itself.",
    environment: "env",
    helper_since: None,
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    vec![dot_config(machine, ZED)]
}

/// The folder's name differs where names of folders have capitals by custom.
const ZED: &str = if cfg!(windows) { "Zed/settings.json" } else { "zed/settings.json" };

fn context_servers(_text: &str) -> &'static [&'static str] {
    &["context_servers"]
}

fn entry(wanted: &Wanted) -> Value {
    match wanted.via {
        Via::Bridge => table(bridge(wanted)),
        Via::Helper | Via::Proxy => table([("url", wanted.address().into())]),
    }
}
