//! What is asked for outside of the window: by other keyfob processes, in the tray's menu or a notification, by the system.

use keyfob_agent::control::server::DoorRequest;
use keyfob_core::identity::ProfileName;
use tauri::{AppHandle, Manager};
use tokio::sync::mpsc;

use super::windows;
use crate::desk::Desk;

/// Does what other keyfob processes ask for, and ends the app when the system asks for that.
pub(crate) fn listen(app: &AppHandle, mut door: mpsc::UnboundedReceiver<DoorRequest>) {
    let for_door = app.clone();
    tauri::async_runtime::spawn(async move {
        while let Some(request) = door.recv().await {
            match request {
                DoorRequest::ShowWindow => windows::show_logged(&for_door),
                DoorRequest::StepDown => for_door.exit(0),
                DoorRequest::OtherVersion(version) => for_door.state::<Desk>().versions.met(version),
            }
        }
    });
    let for_signal = app.clone();
    tauri::async_runtime::spawn(async move {
        told_to_end().await;
        for_signal.exit(0);
    });
}

/// Signs in. Failures show in the window, and so does the question whether it should ask for more (D8).
pub(crate) fn sign_in(app: &AppHandle, name: ProfileName) {
    if app.state::<Desk>().is_asked_for_more(&name) {
        return windows::show_logged(app);
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(failure) = app.state::<Desk>().sign_in(&name).await {
            tracing::warn!(%failure, profile = %name, "a sign-in failed");
            windows::show_logged(&app);
        }
    });
}

/// Waits for SIGTERM or Ctrl-C: a desktop session that ends, or a developer's terminal.
#[cfg(unix)]
async fn told_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn told_to_end() {
    let _ = tokio::signal::ctrl_c().await;
}
