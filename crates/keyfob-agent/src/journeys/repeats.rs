//! A request whose answer is lost with a secret in it: sent again, and soon. Renewals and updates of a registration are such.
//! Servers forgive a repeat for seconds, counted from the send that they acted on, and nobody here knows which one that was
//! (trust rule 4, docs/adr/0019).

use std::time::Duration;

use crate::ports::{Clock, HttpResponse, TransportFailure};

/// Pauses before each send of the same request: after each of the first ones, two more follow within five seconds, also where
/// answers take their time.
const SENDS: [Duration; 7] = {
    const SOON: Duration = Duration::from_millis(500);
    const LATER: Duration = Duration::from_secs(1);
    [Duration::ZERO, Duration::ZERO, SOON, SOON, LATER, LATER, LATER]
};

/// No whole answer came.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) failure: TransportFailure,
    /// The server may have acted.
    pub(super) sent: bool,
}

/// Sends, and sends again where a connection broke after bytes had left. Each send has ended its connection before the next
/// begins, so that one secret is never on the way twice.
pub(super) async fn until_answered<F>(
    clock: &dyn Clock,
    attempt: impl Fn() -> F,
) -> Result<HttpResponse, Unanswered>
where
    F: Future<Output = Result<HttpResponse, TransportFailure>>,
{
    let mut last_cut = None;
    for pause in SENDS {
        if !pause.is_zero() {
            clock.sleep(pause).await;
        }
        match attempt().await {
            Ok(response) => return Ok(response),
            Err(cut @ TransportFailure::Cut(_)) => last_cut = Some(cut),
            // The network that broke the first connection may not stand yet for the next; the server may have acted all the same.
            Err(TransportFailure::NotSent(_)) if last_cut.is_some() => {}
            Err(failure) => {
                // An answer too large to be read was given all the same.
                let sent = last_cut.is_some() || matches!(failure, TransportFailure::TooLarge(_));
                return Err(Unanswered { failure, sent });
            }
        }
    }
    let failure = last_cut.unwrap_or_else(|| TransportFailure::Cut("no answer".into()));
    Err(Unanswered { failure, sent: true })
}
