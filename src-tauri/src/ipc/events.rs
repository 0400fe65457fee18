//! The one event: the whole snapshot, whenever it changes. Two windows can never disagree.

use tauri::{AppHandle, Emitter, Manager};

use super::shown::Snapshot;
use crate::desk::Desk;
use crate::shell::tray;

/// Follows the keeper for as long as the app runs: tray and window show the same snapshot.
pub(crate) fn follow(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let mut snapshots = app.state::<Desk>().agent.snapshots();
        loop {
            let snapshot = snapshots.borrow_and_update().clone();
            tray::show(&app, &snapshot);
            if let Err(error) = app.emit("snapshot", Snapshot::from(&*snapshot)) {
                tracing::warn!(%error, "a window missed a snapshot");
            }
            if snapshots.changed().await.is_err() {
                return;
            }
        }
    });
}
