//! Faults: what the portal is told to do wrong, call by call, at one endpoint.
//!
//! A fault says three things: whether the real work is done, what is answered, and at which byte of the answer the wire
//! breaks or waits. Each call of an endpoint takes the next fault of its queue, so a sequence is exact.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::endpoint::Endpoint;
use crate::gate::Gate;
use crate::wire::Break;

/// What is answered, and whether the endpoint does its work.
#[derive(Clone, Debug, Default)]
enum Answer {
    /// The work is done and its own answer is sent.
    #[default]
    Real,
    /// The work is not done.
    Instead(Canned),
    /// The work is done (a refresh token is rotated), but this is sent.
    AfterWork(Canned),
}

/// An answer made in advance.
#[derive(Clone, Debug)]
struct Canned {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

/// One programmed misbehaviour. Made by one of the constructors, refined by the methods that return `Self`.
#[derive(Clone, Debug, Default)]
pub struct Fault {
    answer: Answer,
    breaks: Vec<(usize, Break)>,
    verbatim: Option<Bytes>,
    before_work: Option<Gate>,
    before_answer: Option<Gate>,
}

/// Constructors.
impl Fault {
    /// No fault: this call is answered as usual. Fills a place in a sequence.
    pub fn none() -> Self {
        Self::default()
    }

    /// Answers with a status and body, without doing the work. A status outside 100 to 999 becomes 500.
    pub fn answer(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let canned = Canned { status, headers: Vec::new(), body: body.into() };
        let fault = Self { answer: Answer::Instead(canned), ..Self::default() };
        if content_type.is_empty() { fault } else { fault.header("content-type", content_type) }
    }

    /// Answers with JSON, without doing the work.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::answer(status, "application/json", body.to_string())
    }

    /// Answers with an OAuth error (RFC 6749 section 5.2), without doing the work.
    pub fn error(status: u16, error: &str) -> Self {
        Self::json(status, &serde_json::json!({ "error": error }))
    }

    /// Answers with a page of HTML, as a captive portal does, without doing the work.
    pub fn html(status: u16) -> Self {
        Self::answer(
            status,
            "text/html; charset=utf-8",
            "<!doctype html><title>Sign in to this network</title>",
        )
    }

    /// Answers with a status and an empty body, without doing the work.
    pub fn empty(status: u16) -> Self {
        Self::answer(status, "", Bytes::new())
    }

    /// Answers with a JSON string of so many bytes, without doing the work.
    pub fn huge(status: u16, bytes: usize) -> Self {
        let mut body = Vec::with_capacity(bytes.max(2));
        body.push(b'"');
        body.resize(bytes.max(2) - 1, b'x');
        body.push(b'"');
        Self::answer(status, "application/json", body)
    }

    /// Redirects (301, 302, 303, 307, 308) to a URL, without doing the work.
    pub fn redirect(status: u16, to: &str) -> Self {
        Self::answer(status, "", Bytes::new()).header("location", to)
    }

    /// Does the work and loses the answer: the connection ends without one byte of it.
    pub fn lost_answer() -> Self {
        Self::none().cut_at(0)
    }

    /// Ends the connection without an answer, the work not done.
    pub fn cut_before_work() -> Self {
        Self::empty(500).cut_at(0)
    }

    /// Sends these bytes and nothing else, then ends the connection; the work is not done. Need not be HTTP.
    pub fn verbatim(bytes: impl Into<Bytes>) -> Self {
        Self { verbatim: Some(bytes.into()), ..Self::empty(500) }
    }
}

/// Refinements. Bytes are counted from the first of the status line.
impl Fault {
    /// Adds a header to a made answer; a name or value that no header can have is left out.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let header = (HeaderName::try_from(name), HeaderValue::try_from(value));
        if let (Answer::Instead(canned) | Answer::AfterWork(canned), (Ok(name), Ok(value))) =
            (&mut self.answer, header)
        {
            canned.headers.push((name, value));
        }
        self
    }

    /// Does the work before the made answer is sent: the server has rotated, the client is told something else.
    #[must_use]
    pub fn after_work(mut self) -> Self {
        if let Answer::Instead(canned) = self.answer {
            self.answer = Answer::AfterWork(canned);
        }
        self
    }

    /// Ends the connection in good order once so many bytes of the answer are sent.
    #[must_use]
    pub fn cut_at(mut self, byte: usize) -> Self {
        self.breaks.push((byte, Break::Close));
        self
    }

    /// Resets the connection once so many bytes of the answer are sent.
    #[must_use]
    pub fn reset_at(mut self, byte: usize) -> Self {
        self.breaks.push((byte, Break::Reset));
        self
    }

    /// Sends nothing beyond so many bytes until the gate opens. May be given several times.
    #[must_use]
    pub fn stall_at(mut self, byte: usize, gate: &Gate) -> Self {
        self.breaks.push((byte, Break::Wait(gate.clone())));
        self
    }

    /// Holds the request back until the gate opens, and only then does the work. A client that goes away meanwhile takes
    /// its request along: the work is then never done.
    #[must_use]
    pub fn hold_before_work(mut self, gate: &Gate) -> Self {
        self.before_work = Some(gate.clone());
        self
    }

    /// Does the work at once and holds the answer back until the gate opens.
    #[must_use]
    pub fn hold_answer(mut self, gate: &Gate) -> Self {
        self.before_answer = Some(gate.clone());
        self
    }
}

/// What the exchange needs to carry a fault out.
impl Fault {
    pub(crate) async fn wait_before_work(&self) {
        if let Some(gate) = &self.before_work {
            gate.opened().await;
        }
    }

    pub(crate) async fn wait_before_answer(&self) {
        if let Some(gate) = &self.before_answer {
            gate.opened().await;
        }
    }

    pub(crate) fn does_work(&self) -> bool {
        !matches!(self.answer, Answer::Instead(_))
    }

    /// The answer that takes the place of the real one.
    pub(crate) fn made_answer(&self) -> Option<Response> {
        let (Answer::Instead(canned) | Answer::AfterWork(canned)) = &self.answer else {
            return None;
        };
        let mut response = Response::new(Body::from(canned.body.clone()));
        *response.status_mut() = canned.status;
        for (name, value) in &canned.headers {
            response.headers_mut().append(name, value.clone());
        }
        Some(response)
    }

    pub(crate) fn into_breaks(self) -> (Vec<(usize, Break)>, Option<Bytes>) {
        (self.breaks, self.verbatim)
    }
}

/// The faults waiting at each endpoint. Clones are the same queues.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    queues: Arc<Mutex<BTreeMap<Endpoint, Queue>>>,
    connections: Arc<Mutex<u64>>,
}

#[derive(Debug, Default)]
struct Queue {
    next: VecDeque<Fault>,
    from_then_on: Option<Fault>,
}

impl Faults {
    fn queues(&self) -> MutexGuard<'_, BTreeMap<Endpoint, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a fault for one call of an endpoint, behind those already queued.
    pub fn next(&self, endpoint: Endpoint, fault: Fault) {
        self.queues().entry(endpoint).or_default().next.push_back(fault);
    }

    /// Queues a fault for so many calls of an endpoint.
    pub fn next_times(&self, endpoint: Endpoint, times: usize, fault: &Fault) {
        let mut queues = self.queues();
        queues.entry(endpoint).or_default().next.extend(std::iter::repeat_n(fault.clone(), times));
    }

    /// Plays a fault at every call of an endpoint once its queue is empty.
    pub fn from_then_on(&self, endpoint: Endpoint, fault: Fault) {
        self.queues().entry(endpoint).or_default().from_then_on = Some(fault);
    }

    /// Makes the next connections end the moment they are accepted, before a byte is read.
    pub fn drop_connections(&self, times: u64) {
        *self.connections.lock().unwrap_or_else(PoisonError::into_inner) += times;
    }

    /// Forgets all faults of an endpoint that have not been played.
    pub fn clear(&self, endpoint: Endpoint) {
        self.queues().remove(&endpoint);
    }

    /// How many queued faults of an endpoint have not been played: a test asserts 0 at its end.
    pub fn waiting(&self, endpoint: Endpoint) -> usize {
        self.queues().get(&endpoint).map_or(0, |queue| queue.next.len())
    }

    pub(crate) fn take(&self, endpoint: Endpoint) -> Fault {
        let mut queues = self.queues();
        let Some(queue) = queues.get_mut(&endpoint) else {
            return Fault::none();
        };
        queue.next.pop_front().or_else(|| queue.from_then_on.clone()).unwrap_or_default()
    }

    pub(crate) fn takes_connection(&self) -> bool {
        let mut left = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = *left > 0;
        *left = left.saturating_sub(1);
        taken
    }
}

/// Keeps answers of a portal out of every cache.
pub(crate) fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
