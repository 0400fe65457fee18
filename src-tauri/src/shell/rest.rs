//! The tray without a window. On Linux, a process that has drawn a window keeps its libraries, its pictures and a network process
//! for good; so it begins anew in the same place, as soon as nothing is under way and nobody has opened a window again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keyfob_agent::ports::Clock;
use keyfob_platform::threads;
use tauri::{AppHandle, Manager};

use super::{restart, tray, web_processes};
use crate::desk::Desk;

/// How long after the last window: who opens it again soon finds it warm.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often, and how many times, it is looked whether the network process has ended.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS: usize = 100;
/// How often, at last, it is looked whether what was under way is over.
const NAP: Duration = Duration::from_mins(1);

/// Which closing is waited after.
#[derive(Default)]
struct Closed(AtomicU64);

/// The last window is closed.
pub(crate) fn after_the_last_window(app: &AppHandle) {
    app.manage(Closed::default());
    let closing = app.state::<Closed>().0.fetch_add(1, Ordering::Relaxed) + 1;
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let clock = Arc::clone(&app.state::<Desk>().agent.ports().clock);
        let mut nap = PATIENCE;
        loop {
            clock.sleep(nap).await;
            nap = (nap * 2).min(NAP);
            if app.state::<Closed>().0.load(Ordering::Relaxed) != closing || !app.webview_windows().is_empty()
            {
                return;
            }
            if !leaves_no_process(&app, &*clock).await || !app.state::<Desk>().is_at_rest() {
                continue;
            }
            // Without a tray, nobody would find it again.
            if matches!(threads::on_a_thread(tray::is_visible).await, Ok(true)) {
                return restart::in_the_tray(&app);
            }
        }
    });
}

/// Ends the web view's network process; true once it is gone and waited for.
async fn leaves_no_process(app: &AppHandle, clock: &dyn Clock) -> bool {
    let handle = app.clone();
    // Windows are opened on that thread: none comes in between.
    let asked = app.run_on_main_thread(move || {
        if handle.webview_windows().is_empty() {
            web_processes::end();
        }
    });
    for _ in 0..LOOKS {
        clock.sleep(LOOK).await;
        if !web_processes::are_left() {
            return asked.is_ok();
        }
    }
    false
}
