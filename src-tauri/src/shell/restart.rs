//! A restart that somebody asked for in the window: what is on disk now takes this program's place, with its window open.

use tauri::{AppHandle, Manager};

/// This end is half of a restart.
struct Wanted;

/// Ends the app as usual, and starts it anew in [`if_asked`].
pub(crate) fn ask(app: &AppHandle) {
    app.manage(Wanted);
    app.exit(0);
}

/// Where a restart was asked for, there is no way back: the app has done all that its end asks of it.
pub(crate) fn if_asked(app: &AppHandle) {
    if app.try_state::<Wanted>().is_none() {
        return;
    }
    app.cleanup_before_exit();
    let mut environment = tauri::Env::default();
    environment.args_os.push("--show".into());
    tauri::process::restart(&environment)
}
