//! Notifications where buttons need more than a desktop's plain interface: shown, never pressed (not run here).

use keyfob_agent::notice::Notice;
use tokio::sync::mpsc;

use super::Pressed;
use crate::desk::busy::Busy;
use crate::shell::notice_words::words;

/// Shows each notice by itself.
pub(super) struct Board;

impl Board {
    /// Without buttons, nothing waits.
    pub(super) fn counted_by(_busy: Busy) -> Self {
        Self
    }

    pub(super) async fn run(
        self,
        mut notices: mpsc::Receiver<Notice>,
        _pressed: mpsc::UnboundedSender<Pressed>,
    ) {
        while let Some(notice) = notices.recv().await {
            let Some(words) = words(&notice) else { continue };
            // On a thread of its own: the system's call may block.
            let started = std::thread::Builder::new().spawn(move || {
                let shown = notify_rust::Notification::new()
                    .appname("keyfob")
                    .summary(&words.title)
                    .body(&words.body)
                    .show();
                if let Err(error) = shown {
                    tracing::warn!(%error, "a notification could not be shown");
                }
            });
            if let Err(error) = started {
                tracing::warn!(%error, "no thread to show a notification");
            }
        }
    }
}
