//! `keyfob link --via proxy`: the port and the key it chooses, who is told, and what is left behind.

use keyfob_tests::{Keyfob, mode, portal};
use tokio::net::TcpListener;

use crate::desk::{Desk, linked};

async fn with_profile() -> (Keyfob, keyfob_demo::Portal) {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.must(["add", "work", portal.mcp_url().as_str()]).await;
    (keyfob, portal)
}

fn config(keyfob: &Keyfob) -> String {
    std::fs::read_to_string(keyfob.home().join("config.toml")).unwrap_or_default()
}

/// V6
#[tokio::test]
async fn a_link_keeps_its_port_and_key_and_leaves_no_key_of_its_own_in_the_clear() {
    let (keyfob, _portal) = with_profile().await;
    let shown = keyfob.must(["link", "work", "cursor", "--via", "proxy", "--dry-run"]).await;
    assert!(shown.contains("http://127.0.0.1:PORT/c/KEY/work/mcp"), "{shown}");
    assert_eq!(config(&keyfob), "", "a trial run chooses nothing");
    keyfob.run(["link", "work", "cursor", "--via", "proxy"]).await.expect_code(0).says("agent --install");
    let address = linked(&keyfob);
    assert!(config(&keyfob).starts_with("[proxy]\nport = 2"), "{}", config(&keyfob));
    keyfob.must(["link", "work", "cursor", "--via", "proxy"]).await;
    assert_eq!(linked(&keyfob), address, "a second time changes nothing");
    let key = address.split('/').nth(4).unwrap();
    assert_eq!(key.len(), 48);
    let kept = keyfob.home().join("data/client-keys.json");
    assert!(!std::fs::read_to_string(&kept).unwrap().contains(key));
    assert_eq!(mode(&kept), 0o600);
    assert_eq!(mode(&keyfob.path(".cursor/mcp.json")), 0o600, "it holds a key");
    keyfob.must(["unlink", "work", "cursor"]).await;
    assert!(!keyfob.path(".cursor/mcp.json").exists(), "it was made for the link");
    assert!(!std::fs::read_to_string(&kept).unwrap().contains("cursor"));
}

/// A keeper in a terminal is gone after the next login, and a client that was linked to it would find nobody.
#[tokio::test]
async fn a_link_offers_the_start_at_login_where_nothing_starts_a_keeper() {
    let (keyfob, _portal) = with_profile().await;
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let linked = keyfob.run(["link", "work", "cursor", "--via", "proxy"]).await.expect_code(0);
    linked.says("nothing starts it at login").says("keyfob agent --install");
    for installed in [".config/systemd/user/keyfob.service", ".config/autostart/keyfob.desktop"] {
        keyfob.must(["unlink", "work", "cursor"]).await;
        let file = keyfob.path(installed);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "").unwrap();
        let linked = keyfob.run(["link", "work", "cursor", "--via", "proxy"]).await.expect_code(0);
        assert!(!linked.stderr.contains("at login"), "{installed}: {}", linked.stderr);
        std::fs::remove_file(file).unwrap();
    }
}

#[tokio::test]
async fn a_link_that_goes_another_way_takes_its_key_back() {
    let (keyfob, _portal) = with_profile().await;
    keyfob.must(["link", "work", "cursor", "--via", "proxy"]).await;
    keyfob.must(["link", "work", "cursor", "--via", "bridge"]).await;
    let text = std::fs::read_to_string(keyfob.path(".cursor/mcp.json")).unwrap();
    assert!(text.contains("\"connect\"") && !text.contains("/c/"), "{text}");
    let keys = std::fs::read_to_string(keyfob.home().join("data/client-keys.json")).unwrap();
    assert!(!keys.contains("cursor"), "{keys}");
}

#[tokio::test]
async fn a_link_that_could_not_be_made_leaves_no_key() {
    let (keyfob, _portal) = with_profile().await;
    std::fs::create_dir_all(keyfob.path(".cursor")).unwrap();
    std::fs::write(keyfob.path(".cursor/mcp.json"), "{ \"mcpServers\": ").unwrap();
    keyfob.run(["link", "work", "cursor", "--via", "proxy"]).await.expect_code(2).says("cannot be read");
    let keys = std::fs::read_to_string(keyfob.home().join("data/client-keys.json")).unwrap_or_default();
    assert!(!keys.contains("cursor"), "{keys}");
}

/// A port that another program has is told at the link and in the keeper's log, and the keeper takes it once it is free.
#[tokio::test]
async fn a_taken_port_is_told_with_the_next_step() {
    let (keyfob, _portal) = with_profile().await;
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = other.local_addr().unwrap().port();
    std::fs::write(keyfob.home().join("config.toml"), format!("[proxy]\nport = {port}\n")).unwrap();
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line(&format!("port {port} on this machine is taken")).await;
    let said = keyfob.run(["link", "work", "cursor", "--via", "proxy"]).await.expect_code(0);
    let said = said.says(&format!("the keeper does not answer at port {port}"));
    said.says(&format!("end the program on port {port}"));
    drop(other);
    let said = keyfob.run(["link", "work", "zed", "--via", "proxy"]).await.expect_code(0);
    assert!(!said.stderr.contains("does not answer"), "{}", said.stderr);
}

#[tokio::test]
async fn status_names_the_proxys_port_its_clients_and_whether_anybody_answers() {
    let desk = Desk::new().await;
    let line = |shown: String| shown.lines().last().unwrap_or_default().to_owned();
    let shown = line(desk.keyfob.must(["status"]).await);
    assert_eq!(shown, format!("proxy: port {}, cursor (work)", desk.port));
    desk.keyfob.must(["unlink", "work", "cursor"]).await;
    assert!(line(desk.keyfob.must(["status"]).await).ends_with("no client is linked"));
    let json = desk.keyfob.run(["status", "--json"]).await.json();
    assert_eq!(json.get("proxy"), None, "the contract of scripts is as it was");
    let Desk { keyfob, keeper, .. } = desk;
    keeper.terminate();
    keeper.ended().await.expect_code(0);
    let off = line(keyfob.must(["status"]).await);
    assert_eq!(off, "proxy: off until a keeper runs, no client is linked");
    let never = Keyfob::new();
    assert!(!never.must(["status"]).await.contains("proxy"));
}
