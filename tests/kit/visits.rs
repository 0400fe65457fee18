//! A visit by hand: one GET over a connection of its own, nothing followed.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::{Position, Url};

/// What came back.
#[derive(Debug)]
pub struct Visited {
    /// The HTTP status.
    pub status: u16,
    /// Status line and headers as sent.
    pub head: String,
    /// The `Location` header.
    pub location: Option<String>,
    /// The body as text.
    pub body: String,
}

/// Visits an http URL once.
pub async fn visit(url: &Url) -> Visited {
    let host = url.host_str().expect("a host").trim_matches(['[', ']']);
    let mut stream = TcpStream::connect((host, url.port().expect("a port"))).await.expect("somebody listens");
    let path = &url[Position::BeforePath..Position::AfterQuery];
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", url.authority());
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    // The visitor closes first: keyfob's listener lingers for one that does not.
    while !is_whole(&answer) && stream.read_buf(&mut answer).await.expect("an answer") > 0 {}
    let answer = String::from_utf8(answer).expect("UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let named = |line: &str| {
        line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let location =
        head.lines().filter_map(named).find(|(name, _)| name == "location").map(|(_, value)| value);
    Visited { status, head: head.to_owned(), location, body: body.to_owned() }
}

/// Whether as many bytes came as `Content-Length` says.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| body.len() >= length)
}
