//! One request through the loopback proxy: guard, key, token, server. After a 401 one renewal and one replay (F8), and then words.
//! No 401 of the server, no challenge and no redirect reaches a client.

use std::sync::Arc;

use http::header::{HOST, HeaderMap, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use keyfob_agent::journeys::examine::challenge_of;
use keyfob_agent::local_proxy::{Entrance, Forwarder, PassingBody};
use keyfob_agent::ports::{ClientKeys, Opened};
use keyfob_core::failure::{Failure, Misbehaviour, SignInNeeded};

use crate::awakening::Awakenings;
use crate::guard::{self, Stranger};
use crate::passed_headers::{inward, outward};
use crate::ready_tokens::{Ready, ReadyTokens};
use crate::refusal::{Refusal, redirected};
use crate::request_body::{RequestBody, Room};
use crate::taken_tokens::TakenTokens;
use crate::token_source::refused_anew;

/// What all requests share.
pub(crate) struct Forwarding {
    pub(crate) keys: Arc<dyn ClientKeys>,
    pub(crate) forwarder: Arc<dyn Forwarder>,
    pub(crate) tokens: ReadyTokens,
    pub(crate) room: Room,
    pub(crate) taken: TakenTokens,
    pub(crate) awakenings: Awakenings,
}

/// A request that may be sent: what, and where to.
struct Admitted<'a> {
    /// As the client sent it, with the headers that pass.
    head: &'a Parts,
    opened: &'a Opened,
    ready: Arc<Ready>,
    uri: Uri,
}

impl Forwarding {
    /// Answers one request.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
        entrance: Entrance,
    ) -> Response<PassingBody> {
        let (mut head, incoming) = request.into_parts();
        let opened = match self.open(&head, entrance) {
            Ok(opened) => opened,
            Err(refusal) => return refusal.response(),
        };
        let mut body = match RequestBody::take(incoming, &self.room).await {
            Ok(body) => body,
            // The client is gone; nobody reads this.
            Err(failure) => return Refusal::transport(failure, &opened.profile).response(),
        };
        outward(&mut head.headers);
        match self.pass(&head, &opened, &mut body).await {
            Ok(response) => response,
            Err(refusal) => refusal.answer_to(&head.headers, body.whole()),
        }
    }

    /// What the request's key opens, where it is the profile it names.
    fn open(&self, head: &Parts, entrance: Entrance) -> Result<Arc<Opened>, Refusal> {
        let admitted = guard::admit(head, entrance).map_err(Refusal::Stranger)?;
        let opened = self.keys.opens(&admitted.key.fingerprint());
        let opened = opened.filter(|opened| opened.profile.as_str() == admitted.profile);
        opened.ok_or(Refusal::Stranger(Stranger::NoKey))
    }

    async fn pass(
        &self,
        head: &Parts,
        opened: &Opened,
        body: &mut RequestBody,
    ) -> Result<Response<PassingBody>, Refusal> {
        let ready = self.tokens.ready(&opened.profile).await;
        self.tokens.tell(&self.taken, opened, ready.as_deref());
        let ready = ready.map_err(|failure| Refusal::Failure(failure, opened.profile.clone()))?;
        let rest = guard::rest_of(head.uri.path());
        let uri = ready.target.uri(rest, head.uri.query()).ok_or(Refusal::Nothing)?;
        let mut admitted = Admitted { head, opened, ready, uri };
        let response = self.send(&admitted, body).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return self.judge(&admitted, response);
        }
        drop(response);
        admitted.ready = self.after_unauthorized(&admitted).await?;
        let replayed = self.send(&admitted, body).await?;
        if replayed.status() == StatusCode::UNAUTHORIZED {
            self.tokens.refused_anew(&admitted.opened.profile, &admitted.ready);
            return Err(admitted.failed(refused_anew()));
        }
        self.judge(&admitted, replayed)
    }

    async fn after_unauthorized(&self, admitted: &Admitted<'_>) -> Result<Arc<Ready>, Refusal> {
        let other = self.tokens.other_than(&admitted.opened.profile, &admitted.ready).await;
        if let Ok(Some(other)) = &other {
            self.tokens.tell(&self.taken, admitted.opened, Ok(other));
        }
        match other.map_err(|failure| admitted.failed(failure))? {
            Some(other) => Ok(other),
            None => Err(admitted.failed(refused_anew())),
        }
    }

    async fn send(
        &self,
        admitted: &Admitted<'_>,
        body: &mut RequestBody,
    ) -> Result<Response<PassingBody>, Refusal> {
        let mut request = Request::new(body.send().ok_or(Refusal::SendAgain)?);
        *request.method_mut() = admitted.head.method.clone();
        *request.uri_mut() = admitted.uri.clone();
        *request.headers_mut() = admitted.head.headers.clone();
        request.headers_mut().insert(HOST, admitted.ready.target.host.clone());
        let sent = self.forwarder.forward(request, &admitted.ready.token, admitted.ready.target.guard).await;
        sent.map_err(|failure| Refusal::transport(failure, &admitted.opened.profile))
    }

    /// What of a server's answer reaches the client.
    fn judge(
        &self,
        admitted: &Admitted<'_>,
        mut response: Response<PassingBody>,
    ) -> Result<Response<PassingBody>, Refusal> {
        let status = response.status();
        if status == StatusCode::FORBIDDEN && response.headers().contains_key(WWW_AUTHENTICATE) {
            return Err(admitted.failed(self.challenged(admitted, response.headers())));
        }
        if matches!(status.as_u16(), 300..=303 | 305..=399) {
            return Err(admitted.failed(redirected(status)));
        }
        inward(response.headers_mut());
        // This side speaks its own version, whatever the server's is.
        *response.version_mut() = http::Version::HTTP_11;
        Ok(self.awakenings.end(&admitted.head.method, response))
    }

    /// A 403 that wants something else of the token: more scopes (RFC 6750 §3.1), or what only the server knows.
    fn challenged(&self, admitted: &Admitted<'_>, headers: &HeaderMap) -> Failure {
        let scopes = challenge_of(headers).and_then(|challenge| challenge.scope);
        if let Some(scopes) = scopes.filter(|scopes| !scopes.is_empty()) {
            self.tokens.lacks(admitted.opened, &scopes);
            return SignInNeeded::MoreScopes(scopes.to_wire().unwrap_or_default()).into();
        }
        let said = headers.get(WWW_AUTHENTICATE).map(HeaderValue::as_bytes).unwrap_or_default();
        let said = keyfob_core::server_text::shown(&String::from_utf8_lossy(said));
        Misbehaviour::Mcp(format!("it refuses this sign-in (403): {said}")).into()
    }
}

impl Admitted<'_> {
    fn failed(&self, failure: Failure) -> Refusal {
        Refusal::Failure(failure, self.opened.profile.clone())
    }
}
