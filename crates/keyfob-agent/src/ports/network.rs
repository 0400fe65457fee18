//! The way out to servers.

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use http::{HeaderMap, Method};
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::secret::AccessToken;
use url::Url;

/// Which addresses a request may reach (A9). Checked when the connection is made, after name resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressGuard {
    /// Public addresses only.
    PublicOnly,
    /// Private and loopback ones too.
    Anywhere,
}

/// A request without stored credentials, save a bearer.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Headers; `Authorization` is set from `bearer` alone.
    pub headers: HeaderMap,
    /// The access token to send as `Authorization: Bearer …` (G1).
    pub bearer: Option<AccessToken>,
    /// The body, empty for none.
    pub body: Vec<u8>,
    /// Which addresses it may reach.
    pub guard: AddressGuard,
}

/// A whole answer.
#[derive(Debug, Clone, Default)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, at most the limit.
    pub body: Vec<u8>,
}

/// An answer whose body is still coming.
pub struct StreamedResponse {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body's pieces as they arrive.
    pub body: BoxStream<'static, Result<Vec<u8>, TransportFailure>>,
}

/// A request that got no whole answer, by what the server may have seen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportFailure {
    /// Nothing left this machine: look-up, connection or TLS failed. Safe to repeat.
    #[error("{0}")]
    NotSent(String),
    /// Bytes left and no whole answer came: the server may have acted.
    #[error("{0}")]
    Cut(String),
    /// The answer is larger than the limit.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The address may not be reached (A9). Nothing was sent.
    #[error("{0}")]
    Forbidden(String),
}

/// The network. No method ever follows a redirect (F10, B6): callers decide hop by hop.
#[async_trait]
pub trait HttpClient: Send + Sync {
    /// One request, the whole answer up to 1 MiB; 10 s to connect, 20 s in all.
    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, TransportFailure>;
    /// A form with credentials, on a fresh connection that is not used again; no retry of any kind (trust rule 3).
    async fn post_credentials(
        &self,
        request: &CredentialRequest,
        guard: AddressGuard,
    ) -> Result<HttpResponse, TransportFailure>;
    /// Connects to `url`'s host and finishes TLS there, sends nothing, and closes: there is a way to it (trust rule 10).
    async fn reach(&self, url: &Url, guard: AddressGuard) -> Result<(), TransportFailure>;
    /// One request on a kept connection, the answer as a stream without a limit in size or time after its head.
    async fn open(&self, request: HttpRequest) -> Result<StreamedResponse, TransportFailure>;
    /// The same, for a head that must come as soon as a document: 20 s, the connection included.
    async fn open_in_time(&self, request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        self.open(request).await
    }
}
