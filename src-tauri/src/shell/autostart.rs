//! Start at login: offered once, after the first sign-in, and never switched on unasked.

use keyfob_platform::paths::Paths;
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Wry};
use tauri_plugin_autostart::{MacosLauncher, ManagerExt};
use tauri_plugin_store::StoreExt;

use crate::ipc::error::CommandError;

const ASKED: &str = "start_at_login_asked";

/// The plugin, starting the app without its window.
pub(crate) fn plugin() -> TauriPlugin<Wry> {
    tauri_plugin_autostart::init(MacosLauncher::LaunchAgent, Some(vec!["--hidden"]))
}

/// Whether the user was asked already.
pub(crate) fn was_asked(app: &AppHandle, paths: &Paths) -> Result<bool, CommandError> {
    Ok(app.store(paths.app_preferences())?.get(ASKED).is_some())
}

/// Takes the user's answer.
pub(crate) fn answer(app: &AppHandle, paths: &Paths, on: bool) -> Result<(), CommandError> {
    if on {
        app.autolaunch().enable()?;
    }
    let preferences = app.store(paths.app_preferences())?;
    preferences.set(ASKED, true);
    Ok(preferences.save()?)
}
