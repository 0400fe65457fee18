//! Two events of state, each the whole of what it tells, whenever it changes: the snapshot and the preferences. Two windows can never
//! disagree.

use serde::Serialize;
use tauri::{AppHandle, Emitter, Manager};

use super::shown::Snapshot;
use crate::desk::Desk;
use crate::shell::{preferences, tray};

/// Follows the keeper for as long as the app runs: tray and window show the same snapshot.
pub(crate) fn follow(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let desk = app.state::<Desk>();
        let (mut snapshots, mut sign_ins) = (desk.agent.snapshots(), desk.sign_ins.watch());
        let (mut step_ups, mut preferred) = (desk.agent.step_ups(), preferences::watch(&app));
        let mut others = desk.versions.watch();
        loop {
            let snapshot = snapshots.borrow_and_update().clone();
            let asked = step_ups.borrow_and_update().clone();
            let preferences = *preferred.borrow_and_update();
            tray::show(&app, &snapshot, &asked, preferences);
            let beside = others.borrow_and_update().clone();
            tell(&app, "snapshot", Snapshot::new(&snapshot, &sign_ins.borrow_and_update(), &asked, &beside));
            tell(&app, "preferences", preferences);
            let changed = tokio::select! {
                changed = snapshots.changed() => changed,
                changed = sign_ins.changed() => changed,
                changed = step_ups.changed() => changed,
                changed = preferred.changed() => changed,
                changed = others.changed() => changed,
            };
            if changed.is_err() {
                return;
            }
        }
    });
}

fn tell(app: &AppHandle, event: &str, whole: impl Serialize + Clone) {
    if let Err(error) = app.emit(event, whole) {
        tracing::warn!(%error, event, "a window missed an event");
    }
}
