//! What is offered for replacement, on a machine made of memory.

use super::*;
use crate::clients::{ALL, named};
use crate::link::tests::Memory;

fn found(client: &str, machine: &Memory) -> Vec<(String, String, Habit)> {
    let entries = entries(named(client).unwrap(), machine);
    entries.into_iter().map(|entry| (entry.name, entry.url, entry.habit)).collect()
}

fn wanted(name: &str, habit: Habit) -> Vec<(String, String, Habit)> {
    vec![(name.to_owned(), "https://a.example/mcp".to_owned(), habit)]
}

/// Each format and each spelling of headers, words and tables.
#[test]
fn a_plain_token_and_mcp_remote_are_found_however_the_client_spells_them() {
    let plain = [
        (
            "cursor",
            "/home/ada/.cursor/mcp.json",
            r#"{"mcpServers":{"a":{"url":"https://a.example/mcp?k=1","headers":{"authorization":"bearer s3cr3t"}}}}"#,
        ),
        (
            "codex",
            "/home/ada/.codex/config.toml",
            "[mcp_servers.a]\nurl = \"https://a.example/mcp\"\nhttp_headers = { Authorization = \"Bearer s3cr3t\" }\n",
        ),
        (
            "goose",
            "/home/ada/.config/goose/config.yaml",
            "extensions:\n  a:\n    uri: https://a.example/mcp\n    headers:\n      Authorization: Bearer s3cr3t\n",
        ),
        (
            "continue",
            "/home/ada/.continue/mcpServers/keyfob.json",
            r#"{"mcpServers":{"a":{"url":"https://a.example/mcp","requestOptions":{"headers":{"Authorization":"Bearer s3cr3t"}}}}}"#,
        ),
    ];
    for (client, file, text) in plain {
        let machine = Memory::holding(&[(file, text)]);
        assert_eq!(found(client, &machine), wanted("a", Habit::PlainToken), "{client}");
    }
    let remote = [
        (
            "claude-desktop",
            "/home/ada/.config/Claude/claude_desktop_config.json",
            r#"{"mcpServers":{"a":{"command":"npx","args":["-y","mcp-remote@latest","https://a.example/mcp","3334","--header","Authorization: Bearer s3cr3t"]}}}"#,
        ),
        (
            "opencode",
            "/home/ada/.config/opencode/opencode.json",
            r#"{"mcp":{"a":{"type":"local","command":["npx","mcp-remote","https://a.example/mcp"]}}}"#,
        ),
        (
            "goose",
            "/home/ada/.config/goose/config.yaml",
            "extensions:\n  a:\n    cmd: /usr/bin/mcp-remote\n    args: ['https://a.example/mcp']\n",
        ),
        (
            "claude-code",
            "/home/ada/.claude.json",
            r#"{"mcpServers":{"a":{"command":"node","args":["/x/node_modules/mcp-remote/dist/proxy.js","https://a.example/mcp"]}}}"#,
        ),
    ];
    for (client, file, text) in remote {
        let machine = Memory::holding(&[(file, text)]);
        assert_eq!(found(client, &machine), wanted("a", Habit::McpRemote), "{client}");
    }
}

#[test]
fn what_is_no_bearer_token_in_the_clear_is_left_alone() {
    let file = r#"{"mcpServers":{
        "variable":{"url":"https://a.example/mcp","headers":{"Authorization":"Bearer ${env:T}"}},
        "file":{"url":"https://a.example/mcp","headers":{"Authorization":"Bearer {file:/t}"}},
        "key":{"url":"https://a.example/mcp","headers":{"X-Api-Key":"s3cr3t"}},
        "basic":{"url":"https://a.example/mcp","headers":{"Authorization":"Basic s3cr3t"}},
        "open":{"url":"https://a.example/mcp"},
        "other":{"command":"npx","args":["another-remote","https://a.example/mcp"]},
        "keyfob-work":{"url":"https://a.example/mcp","headers":{"Authorization":"Bearer s3cr3t"}}}}"#;
    let machine = Memory::holding(&[("/home/ada/.cursor/mcp.json", file)]);
    assert_eq!(found("cursor", &machine), []);
    let broken = Memory::holding(&[("/home/ada/.cursor/mcp.json", "{ not json")]);
    assert!(ALL.iter().all(|client| entries(client, &broken).is_empty()));
}

#[test]
fn an_address_with_a_password_in_it_is_left_out_and_a_query_is_cut_off() {
    assert_eq!(bare("https://ada:pw@a.example/mcp"), None);
    assert_eq!(bare("https://a.example/mcp?key=x"), Some("https://a.example/mcp".into()));
    assert_eq!(bare("ftp://a.example"), None);
}
