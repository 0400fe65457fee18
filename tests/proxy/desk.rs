//! A signed-in user with a keeper, and a client linked through the proxy.

use keyfob_demo::{Portal, PortalOptions};
use keyfob_tests::{Keyfob, Running};
use serde_json::{Value, json};

use crate::client::{Answer, Connection};

/// All of it.
pub(crate) struct Desk {
    pub(crate) keyfob: Keyfob,
    pub(crate) portal: Portal,
    pub(crate) keeper: Running,
    pub(crate) port: u16,
    /// `/c/KEY/work/mcp`, as it stands in the client's file.
    pub(crate) path: String,
}

impl Desk {
    /// At an exemplary portal that answers in JSON.
    pub(crate) async fn new() -> Self {
        let mut options = PortalOptions::default();
        options.oddities.mcp.sessions = keyfob_demo::oddities::McpSessions::None;
        Self::at(options).await
    }

    pub(crate) async fn at(options: PortalOptions) -> Self {
        let (keyfob, portal) = (Keyfob::new(), Portal::start(options).await.unwrap());
        keyfob.sign_in_to("work", &portal.mcp_url()).await;
        let mut keeper = keyfob.spawn(["agent"]);
        keeper.stderr_line("ready").await;
        keyfob.run(["link", "work", "cursor", "--via", "proxy"]).await.expect_code(0);
        let address = linked(&keyfob);
        let (host, path) = address.strip_prefix("http://127.0.0.1:").unwrap().split_once('/').unwrap();
        let (port, path) = (host.parse().unwrap(), format!("/{path}"));
        Self { keyfob, portal, keeper, port, path }
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) async fn connection(&self) -> Connection {
        Connection::to_port(self.port).await
    }

    /// One request on a connection of its own, with the usual headers and these.
    pub(crate) async fn ask(&self, method: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut connection = self.connection().await;
        self.ask_on(&mut connection, method, headers, body).await
    }

    pub(crate) async fn ask_on(
        &self,
        connection: &mut Connection,
        method: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let host = self.host();
        let usual = [
            ("Host", host.as_str()),
            ("Accept", "application/json, text/event-stream"),
            ("Content-Type", "application/json"),
        ];
        let all: Vec<_> = usual.iter().chain(headers).copied().collect();
        connection.ask(&format!("{method} {}", self.path), &all, body).await
    }

    /// A tool call that gives its text back.
    pub(crate) async fn echo(&self, text: &str) -> Answer {
        self.ask("POST", &[("MCP-Protocol-Version", "2025-06-18")], &call(text)).await
    }
}

/// What stands in Cursor's file.
pub(crate) fn linked(keyfob: &Keyfob) -> String {
    let text = std::fs::read_to_string(keyfob.path(".cursor/mcp.json")).expect("Cursor's file");
    let file: Value = serde_json::from_str(&text).unwrap();
    file["mcpServers"]["keyfob-work"]["url"].as_str().expect("an address").to_owned()
}

pub(crate) fn call(text: &str) -> Vec<u8> {
    let params = json!({ "name": "echo", "arguments": { "text": text } });
    json!({ "jsonrpc": "2.0", "id": text, "method": "tools/call", "params": params }).to_string().into_bytes()
}

/// The text that a call gave back.
#[track_caller]
pub(crate) fn echoed(answer: &Answer) -> String {
    let json = answer.json();
    let text = json["result"]["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("{} {json}", answer.status())).to_owned()
}
