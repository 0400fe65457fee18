//! What the portal saw: every request, every renewal, every byte; a test asks it and waits on it instead of sleeping.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::sync::watch;

use crate::clock::Millis;
use crate::endpoint::Endpoint;
use crate::parameters::Parameters;

/// Only this many requests are kept whole, the newest; the counts go on. A demo may run for days.
const KEPT_REQUESTS: usize = 20_000;
/// Of a kept request's body only this much is kept.
const KEPT_BODY: usize = 64 * 1024;

/// The portal's memory. Clones are the same record.
#[derive(Clone, Debug)]
pub struct Record {
    seen: Arc<watch::Sender<Seen>>,
}

/// Everything the portal saw up to one moment.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Connections accepted.
    pub connections: u64,
    /// Bytes received on all connections: 0 proves that nobody sent anything here.
    pub bytes_received: u64,
    /// Bytes sent on all connections.
    pub bytes_sent: u64,
    /// The newest requests, in the order in which they arrived whole.
    pub requests: VecDeque<SeenRequest>,
    /// Requests that arrived whole, by endpoint.
    pub arrived: BTreeMap<Endpoint, u64>,
    /// Answers worked out (sent or not), by endpoint.
    pub answered: BTreeMap<Endpoint, u64>,
    /// How renewals ended.
    pub refreshes: Refreshes,
    /// Registrations made, in order.
    pub registrations: Vec<Registration>,
    /// Registrations updated in place (RFC 7592), in order, with the metadata they were given.
    pub updated_registrations: Vec<Registration>,
    /// Client ids whose registration was deleted (RFC 7592).
    pub deleted_registrations: Vec<String>,
    /// Tokens revoked (RFC 7009), in order.
    pub revoked: Vec<String>,
    /// Sign-ins granted at the consent, with page or without.
    pub consents: u64,
    /// Grants begun by a token answer, of all kinds.
    pub sign_ins: u64,
    /// MCP requests let through.
    pub mcp_accepted: u64,
    /// MCP requests refused for their token.
    pub mcp_refused: u64,
    /// Tool calls carried out, in order.
    pub tool_calls: Vec<ToolCall>,
}

/// How renewals ended. Every renewal counts in exactly one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refreshes {
    /// The live refresh token was presented and rotated.
    pub renewed: u64,
    /// The token before the live one was presented within the grace and answered.
    pub repeated: u64,
    /// A used refresh token was presented outside the grace: the sign of two refreshers or of a late retry.
    pub reused: u64,
    /// Anything else refused: unknown, ended, another client's.
    pub refused: u64,
}

/// A registration made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The client id handed out.
    pub client_id: String,
    /// The client metadata as sent.
    pub metadata: serde_json::Value,
}

/// A tool call carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// The tool's name.
    pub tool: String,
    /// Who signed in, absent where the portal asks for no sign-in.
    pub account: Option<String>,
    /// The client that signed in.
    pub client_id: Option<String>,
}

/// One request. Its `Debug` names the parameters but not their values: a failed assertion must not print a token.
#[derive(Clone)]
pub struct SeenRequest {
    /// Which endpoint it was for.
    pub endpoint: Endpoint,
    /// When it arrived, by the portal's clock, in milliseconds since the Unix epoch.
    pub at: Millis,
    /// The HTTP method.
    pub method: Method,
    /// The path without the query.
    pub path: String,
    /// Headers as sent.
    pub headers: HeaderMap,
    /// Query parameters, then form parameters, in the order sent.
    pub parameters: Vec<(String, String)>,
    /// The body, at most 64 KiB of it.
    pub body: Bytes,
}

impl SeenRequest {
    /// A parameter's first value, from the query or the form.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header's value where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for SeenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.parameters.iter().map(|(name, _)| name).collect();
        write!(f, "{:?} {} {} {names:?}", self.endpoint, self.method, self.path)
    }
}

impl Seen {
    /// Requests that arrived whole at an endpoint.
    pub fn count(&self, endpoint: Endpoint) -> u64 {
        self.arrived.get(&endpoint).copied().unwrap_or(0)
    }

    /// Answers worked out at an endpoint, sent or not.
    pub fn answered(&self, endpoint: Endpoint) -> u64 {
        self.answered.get(&endpoint).copied().unwrap_or(0)
    }

    /// The kept requests of an endpoint, oldest first.
    pub fn at(&self, endpoint: Endpoint) -> impl DoubleEndedIterator<Item = &SeenRequest> {
        self.requests.iter().filter(move |request| request.endpoint == endpoint)
    }

    /// The newest request of an endpoint.
    pub fn last(&self, endpoint: Endpoint) -> Option<&SeenRequest> {
        self.at(endpoint).next_back()
    }
}

/// The deadline passed before the condition held; carries what was seen till then.
#[derive(Debug)]
pub struct RecordTimeout {
    /// What had been seen at the deadline.
    pub seen: Box<Seen>,
}

impl fmt::Display for RecordTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the portal did not see it in time; it saw {:?}", self.seen)
    }
}

impl std::error::Error for RecordTimeout {}

impl Default for Record {
    fn default() -> Self {
        Self { seen: Arc::new(watch::Sender::new(Seen::default())) }
    }
}

impl Record {
    /// A copy of everything seen so far.
    pub fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Asks one thing of what was seen, without the copy.
    pub fn ask<T>(&self, question: impl FnOnce(&Seen) -> T) -> T {
        question(&self.seen.borrow())
    }

    /// Requests that arrived whole at an endpoint.
    pub fn count(&self, endpoint: Endpoint) -> u64 {
        self.ask(|seen| seen.count(endpoint))
    }

    /// Waits until a condition holds and returns what was seen then.
    pub async fn wait_for(
        &self,
        condition: impl FnMut(&Seen) -> bool,
        deadline: Duration,
    ) -> Result<Seen, RecordTimeout> {
        let mut changes = self.seen.subscribe();
        let held = tokio::time::timeout(deadline, changes.wait_for(condition)).await;
        if let Ok(Ok(seen)) = held {
            return Ok(seen.clone());
        }
        Err(RecordTimeout { seen: Box::new(self.seen()) })
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Seen)) {
        self.seen.send_modify(change);
    }

    pub(crate) fn received(&self, bytes: usize) {
        self.change(|seen| seen.bytes_received += bytes as u64);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.change(|seen| seen.bytes_sent += bytes as u64);
    }

    pub(crate) fn arrived(&self, endpoint: Endpoint, at: Millis, parts: &http::request::Parts, body: &Bytes) {
        let mut parameters =
            Parameters::of_body(parts.uri.query().unwrap_or_default().as_bytes()).into_pairs();
        if is_form(&parts.headers) {
            parameters.extend(Parameters::of_body(body).into_pairs());
        }
        let request = SeenRequest {
            endpoint,
            at,
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            headers: parts.headers.clone(),
            parameters,
            body: body.slice(..body.len().min(KEPT_BODY)),
        };
        self.change(|seen| {
            *seen.arrived.entry(endpoint).or_default() += 1;
            if seen.requests.len() == KEPT_REQUESTS {
                seen.requests.pop_front();
            }
            seen.requests.push_back(request);
        });
    }

    pub(crate) fn answered(&self, endpoint: Endpoint) {
        self.change(|seen| *seen.answered.entry(endpoint).or_default() += 1);
    }
}

/// Whether the body is said to be a form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let kind =
        headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_ends_when_the_condition_holds_and_names_what_was_seen_when_it_does_not() {
        let record = Record::default();
        let waiting = tokio::spawn({
            let record = record.clone();
            async move { record.wait_for(|seen| seen.consents == 2, Duration::from_secs(5)).await }
        });
        record.change(|seen| seen.consents += 1);
        record.change(|seen| seen.consents += 1);
        assert_eq!(waiting.await.unwrap().unwrap().consents, 2);
        let timeout = record.wait_for(|seen| seen.consents == 3, Duration::from_millis(1)).await.unwrap_err();
        assert_eq!(timeout.seen.consents, 2);
    }

    #[test]
    fn a_request_printed_for_a_failed_test_shows_no_value() {
        let record = Record::default();
        let (parts, ()) = http::Request::post("/token?x=canary").body(()).unwrap().into_parts();
        record.arrived(Endpoint::Token, 0, &parts, &Bytes::new());
        assert!(!format!("{:?}", record.seen().requests).contains("canary"));
    }
}
