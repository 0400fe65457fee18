//! One MCP server over streamable HTTP: the token on every request, one replay after a 401 (F8), step-up after a 403 (D8).
//! The URL never changes: redirects are not followed, so a token can only reach the server it is for (G2).

use std::sync::{Arc, PoisonError, RwLock};

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use keyfob_agent::journeys::examine::challenge_of;
use keyfob_agent::journeys::guard_of;
use keyfob_agent::ports::{AddressGuard, HttpClient, HttpRequest, StreamedResponse, TransportFailure};
use keyfob_core::failure::{Failure, Incompatibility, Misbehaviour, SignInNeeded, Temporary};
use keyfob_core::profile::Profile;
use keyfob_core::scope::ScopeSet;
use keyfob_core::secret::AccessToken;
use url::Url;

use crate::mirrored_parameters::MirroredParameters;
use crate::standard_headers::{VERSION, standard_headers};
use crate::step_up_limit::StepUpLimit;
use crate::token_source::{TokenSource, refused_anew};

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Most step-ups for one request; each may ask for another scope.
const STEP_UPS: usize = 3;

/// What was negotiated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Negotiated {
    /// `Mcp-Session-Id`, where the server gave one.
    pub(crate) session: Option<HeaderValue>,
    /// `MCP-Protocol-Version`, once known.
    pub(crate) version: Option<HeaderValue>,
}

/// A server, and how to get tokens for it.
pub struct Upstream {
    http: Arc<dyn HttpClient>,
    url: Url,
    guard: AddressGuard,
    /// Headers of the user's own, on every request; what keyfob sets counts more.
    own_headers: HeaderMap,
    tokens: Arc<dyn TokenSource>,
    limit: StepUpLimit,
    negotiated: RwLock<Negotiated>,
    /// Arguments that the server wants to see in headers.
    pub(crate) mirrored: MirroredParameters,
}

/// One request, to be sent as often as it takes.
struct Draft<'a> {
    method: Method,
    headers: HeaderMap,
    body: &'a [u8],
    /// Another address of the same server; `None` is its own.
    to: Option<Url>,
}

impl Upstream {
    /// No request is made yet.
    pub fn new(http: Arc<dyn HttpClient>, profile: &Profile, tokens: Arc<dyn TokenSource>) -> Self {
        Self {
            http,
            url: profile.url.url().clone(),
            guard: guard_of(profile),
            own_headers: HeaderMap::new(),
            tokens,
            limit: StepUpLimit::default(),
            negotiated: RwLock::default(),
            mirrored: MirroredParameters::default(),
        }
    }

    /// With headers of the user's own on every request.
    #[must_use]
    pub(crate) fn with_headers(self, own_headers: HeaderMap) -> Self {
        Self { own_headers, ..self }
    }

    /// Begins a session: posts an `initialize` request, without what was negotiated before, and remembers the session the
    /// answer names.
    pub(crate) async fn initialize(&self, body: &[u8]) -> Result<StreamedResponse, Failure> {
        let response = self.send(&post(body, &Negotiated::default())).await?;
        if (200..300).contains(&response.status) {
            let session = response.headers.get(&SESSION).cloned();
            *self.write() = Negotiated { session, version: None };
        }
        Ok(response)
    }

    /// Posts one line; the answer may be one message or a stream of them.
    pub(crate) async fn post(&self, body: &[u8]) -> Result<StreamedResponse, Failure> {
        let mut draft = post(body, &self.negotiated());
        draft.headers.extend(self.mirrored.headers(body));
        self.send(&draft).await
    }

    /// Takes a broken stream up after the event with this id.
    pub(crate) async fn resume(&self, last_event_id: HeaderValue) -> Result<StreamedResponse, Failure> {
        self.send(&listen(Some(last_event_id), &self.negotiated())).await
    }

    /// Opens the stream of the transport of 2024-11-05; where a person is at hand, a sign-in may come first.
    pub(crate) async fn open_old_stream(&self) -> Result<StreamedResponse, Failure> {
        self.send(&listen(None, &Negotiated::default())).await
    }

    /// The address that such a stream names: a token goes to the server's own origin alone (G2).
    pub(crate) fn old_endpoint(&self, named: &str) -> Result<Url, Failure> {
        let endpoint = self.url.join(named.trim()).ok().filter(|url| url.origin() == self.url.origin());
        endpoint
            .ok_or_else(|| Misbehaviour::Mcp("it wants its messages posted to another host".into()).into())
    }

    /// Posts one line there; the answer comes by the stream.
    pub(crate) async fn post_old(&self, body: &[u8], endpoint: Url) -> Result<StreamedResponse, Failure> {
        self.send(&Draft { to: Some(endpoint), ..post(body, &Negotiated::default()) }).await
    }

    /// Opens the server's own stream. Nobody asked for this one: it brings up no browser and is not replayed.
    pub(crate) async fn listen(
        &self,
        last_event_id: Option<HeaderValue>,
    ) -> Result<StreamedResponse, Failure> {
        let token = self.tokens.token_unattended().await?;
        self.once(&listen(last_event_id, &self.negotiated()), token).await
    }

    /// Ends the session, if the server gave one. Best effort.
    pub(crate) async fn end_session(&self) {
        let negotiated = self.negotiated();
        if negotiated.session.is_none() {
            return;
        }
        let draft = Draft {
            method: Method::DELETE,
            headers: with(&negotiated, HeaderMap::new()),
            body: &[],
            to: None,
        };
        let ended = async { self.once(&draft, self.tokens.token_unattended().await?).await };
        if let Err(failure) = ended.await {
            tracing::debug!(%failure, "the MCP session was not ended");
        }
        *self.write() = Negotiated::default();
    }

    /// What is in force now.
    pub(crate) fn negotiated(&self) -> Negotiated {
        self.negotiated.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The version both sides agreed on, sent from now on.
    pub(crate) fn agree(&self, version: &str) {
        self.write().version = HeaderValue::from_str(version).ok();
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Negotiated> {
        self.negotiated.write().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, draft: &Draft<'_>) -> Result<StreamedResponse, Failure> {
        let mut token = self.tokens.token().await?;
        let (mut refusals, mut stepped_up) = (0, Vec::new());
        loop {
            let response = self.once(draft, token.clone()).await?;
            token = Some(match (response.status, token) {
                (401, None) => return Err(SignInNeeded::SignedOut.into()),
                (401, Some(refused)) => {
                    refusals += 1;
                    match refusals {
                        1 => self.tokens.after_unauthorized(&refused).await?,
                        2 => self.tokens.after_second_refusal().await?,
                        _ => return Err(refused_anew()),
                    }
                }
                (403, Some(lacking)) => match insufficient_scope(&response.headers) {
                    Some(wanted) => {
                        let next = self.step_up(&lacking, &wanted, stepped_up.len()).await?;
                        stepped_up.push(wanted);
                        next
                    }
                    None => return Ok(response),
                },
                _ => {
                    for scopes in &stepped_up {
                        self.limit.granted(scopes);
                    }
                    return Ok(response);
                }
            });
        }
    }

    async fn step_up(
        &self,
        lacking: &AccessToken,
        wanted: &ScopeSet,
        before: usize,
    ) -> Result<AccessToken, Failure> {
        if before >= STEP_UPS || !self.limit.allows(lacking.fingerprint(), wanted) {
            return Err(SignInNeeded::MoreScopes(wanted.to_wire().unwrap_or_default()).into());
        }
        let stepped_up = self.tokens.step_up(lacking, wanted).await;
        if let Err(Failure::UserDeclined(_) | Failure::SignInNeeded(SignInNeeded::MoreScopes(_))) =
            &stepped_up
        {
            self.limit.denied(wanted);
        }
        stepped_up
    }

    async fn once(
        &self,
        draft: &Draft<'_>,
        bearer: Option<AccessToken>,
    ) -> Result<StreamedResponse, Failure> {
        let mut headers = self.own_headers.clone();
        headers.extend(draft.headers.clone());
        let request = HttpRequest {
            method: draft.method.clone(),
            url: draft.to.clone().unwrap_or_else(|| self.url.clone()),
            headers,
            bearer,
            body: draft.body.to_vec(),
            guard: self.guard,
        };
        self.http.open(request).await.map_err(failure)
    }
}

fn post<'a>(body: &'a [u8], negotiated: &Negotiated) -> Draft<'a> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    let mut headers = with(negotiated, headers);
    // What a message says of itself counts more than what was negotiated before it.
    headers.extend(standard_headers(body));
    Draft { method: Method::POST, headers, body, to: None }
}

fn listen<'a>(last_event_id: Option<HeaderValue>, negotiated: &Negotiated) -> Draft<'a> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
    if let Some(id) = last_event_id {
        headers.insert(LAST_EVENT_ID, id);
    }
    Draft { method: Method::GET, headers: with(negotiated, headers), body: &[], to: None }
}

fn with(negotiated: &Negotiated, mut headers: HeaderMap) -> HeaderMap {
    for (name, value) in [(SESSION, &negotiated.session), (VERSION, &negotiated.version)] {
        if let Some(value) = value {
            headers.insert(name, value.clone());
        }
    }
    headers
}

/// The scopes a 403 asks for (RFC 6750 §3.1).
fn insufficient_scope(headers: &HeaderMap) -> Option<ScopeSet> {
    let challenge = challenge_of(headers)?;
    let lacking = challenge.error.as_deref() == Some("insufficient_scope");
    challenge.scope.filter(|scope| lacking && !scope.is_empty())
}

pub(crate) fn failure(failure: TransportFailure) -> Failure {
    match failure {
        TransportFailure::NotSent(why) => Temporary::Offline(why).into(),
        TransportFailure::Cut(why) => Temporary::Cut(why).into(),
        TransportFailure::TooLarge(_) => Misbehaviour::Mcp(failure.to_string()).into(),
        TransportFailure::Forbidden(why) => Incompatibility::PrivateAddress(why).into(),
    }
}

/// The failure behind an answer without a usable JSON-RPC message.
pub(crate) fn no_message(status: u16) -> Failure {
    match status {
        200..=299 => Temporary::Cut("the MCP server ended its answer before it was complete".into()).into(),
        300..=399 => Misbehaviour::Redirected(status).into(),
        404 | 405 => Incompatibility::NotMcp(status).into(),
        429 | 500..=599 => {
            Temporary::ServerTrouble(format!("the MCP server answers with status {status}")).into()
        }
        _ => Misbehaviour::Mcp(format!("status {status} and no JSON-RPC message")).into(),
    }
}
