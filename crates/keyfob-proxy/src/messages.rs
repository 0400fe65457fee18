//! The JSON-RPC messages of one HTTP answer, one after the other, whether it is a single body or a stream of events.

use futures_util::StreamExt;
use keyfob_agent::ports::StreamedResponse;
use keyfob_core::failure::{Failure, Misbehaviour};

use crate::event_stream::EventStream;
use crate::upstream::{failure, is_event_stream};

/// Largest single answer, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;

/// Gives messages as they arrive.
pub(crate) struct Messages {
    response: StreamedResponse,
    events: Option<EventStream>,
    ready: std::collections::VecDeque<Vec<u8>>,
    ended: bool,
}

impl Messages {
    pub(crate) fn of(response: StreamedResponse) -> Self {
        let events = is_event_stream(&response.headers).then(EventStream::default);
        Self { response, events, ready: std::collections::VecDeque::new(), ended: false }
    }

    /// The next message on one line; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                return Ok(Some(on_one_line(message)));
            }
            if self.ended {
                return Ok(None);
            }
            match &mut self.events {
                Some(_) => self.take_events().await?,
                None => self.take_body().await?,
            }
        }
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
        if !body.trim_ascii().is_empty() {
            self.ready.push_back(body);
        }
        Ok(())
    }
}

/// A line end never stands inside a JSON string, so between tokens a blank is the same.
fn on_one_line(mut message: Vec<u8>) -> Vec<u8> {
    message.iter_mut().filter(|byte| matches!(**byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    message
}
