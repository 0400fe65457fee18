//! The freedesktop.org notification service, over one connection: signals are listened to before the first notification is
//! shown, so that no press is missed, and every call has a deadline.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt;
use keyfob_agent::notice::Notice;
use keyfob_core::identity::ProfileName;
use tokio::sync::mpsc;
use zbus::zvariant::Value;
use zbus::{Connection, MatchRule, Message, MessageStream, message};

use super::Pressed;
use crate::shell::notice_words::{Button, Words, escaped, words};

const SERVICE: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// A service that answers no sooner than this is as good as none.
const PATIENCE: Duration = Duration::from_secs(10);
/// `expire_timeout`: the service's own, or never.
const SERVICE_DECIDES: i32 = -1;
const NEVER: i32 = 0;

/// What stands on the screen, and the way there.
pub(super) struct Board {
    /// The bus to use instead of the session's.
    address: Option<String>,
    patience: Duration,
    line: Option<Line>,
    standing: HashMap<Option<ProfileName>, u32>,
}

/// A connection whose signals are heard.
struct Line {
    bus: Connection,
    signals: MessageStream,
    /// Whether the service reads markup in bodies; then text must be escaped, else it must not.
    markup: bool,
}

impl Default for Board {
    fn default() -> Self {
        Self { address: None, patience: PATIENCE, line: None, standing: HashMap::new() }
    }
}

impl Board {
    /// Shows notices until nobody sends any more.
    pub(super) async fn run(
        mut self,
        mut notices: mpsc::Receiver<Notice>,
        pressed: mpsc::UnboundedSender<Pressed>,
    ) {
        loop {
            tokio::select! {
                notice = notices.recv() => match notice {
                    Some(notice) => self.put_up(&notice).await,
                    None => return,
                },
                signal = heard(self.line.as_mut()) => match signal {
                    Some(signal) => self.hear(&signal, &pressed),
                    // The bus is gone, and what stood there with it.
                    None => self.forget_line(),
                },
            }
        }
    }

    async fn put_up(&mut self, notice: &Notice) {
        let patience = self.patience;
        let shown = tokio::time::timeout(patience, self.show(notice)).await;
        let why = match shown {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        tracing::warn!(profile = ?notice.profile, why, "a notification could not be shown");
        self.forget_line();
    }

    async fn show(&mut self, notice: &Notice) -> zbus::Result<()> {
        let earlier = self.standing.get(&notice.profile).copied();
        let Some(words) = words(notice) else {
            // Solved: what said otherwise goes; without it there is nothing to do, not even to connect.
            let Some(id) = self.standing.remove(&notice.profile) else { return Ok(()) };
            let line = self.line().await?;
            line.bus.call_method(Some(SERVICE), PATH, Some(SERVICE), "CloseNotification", &(id)).await?;
            return Ok(());
        };
        let line = self.line().await?;
        let id = line.notify(&words, earlier.unwrap_or(0)).await?;
        self.standing.insert(notice.profile.clone(), id);
        Ok(())
    }

    async fn line(&mut self) -> zbus::Result<&Line> {
        let line = match self.line.take() {
            Some(line) => line,
            None => Line::open(self.address.as_deref()).await?,
        };
        Ok(self.line.insert(line))
    }

    fn forget_line(&mut self) {
        self.line = None;
        self.standing.clear();
    }

    fn hear(&mut self, signal: &Message, pressed: &mpsc::UnboundedSender<Pressed>) {
        let header = signal.header();
        let body = signal.body();
        let Some(member) = header.member() else { return };
        match member.as_str() {
            "ActionInvoked" => {
                let Ok((id, name)) = body.deserialize::<(u32, &str)>() else { return };
                let standing = self.standing.iter().find(|(_, standing)| **standing == id);
                if let Some(((profile, _), button)) = standing.zip(Button::named(name)) {
                    let _ = pressed.send(Pressed { profile: profile.clone(), button });
                }
            }
            "NotificationClosed" => {
                let Ok((id, _reason)) = body.deserialize::<(u32, u32)>() else { return };
                self.standing.retain(|_, standing| *standing != id);
            }
            _ => {}
        }
    }
}

/// The next signal; never, while there is no line.
async fn heard(line: Option<&mut Line>) -> Option<Message> {
    let Some(line) = line else { return std::future::pending().await };
    loop {
        match line.signals.next().await {
            Some(Ok(signal)) => return Some(signal),
            Some(Err(error)) => tracing::debug!(%error, "a signal could not be read"),
            None => return None,
        }
    }
}

impl Line {
    async fn open(address: Option<&str>) -> zbus::Result<Self> {
        let builder = match address {
            Some(address) => zbus::connection::Builder::address(address)?,
            None => zbus::connection::Builder::session()?,
        };
        let bus = builder.build().await?;
        let rule = MatchRule::builder()
            .msg_type(message::Type::Signal)
            .sender(SERVICE)?
            .interface(SERVICE)?
            .path(PATH)?
            .build();
        let signals = MessageStream::for_match_rule(rule, &bus, None).await?;
        let answer = bus.call_method(Some(SERVICE), PATH, Some(SERVICE), "GetCapabilities", &()).await?;
        let capabilities: Vec<String> = answer.body().deserialize()?;
        let markup = capabilities.iter().any(|capability| capability == "body-markup");
        Ok(Self { bus, signals, markup })
    }

    /// Shows it in place of `earlier` (0 for none) and gives its number.
    async fn notify(&self, words: &Words, earlier: u32) -> zbus::Result<u32> {
        let body = if self.markup { escaped(&words.body) } else { words.body.clone() };
        let actions: Vec<&str> =
            words.buttons.iter().flat_map(|(button, label)| [button.name(), *label]).collect();
        let hints: HashMap<&str, Value<'_>> = HashMap::from([("desktop-entry", Value::from("keyfob"))]);
        let timeout = if words.stays { NEVER } else { SERVICE_DECIDES };
        let arguments =
            ("keyfob", earlier, "dialog-password", words.title.as_str(), body, actions, hints, timeout);
        let answer = self.bus.call_method(Some(SERVICE), PATH, Some(SERVICE), "Notify", &arguments).await?;
        answer.body().deserialize()
    }
}

#[cfg(test)]
mod tests;
