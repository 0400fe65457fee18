//! `keyfob tools` and `keyfob call`: does this sign-in really work?

use std::sync::Arc;

use keyfob_core::failure::Failure;
use keyfob_proxy::mcp_client::McpClient;
use keyfob_proxy::token_source::KeptTokens;

use crate::arguments::{Call, Tools};
use crate::context::Context;
use crate::output;

/// The exit code of a tool that itself reports an error: keyfob worked, what runs at the server did not.
const TOOL_FAILED: u8 = 7;

pub(crate) async fn tools(arguments: &Tools, context: &Context) -> Result<(), Failure> {
    let tools = client(&arguments.name, context).await?.list_tools().await?;
    if arguments.json {
        let text = serde_json::to_string_pretty(&tools).map_err(|error| Failure::Bug(error.to_string()))?;
        output::data(&text);
        return Ok(());
    }
    let width = tools.iter().map(|tool| tool.name.chars().count()).max().unwrap_or(0);
    for tool in &tools {
        let description = tool.description.as_deref().unwrap_or_default().lines().next().unwrap_or_default();
        output::data(format!("{:width$}  {description}", tool.name).trim_end());
    }
    Ok(())
}

pub(crate) async fn call(arguments: &Call, context: &Context) -> Result<u8, Failure> {
    let given: serde_json::Value = serde_json::from_str(&arguments.arguments)
        .map_err(|error| Failure::Usage(format!("the arguments are no JSON: {error}")))?;
    if !given.is_object() {
        return Err(Failure::Usage(
            "the arguments must be a JSON object, such as '{\"text\":\"hi\"}'".into(),
        ));
    }
    let result = client(&arguments.name, context).await?.call_tool(&arguments.tool, given).await?;
    if arguments.json {
        output::data(&format!("{:#}", result.whole));
    } else {
        result.texts.iter().for_each(|text| output::data(text));
    }
    if result.is_error {
        output::note("the tool itself reports an error");
        return Ok(TOOL_FAILED);
    }
    Ok(0)
}

async fn client(name: &str, context: &Context) -> Result<McpClient, Failure> {
    let profile = context.profile(name)?;
    let ports = context.ports()?;
    let tokens = KeptTokens::new(ports.clone(), profile.clone());
    McpClient::connect(Arc::clone(&ports.http), &profile, Arc::new(tokens)).await
}
