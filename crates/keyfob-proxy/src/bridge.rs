//! The stdio bridge: newline-delimited JSON-RPC on one side, streamable HTTP with a token on the other.
//!
//! Only JSON-RPC lines ever reach the output. Whatever goes wrong becomes an error answer to the request it happened to,
//! with the cause and the next step in words.

mod exchange;
mod header_mismatch;
mod input;
mod old_transport;
mod server_messages;

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use keyfob_agent::ports::{Clock, HttpClient};
use keyfob_core::profile::Profile;
use tokio::io::{AsyncBufRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;

use crate::hidden_tools::HiddenTools;
use crate::json_rpc::{INVALID_REQUEST, Outgoing, PARSE_ERROR, error_line};
use crate::session::Session;
use crate::token_source::TokenSource;
use crate::upstream::Upstream;
use input::{LONGEST_LINE, Line, next_line};
use old_transport::OldTransport;

/// Requests under way at once; more wait.
const AT_ONCE: usize = 64;
/// How long answers under way are waited for once the client has closed its side.
const DRAIN: Duration = Duration::from_secs(5);
/// How long the end of the session may take after that.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long later messages are held back until the server has taken a notification.
const IN_ORDER: Duration = Duration::from_secs(10);

/// A bridge to one server.
pub struct Bridge {
    inner: Arc<Inner>,
}

/// What a user may ask of a bridge beyond its server.
#[derive(Debug, Clone, Default)]
pub struct BridgeWishes {
    /// Headers on every request; `Authorization` is keyfob's own.
    pub headers: HeaderMap,
    /// Tools that the client gets neither to see nor to call.
    pub hidden: HiddenTools,
    /// The transport of 2024-11-05 is tried first, and not last.
    pub old_transport_first: bool,
}

struct Inner {
    session: Session,
    old: OldTransport,
    old_transport_first: bool,
    hidden: HiddenTools,
    profile: String,
    clock: Arc<dyn Clock>,
    places: Arc<Semaphore>,
    /// The tools are listed again by one at a time; whoever waited takes its result.
    listing: tokio::sync::Mutex<()>,
}

/// Lines on their way to the client.
type Lines = mpsc::Sender<Vec<u8>>;

impl Bridge {
    /// Nothing is sent yet. `clock` is slept on between tries and at the end.
    pub fn new(
        http: Arc<dyn HttpClient>,
        profile: &Profile,
        tokens: Arc<dyn TokenSource>,
        clock: Arc<dyn Clock>,
        wishes: BridgeWishes,
    ) -> Self {
        let BridgeWishes { headers, hidden, old_transport_first } = wishes;
        let session = Session::new(Upstream::new(http, profile, tokens).with_headers(headers));
        let (old, places) = (OldTransport::default(), Arc::new(Semaphore::new(AT_ONCE)));
        let profile = profile.name.to_string();
        let listing = tokio::sync::Mutex::default();
        Self {
            inner: Arc::new(Inner {
                session,
                old,
                old_transport_first,
                hidden,
                profile,
                clock,
                places,
                listing,
            }),
        }
    }

    /// Relays until the client closes its side and the answers under way are out, then ends the MCP session. Must run on a
    /// tokio runtime.
    ///
    /// # Errors
    /// Only those of `input` and `output` themselves.
    pub async fn run(
        self,
        mut input: impl AsyncBufRead + Unpin,
        mut output: impl AsyncWrite + Unpin,
    ) -> std::io::Result<()> {
        let inner = self.inner;
        let (queue, waiting) = mpsc::channel(AT_ONCE);
        let (lines, written) = mpsc::channel(AT_ONCE);
        let mut relaying = JoinSet::new();
        relaying.spawn(Arc::clone(&inner).relay_all(waiting, lines.clone()));
        let mut listening = JoinSet::new();
        listening.spawn(Arc::clone(&inner).listen(lines.clone()));
        let reader = Arc::clone(&inner);
        listening.spawn(async move { reader.keep_old_stream(lines).await });
        let reading = async {
            read_all(&mut input, queue).await?;
            tokio::select! {
                _ = relaying.join_next() => {}
                () = inner.clock.sleep(DRAIN) => tracing::warn!("some answers did not come in time"),
            }
            relaying.shutdown().await;
            listening.shutdown().await;
            Ok(())
        };
        let done = tokio::try_join!(reading, write_all(&mut output, written)).map(|((), ())| ());
        tokio::select! {
            () = inner.session.upstream.end_session() => {}
            () = inner.clock.sleep(FAREWELL) => {}
        }
        done
    }
}

async fn read_all(input: &mut (impl AsyncBufRead + Unpin), queue: mpsc::Sender<Line>) -> std::io::Result<()> {
    while let Some(line) = next_line(input).await? {
        if queue.send(line).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn write_all(
    output: &mut (impl AsyncWrite + Unpin),
    mut lines: mpsc::Receiver<Vec<u8>>,
) -> std::io::Result<()> {
    while let Some(mut line) = lines.recv().await {
        line.push(b'\n');
        output.write_all(&line).await?;
        output.flush().await?;
    }
    Ok(())
}

impl Inner {
    /// Relays every line; ends when all answers are out. Dropping it gives up those still under way.
    async fn relay_all(self: Arc<Self>, mut waiting: mpsc::Receiver<Line>, lines: Lines) {
        let mut under_way = JoinSet::new();
        while let Some(line) = waiting.recv().await {
            match outgoing(line) {
                Ok(outgoing) => self.start(outgoing, &lines, &mut under_way).await,
                Err(error) => drop(lines.send(error).await),
            }
            while under_way.try_join_next().is_some() {}
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Starts to relay one message. The session begins with `initialize`, and notifications keep their order; everything
    /// else runs side by side.
    async fn start(self: &Arc<Self>, outgoing: Outgoing, lines: &Lines, under_way: &mut JoinSet<()>) {
        let begins = outgoing.asks("initialize");
        let in_order = begins || outgoing.is_notification();
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
        let (done, mut finished) = oneshot::channel::<()>();
        let (inner, lines) = (Arc::clone(self), lines.clone());
        under_way.spawn(async move {
            inner.relay(&outgoing, &lines).await;
            drop((place, done));
        });
        if begins {
            let _ = finished.await;
        } else if in_order {
            tokio::select! { _ = &mut finished => {} () = self.clock.sleep(IN_ORDER) => {} }
        }
    }
}

/// A line as a message, or the error to answer it with.
fn outgoing(line: Line) -> Result<Outgoing, Vec<u8>> {
    match line {
        Line::Whole(line) => Outgoing::of(line)
            .ok_or_else(|| error_line(None, PARSE_ERROR, "keyfob: this line is no JSON-RPC message")),
        Line::TooLong => {
            let words = format!(
                "keyfob: a line is longer than {LONGEST_LINE} bytes and was not sent. Next: send less at once"
            );
            Err(error_line(None, INVALID_REQUEST, &words))
        }
    }
}
