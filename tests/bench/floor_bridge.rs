//! `floor-bridge URL`: the least that a stdio bridge can do. Each line of standard input is posted on a kept connection, and the answer's
//! body becomes a line. No sign-in, no streams, no sessions.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a floor of the benchmarks stops where it cannot run"
)]

use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncBufReadExt as _, BufReader};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = std::env::args().nth(1).expect("a URL");
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build::<_, Full<Bytes>>(connector);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let request = Request::post(&url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json, text/event-stream")
            .header("MCP-Protocol-Version", "2025-06-18")
            .body(Full::new(Bytes::from(line)))
            .expect("a request");
        let answer = client.request(request).await.expect("an answer");
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        if !body.is_empty() {
            println!("{}", String::from_utf8_lossy(&body).trim_end());
        }
    }
}
