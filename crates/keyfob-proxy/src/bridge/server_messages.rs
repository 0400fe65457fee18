//! The server's own messages: one GET stream per session, opened again when it ends. A server without one says so (405),
//! and that is that.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::{Inner, Lines};
use crate::awakening::awakening;
use crate::messages::Messages;

/// Pause before the stream is opened again, where the server asks for none; doubled each time it brings nothing.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest such pause.
const LONGEST: Duration = Duration::from_mins(1);

/// How one stream ended.
struct Ended {
    brought_something: bool,
    retry: Option<Duration>,
    last_event_id: Option<HeaderValue>,
}

impl Inner {
    /// Listens as long as there are sessions; a new one ends the stream of the one before.
    pub(super) async fn listen(self: Arc<Self>, lines: Lines) {
        let mut begun = self.session.begun();
        while begun.changed().await.is_ok() {
            loop {
                tokio::select! {
                    () = self.listen_in_session(&lines) => break,
                    changed = begun.changed() => if changed.is_err() { return },
                }
            }
        }
    }

    /// Ends where the server has no such stream.
    async fn listen_in_session(&self, lines: &Lines) {
        let (mut pause, mut last_event_id) = (SHORTEST, None);
        loop {
            match self.listen_once(lines, last_event_id.clone()).await {
                Some(ended) => {
                    last_event_id = ended.last_event_id.or(last_event_id);
                    pause = if ended.brought_something { SHORTEST } else { pause };
                    self.clock.sleep(ended.retry.unwrap_or(pause)).await;
                }
                None => return,
            }
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// One stream to its end; `None` where there never will be one in this session.
    async fn listen_once(&self, lines: &Lines, last_event_id: Option<HeaderValue>) -> Option<Ended> {
        let nothing = Ended { brought_something: false, retry: None, last_event_id: None };
        let response = match self.session.upstream.listen(last_event_id).await {
            Ok(response) => response,
            Err(failure) => {
                tracing::debug!(%failure, "the server's own stream could not be opened");
                return Some(nothing);
            }
        };
        match response.status {
            200 => {}
            // The next request renews the token or begins a new session; until then there is nothing to hear. A server that takes
            // the stream before it for alive (409) finds out.
            401 | 404 | 409 | 429 | 500 | 502..=599 => return Some(nothing),
            status => {
                tracing::debug!(status, "the server has no stream of its own");
                return None;
            }
        }
        let mut messages = Messages::of(response);
        let mut brought_something = false;
        let mut awakening = pin!(awakening(&*self.clock));
        loop {
            let next = tokio::select! {
                next = messages.next() => next,
                () = &mut awakening => break,
            };
            let Ok(Some(message)) = next else { break };
            brought_something = true;
            if lines.send(message.line).await.is_err() {
                return None;
            }
        }
        Some(Ended { brought_something, retry: messages.retry(), last_event_id: messages.last_event_id() })
    }
}
