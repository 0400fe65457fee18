//! The bridge at a server of MCP's first edition as the official TypeScript SDK makes one.

use std::path::Path;
use std::process::Stdio;

use keyfob_demo::oddities::ForeignResource;
use keyfob_tests::{Keyfob, Running, portal_with};
use serde_json::{Value, json};
use tokio::process::Command;

/// The server, behind this sign-in, and its address.
async fn old_server(issuer: &str) -> (Running, String) {
    let parts = Path::new(env!("CARGO_MANIFEST_DIR")).join("parts");
    let mut command = Command::new(parts.join("node_modules/.bin/node"));
    command.arg(parts.join("old-sse-server.mjs")).arg(issuer).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut server = Running::start(command);
    let line = server.stdout_line("listening ").await;
    let (_, url) = line.split_once("listening ").expect("an address");
    let url = url.trim().to_owned();
    (server, url)
}

async fn ask(bridge: &mut Running, id: usize, method: &str, params: Value) -> Value {
    let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    bridge.write_line(&message.to_string()).await;
    serde_json::from_str(&bridge.stdout_line(&format!("\"id\":{id}")).await).expect("JSON")
}

async fn echo(bridge: &mut Running, id: usize) {
    let text = format!("call {id}");
    let answer =
        ask(bridge, id, "tools/call", json!({ "name": "echo", "arguments": { "text": text } })).await;
    assert_eq!(answer["result"]["content"][0]["text"], text, "{answer}");
}

/// Signed in to, listed, called; then its token ends between two calls, then its stream and session: the client sees none of it.
#[tokio::test]
async fn a_session_with_a_server_of_the_first_edition_outlives_its_token_and_its_stream() {
    let portal = portal_with(|o| o.sign_in.foreign_resource = ForeignResource::Ignored).await;
    let (mut server, url) = old_server(&portal.issuer()).await;
    let keyfob = Keyfob::new();
    keyfob.sign_in_to("old", &url).await;
    let mut bridge = keyfob.spawn(["connect", "old"]);
    let client = json!({ "name": "journey", "version": "1" });
    let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    let welcome = ask(&mut bridge, 0, "initialize", params).await;
    assert_eq!(welcome["result"]["serverInfo"]["name"], "old", "{welcome}");
    bridge.write_line(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    let listed = ask(&mut bridge, 1, "tools/list", json!({})).await;
    assert_eq!(listed["result"]["tools"][0]["name"], "echo", "{listed}");
    echo(&mut bridge, 2).await;

    server.write_line("refuse").await;
    server.stdout_line("done refuse").await;
    echo(&mut bridge, 3).await;
    assert_eq!(portal.record().seen().refreshes.renewed, 1);

    server.write_line("drop").await;
    server.stdout_line("done drop").await;
    // A call that meets the broken stream is answered as in doubt; this one comes after the new beginning.
    server.stdout_line("stream opened").await;
    echo(&mut bridge, 4).await;

    let ended = bridge.ended().await.expect_code(0);
    let ids =
        ended.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["id"].clone());
    assert_eq!(
        ids.collect::<Vec<_>>(),
        [0, 1, 2, 3, 4].map(|id| json!(id)),
        "one answer for each, and no more"
    );
    let calls = server.ended().await.stdout;
    let calls: Vec<_> = calls.lines().filter(|line| line.starts_with("called")).collect();
    assert_eq!(calls, ["called call 2", "called call 3", "called call 4"]);
}
