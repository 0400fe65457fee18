//! An HTTP/1.1 client without a library: it sends what it is told to and shows what came.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpStream, UnixStream};

/// Longer than any answer takes.
const DEADLINE: Duration = Duration::from_secs(40);

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A kept connection.
pub(crate) struct Connection(BufReader<Box<dyn Stream>>);

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head.status
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?} {}", self.text()))
    }

    /// Fails the test if a client could take the answer for an invitation to sign in.
    #[track_caller]
    pub(crate) fn is_no_challenge(&self) {
        assert!(!matches!(self.status(), 401 | 403), "{self:?}");
        assert_eq!(self.head.header("www-authenticate"), None);
    }
}

impl Connection {
    pub(crate) async fn to_port(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the proxy listens");
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(Box::new(stream)))
    }

    pub(crate) async fn to_socket(path: &Path) -> Self {
        Self(BufReader::new(Box::new(UnixStream::connect(path).await.expect("the proxy listens"))))
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.expect("sent");
    }

    /// One request with a body of known length, and its answer.
    pub(crate) async fn ask(&mut self, request: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.send_request(request, headers, body).await;
        self.answer().await
    }

    pub(crate) async fn send_request(&mut self, request: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut head = format!("{request} HTTP/1.1\r\n");
        for (name, value) in headers {
            head = format!("{head}{name}: {value}\r\n");
        }
        if !body.is_empty() {
            head = format!("{head}Content-Length: {}\r\n", body.len());
        }
        head += "\r\n";
        self.send(&[head.as_bytes(), body].concat()).await;
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        let whole = async {
            let head = self.head().await;
            let body = self.body(&head).await;
            Answer { head, body }
        };
        tokio::time::timeout(DEADLINE, whole).await.expect("an answer in time")
    }

    pub(crate) async fn head(&mut self) -> Head {
        let line = self.line().await;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut head =
            Head { status: status.unwrap_or_else(|| panic!("no HTTP: {line:?}")), headers: Vec::new() };
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(':') else { return head };
            head.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    async fn body(&mut self, head: &Head) -> Vec<u8> {
        if let Some(length) = head.header("content-length") {
            let mut body = vec![0; length.parse().unwrap()];
            self.0.read_exact(&mut body).await.expect("the whole body");
            return body;
        }
        let mut body = Vec::new();
        if head.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk().await {
                body.extend(chunk);
            }
        }
        body
    }

    /// The next chunk of a chunked body; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = tokio::time::timeout(DEADLINE, self.line()).await.expect("a chunk in time");
        let size = usize::from_str_radix(&size, 16).unwrap_or_else(|_| panic!("no chunk: {size:?}"));
        let mut chunk = vec![0; size + 2];
        self.0.read_exact(&mut chunk).await.expect("the whole chunk");
        chunk.truncate(size);
        (size > 0).then_some(chunk)
    }

    /// Whatever comes next of a body of known length.
    pub(crate) async fn some(&mut self) -> Vec<u8> {
        let mut piece = Vec::new();
        let read =
            tokio::time::timeout(DEADLINE, self.0.read_buf(&mut piece)).await.expect("a piece in time");
        assert!(read.expect("a piece") > 0, "the body ended too early");
        piece
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.expect("a line");
        line.trim_end().to_owned()
    }
}
