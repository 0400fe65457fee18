//! Listeners on real sockets, with strangers about.

use keyfob_agent::ports::Page;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

/// What a browser does: takes what `Content-Length` says and closes first.
async fn browse(address: SocketAddr, request: String) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = vec![0; 4_096];
    let read = stream.read(&mut answer).await.unwrap_or_default();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

async fn bind(host: RedirectHost, port: Option<u16>) -> Result<Box<dyn LoopbackListener>, BindError> {
    SystemLoopback.bind(host, port).await
}

fn page(status: u16, html: &str) -> Page {
    Page { status, html: html.into() }
}

/// Plays the sign-in until `/true` comes: strangers get a 400.
async fn sign_in(listener: &mut dyn LoopbackListener) -> usize {
    let mut strangers = 0;
    loop {
        let visit = listener.accept().await;
        if visit.arrival.path == "/true" {
            let _ = visit.reply.send(page(200, "<p>done"));
            return strangers;
        }
        strangers += 1;
        let _ = visit.reply.send(page(400, ""));
    }
}

/// E8
#[tokio::test]
async fn a_visit_is_handed_over_and_its_page_is_kept_by_nobody() {
    let mut listener = bind(RedirectHost::V4, None).await.unwrap();
    let address = listener.address();
    let visitor =
        tokio::spawn(browse(address, "GET /cb?code=canary HTTP/1.1\r\nhost: 127.0.0.1:7\r\n\r\n".into()));
    let visit = listener.accept().await;
    assert_eq!((visit.arrival.path.as_str(), visit.arrival.query.as_str()), ("/cb", "code=canary"));
    visit.reply.send(page(200, "<p>done")).unwrap();
    let answer = visitor.await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "<p>done");
    for header in [
        "HTTP/1.1 200 keyfob",
        "Content-Type: text/html; charset=utf-8",
        "Content-Length: 7",
        "Cache-Control: no-store",
        "Referrer-Policy: no-referrer",
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    ] {
        assert!(head.lines().any(|line| line == header), "{header} is not in {head}");
    }
    assert!(!answer.contains("canary"));
}

/// Whoever gave the page learns when it is out, and may end the process then.
#[tokio::test]
async fn a_page_counts_as_shown_when_it_is_out_and_not_before() {
    let mut listener = bind(RedirectHost::V4, None).await.unwrap();
    let visitor = tokio::spawn(browse(listener.address(), "GET /cb HTTP/1.1\r\nHost: x\r\n\r\n".into()));
    let Visit { reply, mut shown, .. } = listener.accept().await;
    assert_eq!(shown.try_recv(), Err(tokio::sync::oneshot::error::TryRecvError::Empty));
    reply.send(page(200, "<p>done")).unwrap();
    // Dropped without a word: that is how it tells.
    assert!(shown.await.is_err());
    assert!(visitor.await.unwrap().ends_with("<p>done"));
}

/// V7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_strangers_are_answered_and_the_true_redirect_arrives() {
    let mut listener = bind(RedirectHost::V4, None).await.unwrap();
    let address = listener.address();
    let browser = tokio::spawn(async move {
        for n in 0..1_000 {
            let request = format!("GET /cb?code=forged{n}&state=x HTTP/1.1\r\nHost: {address}\r\n\r\n");
            assert!(browse(address, request).await.starts_with("HTTP/1.1 400"), "{n}");
        }
        browse(address, format!("GET /true HTTP/1.1\r\nHost: {address}\r\n\r\n")).await
    });
    assert_eq!(sign_in(&mut *listener).await, 1_000);
    assert!(browser.await.unwrap().ends_with("<p>done"));
}

/// V7: silence is no way to keep the redirect out, however many are silent.
#[tokio::test]
async fn a_crowd_of_silent_strangers_keeps_nobody_waiting() {
    let mut listener = bind(RedirectHost::V4, None).await.unwrap();
    let address = listener.address();
    let browser = tokio::spawn(async move {
        let mut crowd = Vec::new();
        for n in 0..200 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            if n % 2 == 0 {
                let _ = stream.write_all(b"GET /slow").await;
            }
            crowd.push(stream);
        }
        let answer = browse(address, format!("GET /true HTTP/1.1\r\nHost: {address}\r\n\r\n")).await;
        // And their number is bounded: those who came first have been shown the door by now, 5 s early.
        for stream in &mut crowd[..160] {
            let shown_out = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut [0; 1_024])).await;
            assert!(shown_out.is_ok_and(|read| read.unwrap_or_default() == 0));
        }
        answer
    });
    // Well below the patience for one silent visitor.
    let strangers = tokio::time::timeout(Duration::from_secs(3), sign_in(&mut *listener)).await;
    assert_eq!(strangers.expect("the true redirect waited"), 0);
    assert!(browser.await.unwrap().ends_with("<p>done"));
}

/// E9
#[tokio::test]
async fn what_is_no_http_is_turned_away_and_not_handed_over() {
    let mut listener = bind(RedirectHost::V4, None).await.unwrap();
    let address = listener.address();
    let visitor = tokio::spawn(async move {
        let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(17_000));
        let headers = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "A: b\r\n".repeat(200));
        for (bad, status) in
            [("nonsense\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400), (&long, 431), (&headers, 431)]
        {
            let answer = browse(address, bad.to_owned()).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer:?} to {}", &bad[..8]);
        }
        browse(address, format!("GET /true HTTP/1.1\r\nHost: {address}\r\n\r\n")).await
    });
    assert_eq!(sign_in(&mut *listener).await, 0);
    assert!(visitor.await.unwrap().ends_with("<p>done"));
}

/// D13: the port is free the moment the listener is dropped, also right after a visit.
#[tokio::test]
async fn a_dropped_listener_has_closed_its_port() {
    let mut listener = bind(RedirectHost::V4, None).await.unwrap();
    let address = listener.address();
    for _ in 0..3 {
        let visitor =
            tokio::spawn(async move { ask(address, "GET /true HTTP/1.1\r\nHost: a\r\n\r\n").await });
        sign_in(&mut *listener).await;
        drop(listener);
        assert!(TcpStream::connect(address).await.is_err());
        // The page of a visitor in conversation still arrives.
        assert!(visitor.await.unwrap().ends_with("<p>done"));
        listener = bind(RedirectHost::V4, Some(address.port())).await.unwrap();
    }
}

/// V8, D13
#[tokio::test]
async fn a_taken_port_is_taken_whoever_has_it() {
    for (squatter, hosts) in [
        ("127.0.0.1:0", &[RedirectHost::V4, RedirectHost::Localhost][..]),
        ("0.0.0.0:0", &[RedirectHost::V4, RedirectHost::Localhost]),
        ("[::1]:0", &[RedirectHost::V6, RedirectHost::Localhost]),
        ("[::]:0", &[RedirectHost::V4, RedirectHost::V6, RedirectHost::Localhost]),
    ] {
        let Ok(taken) = TcpListener::bind(squatter).await else { continue };
        let port = taken.local_addr().unwrap().port();
        for host in hosts {
            assert_eq!(
                bind(*host, Some(port)).await.err(),
                Some(BindError::Taken(port)),
                "{host:?} beside {squatter}"
            );
        }
    }
}

/// V8: whichever family a browser takes `localhost` for, it finds us and nobody else.
#[tokio::test]
async fn localhost_is_owned_in_both_families() {
    let mut listener = bind(RedirectHost::Localhost, None).await.unwrap();
    let port = listener.address().port();
    let mut families: Vec<IpAddr> = vec![Ipv4Addr::LOCALHOST.into()];
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        families.push(Ipv6Addr::LOCALHOST.into());
    }
    for ip in families {
        assert!(TcpListener::bind((ip, port)).await.is_err(), "{ip} is free for anybody");
        let address = SocketAddr::new(ip, port);
        let visitor =
            tokio::spawn(browse(address, format!("GET /true HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n")));
        sign_in(&mut *listener).await;
        assert!(visitor.await.unwrap().ends_with("<p>done"), "{ip}");
    }
}
