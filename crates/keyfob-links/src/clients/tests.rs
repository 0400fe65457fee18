//! Every client's entry, as the client itself wants it.

use serde_json::json;

use super::*;
use crate::client::{Via, Wanted};

fn entry(client: &str, via: Via) -> serde_json::Value {
    let wanted = Wanted {
        profile: "work".into(),
        url: "https://portal.example/mcp".into(),
        program: "/home/ada lovelace/keyfob".into(),
        home: Some("/srv/keyfob".into()),
        proxy: Some("U".into()),
        via,
        carried: crate::carried::Carried::default(),
    };
    (named(client).unwrap().entry)(&wanted).to_json()
}

#[test]
fn each_client_gets_the_shape_it_reads() {
    let proxied = [
        ("vscode", json!({ "type": "http", "url": "U" })),
        ("copilot-cli", json!({ "type": "http", "url": "U", "tools": ["*"] })),
        ("cursor", json!({ "url": "U" })),
        ("opencode", json!({ "type": "remote", "url": "U", "oauth": false })),
        ("antigravity", json!({ "serverUrl": "U" })),
        ("gemini", json!({ "type": "http", "url": "U" })),
        ("jetbrains", json!({ "url": "U" })),
        ("devin", json!({ "serverUrl": "U", "transport": "http" })),
        ("windsurf", json!({ "serverUrl": "U" })),
        ("zed", json!({ "url": "U" })),
        ("lm-studio", json!({ "url": "U" })),
        ("cline", json!({ "type": "streamableHttp", "url": "U", "disabled": false })),
        ("continue", json!({ "type": "http", "url": "U" })),
        ("codex", json!({ "url": "U" })),
    ];
    for (client, expected) in proxied {
        assert_eq!(entry(client, Via::Proxy), expected, "{client}");
    }
    let arguments = json!(["--home", "/srv/keyfob", "connect", "work"]);
    let bridged = json!({ "command": "/home/ada lovelace/keyfob", "args": arguments });
    assert_eq!(entry("claude-desktop", Via::Bridge), bridged);
    assert_eq!(entry("junie", Via::Bridge), bridged);
}

#[test]
fn a_helper_is_one_line_that_every_shell_splits_right() {
    let line = "\"/home/ada lovelace/keyfob\" --home /srv/keyfob headers work";
    assert_eq!(entry("codex", Via::Helper)["http_headers_helper"], line);
    assert_eq!(entry("claude-code", Via::Helper)["headersHelper"], line);
}

#[test]
fn ids_are_those_of_the_command_line_and_stand_once() {
    let ids: Vec<_> = ALL.iter().map(|client| client.id).collect();
    let expected = "claude-code claude-desktop codex vscode cursor opencode gemini antigravity zed devin windsurf \
        jetbrains junie copilot-jetbrains copilot-cli lm-studio cline goose continue inspector";
    assert_eq!(ids.join(" "), expected);
    assert!(ALL.iter().all(|client| !client.ways.is_empty() && client.afterwards.ends_with('.')));
    for client in ALL {
        let words = client.after_unlinking;
        assert!(
            words.ends_with('.') && !words.contains("switch the server on") && !words.contains("trust"),
            "{words}"
        );
    }
}

#[test]
fn only_a_link_by_the_helper_speaks_of_versions_without_one() {
    let codex = ALL.iter().find(|client| client.id == "codex").unwrap();
    let by_helper = codex.after_linking(Via::Helper);
    assert!(by_helper.contains("before 0.148") && by_helper.contains("--via bridge"), "{by_helper}");
    assert_eq!(codex.after_linking(Via::Bridge), codex.afterwards);
    assert!(!codex.afterwards.contains("0.148"));
}

/// The page names every client with its ways, and nothing else.
#[test]
fn docs_clients_has_a_row_for_each_client_with_its_ways() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/clients.md")).unwrap();
    let rows: Vec<_> =
        page.lines().filter(|line| line.starts_with("| `") && !line.contains("`CLIENT`")).collect();
    assert_eq!(rows.len(), ALL.len());
    for (client, row) in ALL.iter().zip(rows) {
        let ways: Vec<_> = client.ways.iter().map(|way| way.word()).collect();
        let start = format!("| `{}` | {} | {} | ", client.id, client.name, ways.join(", "));
        assert!(row.starts_with(&start), "{row} does not start with {start}");
    }
}
