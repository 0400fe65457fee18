//! Somebody who has never seen keyfob: from its start to a program that works, in the real window and in less than a minute.

use std::path::Path;
use std::time::{Duration, Instant};

use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::webdriver::Driver;
use crate::{app, browser, portal, screenshot};

/// From the start of the driver, on a machine that builds beside this; alone it takes four seconds.
const BAR: Duration = Duration::from_mins(1);

/// Where Cursor on this desktop finds its one server.
pub(crate) fn configured_address() -> String {
    let file = Path::new(&std::env::var("HOME").unwrap()).join(".cursor/mcp.json");
    let configured: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let (_, entry) = configured["mcpServers"].as_object().unwrap().iter().next().unwrap();
    entry["url"].as_str().unwrap().to_owned()
}

/// One message to the address that stands in the client's configuration: the session's name and what was answered.
async fn said(address: &str, session: Option<&str>, message: &Value) -> (Option<String>, String) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mut request = Request::post(address)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    if let Some(session) = session {
        request = request.header("mcp-session-id", session);
    }
    let answer = client.request(request.body(message.to_string().into()).unwrap()).await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    let session = answer.headers().get("mcp-session-id").map(|name| name.to_str().unwrap().to_owned());
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (session, String::from_utf8_lossy(&body).into_owned())
}

/// What Cursor does with an address: it says hello and asks for the tools.
async fn asked_as_cursor(address: &str) -> String {
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "Cursor", "version": "1" } } });
    let (session, _) = said(address, None, &hello).await;
    said(address, session.as_deref(), &json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
        .await;
    said(address, session.as_deref(), &json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" })).await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_first_start_to_a_client_that_works_takes_less_than_a_minute() {
    let (portal, home) = (portal(Duration::from_mins(10)).await, tempfile::tempdir().unwrap());
    let cursor = Path::new(&std::env::var("HOME").unwrap()).join(".cursor");
    std::fs::create_dir_all(&cursor).unwrap();
    std::fs::write(cursor.join("mcp.json"), "{}\n").unwrap();

    let began = Instant::now();
    let driver = Driver::start(&app(), home.path(), &browser()).await;
    driver.click_until("[data-testid=add-portal]", "[data-testid=add-url]").await;
    driver.fill("[data-testid=add-url]", &portal.mcp_url()).await;
    driver.click("[data-testid=look-up]").await;
    driver.click("[data-testid=add-submit]").await;
    driver.wait_for("[data-testid=wizard-done]").await;
    driver.click_until("[data-client=cursor] [data-testid=link]", "[data-testid=plan]").await;
    driver.click_until("[data-testid=carry-out]", "[data-client=cursor] [data-testid=unlink]").await;
    let tools = asked_as_cursor(&configured_address()).await;
    let took = began.elapsed();
    eprintln!("{took:?} from the start, with the driver, to the client's list of tools");
    assert!(tools.contains("inputSchema"), "{tools}");
    assert!(took < BAR, "{took:?}");
    driver.is_painted().await;
    screenshot("first-minute.png").await;
    driver.end().await;
}
