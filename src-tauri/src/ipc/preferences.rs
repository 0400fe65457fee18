//! What the user prefers of the app itself, as the window shows it. The same value goes to every window, so no two disagree.

use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

/// How the windows look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Theme {
    /// As the desktop has it.
    #[default]
    System,
    Light,
    Dark,
}

/// What the user prefers of the app itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
pub(crate) struct Preferences {
    pub(crate) theme: Theme,
    pub(crate) start_at_login: bool,
}
