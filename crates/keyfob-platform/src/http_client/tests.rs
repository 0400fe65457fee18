//! What the client tells of connections that fail, on real sockets.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::*;
use http::{HeaderMap, Method};
use keyfob_core::grant::credential_request::Encoding;
use keyfob_core::resource::CheckedUrl;
use keyfob_core::secret::SecretText;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

pub(super) fn client() -> ReqwestClient {
    client_with(&NetworkSettings::default())
}

pub(super) fn client_with(settings: &NetworkSettings) -> ReqwestClient {
    ReqwestClient::new(settings, Arc::new(crate::system_clock::SystemClock)).unwrap()
}

/// As promised, but sooner; far enough apart for a machine that others use as well.
fn hasty() -> ReqwestClient {
    let timeouts = Timeouts {
        connect: Duration::from_millis(400),
        document: Duration::from_millis(800),
        first_byte: Duration::from_secs(2),
        between_bytes: Duration::from_millis(500),
        credentials: Duration::from_secs(3),
    };
    ReqwestClient { timeouts, ..client() }
}

pub(super) fn form(url: &str) -> CredentialRequest {
    CredentialRequest {
        endpoint: CheckedUrl::parse(url).unwrap(),
        authorization: Some(SecretText::new("Basic canary".into())),
        body: SecretText::new("refresh_token=canary".into()),
        encoding: Encoding::Form,
    }
}

/// Accepts for ever, says `answer` to each and then nothing more, without closing; counts its visitors.
async fn stalling(answer: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let visitors = Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            visitors.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut request = [0; 4_096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                // Until the client goes away.
                while stream.read(&mut request).await.is_ok_and(|read| read > 0) {}
            });
        }
    });
    (url, count)
}

pub(super) fn get(url: &str, guard: AddressGuard) -> HttpRequest {
    HttpRequest {
        method: Method::GET,
        url: url.parse().unwrap(),
        headers: HeaderMap::new(),
        bearer: None,
        body: Vec::new(),
        guard,
    }
}

/// Answers one connection with `answer` and closes it; gives what it was sent.
async fn once(answer: Vec<u8>) -> (String, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 65_536];
        let read = stream.read(&mut request).await.unwrap();
        request.truncate(read);
        stream.write_all(&answer).await.unwrap();
        let _ = stream.shutdown().await;
        request
    });
    (url, served)
}

#[tokio::test]
async fn nothing_listening_means_nothing_was_sent() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/");
    let refused = TransportFailure::NotSent("connection refused".into());
    assert_eq!(client().fetch(get(&url, AddressGuard::Anywhere)).await.unwrap_err(), refused);
    assert_eq!(client().post_credentials(&form(&url), AddressGuard::Anywhere).await.unwrap_err(), refused);
}

/// fault 5
#[tokio::test]
async fn a_connection_that_ends_before_or_within_the_answer_was_cut() {
    for answer in ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "HTTP/1.1 2"] {
        let (url, _served) = once(answer.into()).await;
        let failed = client().fetch(get(&url, AddressGuard::Anywhere)).await;
        assert!(matches!(failed, Err(TransportFailure::Cut(_))), "{answer:?}: {failed:?}");
        let (url, served) = once(answer.into()).await;
        let failed = client().post_credentials(&form(&url), AddressGuard::Anywhere).await;
        assert!(matches!(failed, Err(TransportFailure::Cut(_))), "{answer:?}: {failed:?}");
        assert!(!served.await.unwrap().is_empty());
    }
}

/// fault 5: what a kept connection could hide: one attempt is one connection, and nobody below the caller tries again.
#[tokio::test]
async fn every_post_of_credentials_is_one_fresh_connection_and_no_second() {
    let (url, visitors) = stalling("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await;
    let client = client();
    for round in 1..=3 {
        let answer = client.post_credentials(&form(&url), AddressGuard::Anywhere).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, b"{}".as_slice()));
        assert_eq!(visitors.load(Ordering::SeqCst), round);
    }
    let (url, visitors) = stalling("").await;
    assert!(hasty().post_credentials(&form(&url), AddressGuard::Anywhere).await.is_err());
    assert_eq!(visitors.load(Ordering::SeqCst), 1);
}

/// fault 5, trust rule 3: the shorter limit holds from the first byte on, in the middle of the head as well.
#[tokio::test]
async fn an_answer_that_stalls_is_cut_soon_and_one_that_never_begins_later() {
    for answer in ["H", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{"] {
        let (url, _) = stalling(answer).await;
        let begun = Instant::now();
        let failed = hasty().post_credentials(&form(&url), AddressGuard::Anywhere).await.unwrap_err();
        assert_eq!(failed, TransportFailure::Cut("the answer stalled half-way".into()), "{answer:?}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{answer:?}: {:?}", begun.elapsed());
    }
    let (url, _) = stalling("").await;
    let begun = Instant::now();
    let failed = hasty().post_credentials(&form(&url), AddressGuard::Anywhere).await.unwrap_err();
    assert_eq!(failed, TransportFailure::Cut("no answer came in time".into()));
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    let failed = hasty().fetch(get(&url, AddressGuard::Anywhere)).await.unwrap_err();
    assert_eq!(failed, TransportFailure::Cut("no whole answer within 0.8 s".into()));
}

/// Trust rule 3: an answer that drips is whole or cut within the limit of the whole.
#[tokio::test]
async fn an_answer_that_drips_for_ever_is_cut_at_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4_096]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let failed = hasty().post_credentials(&form(&url), AddressGuard::Anywhere).await.unwrap_err();
    assert_eq!(failed, TransportFailure::Cut("no whole answer within 3 s".into()));
}

/// fault 24: a server that takes the connection and never finishes TLS has not seen a byte of the request.
#[tokio::test]
async fn a_handshake_that_never_ends_means_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let failed = hasty().post_credentials(&form(&url), AddressGuard::Anywhere).await.unwrap_err();
    assert_eq!(failed, TransportFailure::NotSent("no connection within 0.4 s".into()));
    let failed = hasty().fetch(get(&url, AddressGuard::Anywhere)).await.unwrap_err();
    assert!(matches!(failed, TransportFailure::NotSent(_)), "{failed:?}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_got_nothing() {
    let (url, _served) = once(b"no tls here\r\n".to_vec()).await;
    let failed = client().fetch(get(&url.replace("http:", "https:"), AddressGuard::Anywhere)).await;
    assert!(matches!(failed, Err(TransportFailure::NotSent(_))), "{failed:?}");
}

/// F10
#[tokio::test]
async fn no_redirect_is_followed_and_the_second_host_sees_nothing() {
    let second = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for status in [301, 302, 303, 307, 308] {
        let target = second.local_addr().unwrap();
        let (url, _served) = once(
            format!("HTTP/1.1 {status} X\r\nLocation: http://{target}/\r\nContent-Length: 0\r\n\r\n").into(),
        )
        .await;
        assert_eq!(
            client().post_credentials(&form(&url), AddressGuard::Anywhere).await.unwrap().status,
            status
        );
        let (url, _served) = once(
            format!("HTTP/1.1 {status} X\r\nLocation: http://{target}/\r\nContent-Length: 0\r\n\r\n").into(),
        )
        .await;
        assert_eq!(client().fetch(get(&url, AddressGuard::Anywhere)).await.unwrap().status, status);
    }
    let nobody = tokio::time::timeout(Duration::from_millis(50), second.accept()).await;
    assert!(nobody.is_err(), "a credential was sent on");
}

/// A8, fault 49
#[tokio::test]
async fn a_document_of_more_than_one_mebibyte_is_refused_while_it_comes_in() {
    let mut answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    answer.extend(vec![b'x'; 1024 * 1024 + 1]);
    let (url, _served) = once(answer.clone()).await;
    let too_large = TransportFailure::TooLarge(1024 * 1024);
    assert_eq!(client().fetch(get(&url, AddressGuard::Anywhere)).await.unwrap_err(), too_large);
    let (url, _served) = once(answer).await;
    assert_eq!(client().post_credentials(&form(&url), AddressGuard::Anywhere).await.unwrap_err(), too_large);
}

/// A9
#[tokio::test]
async fn a_public_only_request_reaches_no_private_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
        let failed = client().fetch(get(&format!("http://{host}:{port}/"), AddressGuard::PublicOnly)).await;
        assert!(matches!(failed, Err(TransportFailure::Forbidden(_))), "{host}: {failed:?}");
        let url = format!("https://{host}:{port}/");
        let failed = client().post_credentials(&form(&url), AddressGuard::PublicOnly).await;
        assert!(matches!(failed, Err(TransportFailure::Forbidden(_))), "{host}: {failed:?}");
    }
    assert!(tokio::time::timeout(Duration::from_millis(50), listener.accept()).await.is_err());
}

/// G1
#[tokio::test]
async fn the_token_is_a_header_and_nowhere_else() {
    let (url, served) = once(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()).await;
    let request =
        HttpRequest { bearer: Some(AccessToken::new("canary".into())), ..get(&url, AddressGuard::Anywhere) };
    client().fetch(request).await.unwrap();
    let request = String::from_utf8(served.await.unwrap()).unwrap();
    assert!(request.starts_with("GET /x HTTP/1.1\r\n"));
    assert_eq!(request.matches("canary").count(), 1);
    assert!(request.to_lowercase().contains("authorization: bearer canary"));
}

/// F9, G1: the form and its client authentication, on one connection that says it will not be kept.
#[tokio::test]
async fn a_form_is_sent_as_rfc_6749_wants_it() {
    let (url, served) = once(b"HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\n{}".to_vec()).await;
    let url = url.replace("/x", "/a/token?tenant=1");
    let answer = client().post_credentials(&form(&url), AddressGuard::Anywhere).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (400, b"{}".as_slice()));
    let request = String::from_utf8(served.await.unwrap()).unwrap();
    let (head, _) = request.split_once("\r\n\r\n").unwrap();
    let (line, headers) = head.split_once("\r\n").unwrap();
    assert_eq!(line, "POST /a/token?tenant=1 HTTP/1.1");
    let headers = headers.to_lowercase();
    let host = url.split('/').nth(2).unwrap();
    for header in [
        format!("host: {host}"),
        "authorization: basic canary".into(),
        "content-type: application/x-www-form-urlencoded".into(),
        "content-length: 20".into(),
        "connection: close".into(),
        "accept: application/json".into(),
        format!("user-agent: keyfob/{}", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(headers.lines().any(|line| line == header), "{header} is not in {headers}");
    }
    assert!(!headers.contains("cookie") && !headers.contains("accept-encoding"), "{headers}");
}

/// A stream may be silent for longer than any document may take.
#[tokio::test]
async fn an_open_stream_outlives_the_limits_of_a_document() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (go_on, later) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4_096]).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\none").await.unwrap();
        let _ = later.await;
        stream.write_all(b"two").await.unwrap();
    });
    let mut response = hasty().open(get(&url, AddressGuard::Anywhere)).await.unwrap();
    assert_eq!(response.body.next().await.unwrap().unwrap(), b"one");
    // Longer than the whole of a document may take: nothing comes, and nothing fails.
    assert!(tokio::time::timeout(Duration::from_millis(900), response.body.next()).await.is_err());
    go_on.send(()).unwrap();
    assert_eq!(response.body.next().await.unwrap().unwrap(), b"two");
    assert!(response.body.next().await.is_none());
}
