//! What the user prefers of the app itself: kept in the app's own store, read once, and told to all who show it whenever it
//! changes. Where start at login is switched elsewhere meanwhile, [`look_again`] notices.

use keyfob_platform::paths::Paths;
use tauri::{AppHandle, Manager};
use tauri_plugin_store::StoreExt;
use tokio::sync::watch;

use super::autostart;
use crate::ipc::error::CommandError;
use crate::ipc::preferences::{Preferences, Theme};

const THEME: &str = "theme";

/// What is preferred now; changes are waited for on its receivers.
struct Preferred {
    paths: Paths,
    told: watch::Sender<Preferences>,
}

/// Reads what was kept. What does not read is told in the log and is as it was never set.
pub(crate) fn install(app: &AppHandle, paths: &Paths) {
    let theme = kept_theme(app, paths).unwrap_or_else(|error| {
        tracing::warn!(?error, "the preferences cannot be read");
        Theme::default()
    });
    let read = Preferences { theme, start_at_login: autostart::is_on(app) };
    app.manage(Preferred { paths: paths.clone(), told: watch::Sender::new(read) });
}

/// What is preferred, as it changes.
pub(crate) fn watch(app: &AppHandle) -> watch::Receiver<Preferences> {
    app.state::<Preferred>().told.subscribe()
}

/// The same, after a look at what the desktop may have changed.
pub(crate) fn look_again(app: &AppHandle) -> Preferences {
    let start_at_login = autostart::is_on(app);
    become_so(app, |preferred| preferred.start_at_login = start_at_login);
    *app.state::<Preferred>().told.borrow()
}

/// Keeps a theme and shows it at once.
pub(crate) fn set_theme(app: &AppHandle, theme: Theme) -> Result<(), CommandError> {
    let store = app.store(app.state::<Preferred>().paths.app_preferences())?;
    store.set(THEME, serde_json::to_value(theme).unwrap_or_default());
    store.save()?;
    app.set_theme(of_the_system(theme));
    become_so(app, |preferred| preferred.theme = theme);
    Ok(())
}

/// Switches start at login.
pub(crate) fn set_start_at_login(app: &AppHandle, on: bool) -> Result<(), CommandError> {
    autostart::switch(app, on)?;
    become_so(app, |preferred| preferred.start_at_login = on);
    Ok(())
}

/// What the desktop's own part of a window is drawn in; `None` follows the desktop.
pub(crate) fn window_theme(app: &AppHandle) -> Option<tauri::Theme> {
    of_the_system(app.try_state::<Preferred>()?.told.borrow().theme)
}

fn of_the_system(theme: Theme) -> Option<tauri::Theme> {
    match theme {
        Theme::System => None,
        Theme::Light => Some(tauri::Theme::Light),
        Theme::Dark => Some(tauri::Theme::Dark),
    }
}

fn kept_theme(app: &AppHandle, paths: &Paths) -> Result<Theme, CommandError> {
    let kept = app.store(paths.app_preferences())?.get(THEME);
    // A word of a newer keyfob is none of ours.
    Ok(kept.and_then(|word| serde_json::from_value(word).ok()).unwrap_or_default())
}

fn become_so(app: &AppHandle, change: impl FnOnce(&mut Preferences)) {
    app.state::<Preferred>().told.send_if_modified(|preferred| {
        let before = *preferred;
        change(preferred);
        *preferred != before
    });
}
