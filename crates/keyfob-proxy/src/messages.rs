//! The JSON-RPC messages of one HTTP answer, one after the other, whether it is a single body or a stream of events.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, header};
use keyfob_agent::ports::StreamedResponse;
use keyfob_core::failure::{Failure, Misbehaviour};

use crate::event_stream::EventStream;
use crate::json_rpc::{Peek, on_one_line, peek_answer};
use crate::upstream::failure;

/// Largest single answer, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;

/// A text from the server that is JSON-RPC: one message or a batch.
pub(crate) struct Message {
    /// The bytes on one line.
    pub(crate) line: Vec<u8>,
    /// What was looked at.
    pub(crate) peeks: Vec<Peek>,
}

/// Gives messages as they arrive. What is no JSON-RPC is passed over.
pub(crate) struct Messages {
    response: StreamedResponse,
    events: Option<EventStream>,
    ready: VecDeque<Vec<u8>>,
    ended: bool,
}

impl Messages {
    pub(crate) fn of(response: StreamedResponse) -> Self {
        let events = is_event_stream(&response.headers).then(EventStream::default);
        Self { response, events, ready: VecDeque::new(), ended: false }
    }

    /// The next message; `None` at the end. Safe to drop while it waits.
    pub(crate) async fn next(&mut self) -> Result<Option<Message>, Failure> {
        loop {
            if let Some(text) = self.ready.pop_front() {
                if let Some(peeks) = peek_answer(&text) {
                    return Ok(Some(Message { line: on_one_line(text), peeks }));
                }
                tracing::debug!(bytes = text.len(), "passed over what is no JSON-RPC message");
            } else if self.ended {
                return Ok(None);
            } else if self.events.is_some() {
                self.take_events().await?;
            } else {
                self.take_body().await?;
            }
        }
    }

    /// True for a stream of events.
    pub(crate) fn is_stream(&self) -> bool {
        self.events.is_some()
    }

    /// Where a broken stream can be taken up again: the last event's id.
    pub(crate) fn last_event_id(&self) -> Option<HeaderValue> {
        HeaderValue::from_bytes(self.events.as_ref()?.last_id()?).ok()
    }

    /// Where messages are to be posted, once an event said so; `None` at the end of a stream that never did. What came before it
    /// stays to be read.
    pub(crate) async fn endpoint(&mut self) -> Result<Option<String>, Failure> {
        while self.events.as_ref().is_some_and(|events| events.endpoint().is_none()) && !self.ended {
            self.take_events().await?;
        }
        let named = self.events.as_ref().and_then(EventStream::endpoint);
        Ok(named.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()))
    }

    /// The pause the server asks for before that.
    pub(crate) fn retry(&self) -> Option<Duration> {
        self.events.as_ref()?.retry()
    }

    async fn take_events(&mut self) -> Result<(), Failure> {
        match self.response.body.next().await {
            None => self.ended = true,
            Some(piece) => {
                let piece = piece.map_err(failure)?;
                if let Some(events) = &mut self.events {
                    let whole = events.push(&piece).map_err(|error| Misbehaviour::Mcp(error.to_string()))?;
                    self.ready.extend(whole);
                }
            }
        }
        Ok(())
    }

    async fn take_body(&mut self) -> Result<(), Failure> {
        let mut body = Vec::new();
        while let Some(piece) = self.response.body.next().await {
            body.extend(piece.map_err(failure)?);
            if body.len() > LARGEST {
                return Err(Misbehaviour::Mcp(format!("an answer is larger than {LARGEST} bytes")).into());
            }
        }
        self.ended = true;
        let body = body.trim_ascii();
        if !body.is_empty() {
            self.ready.push_back(body.to_vec());
        }
        Ok(())
    }
}

/// True for a body that is a stream of events.
fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream")
}
