//! What the client tells of connections that fail, on real sockets.

use super::*;
use keyfob_core::resource::CheckedUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn client() -> ReqwestClient {
    ReqwestClient::new(&NetworkSettings::default()).unwrap()
}

fn get(url: &str, guard: AddressGuard) -> HttpRequest {
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
    let failed = client().fetch(get(&format!("http://127.0.0.1:{port}/"), AddressGuard::Anywhere)).await;
    assert!(matches!(failed, Err(TransportFailure::NotSent(_))), "{failed:?}");
}

/// fault 5
#[tokio::test]
async fn a_connection_that_ends_before_or_within_the_answer_was_cut() {
    for answer in ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "HTTP/1.1 2"] {
        let (url, _served) = once(answer.into()).await;
        let failed = client().fetch(get(&url, AddressGuard::Anywhere)).await;
        assert!(matches!(failed, Err(TransportFailure::Cut(_))), "{answer:?}: {failed:?}");
    }
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
        let (url, _served) =
            once(format!("HTTP/1.1 {status} X\r\nLocation: http://{target}/\r\nContent-Length: 0\r\n\r\n").into()).await;
        let endpoint = CheckedUrl::parse(&url).unwrap();
        let request = CredentialRequest {
            endpoint,
            authorization: None,
            body: keyfob_core::secret::SecretText::new("refresh_token=canary".into()),
        };
        assert_eq!(client().post_credentials(&request, AddressGuard::Anywhere).await.unwrap().status, status);
    }
    let nobody = tokio::time::timeout(Duration::from_millis(50), second.accept()).await;
    assert!(nobody.is_err(), "a credential was sent on");
}

/// A8, fault 49
#[tokio::test]
async fn a_document_of_more_than_one_mebibyte_is_refused_while_it_comes_in() {
    let mut answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    answer.extend(vec![b'x'; 1024 * 1024 + 1]);
    let (url, _served) = once(answer).await;
    let failed = client().fetch(get(&url, AddressGuard::Anywhere)).await;
    assert!(matches!(failed, Err(TransportFailure::TooLarge(_))));
}

/// A9
#[tokio::test]
async fn a_public_only_request_reaches_no_private_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
        let failed = client().fetch(get(&format!("http://{host}:{port}/"), AddressGuard::PublicOnly)).await;
        assert!(matches!(failed, Err(TransportFailure::Forbidden(_))), "{host}: {failed:?}");
    }
    assert!(tokio::time::timeout(Duration::from_millis(50), listener.accept()).await.is_err());
}

/// G1
#[tokio::test]
async fn the_token_is_a_header_and_nowhere_else() {
    let (url, served) = once(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()).await;
    let request = HttpRequest { bearer: Some(AccessToken::new("canary".into())), ..get(&url, AddressGuard::Anywhere) };
    client().fetch(request).await.unwrap();
    let request = String::from_utf8(served.await.unwrap()).unwrap();
    assert!(request.starts_with("GET /x HTTP/1.1\r\n"));
    assert_eq!(request.matches("canary").count(), 1);
    assert!(request.to_lowercase().contains("authorization: bearer canary"));
}
