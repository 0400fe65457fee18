//! How the keeper is started by itself: the text of a unit for systemd, launchd and the Task Scheduler. Only text is made
//! here; `service_install` writes it.

mod launchd;
mod systemd;
mod task_scheduler;

use std::path::PathBuf;

pub use launchd::launch_agent;
pub use systemd::{CREDENTIAL_FILE, system_unit, user_unit};
pub use task_scheduler::task;

/// A mark in every file we write, so that `--uninstall` and a second `--install` touch no other. No two dashes in a row:
/// it stands in comments of XML.
pub const MARK: &str = "Written by keyfob for its agent";

/// What the service runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// The program, absolute.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables it cannot do without: where the files are, and how the store is opened. Never a secret.
    pub environment: Vec<(String, String)>,
}

/// A path or value that cannot be written into a unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot be written into a unit: it is no text in one line")]
pub struct Unwritable(pub String);

/// A line break or control character would begin a line of its own in the unit.
fn one_line(text: &str) -> Result<&str, Unwritable> {
    if text.chars().any(char::is_control) {
        Err(Unwritable(keyfob_core::server_text::shown(text)))
    } else {
        Ok(text)
    }
}

impl Service {
    fn words(&self) -> Result<Vec<&str>, Unwritable> {
        let program = self.program.to_str();
        let program = program.ok_or_else(|| Unwritable(self.program.to_string_lossy().into_owned()))?;
        std::iter::once(program).chain(self.arguments.iter().map(String::as_str)).map(one_line).collect()
    }
}

#[cfg(test)]
mod tests;
