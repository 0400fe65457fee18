//! The POST that carries credentials, on hyper directly and not through a client library: one fresh connection, made and
//! checked before a byte of the request leaves, used once; no pool, no redirect and no retry exist below this file
//! (trust rule 3, F10).

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use keyfob_agent::ports::{AddressGuard, HttpResponse, TransportFailure};
use keyfob_core::grant::credential_request::CredentialRequest;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tower_service::Service;
use url::{Host, Position, Url};

use super::address_guard::{GuardedResolver, PrivateOnly};
use super::cause::{cause, find};
use super::paced_stream::PacedStream;
use super::timeouts::Timeouts;
use super::{LARGEST_BODY, USER_AGENT, proxy, sensitive};

/// A plain or encrypted connection.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Gives TLS, speaking HTTP/1.1. Asked for only where something is encrypted: reading the platform's certificates takes a while, and
/// memory.
pub(super) type Tls<'a> = &'a (dyn Fn() -> Result<Arc<ClientConfig>, TransportFailure> + Send + Sync);

/// How the connection is made.
pub(super) struct Way<'a> {
    /// Where it is encrypted.
    pub(super) tls: Tls<'a>,
    /// The proxy, if one is in the way.
    pub(super) proxy: Option<Intercept>,
    /// Which addresses it may reach; a proxy's own address is not asked.
    pub(super) guard: AddressGuard,
    /// The limits.
    pub(super) timeouts: Timeouts,
}

/// Connects, sends, reads the whole answer. Before the connection stands every error is `NotSent` or `Forbidden`, from
/// then on `Cut` or `TooLarge`.
pub(super) async fn post(
    request: &CredentialRequest,
    way: &Way<'_>,
) -> Result<HttpResponse, TransportFailure> {
    let end = Instant::now() + way.timeouts.credentials;
    let url = request.endpoint.url();
    let outgoing = form(request)?;
    let stream = connect_in_time(url, way).await?;
    let paced = PacedStream::new(stream, way.timeouts.first_byte, way.timeouts.between_bytes);
    match timeout_at(end, exchange(paced, outgoing)).await {
        Ok(answered) => answered,
        Err(_) => {
            Err(TransportFailure::Cut(format!("no whole answer within {}", words(way.timeouts.credentials))))
        }
    }
}

/// Connects as [`post`] does, sends nothing and closes.
pub(super) async fn reach(url: &Url, way: &Way<'_>) -> Result<(), TransportFailure> {
    connect_in_time(url, way).await.map(drop)
}

/// A connection to `url`'s host with TLS finished where it is https, or `NotSent`, `Forbidden`.
pub(super) async fn connect_in_time(url: &Url, way: &Way<'_>) -> Result<Box<dyn Stream>, TransportFailure> {
    let limit = way.timeouts.connect;
    let too_late = |_| Err(TransportFailure::NotSent(format!("no connection within {}", words(limit))));
    timeout(limit, connect(url, way)).await.unwrap_or_else(too_late)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the form goes to the endpoint it was built for, on this connection only"
)]
fn form(request: &CredentialRequest) -> Result<Request<Full<Bytes>>, TransportFailure> {
    let url = request.endpoint.url();
    let mut outgoing = Request::post(&url[Position::BeforePath..Position::AfterQuery])
        .header(header::HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, request.encoding.content_type())
        .header(header::CONNECTION, "close")
        .body(Full::from(request.body.expose_secret().to_owned()))
        .map_err(|error| TransportFailure::NotSent(error.to_string()))?;
    if let Some(authorization) = &request.authorization {
        let authorization: HeaderValue = sensitive(authorization.expose_secret())?;
        outgoing.headers_mut().insert(header::AUTHORIZATION, authorization);
    }
    Ok(outgoing)
}

async fn connect(url: &Url, way: &Way<'_>) -> Result<Box<dyn Stream>, TransportFailure> {
    let mut stream = match &way.proxy {
        None => dial(&url[..Position::AfterPort], way.guard).await?,
        Some(proxy) => through(proxy, url, way).await?,
    };
    if url.scheme() == "https" {
        stream = encrypt(stream, server_name(url)?, way.tls).await?;
    }
    Ok(stream)
}

/// Looks the name up and connects, IPv6 and IPv4 side by side (fault 18).
async fn dial(origin: &str, guard: AddressGuard) -> Result<Box<dyn Stream>, TransportFailure> {
    let mut connector = HttpConnector::new_with_resolver(GuardedResolver::new(guard));
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_keepalive(Some(super::ALIVE));
    connector.set_keepalive_interval(Some(super::ALIVE / 3));
    connector.set_keepalive_retries(Some(3));
    // What was sent and never taken in: the kernel would try for a quarter of an hour.
    #[cfg(target_os = "linux")]
    connector.set_tcp_user_timeout(Some(super::ALIVE));
    let uri = origin
        .parse()
        .map_err(|error: http::uri::InvalidUri| TransportFailure::NotSent(error.to_string()))?;
    match connector.call(uri).await {
        Ok(stream) => Ok(Box::new(stream.into_inner())),
        Err(error) => Err(match find::<PrivateOnly>(&error) {
            Some(private) => TransportFailure::Forbidden(private.to_string()),
            None => TransportFailure::NotSent(cause(&error)),
        }),
    }
}

async fn through(proxy: &Intercept, url: &Url, way: &Way<'_>) -> Result<Box<dyn Stream>, TransportFailure> {
    let at: Url = proxy
        .uri()
        .to_string()
        .parse()
        .map_err(|_| TransportFailure::NotSent("the proxy's URL is none".into()))?;
    let unreachable = |failure| match failure {
        TransportFailure::NotSent(why) => {
            TransportFailure::NotSent(format!("the proxy cannot be reached: {why}"))
        }
        other => other,
    };
    let mut stream = dial(&at[..Position::AfterPort], AddressGuard::Anywhere).await.map_err(unreachable)?;
    if at.scheme() == "https" {
        stream = encrypt(stream, server_name(&at)?, way.tls).await.map_err(unreachable)?;
    }
    let port = url.port_or_known_default().unwrap_or(443);
    let target = format!("{}:{port}", url.host_str().unwrap_or_default());
    proxy::tunnel(&mut stream, &target, proxy).await?;
    Ok(stream)
}

async fn encrypt(
    stream: Box<dyn Stream>,
    name: ServerName<'static>,
    tls: Tls<'_>,
) -> Result<Box<dyn Stream>, TransportFailure> {
    match TlsConnector::from(tls()?).connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(TransportFailure::NotSent(format!("no TLS connection: {}", cause(&error)))),
    }
}

fn server_name(url: &Url) -> Result<ServerName<'static>, TransportFailure> {
    let nameless = || TransportFailure::NotSent("the URL names no host that TLS knows".into());
    match url.host().ok_or_else(nameless)? {
        Host::Domain(name) => ServerName::try_from(name.to_owned()).map_err(|_| nameless()),
        Host::Ipv4(ip) => Ok(ServerName::from(std::net::IpAddr::from(ip))),
        Host::Ipv6(ip) => Ok(ServerName::from(std::net::IpAddr::from(ip))),
    }
}

/// One request and its whole answer; returning closes the connection.
async fn exchange<S: Stream + 'static>(
    stream: PacedStream<S>,
    request: Request<Full<Bytes>>,
) -> Result<HttpResponse, TransportFailure> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| cut(&error))?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|error| cut(&error))?;
        let (parts, body) = response.into_parts();
        Ok(HttpResponse { status: parts.status.as_u16(), headers: parts.headers, body: whole(body).await? })
    };
    // The connection is driven beside the answer and has no result of its own.
    let driven = async {
        let _ = connection.await;
        std::future::pending().await
    };
    tokio::select! {
        answer = answer => answer,
        answer = driven => answer,
    }
}

async fn whole(mut body: hyper::body::Incoming) -> Result<Vec<u8>, TransportFailure> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|error| cut(&error))?.into_data() else { continue };
        if bytes.len() + piece.len() > LARGEST_BODY {
            return Err(TransportFailure::TooLarge(LARGEST_BODY));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn cut(error: &hyper::Error) -> TransportFailure {
    TransportFailure::Cut(cause(error))
}

fn words(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f32())
}
