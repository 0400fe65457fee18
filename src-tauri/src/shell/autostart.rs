//! Start at login: offered once, after the first sign-in, switched in the settings, and never switched on unasked.

use std::path::PathBuf;

use keyfob_platform::paths::Paths;
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Wry};
use tauri_plugin_autostart::{MacosLauncher, ManagerExt};
use tauri_plugin_store::StoreExt;

use crate::ipc::error::CommandError;

/// What the desktop calls it: the `productName` of tauri.conf.json.
const NAME: &str = "keyfob";
const ASKED: &str = "start_at_login_asked";

/// The plugin, starting the app without its window.
pub(crate) fn plugin() -> TauriPlugin<Wry> {
    tauri_plugin_autostart::init(MacosLauncher::LaunchAgent, Some(vec!["--hidden"]))
}

/// The file by which a Linux desktop starts the app, while there is one.
pub(crate) fn file() -> Option<PathBuf> {
    let file = std::env::home_dir()?.join(".config/autostart").join(format!("{NAME}.desktop"));
    file.exists().then_some(file)
}

/// Whether the user was asked already.
pub(crate) fn was_asked(app: &AppHandle, paths: &Paths) -> Result<bool, CommandError> {
    Ok(app.store(paths.app_preferences())?.get(ASKED).is_some())
}

/// Whether the desktop starts the app; where that cannot be read it does not.
pub(crate) fn is_on(app: &AppHandle) -> bool {
    app.autolaunch().is_enabled().unwrap_or_else(|error| {
        tracing::warn!(%error, "whether keyfob starts at login cannot be read");
        false
    })
}

/// Switches it on or off.
pub(crate) fn switch(app: &AppHandle, on: bool) -> Result<(), CommandError> {
    let launch = app.autolaunch();
    Ok(if on { launch.enable() } else { launch.disable() }?)
}

/// The user has answered, and is not asked again.
pub(crate) fn answered(app: &AppHandle, paths: &Paths) -> Result<(), CommandError> {
    let preferences = app.store(paths.app_preferences())?;
    preferences.set(ASKED, true);
    Ok(preferences.save()?)
}
