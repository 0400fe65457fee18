//! From a client's line to the portal's tool and back.

use std::sync::Arc;

use keyfob_core::failure::Failure;
use keyfob_core::scope::ScopeSet;
use keyfob_demo::oddities::{Mcp, McpSessions, Oddities};
use keyfob_demo::{PortalOptions, ScopedTool};
use keyfob_proxy::bridge::{Bridge, BridgeWishes};
use keyfob_proxy::mcp_client::McpClient;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::machine::{CANARY, DEADLINE, Machine};

fn without_sessions() -> PortalOptions {
    let mcp = Mcp { sessions: McpSessions::None, ..Mcp::default() };
    PortalOptions { oddities: Oddities { mcp, ..Oddities::default() }, ..PortalOptions::default() }
}

/// Says each message and waits for its answer, if it has an id; then the input ends.
async fn talk(machine: &Machine, messages: &[Value]) -> Vec<Value> {
    let (mut input, theirs_in) = tokio::io::duplex(64 * 1024);
    let (theirs_out, output) = tokio::io::duplex(64 * 1024);
    let (ports, tokens) = (machine.ports.clone(), Arc::new(machine.interactive()));
    let bridge = Bridge::new(ports.http, &machine.profile, tokens, ports.clock, BridgeWishes::default());
    let bridge = tokio::spawn(bridge.run(BufReader::new(theirs_in), theirs_out));
    let mut output = BufReader::new(output).lines();
    let mut answers = Vec::new();
    for message in messages {
        input.write_all(format!("{message}\n").as_bytes()).await.unwrap();
        if message.get("id").is_some() {
            let line = tokio::time::timeout(DEADLINE, output.next_line()).await;
            let line = line.expect("an answer in time").unwrap().expect("an answer");
            assert!(!line.contains(CANARY), "a token on the output: {line}");
            answers.push(serde_json::from_str(&line).unwrap());
        }
    }
    drop(input);
    tokio::time::timeout(DEADLINE, bridge).await.expect("an end in time").unwrap().unwrap();
    answers
}

pub(crate) fn hello() -> [Value; 2] {
    let client = json!({ "name": "test", "version": "1" });
    let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    [
        json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
    ]
}

pub(crate) fn call(id: u32, tool: &str) -> Value {
    let params = json!({ "name": tool, "arguments": { "text": "hi" } });
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })
}

#[tokio::test]
async fn a_tool_is_called_through_the_bridge_with_and_without_sessions() {
    for options in [PortalOptions::default(), without_sessions()] {
        let machine = Machine::with(options).await;
        let [initialize, initialized] = hello();
        let answers = talk(&machine, &[initialize, initialized, call(1, "echo")]).await;
        assert_eq!(answers[0]["result"]["serverInfo"]["name"], "keyfob-demo-readonly");
        assert_eq!(answers[1]["result"]["content"][0]["text"], "hi", "{}", answers[1]);
        assert_eq!(
            machine.browser.count(),
            1,
            "a server that was never signed in to is, at the first message"
        );
    }
}

/// D8
#[tokio::test]
async fn a_tool_that_takes_more_scopes_gets_them() {
    let mut machine = Machine::with(PortalOptions {
        scopes: vec!["read".into(), "write".into()],
        scoped_tools: vec![ScopedTool { tool: "echo".into(), scope: "write".into() }],
        ..PortalOptions::default()
    })
    .await;
    machine.profile.scopes = ScopeSet::parse("read");
    let [initialize, initialized] = hello();
    let answers = talk(&machine, &[initialize, initialized, call(1, "add"), call(2, "echo")]).await;
    assert_eq!(
        answers[1]["result"]["isError"], true,
        "a call that needs no more, with nothing to add: {}",
        answers[1]
    );
    assert_eq!(answers[2]["result"]["content"][0]["text"], "hi", "{}", answers[2]);
    assert_eq!((machine.browser.count(), machine.browser.last_scope().as_str()), (2, "read write"));
}

#[tokio::test]
async fn tools_are_listed_and_called() {
    let machine = Machine::with(PortalOptions::default()).await;
    let tokens = Arc::new(machine.interactive());
    let client = McpClient::connect(machine.ports.http.clone(), &machine.profile, tokens).await.unwrap();
    let names: Vec<_> = client.list_tools().await.unwrap().into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["whoami", "add", "echo"]);
    let sum = client.call_tool("add", json!({ "a": 1.5, "b": 2 })).await.unwrap();
    assert_eq!((sum.texts, sum.is_error), (vec!["3.5".to_owned()], false));
    let wrong = client.call_tool("add", json!({})).await.unwrap();
    assert_eq!((wrong.texts, wrong.is_error), (vec!["a and b must be numbers".to_owned()], true));
    let none = client.call_tool("no-such-tool", json!({})).await.unwrap_err();
    assert!(matches!(&none, Failure::Usage(words) if words.contains("no-such-tool")), "{none:?}");
    client.end().await;
}

/// F8: a token dies before its time, between two calls.
#[tokio::test]
async fn a_call_survives_the_early_death_of_its_token() {
    let machine = Machine::with(PortalOptions::default()).await;
    let tokens = Arc::new(machine.interactive());
    let client = McpClient::connect(machine.ports.http.clone(), &machine.profile, tokens).await.unwrap();
    machine.portal.kill_access_tokens();
    let echoed = client.call_tool("echo", json!({ "text": "still here" })).await.unwrap();
    assert_eq!(echoed.texts, ["still here"]);
    assert_eq!(machine.portal.record().ask(|seen| seen.refreshes.renewed), 1);
    assert_eq!(machine.browser.count(), 1);
}
