//! Tray, window, notifications, start at login: the parts of a desktop that keyfob touches.

pub(crate) mod autostart;
pub(crate) mod clipboard;
pub(crate) mod notice_words;
pub(crate) mod notifications;
pub(crate) mod outside;
pub(crate) mod preferences;
pub(crate) mod refused;
#[cfg(target_os = "linux")]
pub(crate) mod rest;
pub(crate) mod restart;
pub(crate) mod tray;
pub(crate) mod tray_model;
#[cfg(target_os = "linux")]
mod web_processes;
pub(crate) mod windows;

use std::time::Duration;

use keyfob_agent::control::client::ControlClient;
use keyfob_agent::snapshot::KeeperKind;
use keyfob_platform::control_socket;
use keyfob_platform::paths::Paths;

/// How long a first app has to answer; a frozen one never does.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// True where a first app runs already: it has been asked to show its window, and this one can end.
pub(crate) async fn shown_by_the_first(paths: &Paths) -> bool {
    tokio::time::timeout(ANSWER_PATIENCE, asked_the_first(paths)).await.unwrap_or(false)
}

async fn asked_the_first(paths: &Paths) -> bool {
    let Ok(stream) = control_socket::connect(&paths.control_socket()).await else { return false };
    let Ok(mut first) = ControlClient::open(stream).await else { return false };
    let is_app =
        matches!(first.snapshot().await, Ok(snapshot) if snapshot.agent.kind == Some(KeeperKind::App));
    is_app && first.show_window().await.is_ok()
}
