//! Desktop notifications through notify-rust. Each runs on a thread of its own: a slow or absent notification service
//! changes nothing for a renewal (fault 48).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use keyfob_agent::notice::{Notice, NoticeKind};
use keyfob_agent::ports::Notifier;
use keyfob_core::identity::ProfileName;
use notify_rust::Notification;
use tokio::sync::mpsc;

/// The button's name on the bus.
const SIGN_IN: &str = "sign-in";

/// Shows notices; pressed buttons come out of the receiver.
pub(crate) struct DesktopNotifier {
    pressed: mpsc::UnboundedSender<ProfileName>,
    shown: Arc<Mutex<HashMap<ProfileName, u32>>>,
}

impl DesktopNotifier {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<ProfileName>) {
        let (pressed, receiver) = mpsc::unbounded_channel();
        (Self { pressed, shown: Arc::default() }, receiver)
    }
}

impl Notifier for DesktopNotifier {
    fn notify(&self, notice: &Notice) {
        let (notice, pressed, shown) = (notice.clone(), self.pressed.clone(), Arc::clone(&self.shown));
        std::thread::spawn(move || {
            if let Err(error) = show(&notice, &pressed, &shown) {
                tracing::warn!(%error, "a notification could not be shown");
            }
        });
    }
}

fn show(
    notice: &Notice,
    pressed: &mpsc::UnboundedSender<ProfileName>,
    shown: &Mutex<HashMap<ProfileName, u32>>,
) -> notify_rust::error::Result<()> {
    let earlier = shown.lock().unwrap_or_else(PoisonError::into_inner).remove(&notice.profile);
    let label = escaped(&notice.label);
    let mut notification = Notification::new();
    notification.appname("keyfob").icon("dialog-password");
    match &notice.kind {
        NoticeKind::SignInNeeded(why) => notification
            .summary(&format!("{label}: sign in again"))
            .body(&escaped(why))
            .action(SIGN_IN, "Sign in again")
            .timeout(notify_rust::Timeout::Never),
        NoticeKind::SignInEnds(when) => notification
            .summary(&format!("{label}: the sign-in ends {}", escaped(when)))
            .action(SIGN_IN, "Sign in again"),
        // Takes the place of the notice it solves; without one there is nothing to say.
        NoticeKind::Solved if earlier.is_none() => return Ok(()),
        NoticeKind::Solved => notification.summary(&format!("{label}: signed in again")),
    };
    if let Some(id) = earlier {
        notification.id(id);
    }
    let handle = notification.show()?;
    wait(handle, notice, pressed, shown);
    Ok(())
}

#[cfg(all(unix, not(target_os = "macos")))]
fn wait(
    handle: notify_rust::NotificationHandle,
    notice: &Notice,
    pressed: &mpsc::UnboundedSender<ProfileName>,
    shown: &Mutex<HashMap<ProfileName, u32>>,
) {
    if notice.kind == NoticeKind::Solved {
        return;
    }
    shown.lock().unwrap_or_else(PoisonError::into_inner).insert(notice.profile.clone(), handle.id());
    handle.wait_for_action(|action| {
        if action == SIGN_IN {
            let _ = pressed.send(notice.profile.clone());
        }
    });
}

/// Buttons are a matter of the freedesktop notifications; elsewhere the notice is shown without one (not run here).
#[cfg(not(all(unix, not(target_os = "macos"))))]
fn wait(
    _handle: notify_rust::NotificationHandle,
    _notice: &Notice,
    _pressed: &mpsc::UnboundedSender<ProfileName>,
    _shown: &Mutex<HashMap<ProfileName, u32>>,
) {
}

/// Notification bodies may carry markup; a server's words must not.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// fault 48
    #[test]
    fn markup_in_a_name_is_text() {
        assert_eq!(escaped("<b>&"), "&lt;b&gt;&amp;");
    }
}
