//! The portal's tools, through the official MCP library. They are few and do what they say.

use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, JsonObject,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};

use crate::record::{Record, ToolCall};
use crate::tokens::Caller;

/// The handler behind one MCP session.
#[derive(Clone)]
pub(crate) struct Tools {
    name: String,
    record: Record,
}

impl Tools {
    pub(crate) fn new(name: &str, record: Record) -> Self {
        Self { name: name.to_owned(), record }
    }

    fn list(&self) -> Vec<Tool> {
        let mut tools = vec![
            tool(
                "whoami",
                "Who is signed in here, with which client and scopes.",
                &json!({ "properties": {} }),
            ),
            tool(
                "add",
                "Adds two numbers.",
                &json!({ "properties": { "a": { "type": "number" }, "b": { "type": "number" } }, "required": ["a", "b"] }),
            ),
            tool(
                "echo",
                "Gives the text back.",
                &json!({ "properties": { "text": { "type": "string" } }, "required": ["text"] }),
            ),
        ];
        if self.name == "admin" {
            tools.push(tool(
                "restart_build",
                "Pretends to restart a build.",
                &json!({ "properties": { "build": { "type": "string" } } }),
            ));
        }
        tools
    }

    fn call(
        &self,
        request: &CallToolRequestParams,
        caller: Option<&Caller>,
    ) -> Result<CallToolResult, ErrorData> {
        if !self.list().iter().any(|tool| tool.name == request.name) {
            return Err(ErrorData::invalid_params(format!("there is no tool {}", request.name), None));
        }
        let arguments = Value::Object(request.arguments.clone().unwrap_or_default());
        self.record.change(|seen| {
            seen.tool_calls.push(ToolCall {
                tool: request.name.to_string(),
                account: caller.and_then(|caller| caller.account.clone()),
                client_id: caller.map(|caller| caller.client_id.clone()),
            });
        });
        match request.name.as_ref() {
            "whoami" => Ok(CallToolResult::structured(self.who(caller))),
            "add" => Ok(add(&arguments)),
            "echo" => Ok(text(arguments["text"].as_str().unwrap_or_default())),
            _ => Ok(text(&format!(
                "Build {} restarted (not really).",
                arguments["build"].as_str().unwrap_or("latest")
            ))),
        }
    }

    fn who(&self, caller: Option<&Caller>) -> Value {
        json!({
            "portal": self.name,
            "account": caller.and_then(|caller| caller.account.clone()),
            "client_id": caller.map(|caller| caller.client_id.clone()),
            "scopes": caller.map(|caller| caller.scopes.clone()),
        })
    }
}

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new(
                format!("keyfob-demo-{}", self.name),
                env!("CARGO_PKG_VERSION"),
            ))
            .with_instructions("A demo portal. Its tools do no harm.")
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.list()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let parts = context.extensions.get::<http::request::Parts>();
        let caller = parts.and_then(|parts| parts.extensions.get::<Caller>());
        self.call(&request, caller).map(CallToolResponse::from)
    }
}

fn tool(name: &'static str, description: &'static str, parameters: &Value) -> Tool {
    let mut schema: JsonObject = parameters.as_object().cloned().unwrap_or_default();
    schema.insert("type".to_owned(), json!("object"));
    Tool::new(name, description, Arc::new(schema))
}

fn text(text: &str) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(text)])
}

fn add(arguments: &Value) -> CallToolResult {
    let number = |name: &str| arguments[name].as_f64();
    match (number("a"), number("b")) {
        (Some(a), Some(b)) => text(&(a + b).to_string()),
        _ => CallToolResult::error(vec![ContentBlock::text("a and b must be numbers")]),
    }
}
