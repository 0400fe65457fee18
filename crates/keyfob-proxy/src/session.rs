//! The MCP session with a server: begun by the client's `initialize`, begun anew by keyfob where the server forgot it.

use std::sync::{Mutex, PoisonError};

use keyfob_agent::ports::StreamedResponse;
use keyfob_core::failure::{Failure, Misbehaviour};
use serde_json::Value;
use tokio::sync::watch;

use crate::json_rpc::{Outgoing, Unanswered};
use crate::messages::{Message, Messages};
use crate::upstream::{Upstream, no_message};

/// What a client sends once it is content with the answer to `initialize`.
pub(crate) const INITIALIZED: &str = "notifications/initialized";
pub(crate) const INITIALIZED_LINE: &[u8] = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// A session, and what is needed to begin it again.
pub(crate) struct Session {
    pub(crate) upstream: Upstream,
    initialize: Mutex<Option<Vec<u8>>>,
    begun: watch::Sender<u64>,
    /// One new beginning at a time; whoever waited takes its result.
    turn: tokio::sync::Mutex<()>,
}

impl Session {
    pub(crate) fn new(upstream: Upstream) -> Self {
        Self {
            upstream,
            initialize: Mutex::default(),
            begun: watch::channel(0).0,
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Changes each time a session is ready for the server's own messages.
    pub(crate) fn begun(&self) -> watch::Receiver<u64> {
        self.begun.subscribe()
    }

    /// Posts one line from the client. A session that the server no longer knows (404) is begun anew, once.
    pub(crate) async fn post(&self, outgoing: &Outgoing) -> Result<StreamedResponse, Failure> {
        if outgoing.asks("initialize") {
            *self.initialize.lock().unwrap_or_else(PoisonError::into_inner) = Some(outgoing.line.clone());
            return self.upstream.initialize(&outgoing.line).await;
        }
        let negotiated = self.upstream.negotiated();
        let mut response = self.upstream.post(&outgoing.line).await?;
        if response.status == 404 && negotiated.session.is_some() {
            let turn = self.turn.lock().await;
            if self.upstream.negotiated().session == negotiated.session {
                self.begin_anew().await?;
            }
            drop(turn);
            response = self.upstream.post(&outgoing.line).await?;
        }
        if outgoing.method.as_deref() == Some(INITIALIZED) && (200..300).contains(&response.status) {
            self.begun.send_modify(|count| *count += 1);
        }
        Ok(response)
    }

    /// Takes the version out of the answer to `initialize`.
    pub(crate) fn note_version(&self, message: &Message) {
        let Ok(message) = serde_json::from_slice::<Value>(&message.line) else { return };
        if let Some(version) = message["result"]["protocolVersion"].as_str() {
            self.upstream.agree(version);
        }
    }

    /// Says again what the client said at first. The client hears nothing of it.
    async fn begin_anew(&self) -> Result<(), Failure> {
        let remembered = self.initialize.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(outgoing) = remembered.and_then(Outgoing::of) else { return Err(no_message(404)) };
        tracing::info!("the server no longer knows the MCP session; beginning a new one");
        let response = self.upstream.initialize(&outgoing.line).await?;
        let status = response.status;
        let mut messages = Messages::of(response);
        let mut unanswered = Unanswered::of(&outgoing);
        while let Some(message) = messages.next().await? {
            if !unanswered.cross_off(&message.peeks) {
                continue;
            }
            if message.peeks.iter().any(|peek| peek.error.is_some()) {
                return Err(
                    Misbehaviour::Mcp("it refuses a new session after it forgot the first".into()).into()
                );
            }
            self.note_version(&message);
            self.upstream.post(INITIALIZED_LINE).await?;
            self.begun.send_modify(|count| *count += 1);
            return Ok(());
        }
        Err(no_message(status))
    }
}
