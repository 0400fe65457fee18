//! Loopback listeners for redirects: a minimal HTTP server on hyper-free sockets that reads one request head per
//! connection, hands it over, and shows one page of ours.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use keyfob_agent::ports::{BindError, LoopbackBinder, LoopbackListener, Page, Visit};
use keyfob_core::grant::authorization_code::RedirectArrival;
use keyfob_core::profile::RedirectHost;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};

/// Largest request head.
const LARGEST_HEAD: usize = 16 * 1024;
/// Time for a visitor to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);
/// Visitors at once; more wait.
const VISITORS: usize = 32;

/// Binds on this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLoopback;

#[async_trait]
impl LoopbackBinder for SystemLoopback {
    async fn bind(&self, host: RedirectHost, port: Option<u16>) -> Result<Box<dyn LoopbackListener>, BindError> {
        let listeners = match host {
            RedirectHost::V4 => vec![listen(Ipv4Addr::LOCALHOST.into(), port).await?],
            RedirectHost::V6 => vec![listen(Ipv6Addr::LOCALHOST.into(), port).await?],
            RedirectHost::Localhost => both_families(port).await?,
        };
        Ok(Box::new(Listener::start(listeners)?))
    }
}

async fn listen(ip: IpAddr, port: Option<u16>) -> Result<TcpListener, BindError> {
    let socket = if ip.is_ipv4() { tokio::net::TcpSocket::new_v4() } else { tokio::net::TcpSocket::new_v6() };
    let socket = socket.map_err(|error| BindError::Failed(error.to_string()))?;
    // A port in TIME_WAIT after our own last sign-in must bind again. On Unix this shares no port with a live listener;
    // on Windows it would.
    if cfg!(unix) {
        let _ = socket.set_reuseaddr(true);
    }
    let failed = |error: std::io::Error| match (error.kind(), port) {
        (std::io::ErrorKind::AddrInUse, Some(port)) => BindError::Taken(port),
        _ => BindError::Failed(error.to_string()),
    };
    socket.bind(SocketAddr::new(ip, port.unwrap_or(0))).map_err(failed)?;
    socket.listen(64).map_err(failed)
}

/// `localhost` may lead to either family: own both, or another program could take the redirect (V8).
async fn both_families(port: Option<u16>) -> Result<Vec<TcpListener>, BindError> {
    let v4 = listen(Ipv4Addr::LOCALHOST.into(), port).await?;
    let bound = v4.local_addr().map_err(|error| BindError::Failed(error.to_string()))?.port();
    match listen(Ipv6Addr::LOCALHOST.into(), Some(bound)).await {
        Ok(v6) => Ok(vec![v4, v6]),
        // A machine without IPv6 has nobody there who could take it.
        Err(BindError::Failed(_)) => Ok(vec![v4]),
        Err(taken) => Err(taken),
    }
}

struct Listener {
    address: SocketAddr,
    visits: mpsc::Receiver<Visit>,
    accepting: Vec<tokio::task::AbortHandle>,
}

impl Listener {
    fn start(listeners: Vec<TcpListener>) -> Result<Self, BindError> {
        let address = listeners[0].local_addr().map_err(|error| BindError::Failed(error.to_string()))?;
        let (sender, visits) = mpsc::channel(VISITORS);
        let places = Arc::new(Semaphore::new(VISITORS));
        let accept = |listener| tokio::spawn(accept(listener, sender.clone(), Arc::clone(&places))).abort_handle();
        let accepting = listeners.into_iter().map(accept).collect();
        Ok(Self { address, visits, accepting })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.iter().for_each(tokio::task::AbortHandle::abort);
    }
}

#[async_trait]
impl LoopbackListener for Listener {
    fn address(&self) -> SocketAddr {
        self.address
    }

    async fn accept(&mut self) -> Visit {
        match self.visits.recv().await {
            Some(visit) => visit,
            // The accepting tasks live as long as this listener does.
            None => std::future::pending().await,
        }
    }
}

/// Each visitor has a task of its own, so that a slow stranger keeps nobody waiting.
async fn accept(listener: TcpListener, visits: mpsc::Sender<Visit>, places: Arc<Semaphore>) {
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else { continue };
        let visits = visits.clone();
        tokio::spawn(async move {
            serve(stream, visits).await;
            drop(place);
        });
    }
}

async fn serve(mut stream: TcpStream, visits: mpsc::Sender<Visit>) {
    let Ok(Some(arrival)) = tokio::time::timeout(PATIENCE, read_head(&mut stream)).await else {
        show(&mut stream, &Page { status: 400, html: String::new() }).await;
        return;
    };
    let (reply, page) = oneshot::channel();
    if visits.send(Visit { arrival, reply }).await.is_err() {
        return;
    }
    if let Ok(page) = page.await {
        show(&mut stream, &page).await;
    }
}

/// Reads one request head; `None` for what is no HTTP request or too long.
async fn read_head(stream: &mut TcpStream) -> Option<RedirectArrival> {
    let mut head = Vec::with_capacity(2_048);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() > LARGEST_HEAD || stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    parse(std::str::from_utf8(&head).ok()?)
}

fn parse(head: &str) -> Option<RedirectArrival> {
    let mut lines = head.split("\r\n");
    let mut request = lines.next()?.split(' ');
    let (method, target, version) = (request.next()?, request.next()?, request.next()?);
    if !version.starts_with("HTTP/1.") || request.next().is_some() || !target.starts_with('/') {
        return None;
    }
    let hosts: Vec<&str> = lines.filter_map(|line| line.split_once(':')).filter(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, value)| value.trim()).collect();
    let [host] = hosts[..] else { return None };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Some(RedirectArrival { method: method.into(), host: host.into(), path: path.into(), query: query.into() })
}

/// E8: nothing from elsewhere, nothing kept, nothing told to the next page.
async fn show(stream: &mut TcpStream, page: &Page) {
    let head = format!(
        "HTTP/1.1 {} keyfob\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n\r\n",
        page.status,
        page.html.len()
    );
    // The visitor may have gone; nothing depends on it.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(page.html.as_bytes()).await;
    let _ = stream.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }

    /// E8
    #[tokio::test]
    async fn a_visit_is_handed_over_and_its_page_is_kept_by_nobody() {
        let mut listener = SystemLoopback.bind(RedirectHost::V4, None).await.unwrap();
        let address = listener.address();
        let visitor = tokio::spawn(async move { ask(address, "GET /callback?code=c HTTP/1.1\r\nhost: 127.0.0.1:7\r\n\r\n").await });
        let visit = listener.accept().await;
        assert_eq!((visit.arrival.path.as_str(), visit.arrival.query.as_str(), visit.arrival.host.as_str()), ("/callback", "code=c", "127.0.0.1:7"));
        visit.reply.send(Page { status: 200, html: "<p>done".into() }).unwrap();
        let answer = visitor.await.unwrap();
        for header in ["Cache-Control: no-store", "Referrer-Policy: no-referrer", "default-src 'none'"] {
            assert!(answer.contains(header), "{answer}");
        }
        assert!(answer.ends_with("<p>done"));
    }

    #[tokio::test]
    async fn a_slow_stranger_keeps_nobody_waiting() {
        let mut listener = SystemLoopback.bind(RedirectHost::V4, None).await.unwrap();
        let address = listener.address();
        let _silent: Vec<_> = futures_util::future::join_all((0..8).map(|_| TcpStream::connect(address))).await;
        let _visitor = tokio::spawn(async move { ask(address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await });
        assert_eq!(listener.accept().await.arrival.path, "/");
    }

    #[tokio::test]
    async fn what_is_no_http_gets_a_400_and_is_not_handed_over() {
        let mut listener = SystemLoopback.bind(RedirectHost::V4, None).await.unwrap();
        for bad in ["nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"] {
            assert!(ask(listener.address(), bad).await.starts_with("HTTP/1.1 400"), "{bad:?}");
        }
        let address = listener.address();
        let _visitor = tokio::spawn(async move { ask(address, "GET /good HTTP/1.1\r\nHost: x\r\n\r\n").await });
        assert_eq!(listener.accept().await.arrival.path, "/good");
    }

    /// V8, D13
    #[tokio::test]
    async fn a_taken_port_is_taken_on_either_family() {
        let first = SystemLoopback.bind(RedirectHost::V4, None).await.unwrap();
        let port = first.address().port();
        assert_eq!(SystemLoopback.bind(RedirectHost::V4, Some(port)).await.err(), Some(BindError::Taken(port)));
        assert_eq!(SystemLoopback.bind(RedirectHost::Localhost, Some(port)).await.err(), Some(BindError::Taken(port)));
        drop(first);
        let Ok(squatter) = TcpListener::bind("[::1]:0").await else { return };
        let port = squatter.local_addr().unwrap().port();
        assert_eq!(SystemLoopback.bind(RedirectHost::Localhost, Some(port)).await.err(), Some(BindError::Taken(port)));
    }
}
