//! Folders that several clients use, on each system.

use std::path::PathBuf;

use keyfob_agent::client_programs::{ClientPrograms, System};

/// Below the user's home folder.
pub(super) fn home(machine: &dyn ClientPrograms, path: &str) -> PathBuf {
    machine.home().join(path)
}

/// The folder a variable names, else this one below the home folder.
pub(super) fn named_or_home(machine: &dyn ClientPrograms, variable: &str, path: &str) -> PathBuf {
    machine.variable(variable).map_or_else(|| home(machine, path), PathBuf::from)
}

/// Below the folder for settings: `~/.config` or what `XDG_CONFIG_HOME` says, `~/Library/Application Support`, `%APPDATA%`.
pub(super) fn settings(machine: &dyn ClientPrograms, path: &str) -> PathBuf {
    match machine.system() {
        System::Linux => named_or_home(machine, "XDG_CONFIG_HOME", ".config").join(path),
        System::MacOs => home(machine, "Library/Application Support").join(path),
        System::Windows => named_or_home(machine, "APPDATA", "AppData/Roaming").join(path),
    }
}

/// Below `~/.config` on Linux and macOS alike, `%APPDATA%` on Windows.
pub(super) fn dot_config(machine: &dyn ClientPrograms, path: &str) -> PathBuf {
    match machine.system() {
        System::MacOs => home(machine, ".config").join(path),
        System::Linux | System::Windows => settings(machine, path),
    }
}

/// Whether the folder of a client's file is there: most clients make it when they first start.
pub(super) fn folder_is_there(machine: &dyn ClientPrograms, file: &std::path::Path) -> bool {
    file.parent().is_some_and(|folder| machine.exists(folder))
}

/// `mcpServers`, where most clients keep them.
pub(super) fn mcp_servers(_text: &str) -> &'static [&'static str] {
    &["mcpServers"]
}
