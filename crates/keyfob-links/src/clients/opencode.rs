//! opencode, whose servers moved one table down in its second version.

use std::path::PathBuf;

use keyfob_agent::client_programs::{ClientPrograms, System};

use super::places::dot_config;
use crate::client::{Client, Via, Wanted, Writing};
use crate::edit::{self, Format, Place};
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "opencode",
    name: "opencode",
    ways: &[Via::Proxy, Via::Bridge],
    installed: |machine| {
        machine.program("opencode").is_some()
            || places(machine).iter().any(|file| super::places::folder_is_there(machine, file))
    },
    writing: Writing::File { format: Format::JsonWithComments, places, tables },
    entry,
    afterwards: "Restart opencode.",
    after_unlinking: "Restart opencode.",
    environment: "environment",
    helper_since: None,
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    vec![file(machine, "opencode.json"), file(machine, "opencode.jsonc")]
}

fn file(machine: &dyn ClientPrograms, name: &str) -> PathBuf {
    match machine.system() {
        System::Windows => machine.home().join(".config/opencode").join(name),
        System::Linux | System::MacOs => dot_config(machine, "opencode").join(name),
    }
}

/// The shape that the file has already; a new one gets the newer shape.
fn tables(text: &str) -> &'static [&'static str] {
    let place = Place { tables: &[], name: "mcp" };
    let found = edit::read(text, Format::JsonWithComments, place).ok().flatten();
    let is_old = found.is_some_and(|mcp| {
        let members = mcp.as_object();
        members.is_some_and(|members| !members.is_empty() && !members.contains_key("servers"))
    });
    if is_old { &["mcp"] } else { &["mcp", "servers"] }
}

fn entry(wanted: &Wanted) -> Value {
    match wanted.via {
        Via::Bridge => {
            let words: Vec<String> =
                std::iter::once(wanted.program.clone()).chain(wanted.arguments("connect")).collect();
            table([("type", "local".into()), ("command", words.into())])
        }
        // Without `oauth` opencode would look for a sign-in of its own.
        Via::Helper | Via::Proxy => {
            table([("type", "remote".into()), ("url", wanted.address().into()), ("oauth", false.into())])
        }
    }
}
