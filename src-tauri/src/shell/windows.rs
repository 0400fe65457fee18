//! The one window: made on demand, destroyed when closed, so that an idle tray has no web process.

use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindowBuilder, WindowEvent};

use super::preferences;
use crate::desk::Desk;

const LABEL: &str = "main";

/// Shows the window, making it if there is none.
pub(crate) fn show(app: &AppHandle) -> tauri::Result<()> {
    if let Some(window) = app.get_webview_window(LABEL) {
        window.unminimize()?;
        window.show()?;
        return window.set_focus();
    }
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("keyfob")
        .inner_size(880.0, 680.0)
        .min_inner_size(360.0, 420.0)
        .theme(preferences::window_theme(app))
        // The window shows our own pages and nothing else, whatever a page asks for (V15).
        .on_navigation(|url| url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost"))
        .build()?;
    let handle = app.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::Focused(true) = event {
            look_again(&handle);
        }
    });
    Ok(())
}

/// While nobody looked, keyfob may have been updated.
fn look_again(app: &AppHandle) {
    let Some(desk) = app.try_state::<Desk>() else { return };
    let linking = desk.linking();
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        app.state::<Desk>().versions.look(linking.command_line(), linking.client_programs()).await;
    });
}

/// The same where nobody waits for an answer.
pub(crate) fn show_logged(app: &AppHandle) {
    let handle = app.clone();
    let shown = app.run_on_main_thread(move || {
        if let Err(error) = show(&handle) {
            tracing::error!(%error, "the window cannot be shown");
        }
    });
    if let Err(error) = shown {
        tracing::error!(%error, "the window cannot be shown");
    }
}
