//! A new beginning: with its window, where somebody asked for what is on disk now; or in the tray, where nobody will notice.

use tauri::{AppHandle, Manager};

use crate::arguments::{self, AFTER_REST, SHOW};

/// This end is half of a restart.
enum Wanted {
    WithWindow,
    #[cfg(target_os = "linux")]
    InTheTray,
}

/// Ends the app as usual, and starts it anew in [`if_asked`].
pub(crate) fn ask(app: &AppHandle) {
    app.manage(Wanted::WithWindow);
    app.exit(0);
}

/// The same without a window, as the same process.
#[cfg(target_os = "linux")]
pub(crate) fn in_the_tray(app: &AppHandle) {
    app.manage(Wanted::InTheTray);
    app.exit(0);
}

/// Whether this end is none for anybody else.
pub(crate) fn goes_on(app: &AppHandle) -> bool {
    app.try_state::<Wanted>().is_some_and(|wanted| !matches!(*wanted, Wanted::WithWindow))
}

/// Where a restart was asked for, there is no way back: the app has done all that its end asks of it.
pub(crate) fn if_asked(app: &AppHandle) {
    let Some(wanted) = app.try_state::<Wanted>() else { return };
    app.cleanup_before_exit();
    let mut environment = tauri::Env::default();
    match *wanted {
        Wanted::WithWindow => {
            environment.args_os = arguments::again(&environment.args_os, SHOW);
            tauri::process::restart(&environment)
        }
        #[cfg(target_os = "linux")]
        Wanted::InTheTray => {
            environment.args_os = arguments::again(&environment.args_os, AFTER_REST);
            become_anew(&environment);
        }
    }
}

/// Whoever waits for this process, or ends it, goes on doing so.
#[cfg(target_os = "linux")]
fn become_anew(environment: &tauri::Env) {
    use std::os::unix::process::CommandExt as _;
    match tauri::process::current_binary(environment) {
        Ok(program) => {
            let error = std::process::Command::new(program).args(environment.args_os.iter().skip(1)).exec();
            tracing::error!(%error, "the app could not begin anew");
        }
        Err(error) => tracing::error!(%error, "the app does not find its program"),
    }
}
