//! The one event: the whole snapshot, whenever it changes. Two windows can never disagree.

use tauri::{AppHandle, Emitter, Manager};

use super::shown::Snapshot;
use crate::desk::Desk;
use crate::shell::tray;

/// Follows the keeper for as long as the app runs: tray and window show the same snapshot.
pub(crate) fn follow(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let desk = app.state::<Desk>();
        let (mut snapshots, mut sign_ins) = (desk.agent.snapshots(), desk.sign_ins.watch());
        let mut step_ups = desk.agent.step_ups();
        loop {
            let snapshot = snapshots.borrow_and_update().clone();
            let asked = step_ups.borrow_and_update().clone();
            tray::show(&app, &snapshot, &asked);
            let shown = Snapshot::new(&snapshot, &sign_ins.borrow_and_update(), &asked);
            if let Err(error) = app.emit("snapshot", shown) {
                tracing::warn!(%error, "a window missed a snapshot");
            }
            let changed = tokio::select! {
                changed = snapshots.changed() => changed,
                changed = sign_ins.changed() => changed,
                changed = step_ups.changed() => changed,
            };
            if changed.is_err() {
                return;
            }
        }
    });
}
