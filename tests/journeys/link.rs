//! Links: an entry goes into a client's own file and comes out again, and nothing else in it moves.

use std::os::unix::fs::PermissionsExt as _;

use keyfob_tests::{Keyfob, portal};
use serde_json::Value;

const CURSOR: &str =
    "// mine\n{\n\t\"mcpServers\": {\n\t\t\"other\": {\"command\": \"x\"}, // keep\n\t},\n}\n";

async fn with_profile() -> Keyfob {
    let (user, portal) = (Keyfob::new(), portal().await);
    user.must(["add", "work", portal.mcp_url().as_str()]).await;
    user
}

fn write(user: &Keyfob, name: &str, text: &str) {
    let path = user.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn read(user: &Keyfob, name: &str) -> String {
    std::fs::read_to_string(user.path(name)).unwrap()
}

#[tokio::test]
async fn a_link_shows_its_change_keeps_the_rest_and_unlink_gives_the_file_back_byte_for_byte() {
    let user = with_profile().await;
    write(&user, ".cursor/mcp.json", CURSOR);
    let shown = user.must(["link", "work", "cursor", "--via", "bridge", "--dry-run"]).await;
    assert!(shown.contains("+\t\t\"keyfob-work\": {"), "{shown}");
    assert_eq!(read(&user, ".cursor/mcp.json"), CURSOR);

    user.must(["link", "work", "cursor", "--via", "bridge"]).await;
    let linked = read(&user, ".cursor/mcp.json");
    assert!(linked.contains("// keep") && linked.contains("\"connect\""), "{linked}");
    let clients: Value = serde_json::from_str(&user.must(["clients", "--json"]).await).unwrap();
    let cursor = clients.as_array().unwrap().iter().find(|client| client["id"] == "cursor").unwrap();
    assert_eq!(cursor["linked"], serde_json::json!([{ "profile": "work", "via": "bridge" }]));
    assert_eq!((&cursor["installed"], clients.as_array().unwrap().len()), (&Value::Bool(true), 20));

    user.must(["link", "work", "cursor", "--via", "bridge"]).await;
    assert_eq!(read(&user, ".cursor/mcp.json"), linked, "a second time changes nothing");
    user.must(["unlink", "work", "cursor"]).await;
    assert_eq!(read(&user, ".cursor/mcp.json"), CURSOR);
}

/// A user's dotfiles are links, and may be open to their group.
#[tokio::test]
async fn a_linked_file_stays_a_symbolic_link_and_keeps_its_mode() {
    let user = with_profile().await;
    write(&user, "dotfiles/codex.toml", "model = \"x\" # mine\n");
    std::fs::set_permissions(user.path("dotfiles/codex.toml"), std::fs::Permissions::from_mode(0o640))
        .unwrap();
    std::fs::create_dir(user.path(".codex")).unwrap();
    std::os::unix::fs::symlink(user.path("dotfiles/codex.toml"), user.path(".codex/config.toml")).unwrap();
    user.must(["link", "work", "codex"]).await;
    let text = read(&user, "dotfiles/codex.toml");
    assert!(text.starts_with("model = \"x\" # mine\n\n[mcp_servers.keyfob-work]\nurl = "), "{text}");
    let home = user.home().display().to_string();
    assert!(text.contains(&format!("--home {home} headers work")), "{text}");
    assert!(user.path(".codex/config.toml").is_symlink());
    let mode = std::fs::metadata(user.path("dotfiles/codex.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    user.must(["unlink", "work", "codex"]).await;
    assert_eq!(read(&user, "dotfiles/codex.toml"), "model = \"x\" # mine\n");
}

#[tokio::test]
async fn a_file_that_cannot_be_understood_or_is_not_ours_is_refused_and_left_alone() {
    let user = with_profile().await;
    for (text, why) in [
        ("{ \"mcpServers\": ", "cannot be read"),
        ("{ \"mcpServers\": {}, \"mcpServers\": {} }", "stands in it twice"),
        ("{ \"mcpServers\": [] }", "is not a table"),
        (
            "{ \"mcpServers\": { \"keyfob-work\": { \"url\": \"https://other.example\" } } }",
            "not made by keyfob",
        ),
    ] {
        write(&user, ".cursor/mcp.json", text);
        user.run(["link", "work", "cursor", "--via", "bridge"]).await.expect_code(2).says(why);
        assert_eq!(read(&user, ".cursor/mcp.json"), text);
    }
    user.run(["link", "work", "notepad"]).await.expect_code(2).says("it knows: claude-code");
    user.run(["link", "nobody", "cursor"]).await.expect_code(3);
    user.run(["link", "work", "cursor", "--via", "helper"])
        .await
        .expect_code(2)
        .says("it takes proxy, bridge");
    user.run(["unlink", "work", "zed"]).await.expect_code(2).says("not linked");
}

#[tokio::test]
async fn the_inspector_gets_a_line_to_run() {
    let user = with_profile().await;
    let line = user.must(["link", "work", "inspector"]).await;
    assert!(line.starts_with("mcp-inspector --cli --server-url http://127.0.0.1:"), "{line}");
    assert!(line.contains("Authorization: Bearer $("), "{line}");
}

/// What others wrote down in the clear is offered for replacement, replaced on a word, shown nowhere, and given back.
#[tokio::test]
async fn an_entry_with_a_plain_token_or_mcp_remote_is_offered_and_replaced() {
    let (user, portal) = (Keyfob::new(), portal().await);
    let url = portal.mcp_url();
    let before = format!(
        "{{\n  \"mcpServers\": {{\n    \"gh\": {{ \"url\": \"{url}\", \"headers\": {{ \"Authorization\": \"Bearer s3cr3t\" }} }},\n    \
         \"old\": {{ \"command\": \"npx\", \"args\": [\"mcp-remote\", \"https://old.example/sse\"] }}\n  }}\n}}\n"
    );
    write(&user, ".cursor/mcp.json", &before);
    let offered = user.run(["clients"]).await.expect_code(0);
    let offered = offered
        .says("Cursor: `gh` holds a token in the clear")
        .says(&format!("keyfob add NAME {url} --sign-in, then keyfob link NAME cursor --replace gh"))
        .says("Cursor: `old` runs mcp-remote (https://old.example/sse)");
    assert!(!offered.stderr.contains("s3cr3t") && !offered.stdout.contains("s3cr3t"));
    user.must(["add", "work", &url]).await;
    user.run(["clients"]).await.says("hint: keyfob link work cursor --replace gh");
    let clients: Value = serde_json::from_str(&user.must(["clients", "--json"]).await).unwrap();
    let cursor = clients.as_array().unwrap().iter().find(|client| client["id"] == "cursor").unwrap();
    assert_eq!(
        cursor["replaceable"],
        serde_json::json!([
            { "entry": "gh", "url": url, "why": "plain-token" },
            { "entry": "old", "url": "https://old.example/sse", "why": "mcp-remote" },
        ])
    );
    user.run(["link", "work", "cursor", "--replace", "nobody"])
        .await
        .expect_code(2)
        .says("no entry `nobody`");
    assert_eq!(read(&user, ".cursor/mcp.json"), before);
    let linked =
        user.run(["link", "work", "cursor", "--via", "bridge", "--replace", "gh"]).await.expect_code(0);
    let linked = linked.says("`gh` made room for it").says("\"headers\": { \"Authorization\": \"…\" }");
    assert!(!linked.stderr.contains("s3cr3t"), "{}", linked.stderr);
    let text = read(&user, ".cursor/mcp.json");
    assert!(!text.contains("s3cr3t") && text.contains("\"old\"") && text.contains("keyfob-work"), "{text}");
    let changed = text.replacen('{', "{\n  \"mine\": 1,", 1);
    write(&user, ".cursor/mcp.json", &changed);
    user.run(["unlink", "work", "cursor"]).await.expect_code(0);
    let text = read(&user, ".cursor/mcp.json");
    let entry =
        format!("\"gh\": {{ \"url\": \"{url}\", \"headers\": {{ \"Authorization\": \"Bearer s3cr3t\" }} }}");
    assert!(text.contains(&entry) && text.contains("\"mine\": 1") && !text.contains("keyfob-work"), "{text}");
}

/// Linked first, replaced afterwards: what is left of the old habit goes as well, and all comes back.
#[tokio::test]
async fn an_entry_beside_a_link_is_offered_and_makes_room_as_well() {
    let (user, portal) = (Keyfob::new(), portal().await);
    let url = portal.mcp_url();
    user.must(["add", "work", &url]).await;
    let before = format!("[mcp_servers.gh]\nurl = \"{url}\"\nbearer_token = \"s3cr3t-of-gh\" # mine\n");
    write(&user, ".codex/config.toml", &before);
    user.must(["link", "work", "codex", "--via", "bridge"]).await;
    user.run(["clients"]).await.says("hint: keyfob link work codex --replace gh");
    let replaced =
        user.run(["link", "work", "codex", "--via", "bridge", "--replace", "gh"]).await.expect_code(0);
    let replaced = replaced.says("`gh` made room for it").says("bearer_token = \"…\"");
    assert!(!replaced.stderr.contains("s3cr3t"), "{}", replaced.stderr);
    let text = read(&user, ".codex/config.toml");
    assert!(!text.contains("s3cr3t") && text.contains("keyfob-work"), "{text}");
    user.run(["unlink", "work", "codex"]).await.expect_code(0);
    assert_eq!(read(&user, ".codex/config.toml"), before);
}

/// What is printed of a link's end speaks of an end; what cannot come back is said, with where it stands.
#[tokio::test]
async fn the_end_of_a_link_says_what_became_of_the_file_and_of_what_made_room() {
    let user = with_profile().await;
    user.must(["link", "work", "cursor", "--via", "bridge"]).await;
    let ended = user.run(["unlink", "work", "cursor"]).await.expect_code(0);
    let ended = ended.says("mcp.json was made for it and is gone").says("Restart Cursor where");
    assert!(!ended.stderr.contains("switch the server on"), "{}", ended.stderr);
    let before = "{ \"mcpServers\": { \"gh\": { \"url\": \"https://a.example/mcp\" } } }\n";
    write(&user, ".cursor/mcp.json", before);
    user.must(["link", "work", "cursor", "--via", "bridge", "--replace", "gh"]).await;
    let another = read(&user, ".cursor/mcp.json").replacen(": {", ": { \"gh\": {}, ", 1);
    write(&user, ".cursor/mcp.json", &another);
    let ended = user.run(["unlink", "work", "cursor"]).await.expect_code(0);
    let ended = ended.says("`gh` does not come back: another entry has its name by now");
    let (_, kept) = ended.stderr.split_once("it stands in ").unwrap();
    assert_eq!(std::fs::read_to_string(kept.lines().next().unwrap()).unwrap(), before);
}

/// A client that only its own command may configure, on a machine without it.
#[tokio::test]
async fn a_client_without_its_own_program_is_said_with_the_next_step() {
    let user = with_profile().await;
    let refused = user.run(["link", "work", "claude-code"]).await.expect_code(2);
    let refused =
        refused.says("its own command `claude`, which is not on the path").says("install Claude Code");
    assert!(!refused.stderr.contains("keyfob config"), "{}", refused.stderr);
    user.run(["unlink", "work", "claude-code"])
        .await
        .expect_code(2)
        .says("keyfob clients shows what is linked");
}

/// Nothing of a profile stays behind in silence: entries in clients' files, and places of its tokens.
#[tokio::test]
async fn a_removal_ends_the_links_and_says_what_it_emptied_and_what_stays() {
    let user = with_profile().await;
    let place = |name: &str| user.path(name).to_string_lossy().into_owned();
    let (ours, theirs) = (place("token.json"), place(".env"));
    user.must([
        "add",
        "other",
        &portal().await.mcp_url(),
        "--deliver",
        &format!("token-file:{ours}"),
        "--deliver",
        &format!("token-file:{theirs}:env"),
        "--sign-in",
    ])
    .await;
    write(&user, ".cursor/mcp.json", CURSOR);
    for (profile, client) in [("other", "cursor"), ("other", "zed"), ("work", "cursor")] {
        user.must(["link", profile, client, "--via", "bridge"]).await;
    }
    let zed = ".config/zed/settings.json";
    write(&user, zed, &read(&user, zed).replace("connect", "changed"));
    write(&user, ".env", "KEYFOB_ACCESS_TOKEN=mine\n");
    let removed = user.run(["remove", "other"]).await.expect_code(0);
    let removed = removed
        .says("removed other")
        .says(&format!("{ours} holds the token no longer"))
        .says(&format!("{theirs} was not emptied: "))
        .says("so it stays")
        .says("Cursor is no longer linked to other")
        .says("Zed is still linked to other: the entry `keyfob-other` in");
    assert!(removed.stderr.contains("hint: keyfob unlink other zed"), "{}", removed.stderr);
    assert!(!user.path("token.json").exists());
    assert_eq!(read(&user, ".env"), "KEYFOB_ACCESS_TOKEN=mine\n");
    let cursor = read(&user, ".cursor/mcp.json");
    assert!(cursor.contains("keyfob-work") && !cursor.contains("keyfob-other"), "{cursor}");
    user.must(["remove", "work"]).await;
    assert_eq!(read(&user, ".cursor/mcp.json"), CURSOR);
}

/// What mcp-remote was told beside the server goes on, or it is said before anything is changed; a fixed token does not.
#[tokio::test]
async fn a_header_of_the_entry_that_makes_room_reaches_the_server_through_the_new_link() {
    let (user, portal) = (Keyfob::new(), portal().await);
    let url = portal.mcp_url();
    user.sign_in_to("work", &url).await;
    let before = format!(
        "{{\"mcpServers\":{{\"gh\":{{\"command\":\"npx\",\"args\":[\"mcp-remote\",\"{url}\",\"--header\",\"X-Tenant: s3cr3t\",\"--header\",\
         \"Authorization: Bearer t0ken\",\"--resource\",\"https://a.example/\"],\"timeout\":5}}}}}}\n"
    );
    write(&user, ".cursor/mcp.json", &before);
    let trial = user.run(["link", "work", "cursor", "--via", "proxy", "--replace", "gh", "--dry-run"]).await;
    let trial = trial.says("the proxy does not go on with what `gh` says: the header X-Tenant");
    assert!(trial.stderr.contains("hint: --via bridge goes on with it"), "{}", trial.stderr);
    let linked = user.run(["link", "work", "cursor", "--replace", "gh"]).await.expect_code(0);
    let linked = linked
        .says("the bridge goes on with what `gh` says: the header X-Tenant")
        .says("not taken over from `gh`: --resource (the profile's sign-in has its own), `timeout`")
        .says("Cursor is linked to work through the bridge");
    assert!(!linked.stderr.contains("s3cr3t") && !linked.stdout.contains("s3cr3t"), "{}", linked.stderr);
    let written: Value = serde_json::from_str(&read(&user, ".cursor/mcp.json")).unwrap();
    let entry = &written["mcpServers"]["keyfob-work"];
    let arguments = entry["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned());
    let arguments: Vec<_> = arguments.collect();
    let bridge = user.with("KEYFOB_HEADER_1", entry["env"]["KEYFOB_HEADER_1"].as_str().unwrap());
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let spoken = bridge.run_with_input(arguments, &format!("{hello}\n")).await.expect_code(0);
    assert!(spoken.stdout.contains("serverInfo"), "{} {}", spoken.stdout, spoken.stderr);
    let seen = portal.record().seen();
    assert!(seen.requests.iter().any(|request| request.header("x-tenant") == Some("s3cr3t")));
}
