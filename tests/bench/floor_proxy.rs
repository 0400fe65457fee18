//! `floor-proxy echo`: an MCP server that gives back what it was sent, to whoever has a bearer. `floor-proxy pass PORT`: the least that a
//! proxy on hyper can do: kept connections, a fixed header. Both print their port, and run in one thread.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a floor of the benchmarks stops where it cannot run"
)]

use std::convert::Infallible;
use std::sync::Arc;

use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

type Body = UnsyncBoxBody<Bytes, hyper::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let passes_to = match arguments.next().as_deref() {
        Some("pass") => Some(arguments.next().and_then(|port| port.parse::<u16>().ok()).expect("a port")),
        _ => None,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("an address").port());
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Arc::new(Client::builder(TokioExecutor::new()).build::<_, Body>(connector));
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let client = Arc::clone(&client);
        tokio::spawn(async move {
            let answer = service_fn(|request| {
                let client = Arc::clone(&client);
                async move {
                    let answer = match passes_to {
                        Some(port) => pass(&client, port, request).await,
                        None => echo(request).await,
                    };
                    Ok::<_, Infallible>(answer)
                }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            let _ = connection.serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

async fn pass(
    client: &Client<HttpConnector, Body>,
    port: u16,
    mut request: Request<Incoming>,
) -> Response<Body> {
    let uri = format!("http://127.0.0.1:{port}/mcp");
    *request.uri_mut() = uri.parse::<Uri>().expect("a URI");
    request.headers_mut().remove(header::HOST);
    request.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer fixed"));
    let answer = client.request(request.map(http_body_util::BodyExt::boxed_unsync)).await;
    answer.expect("an answer").map(http_body_util::BodyExt::boxed_unsync)
}

async fn echo(request: Request<Incoming>) -> Response<Body> {
    if !request.headers().contains_key(header::AUTHORIZATION) {
        let mut refused = Response::new(full(Bytes::new()));
        *refused.status_mut() = StatusCode::UNAUTHORIZED;
        return refused;
    }
    // A GET is an event stream that says one thing and stays open.
    let body = if request.method() == http::Method::GET {
        let first = futures_util::stream::iter([Ok(Frame::data(Bytes::from_static(b"data: 1\n\n")))]);
        StreamBody::new(futures_util::StreamExt::chain(first, futures_util::stream::pending())).boxed_unsync()
    } else {
        full(request.into_body().collect().await.expect("a body").to_bytes())
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}
