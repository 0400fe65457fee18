//! A few pages for programs on this machine, over plain HTTP at a loopback address. Whoever asks must name that address
//! in `Host`, so that a web page that had its own name point here (DNS rebinding) reads nothing. No page holds a secret.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use keyfob_core::failure::{Failure, Temporary};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Connections at once: a scraper or two, and a person.
const MOST_CONNECTIONS: usize = 16;
/// A whole connection, its keep-alive included: longer than the usual pause between two scrapes.
const LONGEST_CONNECTION: Duration = Duration::from_mins(5);
/// A request's head.
const HEAD_PATIENCE: Duration = Duration::from_secs(5);
/// A pause after a failed accept, so that running out of descriptors is no busy loop (fault 39).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPage {
    /// Status code.
    pub status: u16,
    /// What it is.
    pub content_type: &'static str,
    /// It.
    pub body: String,
}

/// Makes pages; called for each request.
pub trait LocalPages: Send + Sync {
    /// The page at this path, without its query; `None` where there is none.
    fn page(&self, path: &str) -> Option<LocalPage>;
}

/// A bound address.
#[derive(Debug)]
pub struct LocalListener {
    listener: TcpListener,
    address: SocketAddr,
}

impl LocalListener {
    /// Binds `ADDR:PORT` of this machine; port 0 takes a free one.
    ///
    /// # Errors
    /// [`Failure::Usage`] for anything but a loopback address, [`Temporary::PortTaken`].
    pub async fn bind(address: &str) -> Result<Self, Failure> {
        let wanted = loopback_address(address)?;
        let listener = TcpListener::bind(wanted).await.map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => Temporary::PortTaken(wanted.port()).into(),
            _ => Failure::Usage(format!("{address} cannot be listened at: {error}")),
        })?;
        let address =
            listener.local_addr().map_err(|error| Failure::Bug(format!("a nameless listener: {error}")))?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until dropped.
    pub async fn serve(self, pages: Arc<dyn LocalPages>) {
        let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        loop {
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
            let Ok((stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let (pages, address) = (Arc::clone(&pages), self.address);
            tokio::spawn(async move {
                let _ = tokio::time::timeout(LONGEST_CONNECTION, converse(stream, address, pages)).await;
                drop(place);
            });
        }
    }
}

/// `ADDR:PORT` of this machine; anything else is [`Failure::Usage`].
pub fn loopback_address(address: &str) -> Result<SocketAddr, Failure> {
    let numeric = address.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let parsed: Option<SocketAddr> = numeric.as_deref().unwrap_or(address).parse().ok();
    let Some(parsed) = parsed else {
        let shown = keyfob_core::server_text::shown(address);
        return Err(Failure::Usage(format!("`{shown}` is no ADDR:PORT, such as 127.0.0.1:9464")));
    };
    if parsed.ip().is_loopback() {
        return Ok(parsed);
    }
    Err(Failure::Usage(format!(
        "{parsed} can be reached from other machines, and this page has no lock; use 127.0.0.1:{port}, and let a \
         scraper come through ssh or a proxy of yours",
        port = parsed.port()
    )))
}

async fn converse(stream: TcpStream, address: SocketAddr, pages: Arc<dyn LocalPages>) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let response = respond(&request, address, &*pages);
        async move { Ok::<_, Infallible>(response) }
    });
    let mut connection = hyper::server::conn::http1::Builder::new();
    connection.timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
    if let Err(error) = connection.serve_connection(TokioIo::new(stream), answer).await {
        tracing::debug!(%error, "a connection for a page ended");
    }
}

fn respond<B>(request: &Request<B>, address: SocketAddr, pages: &dyn LocalPages) -> Response<Full<Bytes>> {
    if !names_us(request, address) {
        let why = format!("the Host header must name this address, {address}\n");
        return response(&text(StatusCode::FORBIDDEN, why));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = response(&text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n".into()));
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    let page = pages.page(request.uri().path());
    response(&page.unwrap_or_else(|| text(StatusCode::NOT_FOUND, "there is /metrics and /health\n".into())))
}

/// Exactly one `Host`, and it is ours: the address itself, or `localhost`, with the port.
fn names_us<B>(request: &Request<B>, address: SocketAddr) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    // A request line with an authority of its own would be a proxy's.
    if request.uri().authority().is_some() {
        return false;
    }
    let ours = [address.to_string(), format!("localhost:{}", address.port())];
    host.to_str().is_ok_and(|host| ours.iter().any(|name| host.eq_ignore_ascii_case(name)))
}

fn text(status: StatusCode, body: String) -> LocalPage {
    LocalPage { status: status.as_u16(), content_type: "text/plain; charset=utf-8", body }
}

fn response(page: &LocalPage) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(page.body.clone())));
    *response.status_mut() = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(page.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One;

    impl LocalPages for One {
        fn page(&self, path: &str) -> Option<LocalPage> {
            (path == "/metrics").then(|| text(StatusCode::OK, "m 1\n".into()))
        }
    }

    fn status(host: &[&str], method: &str, target: &str) -> u16 {
        let mut request = Request::builder().method(method).uri(target);
        for host in host {
            request = request.header(HOST, *host);
        }
        let address = "127.0.0.1:9464".parse().unwrap();
        respond(&request.body(()).unwrap(), address, &One).status().as_u16()
    }

    /// V5: a web page whose name was made to point here sends its own name.
    #[test]
    fn only_a_host_that_names_this_address_reads_a_page() {
        for good in ["127.0.0.1:9464", "localhost:9464", "LOCALHOST:9464"] {
            assert_eq!(status(&[good], "GET", "/metrics"), 200, "{good}");
        }
        for bad in [
            "evil.example:9464",
            "127.0.0.1",
            "127.0.0.1:80",
            "localhost.evil.example:9464",
            "",
            "[::1]:9464",
        ] {
            assert_eq!(status(&[bad], "GET", "/metrics"), 403, "{bad}");
        }
        assert_eq!(status(&[], "GET", "/metrics"), 403);
        assert_eq!(status(&["127.0.0.1:9464", "evil.example"], "GET", "/metrics"), 403);
        assert_eq!(status(&["127.0.0.1:9464"], "GET", "http://evil.example/metrics"), 403);
    }

    #[test]
    fn other_methods_and_paths_are_refused_in_words() {
        let host = &["127.0.0.1:9464"];
        assert_eq!(status(host, "HEAD", "/metrics"), 200);
        assert_eq!(status(host, "POST", "/metrics"), 405);
        assert_eq!(status(host, "GET", "/metrics?x=1"), 200);
        assert_eq!(status(host, "GET", "/"), 404);
        assert_eq!(status(host, "GET", "/../etc/passwd"), 404);
    }

    /// V5: nothing that another machine or container could reach.
    #[tokio::test]
    async fn only_addresses_of_this_machine_are_taken() {
        for good in ["127.0.0.1:0", "[::1]:0", "127.8.9.1:0", "localhost:0"] {
            assert!(loopback_address(good).is_ok(), "{good}");
        }
        for bad in [
            "0.0.0.0:9464",
            "[::]:9464",
            "192.168.1.2:9464",
            "[::ffff:127.0.0.1]:1",
            "example.com:1",
            "9464",
            "",
        ] {
            assert!(matches!(LocalListener::bind(bad).await, Err(Failure::Usage(_))), "{bad}");
        }
        let first = LocalListener::bind("127.0.0.1:0").await.unwrap();
        let taken = LocalListener::bind(&first.address().to_string()).await.unwrap_err();
        assert_eq!(taken, Temporary::PortTaken(first.address().port()).into());
    }
}
