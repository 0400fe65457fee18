//! One MCP server over streamable HTTP: the token on every request, one replay after a 401 (F8), step-up after a 403 (D8).

use std::sync::{Arc, PoisonError, RwLock};

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use keyfob_agent::journeys::examine::challenge_of;
use keyfob_agent::journeys::guard_of;
use keyfob_agent::ports::{AddressGuard, HttpClient, HttpRequest, StreamedResponse, TransportFailure};
use keyfob_core::failure::{Failure, Misbehaviour, SignInNeeded, Temporary};
use keyfob_core::profile::Profile;
use keyfob_core::scope::ScopeSet;
use keyfob_core::secret::AccessToken;
use url::Url;

use crate::token_source::TokenSource;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// Most step-ups for one request; each may ask for another scope.
const STEP_UPS: usize = 4;

/// What was negotiated.
#[derive(Debug, Clone, Default)]
struct Session {
    id: Option<HeaderValue>,
    version: Option<HeaderValue>,
}

/// A server, and how to get tokens for it.
pub struct Upstream {
    http: Arc<dyn HttpClient>,
    url: Url,
    guard: AddressGuard,
    tokens: Arc<dyn TokenSource>,
    session: RwLock<Session>,
}

impl Upstream {
    /// No request is made yet.
    pub fn new(http: Arc<dyn HttpClient>, profile: &Profile, tokens: Arc<dyn TokenSource>) -> Self {
        Self { http, url: profile.url.url().clone(), guard: guard_of(profile), tokens, session: RwLock::default() }
    }

    /// Posts one JSON-RPC message; the answer may be one message or a stream of them.
    pub async fn post(&self, body: &[u8]) -> Result<StreamedResponse, Failure> {
        let response = self.send(Method::POST, body).await?;
        if let Some(id) = response.headers.get(&SESSION) {
            self.session.write().unwrap_or_else(PoisonError::into_inner).id = Some(id.clone());
        }
        Ok(response)
    }

    /// Opens the server's own stream.
    pub async fn listen(&self) -> Result<StreamedResponse, Failure> {
        self.send(Method::GET, &[]).await
    }

    /// Ends the session, if the server gave one. Best effort.
    pub async fn end_session(&self) {
        let has_session = self.session.read().unwrap_or_else(PoisonError::into_inner).id.is_some();
        if has_session {
            if let Err(failure) = self.send(Method::DELETE, &[]).await {
                tracing::debug!(%failure, "the MCP session was not ended");
            }
        }
    }

    /// The version both sides agreed on, sent from now on.
    pub fn negotiated(&self, version: &str) {
        let version = HeaderValue::from_str(version).ok();
        self.session.write().unwrap_or_else(PoisonError::into_inner).version = version;
    }

    async fn send(&self, method: Method, body: &[u8]) -> Result<StreamedResponse, Failure> {
        let mut token = self.tokens.token().await?;
        let mut replayed = false;
        for _ in 0..=STEP_UPS {
            let response = self.once(&method, body, token.clone()).await?;
            let next = match (response.status, &token) {
                (401, None) => return Err(SignInNeeded::SignedOut.into()),
                (401, Some(_)) if replayed => {
                    let words = "it refuses (401) a token that its authorization server has just issued";
                    return Err(Misbehaviour::Mcp(words.into()).into());
                }
                (401, Some(refused)) => {
                    replayed = true;
                    self.tokens.after_unauthorized(refused).await?
                }
                (403, Some(lacking)) => match insufficient_scope(&response.headers) {
                    Some(wanted) => self.tokens.step_up(lacking, &wanted).await?,
                    None => return Ok(response),
                },
                _ => return Ok(response),
            };
            token = Some(next);
        }
        Err(Misbehaviour::Mcp("it asks for more scopes again and again".into()).into())
    }

    async fn once(
        &self,
        method: &Method,
        body: &[u8],
        bearer: Option<AccessToken>,
    ) -> Result<StreamedResponse, Failure> {
        let request = HttpRequest {
            method: method.clone(),
            url: self.url.clone(),
            headers: self.headers(method),
            bearer,
            body: body.to_vec(),
            guard: self.guard,
        };
        self.http.open(request).await.map_err(failure)
    }

    fn headers(&self, method: &Method) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if *method == Method::POST {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        } else {
            headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        }
        let session = self.session.read().unwrap_or_else(PoisonError::into_inner).clone();
        for (name, value) in [(SESSION, session.id), (VERSION, session.version)] {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
        headers
    }
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
        TransportFailure::Forbidden(why) => keyfob_core::failure::Incompatibility::PrivateAddress(why).into(),
    }
}

/// True for a body that is a stream of events.
pub(crate) fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream")
}
