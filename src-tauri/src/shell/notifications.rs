//! Desktop notifications: takes notices from the keeper, never makes it wait, and hands pressed buttons on.
//!
//! A task of its own shows one notice after the other; whatever the desktop does or does not answer stays in there
//! (fault 48). Quiet hours are the desktop's business: nothing here is urgent enough to break them.

#[cfg(all(unix, not(target_os = "macos")))]
mod freedesktop;
#[cfg(not(all(unix, not(target_os = "macos"))))]
mod without_buttons;

use keyfob_agent::notice::Notice;
use keyfob_agent::ports::Notifier;
use keyfob_core::identity::ProfileName;
use tauri::{AppHandle, Manager};
use tokio::sync::mpsc;

use super::notice_words::Button;
use super::{outside, windows};
use crate::desk::Desk;
use crate::desk::busy::Busy;

#[cfg(all(unix, not(target_os = "macos")))]
use freedesktop::Board;
#[cfg(not(all(unix, not(target_os = "macos"))))]
use without_buttons::Board;

/// Notices that may wait for a slow desktop; what comes on top is dropped and logged. A reminder comes again.
const WAITING: usize = 64;

/// A button somebody pressed, and the profile of its notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pressed {
    /// The profile; `None` for a notice about the store.
    pub(crate) profile: Option<ProfileName>,
    /// The button.
    pub(crate) button: Button,
}

/// Shows notices.
pub(crate) struct DesktopNotifier {
    notices: mpsc::Sender<Notice>,
}

impl DesktopNotifier {
    /// Starts the task on the current tokio runtime; a notification whose buttons are listened to makes `busy`; pressed buttons come out of the receiver.
    pub(crate) fn new(busy: Busy) -> (Self, mpsc::UnboundedReceiver<Pressed>) {
        Self::showing_on(Board::counted_by(busy))
    }

    fn showing_on(board: Board) -> (Self, mpsc::UnboundedReceiver<Pressed>) {
        let (notices, waiting) = mpsc::channel(WAITING);
        let (pressed, receiver) = mpsc::unbounded_channel();
        tokio::spawn(board.run(waiting, pressed));
        (Self { notices }, receiver)
    }
}

impl Notifier for DesktopNotifier {
    fn notify(&self, notice: &Notice) {
        if self.notices.try_send(notice.clone()).is_err() {
            tracing::warn!(profile = ?notice.profile, "a notification is dropped: the desktop takes none");
        }
    }
}

/// Does what the buttons ask for, for as long as the app runs.
pub(crate) fn follow_buttons(app: &AppHandle, mut pressed: mpsc::UnboundedReceiver<Pressed>) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        while let Some(Pressed { profile, button }) = pressed.recv().await {
            match (button, profile) {
                (Button::SignIn, Some(name)) => outside::sign_in(&app, name),
                (Button::Tomorrow, Some(name)) => {
                    if let Err(failure) = app.state::<Desk>().agent.remind_tomorrow(&name).await {
                        tracing::warn!(%failure, profile = %name, "the reminder could not be put off");
                    }
                }
                (Button::Cancel, Some(name)) => app.state::<Desk>().cancel_sign_in(&name).await,
                (Button::Open, _) | (_, None) => windows::show_logged(&app),
            }
        }
    });
}
