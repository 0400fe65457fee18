//! The MCP endpoint: challenges, tools, and portals that ask for no sign-in.

use keyfob_demo::oddities::{BearerSpelling, Challenge, Service, WrongToken};
use keyfob_demo::{Endpoint, Portal, PortalOptions, ScopedTool};
use serde_json::{Value, json};

use crate::visitor::*;

async fn portal() -> Portal {
    Portal::start(PortalOptions::default()).await.unwrap()
}

async fn admin() -> Portal {
    let options = PortalOptions {
        name: "admin".into(),
        scopes: vec!["read".into(), "write".into()],
        scoped_tools: vec![ScopedTool { tool: "restart_build".into(), scope: "write".into() }],
        ..PortalOptions::default()
    };
    Portal::start(options).await.unwrap()
}

/// The JSON-RPC message of an answer, an event stream or plain.
fn message(answer: &Answer) -> Value {
    let text = answer.text();
    let mut data = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
    let found = data.find_map(|data| serde_json::from_str(data).ok());
    found.unwrap_or_else(|| serde_json::from_str(text.trim()).unwrap_or(Value::Null))
}

/// An initialized session's id.
fn initialize(portal: &Portal, token: &Value) -> String {
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } });
    let answer = read(post(portal, &[("authorization", &bearer)], &body));
    assert_eq!(answer.status(), 200);
    let session = answer.header("mcp-session-id").unwrap();
    let done = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    read(post(portal, &[("authorization", &bearer), ("mcp-session-id", &session)], &done));
    session
}

fn post(portal: &Portal, more: &[(&str, &str)], body: &Value) -> std::net::TcpStream {
    let mut headers =
        vec![("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
    headers.extend(more);
    send(portal, "POST /mcp", &headers, &body.to_string())
}

fn call(portal: &Portal, token: &Value, session: &str, tool: &str, arguments: &Value) -> Answer {
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let body = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": { "name": tool, "arguments": arguments } });
    read(post(portal, &[("authorization", &bearer), ("mcp-session-id", session)], &body))
}

#[tokio::test]
async fn the_tools_say_who_is_signed_in_add_and_echo() {
    let portal = portal().await;
    let client = register(&portal);
    let token = sign_in(&portal, &client, &[])["access_token"].clone();
    let session = initialize(&portal, &token);
    let who = message(&call(&portal, &token, &session, "whoami", &json!({})));
    let told = &who["result"]["structuredContent"];
    assert_eq!((&told["account"], &told["client_id"]), (&json!("ada@example.com"), &json!(client)));
    assert_eq!(told["scopes"], json!(["read"]));
    let sum = message(&call(&portal, &token, &session, "add", &json!({ "a": 2, "b": 40 })));
    assert_eq!(sum["result"]["content"][0]["text"], "42");
    let echo = message(&call(&portal, &token, &session, "echo", &json!({ "text": "grüße" })));
    assert_eq!(echo["result"]["content"][0]["text"], "grüße");
    let none = message(&call(&portal, &token, &session, "restart_build", &json!({})));
    assert!(none["error"].is_object());
    let seen = portal.record().seen();
    let tools: Vec<_> = seen.tool_calls.iter().map(|call| call.tool.as_str()).collect();
    assert_eq!(tools, ["whoami", "add", "echo"]);
    assert_eq!(seen.count(Endpoint::McpCall), 4);
}

/// D8: a tool that takes a scope of its own.
#[tokio::test]
async fn a_tool_without_its_scope_is_challenged_for_more() {
    let portal = admin().await;
    let client = register(&portal);
    let narrow = sign_in(&portal, &client, &[("scope", "read")])["access_token"].clone();
    let refused = call(&portal, &narrow, "none", "restart_build", &json!({}));
    assert_eq!(refused.status(), 403);
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"insufficient_scope\", scope=\"write\""), "{challenge}");
    let wide = sign_in(&portal, &client, &[("scope", "read write")])["access_token"].clone();
    let session = initialize(&portal, &wide);
    let answer = message(&call(&portal, &wide, &session, "restart_build", &json!({ "build": "7" })));
    assert_eq!(answer["result"]["content"][0]["text"], "Build 7 restarted (not really).");
}

/// A1, A3.
#[tokio::test]
async fn a_missing_token_is_challenged_in_each_form() {
    let portal = portal().await;
    let challenged = |challenge| {
        portal.change(|odd| odd.mcp.challenge = challenge);
        let answer = get(&portal, "/mcp");
        assert_eq!(answer.status(), 401);
        answer.header("www-authenticate")
    };
    let full = challenged(Challenge::MetadataAndScope).unwrap();
    let metadata = format!("{}/.well-known/oauth-protected-resource/mcp", portal.origin());
    assert_eq!(full, format!("Bearer resource_metadata=\"{metadata}\", scope=\"read\""));
    assert_eq!(challenged(Challenge::Metadata).unwrap(), format!("Bearer resource_metadata=\"{metadata}\""));
    assert_eq!(challenged(Challenge::Bare).as_deref(), Some("Bearer"));
    assert_eq!(challenged(Challenge::Absent), None);
    assert_eq!(challenged(Challenge::Verbatim(vec!["Basic x=\"y".into()])).as_deref(), Some("Basic x=\"y"));
}

/// Oddities 13 and 16.
#[tokio::test]
async fn a_wrong_token_and_a_lower_case_scheme_meet_odd_servers() {
    let portal = portal().await;
    let client = register(&portal);
    let token = sign_in(&portal, &client, &[])["access_token"].clone();
    let lower = format!("bearer {}", token.as_str().unwrap());
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let status = || read(post(&portal, &[("authorization", &lower)], &list)).status();
    assert_ne!(status(), 401);
    portal.change(|odd| odd.mcp.bearer = BearerSpelling::Exact);
    assert_eq!(status(), 401);
    portal.change(|odd| odd.mcp.wrong_token = WrongToken::ServerError);
    let wrong = mcp(&portal, &json!("wrong"), "tools/list", &json!({}));
    assert_eq!((wrong.status(), wrong.header("www-authenticate")), (500, None));
    portal.change(|odd| odd.mcp.wrong_token = WrongToken::ChallengedInJsonRpc);
    let wrong = mcp(&portal, &json!("wrong"), "tools/list", &json!({}));
    assert_eq!((wrong.status(), wrong.json()["jsonrpc"].clone()), (401, json!("2.0")));
    assert!(wrong.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
}

#[tokio::test]
async fn a_portal_may_be_open_to_all_or_nothing_at_all() {
    let portal = portal().await;
    portal.change(|odd| odd.mcp.service = Service::OpenMcp);
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } });
    assert_eq!(read(post(&portal, &[], &list)).status(), 200);
    assert_eq!(get(&portal, "/.well-known/oauth-protected-resource/mcp").status(), 404);
    portal.change(|odd| odd.mcp.service = Service::Nothing);
    assert_eq!(get(&portal, "/mcp").status(), 404);
}

/// G3's other side: a page that made its name point here is turned away.
#[tokio::test]
async fn a_foreign_host_header_is_turned_away() {
    use std::io::Write as _;
    let portal = portal().await;
    let mut stream = std::net::TcpStream::connect(portal.origin().trim_start_matches("http://")).unwrap();
    stream.write_all(b"GET /authorize HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n").unwrap();
    assert_eq!(read(stream).status(), 403);
}
