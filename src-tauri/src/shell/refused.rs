//! Where keyfob does not run, for good or for now: a window that says why and what to do next. It goes on by itself once what
//! it waits for is over, and tries again when asked.

use std::sync::{Arc, Mutex, PoisonError};

use keyfob_core::failure::{Failure, Temporary};
use keyfob_platform::lease::{Lease, LeaseHolder};
use keyfob_platform::paths::Paths;
use tauri::{AppHandle, Manager};
use tokio::task::JoinHandle;

use super::{restart, windows};
use crate::ipc::error::CommandError;
use crate::keeping::Kept;

/// Whatever its page asks for is refused with the one reason; all it can do is begin anew.
const RESTART: &str = "restart";

/// What becomes of the start.
pub(crate) type Keeping = JoinHandle<Result<Option<Kept>, Failure>>;

/// The one reason, as it is now.
type Reason = Arc<Mutex<CommandError>>;

/// Shows the window until it is closed.
///
/// # Errors
/// Where there is no desktop to show it on.
pub(crate) fn show(failure: &Failure, context: tauri::Context) -> Result<(), tauri::Error> {
    run(&Reason::new(Mutex::new(reason(failure))), context, |_| {})
}

/// Shows the window while another keyfob is waited for. Once it has made way, this app begins anew, as if it had not waited;
/// where it never does, the window says so.
///
/// # Errors
/// Where there is no desktop to show it on.
pub(crate) fn wait(keeping: Keeping, paths: &Paths, context: tauri::Context) -> Result<(), tauri::Error> {
    let holder = Lease::is_held(&paths.lease()).then(|| Lease::holder(&paths.lease())).flatten();
    let said = Reason::new(Mutex::new(waiting(holder.as_ref())));
    let later = Arc::clone(&said);
    run(&said, context, move |app| {
        let app = app.clone();
        tauri::async_runtime::spawn(async move { ended(&app, &later, keeping).await });
    })
}

async fn ended(app: &AppHandle, said: &Reason, keeping: Keeping) {
    match keeping.await {
        Ok(Ok(None)) => app.exit(0),
        Ok(Ok(Some(kept))) => {
            kept.desk.end(false).await;
            drop(kept);
            restart::ask(app);
        }
        Ok(Err(failure)) => {
            tracing::error!(%failure, "keyfob-app cannot run");
            *said.lock().unwrap_or_else(PoisonError::into_inner) = reason(&failure);
            // The page asks again, and hears the new reason.
            for window in app.webview_windows().values() {
                let _ = window.reload();
            }
        }
        Err(error) => tracing::error!(%error, "the start came to no end"),
    }
}

fn run(
    said: &Reason,
    context: tauri::Context,
    begun: impl FnOnce(&AppHandle) + Send + 'static,
) -> Result<(), tauri::Error> {
    let said = Arc::clone(said);
    let app = tauri::Builder::default()
        .invoke_handler(move |invoke| {
            if invoke.message.command() == RESTART {
                restart::ask(invoke.message.webview_ref().app_handle());
            } else {
                invoke.resolver.reject(said.lock().unwrap_or_else(PoisonError::into_inner).clone());
            }
            true
        })
        .setup(|app| {
            begun(app.handle());
            Ok(windows::show(app.handle())?)
        })
        .build(context)?;
    let handle = app.handle().clone();
    app.run_return(|_, _| {});
    restart::if_asked(&handle);
    Ok(())
}

/// A lease that another keyfob holds is busy with no profile of anybody's.
fn reason(failure: &Failure) -> CommandError {
    if let Failure::Temporary(Temporary::Busy) = failure {
        return CommandError::saying(
            "another keyfob looks after these sign-ins, and does not make way",
            "it may be frozen, or run on another computer that shares this folder: end it there, then try again",
        );
    }
    CommandError::of_none(failure)
}

/// Nobody knows yet whether it ends its last renewal or is frozen.
fn waiting(holder: Option<&LeaseHolder>) -> CommandError {
    let Some(LeaseHolder { pid, .. }) = holder else {
        return CommandError::waiting(
            "keyfob has not come up yet",
            "it goes on by itself; a slow disk or keyring may hold it up",
        );
    };
    CommandError::waiting(
        &format!("another keyfob, process {pid}, looks after these sign-ins and has not made way yet"),
        &format!("this one goes on by itself as soon as it has; where it is frozen, end process {pid}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_held_elsewhere_names_no_profile_and_other_causes_keep_their_words() {
        let held = serde_json::to_value(reason(&Temporary::Busy.into())).unwrap();
        assert_eq!(held["message"], "another keyfob looks after these sign-ins, and does not make way");
        assert_eq!(held.get("waits"), None);
        let newer =
            Temporary::OtherVersion { keeper: "9.0.0".into(), ours: "0.1.0".into(), ours_is_older: true };
        let newer = serde_json::to_value(reason(&newer.into())).unwrap();
        assert_eq!(newer["hint"], "update this keyfob to the keeper's version");
    }

    #[test]
    fn what_is_waited_for_is_named_by_its_process_where_somebody_holds_the_lease() {
        let held =
            serde_json::to_value(waiting(Some(&LeaseHolder { pid: 4711, kind: "app".into() }))).unwrap();
        assert!(held["hint"].as_str().unwrap().ends_with("end process 4711"), "{held}");
        assert_eq!(held["waits"], true);
        let slow = serde_json::to_value(waiting(None)).unwrap();
        assert_eq!(slow["message"], "keyfob has not come up yet");
    }
}
