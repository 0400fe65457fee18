//! What is found in clients' files, on a machine made of memory.

use super::*;
use crate::link::tests::Memory;

#[test]
fn each_server_is_found_once_and_neither_keyfobs_own_nor_a_broken_file_is() {
    let machine = Memory::holding(&[
        (
            "/home/ada/.cursor/mcp.json",
            r#"{"mcpServers":{"acme":{"url":"https://mcp.acme.example/mcp?key=s3cr3t"},
                "local":{"command":"x"},
                "linear":{"command":"npx","args":["mcp-remote","https://mcp.linear.example/sse"]},"keyfob-work":{"url":"https://work.example/mcp"}}}"#,
        ),
        ("/home/ada/.codex/config.toml", "[mcp_servers.same]\nurl = \"https://mcp.acme.example/mcp\"\n"),
        (
            "/home/ada/.gemini/settings.json",
            r#"{"mcpServers":{"odd":{"httpUrl":"https://odd.example/mcp"}}}"#,
        ),
        ("/home/ada/.claude.json", "{ not json"),
    ]);
    let found: Vec<_> =
        servers(&machine).into_iter().map(|server| (server.client, server.name, server.url)).collect();
    let wanted = |client, name: &str, url: &str| (client, name.to_owned(), url.to_owned());
    assert_eq!(
        found,
        [
            wanted("Codex", "same", "https://mcp.acme.example/mcp"),
            wanted("Cursor", "linear", "https://mcp.linear.example/sse"),
            wanted("Gemini CLI", "odd", "https://odd.example/mcp"),
        ]
    );
}
