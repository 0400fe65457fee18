//! The transport of MCP's first edition (2024-11-05, "HTTP with SSE"), which old servers still speak: one stream of events brings
//! all that the server says, and its first event names the address that messages are posted to. Where the stream breaks,
//! what was under way is answered with an error, and the session is begun anew behind the client's back.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keyfob_core::failure::{Failure, Misbehaviour, Temporary};
use serde_json::value::RawValue;
use tokio::sync::{Notify, watch};
use url::Url;

use super::{Inner, Lines};
use crate::awakening::awakening;
use crate::json_rpc::{KEYFOB_SAYS, Outgoing, Peek, Unanswered, error_line};
use crate::messages::Messages;
use crate::session::INITIALIZED_LINE;
use crate::upstream::no_message;

/// How long a server may take to name the address.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a message waits for a stream that is being opened again.
const WAIT: Duration = Duration::from_secs(30);
/// Pause before the stream is opened again; doubled each time it brings nothing.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest such pause.
const LONGEST: Duration = Duration::from_mins(1);

/// How far it is.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    /// Nobody asked for it.
    Asleep,
    /// The stream is being opened.
    Opening,
    /// Messages go to this address.
    Ready(Url),
    /// The server does not speak it.
    Absent(Failure),
}

/// What is known of it; of no weight where the server speaks the newer transport.
pub(super) struct OldTransport {
    stage: watch::Sender<Stage>,
    /// Requests whose answers are to come by the stream.
    pending: Mutex<Option<Unanswered>>,
    /// The client's `initialize`, once a server has taken it.
    initialize: Mutex<Option<Vec<u8>>>,
    /// Somebody waits for the stream, so a person may be asked to sign in.
    asked: Notify,
}

impl Default for OldTransport {
    fn default() -> Self {
        Self {
            stage: watch::channel(Stage::Asleep).0,
            pending: Mutex::default(),
            initialize: Mutex::default(),
            asked: Notify::new(),
        }
    }
}

impl OldTransport {
    /// True once the server has shown that it speaks it.
    pub(super) fn is_spoken(&self) -> bool {
        matches!(&*self.stage.borrow(), Stage::Ready(_) | Stage::Opening)
    }

    fn await_answers(&self, outgoing: &Outgoing) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.get_or_insert_with(Unanswered::default).add(outgoing);
    }

    fn cross_off(&self, peeks: &[Peek]) {
        if let Some(pending) = &mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner) {
            pending.cross_off(peeks);
        }
    }

    /// No answer will come to these any more; those that had none yet.
    fn give_up(&self, asked: &[Box<RawValue>]) -> Vec<Box<RawValue>> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.as_mut().map(|pending| pending.take(asked)).unwrap_or_default()
    }

    fn give_all_up(&self) -> Vec<Box<RawValue>> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.take().map(|mut pending| pending.take_all()).unwrap_or_default()
    }

    fn remembered(&self) -> Option<Outgoing> {
        self.initialize.lock().unwrap_or_else(PoisonError::into_inner).clone().and_then(Outgoing::of)
    }
}

impl Inner {
    /// Posts one message; its answers come by the stream. Gives the ids that will have none, with the reason.
    pub(super) async fn relay_by_old_transport(
        &self,
        outgoing: &Outgoing,
    ) -> Result<(), (Failure, Vec<Box<RawValue>>)> {
        let endpoint = self.old_endpoint().await.map_err(|failure| (failure, outgoing.asked.clone()))?;
        self.old.await_answers(outgoing);
        let failed = |failure| (failure, self.old.give_up(&outgoing.asked));
        let response = self.session.upstream.post_old(&outgoing.line, endpoint).await.map_err(failed)?;
        if !(200..300).contains(&response.status) {
            return Err(failed(no_message(response.status)));
        }
        if outgoing.asks("initialize") {
            let mut initialize = self.old.initialize.lock().unwrap_or_else(PoisonError::into_inner);
            *initialize = Some(outgoing.line.clone());
        }
        Ok(())
    }

    /// The address to post to, as soon as a stream names it.
    async fn old_endpoint(&self) -> Result<Url, Failure> {
        let mut stage = self.old.stage.subscribe();
        match &*stage.borrow() {
            Stage::Opening => self.old.asked.notify_one(),
            Stage::Asleep | Stage::Ready(_) | Stage::Absent(_) => {}
        }
        self.old.stage.send_if_modified(|stage| {
            let wakes = *stage == Stage::Asleep;
            if wakes {
                *stage = Stage::Opening;
            }
            wakes
        });
        let known = stage.wait_for(|stage| matches!(stage, Stage::Ready(_) | Stage::Absent(_)));
        let known = tokio::select! {
            known = known => known.map(|stage| stage.clone()).ok(),
            () = self.clock.sleep(WAIT) => None,
        };
        match known {
            Some(Stage::Ready(endpoint)) => Ok(endpoint),
            Some(Stage::Absent(failure)) => Err(failure),
            _ => Err(Temporary::Cut("the MCP server's stream is being opened again".into()).into()),
        }
    }

    /// Keeps the stream open from the moment somebody asks for it; ends where the server does not speak this transport.
    pub(super) async fn keep_old_stream(&self, lines: Lines) {
        let mut stage = self.old.stage.subscribe();
        if stage.wait_for(|stage| *stage == Stage::Opening).await.is_err() {
            return;
        }
        let (mut pause, mut attended) = (SHORTEST, true);
        loop {
            match self.open_old_stream(attended, &lines).await {
                Ok(mut messages) => {
                    pause = SHORTEST;
                    tokio::select! {
                        _ = self.read_old_stream(&mut messages, &lines) => {}
                        () = awakening(&*self.clock) => {}
                    }
                    self.old.stage.send_replace(Stage::Opening);
                    self.end_what_was_under_way(&lines).await;
                }
                Err(failure) if self.old.remembered().is_none() => {
                    self.old.stage.send_replace(Stage::Absent(failure));
                    return;
                }
                Err(failure) => tracing::debug!(%failure, "the server's stream could not be opened again"),
            }
            attended = tokio::select! {
                () = self.clock.sleep(pause) => false,
                () = self.old.asked.notified() => true,
            };
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// Opens the stream, learns the address and, where a session was there before, begins it anew.
    async fn open_old_stream(&self, attended: bool, lines: &Lines) -> Result<Messages, Failure> {
        let upstream = &self.session.upstream;
        let response =
            if attended { upstream.open_old_stream().await? } else { upstream.listen(None).await? };
        if response.status != 200 {
            return Err(no_message(response.status));
        }
        let mut messages = Messages::of(response);
        let named = tokio::select! {
            named = messages.endpoint() => named?,
            () = self.clock.sleep(PATIENCE) => None,
        };
        let named = named.ok_or_else(|| Misbehaviour::Mcp("its stream names no address".into()))?;
        let endpoint = upstream.old_endpoint(&named)?;
        if let Some(initialize) = self.old.remembered() {
            self.begin_anew(&initialize, &endpoint, &mut messages, lines).await?;
        }
        self.old.stage.send_replace(Stage::Ready(endpoint));
        Ok(messages)
    }

    /// Says again what the client said at first. The client hears nothing of it.
    async fn begin_anew(
        &self,
        initialize: &Outgoing,
        endpoint: &Url,
        messages: &mut Messages,
        lines: &Lines,
    ) -> Result<(), Failure> {
        let upstream = &self.session.upstream;
        let taken = upstream.post_old(&initialize.line, endpoint.clone()).await?;
        if !(200..300).contains(&taken.status) {
            return Err(no_message(taken.status));
        }
        let mut unanswered = Unanswered::of(initialize);
        while let Some(message) = messages.next().await? {
            if unanswered.cross_off(&message.peeks) {
                upstream.post_old(INITIALIZED_LINE, endpoint.clone()).await?;
                return Ok(());
            }
            let _ = lines.send(message.line).await;
        }
        Err(no_message(200))
    }

    async fn read_old_stream(&self, messages: &mut Messages, lines: &Lines) -> Result<(), Failure> {
        while let Some(message) = messages.next().await? {
            self.old.cross_off(&message.peeks);
            let line = self.hidden.taken_out_of(&message.line).unwrap_or(message.line);
            // A client that is gone ends the whole bridge from the writing side.
            let _ = lines.send(line).await;
        }
        Ok(())
    }

    async fn end_what_was_under_way(&self, lines: &Lines) {
        let cut = Temporary::Cut("the MCP server's stream broke before the answer came".into()).into();
        for id in self.old.give_all_up() {
            let _ = lines.send(error_line(Some(&id), KEYFOB_SAYS, &self.words(&cut))).await;
        }
    }
}
