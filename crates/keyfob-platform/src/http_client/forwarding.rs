//! The way out of the loopback proxy: requests on kept connections, their bodies passed on piece by piece. It speaks HTTP/1.1,
//! decodes nothing, follows no redirect, and repeats only what has not left this machine.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use http::{Request, Response, Uri, header};
use http_body_util::BodyExt;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use keyfob_agent::local_proxy::{Forwarder, PassingBody};
use keyfob_agent::ports::{AddressGuard, Clock, TransportFailure};
use keyfob_core::failure::Failure;
use keyfob_core::secret::AccessToken;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tower_service::Service;
use url::Url;

use super::cause::{cause, find};
use super::credential_post::{Stream, Way, connect_in_time};
use super::kept::{IDLE, Kept as KeptPools};
use super::proxy::ProxyRule;
use super::timeouts::Timeouts;
use super::tls::Trust;
use super::{address_guard, bearer};
use crate::config_file::NetworkSettings;

/// Kept connections without a request, at most, to one server.
const MOST_IDLE: usize = 64;

/// Passes requests on, as the user set the network up.
pub struct ForwardingClient {
    proxies: Arc<ProxyRule>,
    encryption: Arc<Encryption>,
    kept: KeptPools<Pools>,
}

/// TLS of kept connections, made for the first that is encrypted.
struct Encryption {
    trust: Trust,
    made: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Encryption {
    fn config(&self) -> Result<Arc<ClientConfig>, TransportFailure> {
        let made = self.made.get_or_init(|| self.trust.client_config(&["http/1.1"]).map(Arc::new));
        made.clone().map_err(TransportFailure::NotSent)
    }
}

/// Kept connections, apart by what they may reach: a connection into a private network must not serve a server that may not
/// lead there.
struct Pools {
    public: Client<Connector, PassingBody>,
    anywhere: Client<Connector, PassingBody>,
}

impl ForwardingClient {
    /// Reads and checks what the settings name; touches no network. By `clock` it knows how long a connection was not used.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a proxy, certificate or authority that cannot be used.
    pub fn new(settings: &NetworkSettings, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        Ok(Self {
            proxies: Arc::new(ProxyRule::new(settings)?),
            encryption: Arc::new(Encryption { trust: Trust::read(settings)?, made: OnceLock::new() }),
            kept: KeptPools::new(clock),
        })
    }

    fn pools(&self) -> Result<Arc<Pools>, TransportFailure> {
        self.kept.pools(|| Ok(Pools::new(&self.encryption, &self.proxies)))
    }
}

impl Pools {
    fn new(encryption: &Arc<Encryption>, proxies: &Arc<ProxyRule>) -> Self {
        let pool = |guard| {
            let (encryption, proxies) = (Arc::clone(encryption), Arc::clone(proxies));
            Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(MOST_IDLE)
                .build(Connector { encryption, proxies, guard })
        };
        Self { public: pool(AddressGuard::PublicOnly), anywhere: pool(AddressGuard::Anywhere) }
    }
}

#[async_trait]
impl Forwarder for ForwardingClient {
    async fn forward(
        &self,
        mut request: Request<PassingBody>,
        token: &AccessToken,
        guard: AddressGuard,
    ) -> Result<Response<PassingBody>, TransportFailure> {
        request.headers_mut().insert(header::AUTHORIZATION, bearer(token)?);
        let pools = self.pools()?;
        let client = if guard == AddressGuard::Anywhere { &pools.anywhere } else { &pools.public };
        let response = client.request(request).await.map_err(|error| failure(&error))?;
        let cut = |error: hyper::Error| TransportFailure::Cut(cause(&error));
        Ok(response.map(|body| body.map_err(cut).boxed_unsync()))
    }
}

fn failure(error: &Error) -> TransportFailure {
    if let Some(known) = find::<TransportFailure>(error) {
        return known.clone();
    }
    let unsent = find::<hyper::Error>(error).is_some_and(hyper::Error::is_canceled);
    let why = cause(error);
    if unsent || error.is_connect() { TransportFailure::NotSent(why) } else { TransportFailure::Cut(why) }
}

/// Makes a connection as the POST of credentials does: guarded look-up, the user's proxy, TLS.
#[derive(Clone)]
struct Connector {
    encryption: Arc<Encryption>,
    proxies: Arc<ProxyRule>,
    guard: AddressGuard,
}

impl Connector {
    async fn connect(self, uri: Uri) -> Result<TokioIo<Kept>, TransportFailure> {
        let unusable = |_| TransportFailure::NotSent("the server's URL is none".into());
        let url = Url::parse(&uri.to_string()).map_err(unusable)?;
        address_guard::check_literal(&url, self.guard)?;
        let proxy = self.proxies.for_url(&url)?;
        let tls = || self.encryption.config();
        let way = Way { tls: &tls, proxy, guard: self.guard, timeouts: Timeouts::default() };
        Ok(TokioIo::new(Kept(connect_in_time(&url, &way).await?)))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Kept>;
    type Error = TransportFailure;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// A connection as the pool keeps it.
struct Kept(Box<dyn Stream>);

impl Connection for Kept {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Kept {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Kept {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
