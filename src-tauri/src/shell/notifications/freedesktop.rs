//! Notifications with buttons on a freedesktop.org desktop: one stands per profile, and whoever presses is heard until it goes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use keyfob_agent::notice::Notice;
use keyfob_core::identity::ProfileName;
use notify_rust::{Hint, Notification, NotificationHandle, NotificationResponse, Timeout};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Pressed;
use crate::desk::busy::Busy;
use crate::shell::notice_words::{Button, Words, escaped, words};

/// A service that answers no sooner than this is as good as none.
const PATIENCE: Duration = Duration::from_secs(10);

/// What stands on the screen.
pub(super) struct Board {
    patience: Duration,
    standing: HashMap<Option<ProfileName>, Standing>,
    /// Each that stands is under way: nobody else hears its buttons.
    busy: Busy,
}

/// One notification on the screen, listened to for as long as this lives.
struct Standing {
    /// Its connection: some desktops take a notification away when its sender leaves the bus.
    handle: Arc<NotificationHandle>,
    listening: JoinHandle<()>,
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Board {
    pub(super) fn counted_by(busy: Busy) -> Self {
        Self { patience: PATIENCE, standing: HashMap::new(), busy }
    }

    /// Shows notices until nobody sends any more.
    pub(super) async fn run(
        mut self,
        mut notices: mpsc::Receiver<Notice>,
        pressed: mpsc::UnboundedSender<Pressed>,
    ) {
        while let Some(notice) = notices.recv().await {
            self.standing.retain(|_, standing| !standing.listening.is_finished());
            let put_up = tokio::time::timeout(self.patience, self.put_up(&notice, &pressed)).await;
            let why = match put_up {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer".to_owned(),
            };
            tracing::warn!(profile = ?notice.profile, why, "a notification could not be shown");
        }
    }

    /// Puts it in the place of the one that stood for this profile; a notice without words only takes that one away.
    async fn put_up(
        &mut self,
        notice: &Notice,
        pressed: &mpsc::UnboundedSender<Pressed>,
    ) -> notify_rust::error::Result<()> {
        let shown = match words(notice) {
            Some(words) => Some(Arc::new(notification(&words, reads_markup().await).show_async().await?)),
            None => None,
        };
        let earlier = self.standing.remove(&notice.profile);
        if let Some(handle) = shown {
            let listening = listen(Arc::clone(&handle), notice.profile.clone(), pressed.clone());
            let stands = self.busy.begin();
            let listening = tokio::spawn(async move {
                listening.await;
                drop(stands);
            });
            self.standing.insert(notice.profile.clone(), Standing { handle, listening });
        }
        // Last: a service that fails here leaves two on the screen, and never none.
        if let Some(earlier) = earlier {
            earlier.handle.close_async().await;
        }
        Ok(())
    }
}

/// Hands presses on until the notification goes, or the bus. Not every service takes one away that was pressed.
async fn listen(
    handle: Arc<NotificationHandle>,
    profile: Option<ProfileName>,
    pressed: mpsc::UnboundedSender<Pressed>,
) {
    loop {
        let mut heard = None;
        handle.wait_for_action_async(|response| heard = Some(response.clone())).await;
        let button = match heard {
            Some(NotificationResponse::Default) => Some(Button::Open),
            Some(NotificationResponse::Action(name)) => Button::named(&name),
            Some(NotificationResponse::Reply(_)) => None,
            Some(NotificationResponse::Closed(_)) | None => return,
        };
        if let Some(button) = button {
            let _ = pressed.send(Pressed { profile: profile.clone(), button });
        }
    }
}

/// Whether the service reads markup in bodies; then text must be escaped, else it must not.
async fn reads_markup() -> bool {
    // The library asks in a blocking way only.
    let asked = keyfob_platform::threads::on_a_thread(notify_rust::get_capabilities).await;
    matches!(asked, Ok(Ok(capabilities)) if capabilities.iter().any(|capability| capability == "body-markup"))
}

fn notification(words: &Words, markup: bool) -> Notification {
    let mut notification = Notification::new();
    notification
        .appname("keyfob")
        .icon("dialog-password")
        .summary(&words.title)
        .body(&if markup { escaped(&words.body) } else { words.body.clone() })
        .hint(Hint::DesktopEntry("keyfob".to_owned()))
        .timeout(if words.stays { Timeout::Never } else { Timeout::Default });
    for (button, label) in &words.buttons {
        notification.action(button.name(), label);
    }
    notification.finalize()
}

#[cfg(test)]
mod tests;
