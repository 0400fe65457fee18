//! The stdio bridge: newline-delimited JSON-RPC on one side, streamable HTTP with a token on the other.
//!
//! Only JSON-RPC lines ever reach the output. Whatever goes wrong becomes an error answer to the request it happened to,
//! with the cause and the next step in words.

use std::sync::Arc;
use std::time::Duration;

use keyfob_agent::ports::{Clock, HttpClient};
use keyfob_core::failure::{Failure, Misbehaviour, Temporary};
use keyfob_core::profile::Profile;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::messages::Messages;
use crate::token_source::TokenSource;
use crate::upstream::Upstream;

/// Longest line a client may send.
const LONGEST_LINE: usize = 16 * 1024 * 1024;
/// Requests under way at once; more wait.
const AT_ONCE: usize = 64;
/// How long answers under way are waited for once the client has closed its side.
const DRAIN: Duration = Duration::from_secs(5);
/// Pauses before the server's own stream is opened again.
const REOPEN: Duration = Duration::from_secs(5);
/// JSON-RPC error code of everything keyfob itself has to say (implementation-defined range).
const KEYFOB_SAYS: i64 = -32_001;

/// A bridge to one server.
pub struct Bridge {
    inner: Arc<Inner>,
}

struct Inner {
    upstream: Upstream,
    profile: String,
    clock: Arc<dyn Clock>,
    places: Semaphore,
}

/// What is looked at of a message.
#[derive(Deserialize)]
struct Peek<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: Option<String>,
}

type Lines = mpsc::Sender<Vec<u8>>;

impl Bridge {
    /// Nothing is sent yet.
    pub fn new(
        http: Arc<dyn HttpClient>,
        profile: &Profile,
        tokens: Arc<dyn TokenSource>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let upstream = Upstream::new(http, profile, tokens);
        let inner = Inner { upstream, profile: profile.name.to_string(), clock, places: Semaphore::new(AT_ONCE) };
        Self { inner: Arc::new(inner) }
    }

    /// Relays until the client closes its side and the answers under way are out.
    ///
    /// # Errors
    /// Only those of `input` and `output` themselves.
    pub async fn run(
        self,
        mut input: impl AsyncBufRead + Unpin,
        mut output: impl AsyncWrite + Unpin,
    ) -> std::io::Result<()> {
        let (lines, mut written) = mpsc::channel::<Vec<u8>>(AT_ONCE);
        let reading = self.inner.read_all(&mut input, lines);
        let writing = async {
            while let Some(mut line) = written.recv().await {
                line.push(b'\n');
                output.write_all(&line).await?;
                output.flush().await?;
            }
            Ok(())
        };
        let (read, wrote) = tokio::join!(reading, writing);
        read.and(wrote)
    }
}

impl Inner {
    async fn read_all(self: &Arc<Self>, input: &mut (impl AsyncBufRead + Unpin), lines: Lines) -> std::io::Result<()> {
        let mut under_way = JoinSet::new();
        let mut listening = None;
        while let Some(line) = next_line(input).await? {
            let Ok(peek) = serde_json::from_slice::<Peek<'_>>(&line) else {
                let _ = lines.send(error(None, -32_700, "this is no JSON-RPC message, or it is too long")).await;
                continue;
            };
            let method = peek.method.clone().unwrap_or_default();
            // The session begins with `initialize`; notifications keep their order. Everything else runs side by side.
            if method == "initialize" || peek.id.is_none() {
                self.relay(&line, &lines).await;
            } else {
                let (inner, lines) = (Arc::clone(self), lines.clone());
                under_way.spawn(async move { inner.relay(&line, &lines).await });
            }
            if method == "notifications/initialized" && listening.is_none() {
                let (inner, lines) = (Arc::clone(self), lines.clone());
                listening = Some(tokio::spawn(async move { inner.listen(&lines).await }));
            }
            while under_way.try_join_next().is_some() {}
        }
        let _ = tokio::time::timeout(DRAIN, async { while under_way.join_next().await.is_some() {} }).await;
        under_way.abort_all();
        if let Some(listening) = listening {
            listening.abort();
        }
        self.upstream.end_session().await;
        Ok(())
    }

    /// One message to the server, its answers to the client; a failure becomes an error answer.
    async fn relay(&self, line: &[u8], lines: &Lines) {
        let Ok(_place) = self.places.acquire().await else { return };
        let Ok(peek) = serde_json::from_slice::<Peek<'_>>(line) else { return };
        let Err(failure) = self.exchange(line, &peek, lines).await else { return };
        match peek.id {
            Some(id) => {
                let _ = lines.send(error(Some(id), KEYFOB_SAYS, &self.words(&failure))).await;
            }
            None => tracing::warn!(%failure, "a notification could not be delivered"),
        }
    }

    async fn exchange(&self, line: &[u8], peek: &Peek<'_>, lines: &Lines) -> Result<(), Failure> {
        let response = self.upstream.post(line).await?;
        let status = response.status;
        let mut messages = Messages::of(response);
        let mut answered = peek.id.is_none() || peek.method.is_none();
        while let Some(message) = messages.next().await? {
            let Ok(seen) = serde_json::from_slice::<Peek<'_>>(&message) else {
                return Err(no_message(status));
            };
            let is_answer = seen.method.is_none() && seen.id.map(RawValue::get) == peek.id.map(RawValue::get);
            if is_answer && peek.method.as_deref() == Some("initialize") {
                self.note_version(&message);
            }
            answered |= is_answer;
            if lines.send(message).await.is_err() {
                return Ok(());
            }
        }
        match (answered, status) {
            (true, 200..=299) => Ok(()),
            (false, 200..=299) => Err(Temporary::Cut("the server's answer ended before it was complete".into()).into()),
            (_, status) => Err(no_message(status)),
        }
    }

    fn note_version(&self, message: &[u8]) {
        let Ok(message) = serde_json::from_slice::<Value>(message) else { return };
        if let Some(version) = message["result"]["protocolVersion"].as_str() {
            self.upstream.negotiated(version);
        }
    }

    /// The server's own messages. A server without such a stream says so once, and that is that.
    async fn listen(&self, lines: &Lines) {
        loop {
            let Ok(response) = self.upstream.listen().await else { return };
            if response.status != 200 {
                return;
            }
            let mut messages = Messages::of(response);
            while let Ok(Some(message)) = messages.next().await {
                if lines.send(message).await.is_err() {
                    return;
                }
            }
            self.clock.sleep(REOPEN).await;
        }
    }

    fn words(&self, failure: &Failure) -> String {
        match failure.hint(&self.profile) {
            Some(hint) => format!("keyfob: {failure}. Next: {hint}"),
            None => format!("keyfob: {failure}"),
        }
    }
}

fn no_message(status: u16) -> Failure {
    Misbehaviour::Mcp(format!("status {status} and no JSON-RPC message")).into()
}

fn error(id: Option<&RawValue>, code: i64, message: &str) -> Vec<u8> {
    let id = id.and_then(|id| serde_json::from_str::<Value>(id.get()).ok()).unwrap_or(Value::Null);
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } }).to_string().into_bytes()
}

/// The next line with something in it, without its end; a line that is too long comes back cut, and its rest is skipped.
async fn next_line(input: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<Option<Vec<u8>>> {
    loop {
        let mut line = Vec::new();
        let read = (&mut *input).take(LONGEST_LINE as u64).read_until(b'\n', &mut line).await?;
        if read == 0 {
            return Ok(None);
        }
        if read == LONGEST_LINE && !line.ends_with(b"\n") {
            skip_line(input).await?;
        }
        let line = line.trim_ascii();
        if !line.is_empty() {
            return Ok(Some(line.to_vec()));
        }
    }
}

async fn skip_line(input: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<()> {
    loop {
        let mut rest = Vec::new();
        let read = (&mut *input).take(LONGEST_LINE as u64).read_until(b'\n', &mut rest).await?;
        if read == 0 || rest.ends_with(b"\n") {
            return Ok(());
        }
    }
}
