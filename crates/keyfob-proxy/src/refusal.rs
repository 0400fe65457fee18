//! What keyfob itself answers at the loopback proxy. To a client with a key it never says 401 or 403: clients take these for an
//! invitation to sign in by themselves. It says 503 with a sentence for a person, and inside an open MCP session an MCP error,
//! because clients show those and keep the session.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use keyfob_agent::local_proxy::PassingBody;
use keyfob_agent::ports::TransportFailure;
use keyfob_core::failure::{About, Failure, Misbehaviour, Temporary};
use keyfob_core::identity::ProfileName;
use serde_json::value::RawValue;

use crate::guard::Stranger;
use crate::json_rpc::{KEYFOB_SAYS, Outgoing, error_line};
use crate::request_body::full;
use crate::upstream;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// Why a request of a client is not answered by the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It may not come in.
    Stranger(Stranger),
    /// There is nothing at this path.
    Nothing,
    /// No token, or no server.
    Failure(Failure, ProfileName),
    /// The token was renewed, but the body had gone through and cannot be sent a second time (fault 21).
    SendAgain,
}

impl Refusal {
    /// Nothing was answered by the server.
    pub(crate) fn transport(failure: TransportFailure, profile: &ProfileName) -> Self {
        Self::Failure(upstream::failure(failure), profile.clone())
    }

    /// The answer to a stranger, or to a client that has not said yet what it wants.
    pub(crate) fn response(&self) -> Response<PassingBody> {
        match self {
            Self::Stranger(stranger) => to_stranger(*stranger),
            Self::Nothing => answer(StatusCode::NOT_FOUND, None, Bytes::new()),
            Self::Failure(..) | Self::SendAgain => self.in_words(&[]),
        }
    }

    /// The answer to a request with this head and body; a body that is not known is `None`.
    pub(crate) fn answer_to(&self, headers: &HeaderMap, body: Option<&[u8]>) -> Response<PassingBody> {
        let outgoing = body.and_then(|body| Outgoing::of(body.to_vec()));
        let asked = outgoing.as_ref().map(|outgoing| outgoing.asked.as_slice()).unwrap_or_default();
        let begins = outgoing
            .as_ref()
            .is_some_and(|outgoing| outgoing.asks("initialize") || outgoing.asks("server/discover"));
        let in_session = headers.contains_key(&SESSION) || headers.contains_key(&VERSION);
        match self {
            Self::Stranger(_) | Self::Nothing => self.response(),
            Self::Failure(failure, _)
                if in_session && !begins && !asked.is_empty() && is_lasting(failure) =>
            {
                answer(StatusCode::OK, Some("application/json"), lines(asked, &self.words()).into())
            }
            Self::Failure(..) | Self::SendAgain => self.in_words(asked),
        }
    }

    fn in_words(&self, asked: &[Box<RawValue>]) -> Response<PassingBody> {
        let (status, retry_after) = match self {
            Self::SendAgain => (StatusCode::SERVICE_UNAVAILABLE, Some(0)),
            Self::Failure(failure, _) => status_of(failure),
            Self::Stranger(_) | Self::Nothing => (StatusCode::NOT_FOUND, None),
        };
        let mut response = answer(status, Some("application/json"), lines(asked, &self.words()).into());
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// The cause and the next step.
    fn words(&self) -> String {
        match self {
            Self::Failure(failure, profile) => match next_step(failure, profile.as_str()) {
                Some(hint) => format!("keyfob: {profile}: {failure}. Next: {hint}"),
                None => format!("keyfob: {profile}: {failure}"),
            },
            Self::SendAgain => "keyfob: the token was renewed; send the request again".to_owned(),
            Self::Stranger(_) | Self::Nothing => String::new(),
        }
    }
}

/// What its sender does next. A message that was cut off is never sent again by keyfob: the server may have acted on it.
pub(crate) fn next_step(failure: &Failure, profile: &str) -> Option<String> {
    match failure {
        Failure::Temporary(Temporary::Cut(_)) => {
            Some("the server may have acted on it: look before you send it again".into())
        }
        _ => failure.hint(About::Profile(profile)),
    }
}

/// Without an id, and for one request, a single error; for a batch one for each of its requests.
fn lines(asked: &[Box<RawValue>], words: &str) -> Vec<u8> {
    if asked.len() < 2 {
        return error_line(asked.first().map(AsRef::as_ref), KEYFOB_SAYS, words);
    }
    let errors: Vec<_> = asked.iter().map(|id| error_line(Some(id), KEYFOB_SAYS, words)).collect();
    [b"[".as_slice(), &errors.join(&b','), b"]"].concat()
}

/// True where trying again by itself is no use to the client: a person has to act.
fn is_lasting(failure: &Failure) -> bool {
    !matches!(failure, Failure::Temporary(_))
}

fn status_of(failure: &Failure) -> (StatusCode, Option<u64>) {
    match failure {
        Failure::Temporary(Temporary::Cut(_)) | Failure::AuthorizationServerMisbehaved(_) => {
            (StatusCode::BAD_GATEWAY, None)
        }
        Failure::NoSuchProfile(_) => (StatusCode::NOT_FOUND, None),
        Failure::Temporary(Temporary::Busy) => (StatusCode::SERVICE_UNAVAILABLE, Some(1)),
        _ => (StatusCode::SERVICE_UNAVAILABLE, None),
    }
}

/// The server wants to send the request elsewhere; the token does not go there (G2).
pub(crate) fn redirected(status: StatusCode) -> Failure {
    Misbehaviour::Mcp(format!(
        "it redirects (status {}), and a token follows no redirect; check the profile's URL",
        status.as_u16()
    ))
    .into()
}

fn to_stranger(stranger: Stranger) -> Response<PassingBody> {
    let (status, words) = match stranger {
        Stranger::WebPage => (StatusCode::FORBIDDEN, "keyfob: web pages may not come in here\n"),
        Stranger::OtherHost => (StatusCode::FORBIDDEN, "keyfob: the Host header must name this listener\n"),
        Stranger::Method => (StatusCode::METHOD_NOT_ALLOWED, "keyfob: this method is of no use here\n"),
        Stranger::Nothing => return answer(StatusCode::NOT_FOUND, None, Bytes::new()),
        Stranger::NoKey => (
            StatusCode::UNAUTHORIZED,
            "keyfob: this address belongs to no linked client; keyfob link NAME CLIENT --via proxy makes one\n",
        ),
    };
    answer(status, Some("text/plain; charset=utf-8"), Bytes::from_static(words.as_bytes()))
}

fn answer(status: StatusCode, content_type: Option<&'static str>, body: Bytes) -> Response<PassingBody> {
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
