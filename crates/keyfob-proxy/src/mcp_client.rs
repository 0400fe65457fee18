//! Single MCP calls: the tool list, one tool. Enough to know that a sign-in really works.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keyfob_agent::ports::HttpClient;
use keyfob_core::failure::{Failure, Misbehaviour};
use keyfob_core::profile::Profile;
use keyfob_core::server_text::shown;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::messages::Messages;
use crate::token_source::TokenSource;
use crate::upstream::{Upstream, no_message};

/// The MCP version asked for; the server's answer is what counts.
const PROTOCOL_VERSION: &str = "2025-11-25";
/// Pages of tools that are fetched; a server that never ends is cut there.
const MOST_PAGES: usize = 100;
/// JSON-RPC: no such method, or wrong parameters.
const CALLERS_FAULT: [i64; 2] = [-32_601, -32_602];

/// A tool, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What people call it.
    #[serde(default)]
    pub title: Option<String>,
    /// What it does.
    #[serde(default)]
    pub description: Option<String>,
    /// What it takes, as JSON Schema.
    #[serde(default)]
    pub input_schema: Value,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolResult {
    /// Its text contents.
    pub texts: Vec<String>,
    /// True where the tool itself reports an error.
    pub is_error: bool,
    /// Everything.
    pub whole: Value,
}

/// An initialized connection to one server.
pub struct McpClient {
    upstream: Upstream,
    next_id: AtomicU64,
}

impl McpClient {
    /// Connects and initializes.
    pub async fn connect(
        http: Arc<dyn HttpClient>,
        profile: &Profile,
        tokens: Arc<dyn TokenSource>,
    ) -> Result<Self, Failure> {
        let client = Self { upstream: Upstream::new(http, profile, tokens), next_id: AtomicU64::new(1) };
        let parameters = json!({
            "protocolVersion": PROTOCOL_VERSION,
            "capabilities": {},
            "clientInfo": { "name": "keyfob", "version": env!("CARGO_PKG_VERSION") },
        });
        let result = client.request("initialize", parameters).await?;
        if let Some(version) = result["protocolVersion"].as_str() {
            client.upstream.agree(version);
        }
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string();
        client.upstream.post(initialized.as_bytes()).await?;
        Ok(client)
    }

    /// All tools, every page.
    pub async fn list_tools(&self) -> Result<Vec<Tool>, Failure> {
        let (mut tools, mut parameters) = (Vec::new(), json!({}));
        for _ in 0..MOST_PAGES {
            let mut result = self.request("tools/list", parameters).await?;
            let page: Vec<Tool> = serde_json::from_value(result["tools"].take())
                .map_err(|error| Misbehaviour::Mcp(format!("its tool list: {error}")))?;
            tools.extend(page);
            let Some(cursor) = result["nextCursor"].as_str() else { break };
            parameters = json!({ "cursor": cursor });
        }
        Ok(tools)
    }

    /// Calls one tool.
    pub async fn call_tool(&self, name: &str, arguments: Value) -> Result<ToolResult, Failure> {
        let whole = self.request("tools/call", json!({ "name": name, "arguments": arguments })).await?;
        let contents = whole["content"].as_array().map(Vec::as_slice).unwrap_or_default();
        let texts =
            contents.iter().filter_map(|content| content["text"].as_str()).map(str::to_owned).collect();
        Ok(ToolResult { texts, is_error: whole["isError"].as_bool().unwrap_or(false), whole })
    }

    /// Ends the MCP session, where the server keeps one. Best effort.
    pub async fn end(&self) {
        self.upstream.end_session().await;
    }

    async fn request(&self, method: &str, parameters: Value) -> Result<Value, Failure> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters }).to_string();
        let response = match method {
            "initialize" => self.upstream.initialize(body.as_bytes()).await?,
            _ => self.upstream.post(body.as_bytes()).await?,
        };
        let status = response.status;
        let mut messages = Messages::of(response);
        while let Some(message) = messages.next().await? {
            let Ok(mut message) = serde_json::from_slice::<Value>(&message.line) else { break };
            let nameless_error = message["id"].is_null() && message.get("error").is_some();
            if message["id"] == id || nameless_error {
                return answer(&mut message);
            }
        }
        Err(no_message(status))
    }
}

fn answer(message: &mut Value) -> Result<Value, Failure> {
    let Some(error) = message.get("error") else { return Ok(message["result"].take()) };
    let words = shown(error["message"].as_str().unwrap_or("an error without words"));
    if error["code"].as_i64().is_some_and(|code| CALLERS_FAULT.contains(&code)) {
        return Err(Failure::Usage(format!("the MCP server says: {words}")));
    }
    Err(Misbehaviour::Mcp(words).into())
}
