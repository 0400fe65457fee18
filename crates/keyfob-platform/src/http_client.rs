//! HTTP: reqwest for documents and kept connections, a connection of our own for credentials; rustls, the platform's
//! certificates, the system's proxy. It follows no redirect and repeats no request; callers decide (F10, B6).

mod address_guard;
mod body;
mod cause;
mod certificate_issuer;
mod credential_post;
pub mod forwarding;
mod kept;
mod paced_stream;
mod proxy;
mod timeouts;
mod tls;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use http::{HeaderValue, header};
use keyfob_agent::ports::{
    AddressGuard, Clock, HttpClient, HttpRequest, HttpResponse, StreamedResponse, TransportFailure,
};
use keyfob_core::failure::Failure;
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::secret::AccessToken;
use reqwest::{Client, redirect, retry};
use rustls::ClientConfig;
use url::Url;

use crate::config_file::NetworkSettings;
use address_guard::{GuardedResolver, PrivateOnly};
use cause::{cause, find};
use credential_post::Way;
use kept::{IDLE, Kept};
use proxy::ProxyRule;
use timeouts::Timeouts;
use tls::Trust;

/// Largest body that is read whole.
const LARGEST_BODY: usize = 1024 * 1024;
/// What keyfob calls itself.
const USER_AGENT: &str = concat!("keyfob/", env!("CARGO_PKG_VERSION"));
/// How often a silent kept connection is asked whether it still lives: a stream may be silent for hours, but a connection
/// that died with the network must not look alive for as long.
const ALIVE: Duration = Duration::from_secs(30);

/// The network as the user set it up.
pub struct ReqwestClient {
    settings: NetworkSettings,
    proxies: ProxyRule,
    trust: Trust,
    timeouts: Timeouts,
    /// Made at the first request: reading the platform's certificates takes longer than most commands.
    tls: OnceLock<Result<Encryption, String>>,
    kept: Kept<Clients>,
}

/// One kept pool for each way out.
struct Clients {
    public: Client,
    anywhere: Client,
    through_proxy: Client,
}

/// TLS of kept connections, and of credentials.
struct Encryption {
    kept: ClientConfig,
    credentials: Arc<ClientConfig>,
}

impl ReqwestClient {
    /// Reads and checks what the settings name; touches no network. By `clock` it knows how long a connection was not used.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a proxy, certificate or authority that cannot be used.
    pub fn new(settings: &NetworkSettings, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        Ok(Self {
            proxies: ProxyRule::new(settings)?,
            trust: Trust::read(settings)?,
            settings: settings.clone(),
            timeouts: Timeouts::default(),
            tls: OnceLock::new(),
            kept: Kept::new(clock),
        })
    }

    fn tls(&self) -> Result<&Encryption, TransportFailure> {
        let made = self.tls.get_or_init(|| Encryption::new(&self.trust));
        made.as_ref().map_err(|why| TransportFailure::NotSent(why.clone()))
    }

    fn clients(&self) -> Result<Arc<Clients>, TransportFailure> {
        let tls = &self.tls()?.kept;
        let made = self.kept.pools(|| Clients::new(&self.settings, tls, &self.timeouts));
        made.map_err(TransportFailure::NotSent)
    }

    async fn head(&self, request: HttpRequest) -> Result<reqwest::Response, TransportFailure> {
        address_guard::check_literal(&request.url, request.guard)?;
        let proxied = self.proxies.for_url(&request.url)?.is_some();
        let clients = self.clients()?;
        let client = match request.guard {
            // The proxy resolves the name, and its own address may be private: see address_guard.rs.
            _ if proxied => &clients.through_proxy,
            AddressGuard::PublicOnly => &clients.public,
            AddressGuard::Anywhere => &clients.anywhere,
        };
        let mut headers = request.headers;
        headers.remove(header::AUTHORIZATION);
        if let Some(token) = &request.bearer {
            headers.insert(header::AUTHORIZATION, bearer(token)?);
        }
        let sending = client.request(request.method, request.url).headers(headers).body(request.body);
        sending.send().await.map_err(|error| match failure(&error) {
            TransportFailure::NotSent(why) if proxied => {
                TransportFailure::NotSent(format!("through the proxy: {why}"))
            }
            other => other,
        })
    }
}

#[async_trait]
impl HttpClient for ReqwestClient {
    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, TransportFailure> {
        let limit = self.timeouts.document;
        let whole = async {
            let response = self.head(request).await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok(HttpResponse { status, headers, body: body::whole(response).await? })
        };
        match tokio::time::timeout(limit, whole).await {
            Ok(answered) => answered,
            Err(_) => Err(TransportFailure::Cut(format!("no whole answer within {} s", limit.as_secs_f32()))),
        }
    }

    async fn post_credentials(
        &self,
        request: &CredentialRequest,
        guard: AddressGuard,
    ) -> Result<HttpResponse, TransportFailure> {
        let url = request.endpoint.url();
        address_guard::check_literal(url, guard)?;
        let proxy = self.proxies.for_url(url)?;
        let tls = || Ok(Arc::clone(&self.tls()?.credentials));
        credential_post::post(request, &Way { tls: &tls, proxy, guard, timeouts: self.timeouts }).await
    }

    async fn reach(&self, url: &Url, guard: AddressGuard) -> Result<(), TransportFailure> {
        address_guard::check_literal(url, guard)?;
        let proxy = self.proxies.for_url(url)?;
        let tls = || Ok(Arc::clone(&self.tls()?.credentials));
        credential_post::reach(url, &Way { tls: &tls, proxy, guard, timeouts: self.timeouts }).await
    }

    async fn open(&self, request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        let response = self.head(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let pieces = response.bytes_stream();
        let body = pieces.map(|piece| piece.map(|bytes| bytes.to_vec()).map_err(|error| cut(&error))).boxed();
        Ok(StreamedResponse { status, headers, body })
    }

    async fn open_in_time(&self, request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        let limit = self.timeouts.document;
        match tokio::time::timeout(limit, self.open(request)).await {
            Ok(answered) => answered,
            Err(_) => Err(TransportFailure::Cut(format!("no answer within {} s", limit.as_secs_f32()))),
        }
    }
}

impl Encryption {
    fn new(trust: &Trust) -> Result<Self, String> {
        let kept = trust.client_config(&["h2", "http/1.1"])?;
        let mut credentials = kept.clone();
        credentials.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A ticket of an earlier connection is nothing a fresh one should know.
        credentials.resumption = rustls::client::Resumption::disabled();
        Ok(Self { kept, credentials: Arc::new(credentials) })
    }
}

impl Clients {
    fn new(settings: &NetworkSettings, tls: &ClientConfig, timeouts: &Timeouts) -> Result<Self, String> {
        let builder = || {
            Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .user_agent(USER_AGENT)
                .redirect(redirect::Policy::none())
                .retry(retry::never())
                .referer(false)
                .connect_timeout(timeouts.connect)
                .pool_idle_timeout(IDLE)
                .tcp_keepalive(ALIVE)
                .tcp_keepalive_interval(ALIVE / 3)
                .tcp_keepalive_retries(3)
                .http2_keep_alive_interval(ALIVE)
                .http2_keep_alive_timeout(ALIVE / 3)
        };
        let direct = |guard| builder().no_proxy().dns_resolver(GuardedResolver::new(guard)).build();
        let mut through_proxy = builder();
        if let Some(proxy) = &settings.proxy {
            through_proxy = through_proxy.proxy(reqwest::Proxy::all(proxy).map_err(|error| cause(&error))?);
        }
        Ok(Self {
            public: direct(AddressGuard::PublicOnly).map_err(|error| cause(&error))?,
            anywhere: direct(AddressGuard::Anywhere).map_err(|error| cause(&error))?,
            through_proxy: through_proxy.build().map_err(|error| cause(&error))?,
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the token goes to the resource it was issued for, as a header (G1)"
)]
fn bearer(token: &AccessToken) -> Result<HeaderValue, TransportFailure> {
    sensitive(&format!("Bearer {}", token.expose_secret()))
}

/// A header value that HTTP code does not log or index.
fn sensitive(text: &str) -> Result<HeaderValue, TransportFailure> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        TransportFailure::NotSent("a credential has characters that may not stand in a header".into())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Nothing sent, or possibly something: the one distinction that decides whether a repeat is safe (trust rule 4).
fn failure(error: &reqwest::Error) -> TransportFailure {
    if let Some(private) = find::<PrivateOnly>(error) {
        return TransportFailure::Forbidden(private.to_string());
    }
    if error.is_connect() || error.is_builder() {
        let why = if error.is_timeout() { "no connection in time".to_owned() } else { cause(error) };
        return TransportFailure::NotSent(why);
    }
    cut(error)
}

fn cut(error: &reqwest::Error) -> TransportFailure {
    TransportFailure::Cut(cause(error))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;
