//! Claude Code, whose own command writes its entries.

use serde_json::Value;

use crate::desk::Desk;

#[tokio::test]
async fn claude_code_is_connected_by_its_helper() {
    is_connected_by("helper").await;
}

#[tokio::test]
async fn claude_code_is_connected_through_the_proxy() {
    is_connected_by("proxy").await;
}

#[tokio::test]
async fn claude_code_is_connected_through_the_bridge() {
    is_connected_by("bridge").await;
}

/// Another way takes the place of the first, and each is connected; the entry of the last one goes with the unlink.
#[tokio::test]
async fn claude_code_is_linked_again_by_every_other_way() {
    let desk = Desk::of("claude").await;
    for via in ["helper", "proxy", "bridge", "helper"] {
        desk.keyfob.must(["link", "work", "claude-code", "--via", via]).await;
        says_connected(&desk).await;
    }
    desk.keyfob.must(["unlink", "work", "claude-code"]).await;
    assert_eq!(entries(&desk), serde_json::json!({}));
}

async fn is_connected_by(via: &str) {
    let desk = Desk::of("claude").await;
    desk.keyfob.must(["link", "work", "claude-code", "--via", via]).await;
    says_connected(&desk).await;
    let renewals = desk.renewals();
    desk.token_ends(via).await;
    says_connected(&desk).await;
    assert_eq!(desk.renewals(), renewals + 1);
    desk.keyfob.must(["unlink", "work", "claude-code"]).await;
    assert_eq!(entries(&desk), serde_json::json!({}), "the entry is gone");
}

async fn says_connected(desk: &Desk) {
    let accepted = desk.portal.record().ask(|seen| seen.mcp_accepted);
    let listed = desk.run("claude", ["mcp", "list"]).await.expect_code(0);
    let line = listed.stdout.lines().find(|line| line.starts_with("keyfob-work:"));
    assert!(line.is_some_and(|line| line.ends_with("✔ Connected")), "{listed:?}");
    assert!(desk.portal.record().ask(|seen| seen.mcp_accepted) > accepted, "the portal saw nobody");
}

/// The user's servers in Claude Code's own file.
fn entries(desk: &Desk) -> Value {
    let text = std::fs::read_to_string(desk.keyfob.path(".claude.json")).expect("Claude Code's file");
    serde_json::from_str::<Value>(&text).expect("JSON")["mcpServers"].clone()
}
