//! Goose.

use std::path::PathBuf;

use keyfob_agent::client_programs::{ClientPrograms, System};

use super::places::{folder_is_there, named_or_home};
use crate::client::{Client, Via, Wanted, Writing};
use crate::edit::Format;
use crate::entry::{Value, table};

pub(super) const CLIENT: Client = Client {
    id: "goose",
    name: "Goose",
    ways: &[Via::Proxy, Via::Bridge],
    installed: |machine| places(machine).iter().any(|file| folder_is_there(machine, file)),
    writing: Writing::File { format: Format::Yaml, places, tables: extensions },
    entry,
    afterwards: "Start a new Goose session.",
    after_unlinking: "Start a new Goose session.",
    environment: "envs",
    helper_since: None,
};

fn places(machine: &dyn ClientPrograms) -> Vec<PathBuf> {
    vec![file(machine)]
}

fn file(machine: &dyn ClientPrograms) -> PathBuf {
    match machine.system() {
        System::Windows => {
            named_or_home(machine, "APPDATA", "AppData/Roaming").join("Block/goose/config/config.yaml")
        }
        System::Linux | System::MacOs => super::places::dot_config(machine, "goose/config.yaml"),
    }
}

fn extensions(_text: &str) -> &'static [&'static str] {
    &["extensions"]
}

fn entry(wanted: &Wanted) -> Value {
    let (enabled, name) = (("enabled", true.into()), ("name", wanted.entry_name().into()));
    let timeout = ("timeout", 300.into());
    match wanted.via {
        Via::Bridge => table([
            enabled,
            ("type", "stdio".into()),
            name,
            ("cmd", wanted.program.clone().into()),
            ("args", wanted.arguments("connect").into()),
            timeout,
        ]),
        Via::Helper | Via::Proxy => table([
            enabled,
            ("type", "streamable_http".into()),
            name,
            ("description", "".into()),
            ("uri", wanted.address().into()),
            timeout,
        ]),
    }
}
