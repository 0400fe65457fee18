//! One visitor at a loopback listener: one request head is read, handed over, and answered with one page of ours (E8, E9).
//! Judging the request is the core's; here only what is no HTTP request at all is turned away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keyfob_agent::ports::{Page, Visit};
use keyfob_core::grant::authorization_code::RedirectArrival;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Largest request head.
const LARGEST_HEAD: usize = 16 * 1024;
/// More header lines than any browser sends.
const MOST_HEADERS: usize = 128;
/// Time for a visitor to say what it wants, and again to take its page.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time for a visitor to close first: who closes last has no connection left in TIME_WAIT, and bytes that nobody read
/// would make the system take the page back.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a visitor is not handed over.
#[derive(Debug, PartialEq, Eq)]
enum TurnedAway {
    /// It said nothing at all: a browser's spare connection, a port scan.
    Silent,
    /// Status of the answer.
    Status(u16),
}

/// Serves one connection; sets `heard` when its request is in.
pub(super) async fn serve(mut stream: TcpStream, heard: Arc<AtomicBool>, visits: mpsc::Sender<Visit>) {
    let arrival = match read_request(&mut stream).await {
        Ok(arrival) => arrival,
        Err(TurnedAway::Silent) => return,
        Err(TurnedAway::Status(status)) => {
            return show(&mut stream, &Page { status, html: String::new() }).await;
        }
    };
    heard.store(true, Ordering::Release);
    let (reply, page) = oneshot::channel();
    // Dropped however this ends, and that is the signal.
    let (_until_out, shown) = oneshot::channel();
    if visits.send(Visit { arrival, reply, shown }).await.is_err() {
        return;
    }
    if let Ok(page) = page.await {
        show(&mut stream, &page).await;
    }
}

async fn read_request(stream: &mut TcpStream) -> Result<RedirectArrival, TurnedAway> {
    let mut head = Vec::with_capacity(2_048);
    match timeout(PATIENCE, read_head(stream, &mut head)).await {
        Ok(arrival) => arrival,
        Err(_) if head.is_empty() => Err(TurnedAway::Silent),
        Err(_) => Err(TurnedAway::Status(408)),
    }
}

async fn read_head(stream: &mut TcpStream, head: &mut Vec<u8>) -> Result<RedirectArrival, TurnedAway> {
    loop {
        let mut limited = (&mut *stream).take((LARGEST_HEAD - head.len()) as u64);
        if limited.read_buf(head).await.map_err(|_| TurnedAway::Silent)? == 0 {
            return Err(if head.is_empty() { TurnedAway::Silent } else { TurnedAway::Status(400) });
        }
        if let Some(arrival) = parse(head)? {
            return Ok(arrival);
        }
        if head.len() >= LARGEST_HEAD {
            return Err(TurnedAway::Status(431));
        }
    }
}

/// `None` while the head is not complete. Exactly one `Host` (RFC 9112 §3.2) and a target in origin form (§3.2.1).
fn parse(head: &[u8]) -> Result<Option<RedirectArrival>, TurnedAway> {
    let bad = TurnedAway::Status(400);
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Partial) => return Ok(None),
        Ok(httparse::Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => return Err(TurnedAway::Status(431)),
        Err(_) => return Err(bad),
    }
    let (Some(method), Some(target)) = (request.method, request.path) else { return Err(bad) };
    let mut hosts = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host"));
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(bad) };
    let Ok(host) = std::str::from_utf8(host.value) else { return Err(bad) };
    if !target.starts_with('/') {
        return Err(bad);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Ok(Some(RedirectArrival {
        method: method.into(),
        host: host.into(),
        path: path.into(),
        query: query.into(),
    }))
}

/// E8: nothing from elsewhere, nothing kept, nothing told to the next page. The visitor may have gone; nothing depends on
/// it.
async fn show(stream: &mut TcpStream, page: &Page) {
    let answer = format!(
        "HTTP/1.1 {} keyfob\r\n\
         Content-Type: text/html; charset=utf-8\r\n\
         Content-Length: {}\r\n\
         Cache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n\
         X-Content-Type-Options: nosniff\r\n\
         Connection: close\r\n\r\n{}",
        page.status,
        page.html.len(),
        page.html
    );
    if timeout(PATIENCE, stream.write_all(answer.as_bytes())).await.is_ok_and(|written| written.is_ok()) {
        let _ = timeout(FAREWELL, until_closed(stream)).await;
    }
}

async fn until_closed(stream: &mut TcpStream) {
    let mut unread = [0; 4_096];
    while stream.read(&mut unread).await.is_ok_and(|read| read > 0) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E9
    #[test]
    fn a_head_is_complete_or_awaited_or_refused() {
        let whole = b"GET /cb?code=c&x=%2F?y HTTP/1.1\r\nAccept: */*\r\nHost: 127.0.0.1:7\r\n\r\n";
        let arrival = parse(whole).unwrap().unwrap();
        assert_eq!((arrival.method.as_str(), arrival.path.as_str()), ("GET", "/cb"));
        assert_eq!((arrival.query.as_str(), arrival.host.as_str()), ("code=c&x=%2F?y", "127.0.0.1:7"));
        for end in 0..whole.len() - 1 {
            assert_eq!(parse(&whole[..end]), Ok(None), "{end}");
        }
        for bad in [
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
            "GET http://127.0.0.1/cb HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
            "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
            "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
            "\u{16}\u{3}\u{1}\u{2}\u{0}",
        ] {
            assert_eq!(parse(bad.as_bytes()), Err(TurnedAway::Status(400)), "{bad:?}");
        }
    }
}
