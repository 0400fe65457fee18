//! The network as the doctor sees it: passes everything on, and keeps what was said, secrets masked before they are kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use keyfob_core::diagnosis::evidence::{self, Body, Exchange, MASKED};
use keyfob_core::grant::credential_request::CredentialRequest;
use url::Url;

use crate::ports::{AddressGuard, HttpClient, HttpRequest, HttpResponse, StreamedResponse, TransportFailure};

/// Passes requests on and remembers them.
pub(super) struct Recorder {
    inner: Arc<dyn HttpClient>,
    heard: Mutex<Vec<Exchange>>,
}

impl Recorder {
    pub(super) fn new(inner: Arc<dyn HttpClient>) -> Self {
        Self { inner, heard: Mutex::new(Vec::new()) }
    }

    /// What was said since the last time.
    pub(super) fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut *self.heard())
    }

    /// Puts back what belongs to a later step.
    pub(super) fn put_back(&self, heard: Vec<Exchange>) {
        self.heard().splice(0..0, heard);
    }

    fn heard(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what was said otherwise than over this network, such as in the browser.
    pub(super) fn note(&self, sent: String, received: String) {
        self.heard().push(Exchange { sent, received });
    }
}

/// What may be shown of the answer: documents are for everybody, what is asked with a token is not.
fn kind_of(request: &HttpRequest) -> Body {
    match (&request.bearer, request.method == http::Method::GET) {
        (Some(_), _) => Body::Untold,
        (None, true) => Body::Public,
        (None, false) => Body::Secret,
    }
}

fn sent(request: &HttpRequest) -> String {
    let mut lines = vec![format!("{} {}", request.method, evidence::url(&request.url))];
    lines.extend(request.bearer.as_ref().map(|_| format!("authorization: Bearer {MASKED}")));
    let kind = if request.bearer.is_some() { Body::Untold } else { Body::Public };
    lines.extend(evidence::body(&request.body, kind));
    lines.join("\n")
}

fn received(answer: &Result<HttpResponse, TransportFailure>, kind: Body) -> String {
    match answer {
        Ok(answer) => evidence::answer(answer.status, &answer.headers, &answer.body, kind),
        Err(failure) => no_answer(failure),
    }
}

fn head(answer: &Result<StreamedResponse, TransportFailure>) -> String {
    match answer {
        Ok(answer) => evidence::answer(answer.status, &answer.headers, &[], Body::Untold),
        Err(failure) => no_answer(failure),
    }
}

fn no_answer(failure: &TransportFailure) -> String {
    format!("no answer: {}", keyfob_core::server_text::shown(&failure.to_string()))
}

#[async_trait]
impl HttpClient for Recorder {
    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, TransportFailure> {
        let (told, kind) = (sent(&request), kind_of(&request));
        let answer = self.inner.fetch(request).await;
        self.note(told, received(&answer, kind));
        answer
    }

    async fn post_credentials(
        &self,
        request: &CredentialRequest,
        guard: AddressGuard,
    ) -> Result<HttpResponse, TransportFailure> {
        let answer = self.inner.post_credentials(request, guard).await;
        self.note(evidence::credential_request(request), received(&answer, Body::Secret));
        answer
    }

    async fn reach(&self, url: &Url, guard: AddressGuard) -> Result<(), TransportFailure> {
        let reached = self.inner.reach(url, guard).await;
        let told = match &reached {
            Ok(()) => "connected; nothing was sent".to_owned(),
            Err(failure) => no_answer(failure),
        };
        self.note(format!("a connection to {}", url.origin().ascii_serialization()), told);
        reached
    }

    /// The body is a stream of the server's own; only the head is kept.
    async fn open(&self, request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        let told = sent(&request);
        let answer = self.inner.open(request).await;
        self.note(told, head(&answer));
        answer
    }

    async fn open_in_time(&self, request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        let told = sent(&request);
        let answer = self.inner.open_in_time(request).await;
        self.note(told, head(&answer));
        answer
    }
}
