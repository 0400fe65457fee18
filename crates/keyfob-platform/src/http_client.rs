//! HTTP through reqwest: rustls, the platform's certificates, the system's proxy. It follows no redirect and repeats no
//! request; callers decide (F10, B6).

mod address_guard;
mod body;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, Method, header};
use keyfob_agent::ports::{AddressGuard, HttpClient, HttpRequest, HttpResponse, StreamedResponse, TransportFailure};
use keyfob_core::failure::Failure;
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::secret::AccessToken;
use reqwest::{Client, ClientBuilder, redirect, retry};

use crate::config_file::NetworkSettings;
use address_guard::PublicOnlyResolver;

/// Time to get a connection, TLS included.
const CONNECT: Duration = Duration::from_secs(10);
/// Time for a whole document.
const DOCUMENT: Duration = Duration::from_secs(20);
/// Time to the first byte of an answer to credentials; a longer wait outlives most grace windows (trust rule 3).
const FIRST_BYTE: Duration = Duration::from_secs(10);
/// Time between two pieces of such an answer.
const BETWEEN_BYTES: Duration = Duration::from_secs(2);
/// Time for the whole of it.
const CREDENTIALS: Duration = Duration::from_secs(20);

/// Where the clients come from: one kept pool each for public addresses and for all.
pub struct ReqwestClient {
    settings: NetworkSettings,
    public: Client,
    anywhere: Client,
}

impl ReqwestClient {
    /// Builds the clients.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a proxy, certificate or authority that cannot be used.
    pub fn new(settings: &NetworkSettings) -> Result<Self, Failure> {
        let client = |guard| builder(settings, guard)?.build().map_err(|error| unusable("[network]", &error));
        Ok(Self {
            public: client(AddressGuard::PublicOnly)?,
            anywhere: client(AddressGuard::Anywhere)?,
            settings: settings.clone(),
        })
    }

    fn kept(&self, guard: AddressGuard) -> &Client {
        match guard {
            AddressGuard::PublicOnly => &self.public,
            AddressGuard::Anywhere => &self.anywhere,
        }
    }

    /// A client whose only connection ends with the request.
    fn fresh(&self, guard: AddressGuard) -> Result<Client, TransportFailure> {
        let builder = builder(&self.settings, guard).map_err(|failure| TransportFailure::NotSent(failure.to_string()))?;
        builder.pool_max_idle_per_host(0).build().map_err(|error| TransportFailure::NotSent(chain(&error)))
    }

    async fn head(&self, request: HttpRequest) -> Result<reqwest::Response, TransportFailure> {
        address_guard::check_literal(&request.url, request.guard)?;
        let mut headers = request.headers;
        if let Some(token) = &request.bearer {
            headers.insert(header::AUTHORIZATION, bearer(token)?);
        }
        let sending = self.kept(request.guard).request(request.method, request.url).headers(headers).body(request.body);
        sending.send().await.map_err(|error| failure(&error))
    }
}

#[async_trait]
impl HttpClient for ReqwestClient {
    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, TransportFailure> {
        let whole = async {
            let response = self.head(request).await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok(HttpResponse { status, headers, body: body::whole(response, None).await? })
        };
        within(DOCUMENT, whole).await
    }

    #[expect(clippy::disallowed_methods, reason = "the form goes to the endpoint it was built for")]
    async fn post_credentials(
        &self,
        request: &CredentialRequest,
        guard: AddressGuard,
    ) -> Result<HttpResponse, TransportFailure> {
        address_guard::check_literal(request.endpoint.url(), guard)?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(authorization) = &request.authorization {
            headers.insert(header::AUTHORIZATION, sensitive(authorization.expose_secret())?);
        }
        let sending = self
            .fresh(guard)?
            .request(Method::POST, request.endpoint.url().clone())
            .headers(headers)
            .body(request.body.expose_secret().to_owned());
        let whole = async {
            let answered = within(CONNECT + FIRST_BYTE, async { sending.send().await.map_err(|error| failure(&error)) });
            let response = answered.await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok(HttpResponse { status, headers, body: body::whole(response, Some(BETWEEN_BYTES)).await? })
        };
        within(CONNECT + CREDENTIALS, whole).await
    }

    async fn open(&self, request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        let response = self.head(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let pieces = response.bytes_stream();
        let body = pieces.map(|piece| piece.map(|bytes| bytes.to_vec()).map_err(|error| cut(&error))).boxed();
        Ok(StreamedResponse { status, headers, body })
    }
}

fn builder(settings: &NetworkSettings, guard: AddressGuard) -> Result<ClientBuilder, Failure> {
    // The process-wide provider; the second caller finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("keyfob/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .connect_timeout(CONNECT);
    if guard == AddressGuard::PublicOnly {
        builder = builder.dns_resolver(Arc::new(PublicOnlyResolver));
    }
    if let Some(proxy) = &settings.proxy {
        builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(|error| unusable("[network] proxy", &error))?);
    }
    if let Some(path) = &settings.ca_file {
        let authorities = reqwest::Certificate::from_pem_bundle(&read(path, "ca_file")?);
        let authorities = authorities.map_err(|error| unusable("[network] ca_file", &error))?;
        builder = builder.tls_certs_merge(authorities);
    }
    if let Some(path) = &settings.client_certificate {
        let identity = reqwest::Identity::from_pem(&read(path, "client_certificate")?);
        builder = builder.identity(identity.map_err(|error| unusable("[network] client_certificate", &error))?);
    }
    Ok(builder)
}

fn read(path: &Path, key: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::Usage(format!("config.toml: [network] {key}: {}: {error}", path.display())))
}

fn unusable(what: &str, error: &reqwest::Error) -> Failure {
    Failure::Usage(format!("config.toml: {what} is not usable: {}", chain(error)))
}

#[expect(clippy::disallowed_methods, reason = "the token goes to the resource it was issued for, as a header (G1)")]
fn bearer(token: &AccessToken) -> Result<HeaderValue, TransportFailure> {
    sensitive(&format!("Bearer {}", token.expose_secret()))
}

/// A header value that HTTP code does not log or index.
fn sensitive(text: &str) -> Result<HeaderValue, TransportFailure> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| TransportFailure::NotSent("a credential has characters that may not stand in a header".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, TransportFailure>>,
) -> Result<T, TransportFailure> {
    let late = || TransportFailure::Cut(format!("no whole answer within {} s", limit.as_secs()));
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(late()))
}

/// Nothing sent, or possibly something: the one distinction that decides whether a repeat is safe (trust rule 4).
fn failure(error: &reqwest::Error) -> TransportFailure {
    if let Some(forbidden) = address_guard::forbidden(error) {
        return TransportFailure::Forbidden(forbidden);
    }
    if error.is_connect() || error.is_builder() {
        return TransportFailure::NotSent(chain(error));
    }
    cut(error)
}

fn cut(error: &reqwest::Error) -> TransportFailure {
    TransportFailure::Cut(chain(error))
}

/// The innermost cause says most; URLs, which may carry parameters, are left out.
fn chain(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = if std::ptr::addr_eq(cause, error as &dyn std::error::Error) && error.is_timeout() {
        "it took too long".to_owned()
    } else {
        cause.to_string()
    };
    keyfob_core::server_text::shown(&text)
}

#[cfg(test)]
mod tests;
