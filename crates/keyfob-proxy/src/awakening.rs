//! Whether the machine has slept. A stream that waits for the server's own messages cannot tell a silent server from one that has
//! forgotten it in the meantime, so it is opened anew after a sleep: by the bridge itself, and by the proxy's clients, for whom
//! it ends.

use std::time::Duration;

use futures_util::StreamExt as _;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, BodyStream, StreamBody};
use keyfob_agent::local_proxy::PassingBody;
use keyfob_agent::ports::Clock;
use tokio::sync::{Notify, watch};

/// How often the clock that counts sleep is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// More than that late, the machine slept: no busy machine is.
const ASLEEP: Duration = Duration::from_secs(30);

/// Ends once the machine has slept for a while.
pub(crate) async fn awakening(clock: &dyn Clock) {
    loop {
        let before = clock.now().boot_ms;
        clock.nap(LOOK_EVERY).await;
        let passed = Duration::from_millis(clock.now().boot_ms.saturating_sub(before));
        if passed > LOOK_EVERY + ASLEEP {
            tracing::info!(seconds = passed.as_secs(), "the machine slept; streams are opened anew");
            return;
        }
    }
}

/// One look at the clock for all streams that pass through.
#[derive(Default)]
pub(crate) struct Awakenings {
    woken: watch::Sender<()>,
    begun: Notify,
}

impl Awakenings {
    /// Tells of each awakening; looks at no clock while no stream is open.
    pub(crate) async fn tell(&self, clock: &dyn Clock) {
        loop {
            while self.woken.receiver_count() == 0 {
                self.begun.notified().await;
            }
            awakening(clock).await;
            self.woken.send_replace(());
        }
    }

    /// The same answer, ended by the next awakening where it is the stream of the server's own messages. Answers to calls go on:
    /// nobody would make the call again.
    pub(crate) fn end(&self, method: &Method, answer: Response<PassingBody>) -> Response<PassingBody> {
        if *method != Method::GET || answer.status() != StatusCode::OK || !is_event_stream(&answer) {
            return answer;
        }
        let mut woken = self.woken.subscribe();
        self.begun.notify_one();
        let next = Box::pin(async move {
            // The sender goes with the proxy, and the stream with both.
            let _ = woken.changed().await;
        });
        answer.map(|body| StreamBody::new(BodyStream::new(body).take_until(next)).boxed_unsync())
    }
}

fn is_event_stream(answer: &Response<PassingBody>) -> bool {
    let kind = answer.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with(b"text/event-stream"))
}
