//! One message to the server and its answers to the client. A stream that breaks before the answer came is taken up again
//! where the server allows it.

use std::time::Duration;

use http::HeaderMap;
use keyfob_core::failure::Failure;
use keyfob_core::server_text::shown;
use serde_json::value::RawValue;

use super::header_mismatch::is_mismatch;
use super::{Inner, Lines};
use crate::json_rpc::{INVALID_REQUEST, KEYFOB_SAYS, Outgoing, Peek, Unanswered, error_answer, error_line};
use crate::messages::{Message, Messages};
use crate::refusal::next_step;
use crate::standard_headers::standard_headers;
use crate::upstream::no_message;

/// Tries to take a stream up again that brings nothing new; a new event starts the count anew.
const FRUITLESS_TRIES: u32 = 5;
/// Pause before a try, where the server asks for none.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a stream is read on once everything is answered: a server that ends it leaves the connection usable.
const AFTERWORD: Duration = Duration::from_secs(1);

/// One message under way.
struct Exchange<'a> {
    inner: &'a Inner,
    outgoing: &'a Outgoing,
    unanswered: Unanswered,
    lines: &'a Lines,
    mismatch: Mismatch,
}

/// What becomes of a call's headers that the server does not take.
enum Mismatch {
    /// It goes out with these, and the tools can be listed again.
    Unheard(HeaderMap),
    /// The server does not take these, in these words.
    Heard(HeaderMap, Message),
    /// Handed on.
    Told,
}

impl Inner {
    /// Relays one message; a failure becomes an error answer for each id that is still without one.
    pub(super) async fn relay(&self, outgoing: &Outgoing, lines: &Lines) {
        if let Some(tool) = self.hidden.called_in(&outgoing.line) {
            let words = format!("keyfob: the tool {} is hidden from this client", shown(&tool));
            for id in &outgoing.asked {
                let _ = lines.send(error_line(Some(id), INVALID_REQUEST, &words)).await;
            }
            return;
        }
        let begins = outgoing.asks("initialize");
        if self.old.is_spoken() || (begins && self.old_transport_first) {
            match self.relay_by_old_transport(outgoing).await {
                Ok(()) => return,
                // It was a wish, and the server knows better.
                Err(_) if begins && !self.old.is_spoken() => {}
                Err((failure, ids)) => return self.tell(&failure, outgoing, &ids, lines).await,
            }
        }
        let unanswered = Unanswered::of(outgoing);
        let mismatch = if outgoing.asks("tools/call") {
            Mismatch::Unheard(self.session.upstream.mirrored.headers(&outgoing.line))
        } else {
            Mismatch::Told
        };
        let mut exchange = Exchange { inner: self, outgoing, unanswered, lines, mismatch };
        let Err(failure) = exchange.run().await else { return };
        self.tell(&failure, outgoing, exchange.unanswered.ids(), lines).await;
    }

    /// A failure as an error answer to each of these.
    async fn tell(&self, failure: &Failure, outgoing: &Outgoing, ids: &[Box<RawValue>], lines: &Lines) {
        if ids.is_empty() {
            tracing::warn!(%failure, method = outgoing.method.as_deref(), "a message could not be delivered");
        }
        for id in ids {
            let _ = lines.send(error_line(Some(id), KEYFOB_SAYS, &self.words(failure))).await;
        }
    }

    /// The cause and the next step.
    pub(super) fn words(&self, failure: &Failure) -> String {
        match next_step(failure, &self.profile) {
            Some(hint) => format!("keyfob: {failure}. Next: {hint}"),
            None => format!("keyfob: {failure}"),
        }
    }
}

impl Exchange<'_> {
    /// Sends it; and once more where the server wants other headers with it, which it says before it does anything.
    async fn run(&mut self) -> Result<(), Failure> {
        let done = self.send().await;
        match std::mem::replace(&mut self.mismatch, Mismatch::Told) {
            Mismatch::Heard(sent, _) if self.inner.wants_other_headers(self.outgoing, &sent).await => {
                self.send().await
            }
            Mismatch::Heard(_, error) => {
                self.relay_message(error).await;
                Ok(())
            }
            Mismatch::Unheard(_) | Mismatch::Told => done,
        }
    }

    async fn send(&mut self) -> Result<(), Failure> {
        let wanted_nothing = self.unanswered.is_empty();
        let response = self.inner.session.post(self.outgoing).await?;
        let status = response.status;
        let mut messages = Messages::of(response);
        let broken = self.relay_messages(&mut messages).await;
        if matches!(self.mismatch, Mismatch::Heard(..)) {
            return Ok(());
        }
        if matches!(status, 400 | 404 | 405)
            && self.outgoing.asks("initialize")
            && !self.unanswered.is_empty()
        {
            return self.by_old_transport(status).await;
        }
        if !(200..300).contains(&status) {
            return if self.unanswered.is_empty() && !wanted_nothing {
                Ok(())
            } else {
                Err(no_message(status))
            };
        }
        if self.unanswered.is_empty() {
            return Ok(());
        }
        if messages.is_stream() && self.resume(messages).await? {
            return Ok(());
        }
        broken.and(Err(no_message(status)))
    }

    /// A server that takes no post at its own address may be one of the first edition (2025-03-26, "backwards compatibility").
    async fn by_old_transport(&mut self, status: u16) -> Result<(), Failure> {
        match self.inner.relay_by_old_transport(self.outgoing).await {
            Ok(()) => {
                self.unanswered.take_all();
                Ok(())
            }
            Err((failure, _)) if self.inner.old.is_spoken() => Err(failure),
            // Neither transport: what was said first says more.
            Err(_) => Err(no_message(status)),
        }
    }

    /// Relays what comes until the end or a break; shortly after the last answer at the latest.
    async fn relay_messages(&mut self, messages: &mut Messages) -> Result<(), Failure> {
        let asked = !self.unanswered.is_empty();
        loop {
            let next = if asked && self.unanswered.is_empty() {
                tokio::select! {
                    next = messages.next() => next,
                    () = self.inner.clock.sleep(AFTERWORD) => return Ok(()),
                }
            } else {
                messages.next().await
            };
            match next? {
                Some(message) => {
                    let Some(message) = self.kept_back(message) else { return Ok(()) };
                    self.relay_message(message).await;
                }
                None => return Ok(()),
            }
        }
    }

    /// Keeps the answer of a server back that may take the call with other headers. Other versions of MCP leave the code to
    /// each server, where it may mean anything.
    fn kept_back(&mut self, message: Message) -> Option<Message> {
        let is_answer = |peek: &Peek| peek.method.is_none() && peek.error.as_deref().is_some_and(is_mismatch);
        let Mismatch::Unheard(sent) = &mut self.mismatch else { return Some(message) };
        if !message.peeks.iter().all(is_answer) || standard_headers(&self.outgoing.line).is_empty() {
            return Some(message);
        }
        self.mismatch = Mismatch::Heard(std::mem::take(sent), message);
        None
    }

    async fn relay_message(&mut self, message: Message) {
        let answers = self.unanswered.cross_off(&message.peeks);
        if answers && self.outgoing.asks("initialize") {
            self.inner.session.note_version(&message);
        }
        if answers && self.outgoing.asks("tools/list") {
            self.inner.session.upstream.mirrored.learn(&message.line);
        }
        let nameless = message.peeks.iter().find(|peek| peek.id.is_none() && peek.method.is_none());
        // An error without an id, as servers send with a 400: nobody could tell what it answers. Here it is known.
        if let Some(error) = nameless.and_then(|peek| peek.error.as_ref()) {
            for id in self.unanswered.take_all() {
                let _ = self.lines.send(error_answer(Some(&id), error.get())).await;
            }
            return;
        }
        // A client that is gone ends the whole bridge from the writing side.
        let line = self.inner.hidden.taken_out_of(&message.line).unwrap_or(message.line);
        let _ = self.lines.send(line).await;
    }

    /// Takes the stream up after its last event, with GET, as often as that brings anything new.
    async fn resume(&mut self, mut messages: Messages) -> Result<bool, Failure> {
        let mut pause = messages.retry().unwrap_or(PAUSE);
        let Some(mut last_event_id) = messages.last_event_id() else { return Ok(false) };
        let mut fruitless = 0;
        while fruitless < FRUITLESS_TRIES {
            fruitless += 1;
            self.inner.clock.sleep(pause).await;
            messages = match self.inner.session.upstream.resume(last_event_id.clone()).await {
                Ok(response) if response.status == 200 => Messages::of(response),
                Ok(_) => return Ok(false),
                Err(failure) if failure.is_temporary() => continue,
                Err(failure) => return Err(failure),
            };
            // Broken once more: what counts is how far it came.
            let _ = self.relay_messages(&mut messages).await;
            if self.unanswered.is_empty() {
                return Ok(true);
            }
            pause = messages.retry().unwrap_or(pause);
            if let Some(id) = messages.last_event_id().filter(|id| *id != last_event_id) {
                last_event_id = id;
                fruitless = 0;
            }
        }
        Ok(false)
    }
}
