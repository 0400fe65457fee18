//! The MCP Inspector, a client by the protocol's own authors: through the proxy, and by the line that keyfob prints for it.

use keyfob_tests::Output;
use serde_json::Value;

use crate::desk::Desk;

fn lists_tools(output: &Output) {
    let listed: Value =
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let names: Vec<_> =
        listed["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"whoami"), "{names:?}");
}

#[tokio::test]
async fn the_inspector_lists_and_calls_tools_through_the_proxy_past_a_tokens_end() {
    let desk = Desk::of("mcp-inspector").await;
    let url = desk.proxy_url().await;
    let common = ["--cli", "--server-url", &url, "--transport", "http", "--method"];
    let listed = desk.run("mcp-inspector", common.iter().copied().chain(["tools/list"])).await.expect_code(0);
    lists_tools(&listed);
    let renewals = desk.renewals();
    desk.token_ends("proxy").await;
    let call = ["tools/call", "--tool-name", "whoami"];
    let called = desk.run("mcp-inspector", common.iter().copied().chain(call)).await.expect_code(0);
    assert!(called.stdout.contains("ada@example.com"), "{called:?}");
    assert_eq!(desk.renewals(), renewals + 1);
}

#[tokio::test]
async fn the_line_for_the_inspector_runs_as_it_stands() {
    let desk = Desk::of("mcp-inspector").await;
    let line = desk.keyfob.must(["link", "work", "inspector"]).await;
    let listed = desk.shell(&line).await.expect_code(0);
    lists_tools(&listed);
}
