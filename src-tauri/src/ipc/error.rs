//! Failures as the window shows them: a cause and a next step.

use keyfob_core::failure::Failure;
use serde::Serialize;

/// Why a command failed and what to do next.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "Refusal"))]
pub(crate) struct CommandError {
    message: String,
    hint: Option<String>,
}

impl From<Failure> for CommandError {
    fn from(failure: Failure) -> Self {
        Self { message: failure.to_string(), hint: failure.hint("NAME") }
    }
}

impl From<tauri_plugin_store::Error> for CommandError {
    fn from(error: tauri_plugin_store::Error) -> Self {
        Self { message: format!("the preferences could not be kept: {error}"), hint: None }
    }
}

impl From<tauri_plugin_autostart::Error> for CommandError {
    fn from(error: tauri_plugin_autostart::Error) -> Self {
        Self { message: format!("start at login could not be set: {error}"), hint: None }
    }
}
