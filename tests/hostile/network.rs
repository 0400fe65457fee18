//! A network without wires: every request is written down, and one function answers it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use keyfob_agent::ports::{
    AddressGuard, HttpClient, HttpRequest, HttpResponse, StreamedResponse, TransportFailure,
};
use keyfob_core::grant::credential_request::CredentialRequest;
use url::{Position, Url};

/// The limit of the real client for a whole answer.
const LARGEST_BODY: usize = 1024 * 1024;
/// The limit of the real client for a silent server.
const SILENCE: Duration = Duration::from_secs(20);

/// Which power was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Document,
    Credentials,
    Stream,
}

/// A request as it would have left this machine.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) how: How,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) authorization: Option<String>,
    pub(crate) body: String,
    pub(crate) guard: AddressGuard,
}

impl Sent {
    /// The address without its query.
    pub(crate) fn place(&self) -> &str {
        &self.url[..Position::AfterPath]
    }

    /// A parameter of the form in the body.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let mut all = url::form_urlencoded::parse(self.body.as_bytes());
        all.find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
    }

    /// Every byte that would have been sent, as text.
    pub(crate) fn whole(&self) -> String {
        format!("{} {} {:?} {:?} {}", self.method, self.url, self.headers, self.authorization, self.body)
    }
}

/// What comes back.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    Fails(TransportFailure),
    Silence,
    /// The same after this time.
    Late(Duration, Box<Self>),
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn json(body: &serde_json::Value) -> Self {
        Self::bytes(200, body.to_string().into_bytes())
    }

    pub(crate) fn bytes(status: u16, body: Vec<u8>) -> Self {
        let headers = vec![("content-type".into(), "application/json".into())];
        Self::Answer { status, headers, body }
    }

    pub(crate) fn redirect(status: u16, to: &str) -> Self {
        Self::status(status).with("location", to)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.into(), value.into()));
        }
        self
    }
}

/// Who is at the other end.
pub(crate) trait Servers: Send + Sync {
    /// Answers a request.
    fn answer(&self, sent: &Sent) -> Reply;
    /// Where the browser ends that opens this page: redirects to the loopback address, in order.
    fn visited(&self, page: &Url) -> Vec<Url>;
}

/// The recorder.
pub(crate) struct Network {
    servers: Arc<dyn Servers>,
    sent: Mutex<Vec<Sent>>,
}

impl Network {
    pub(crate) fn to(servers: Arc<dyn Servers>) -> Arc<Self> {
        Arc::new(Self { servers, sent: Mutex::default() })
    }

    /// Everything sent so far.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// Forgets what was sent.
    pub(crate) fn forget(&self) {
        self.sent.lock().unwrap().clear();
    }

    /// Requests to this address.
    pub(crate) fn sent_to(&self, place: &str) -> Vec<Sent> {
        self.sent().into_iter().filter(|sent| sent.place() == place).collect()
    }

    async fn exchange(&self, sent: Sent) -> Result<HttpResponse, TransportFailure> {
        let reply = self.servers.answer(&sent);
        self.sent.lock().unwrap().push(sent);
        let reply = match reply {
            Reply::Late(after, reply) => {
                tokio::time::sleep(after).await;
                *reply
            }
            reply => reply,
        };
        match reply {
            Reply::Answer { body, .. } if body.len() > LARGEST_BODY => {
                Err(TransportFailure::TooLarge(LARGEST_BODY))
            }
            Reply::Answer { status, headers, body } => {
                Ok(HttpResponse { status, headers: header_map(&headers), body })
            }
            Reply::Fails(failure) => Err(failure),
            // What is late twice is silent.
            Reply::Silence | Reply::Late(..) => {
                tokio::time::sleep(SILENCE).await;
                Err(TransportFailure::Cut("no answer within 20 s".into()))
            }
        }
    }
}

/// As a network library gives them: what is no header is none.
fn header_map(headers: &[(String, String)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            map.append(name, value);
        }
    }
    map
}

#[expect(clippy::disallowed_methods, reason = "the recorder is the far end of the wire")]
fn written_down(how: How, request: HttpRequest) -> Sent {
    Sent {
        how,
        method: request.method,
        url: request.url,
        headers: request.headers,
        authorization: request.bearer.map(|token| format!("Bearer {}", token.expose_secret())),
        body: String::from_utf8_lossy(&request.body).into_owned(),
        guard: request.guard,
    }
}

#[async_trait]
impl HttpClient for Network {
    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, TransportFailure> {
        self.exchange(written_down(How::Document, request)).await
    }

    #[expect(clippy::disallowed_methods, reason = "the recorder is the far end of the wire")]
    async fn post_credentials(
        &self,
        request: &CredentialRequest,
        guard: AddressGuard,
    ) -> Result<HttpResponse, TransportFailure> {
        let sent = Sent {
            how: How::Credentials,
            method: Method::POST,
            url: request.endpoint.url().clone(),
            headers: HeaderMap::new(),
            authorization: request.authorization.as_ref().map(|value| value.expose_secret().to_owned()),
            body: request.body.expose_secret().to_owned(),
            guard,
        };
        self.exchange(sent).await
    }

    async fn reach(&self, _url: &Url, _guard: AddressGuard) -> Result<(), TransportFailure> {
        Ok(())
    }

    async fn open(&self, request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        let answer = self.exchange(written_down(How::Stream, request)).await?;
        let body = futures_util::stream::iter([Ok(answer.body)]).boxed();
        Ok(StreamedResponse { status: answer.status, headers: answer.headers, body })
    }
}
