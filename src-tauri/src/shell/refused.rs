//! Where keyfob cannot run at all: a window that says why and what to do next, and tries again when asked.

use keyfob_core::failure::{Failure, Temporary};
use tauri::{Manager, RunEvent};

use super::windows;
use crate::ipc::error::CommandError;

/// Whatever its page asks for is refused with the one reason; all it can do is try again.
const TRY_AGAIN: &str = "try_again";

/// Shows the window until it is closed.
///
/// # Errors
/// Where there is no desktop to show it on.
pub(crate) fn show(failure: &Failure, context: tauri::Context) -> Result<(), tauri::Error> {
    let reason = reason(failure);
    let app = tauri::Builder::default()
        .invoke_handler(move |invoke| {
            if invoke.message.command() == TRY_AGAIN {
                invoke.message.webview_ref().app_handle().request_restart();
            } else {
                invoke.resolver.reject(reason.clone());
            }
            true
        })
        .setup(|app| Ok(windows::show(app.handle())?))
        .build(context)?;
    app.run_return(|_, event| {
        if let RunEvent::Ready = event {
            tracing::info!("a window says why keyfob cannot run");
        }
    });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_held_elsewhere_names_no_profile_and_other_causes_keep_their_words() {
        let held = serde_json::to_value(reason(&Temporary::Busy.into())).unwrap();
        assert_eq!(held["message"], "another keyfob looks after these sign-ins, and does not make way");
        let newer =
            Temporary::OtherVersion { keeper: "9.0.0".into(), ours: "0.1.0".into(), ours_is_older: true };
        let newer = serde_json::to_value(reason(&newer.into())).unwrap();
        assert_eq!(newer["hint"], "update this keyfob to the keeper's version");
    }
}
