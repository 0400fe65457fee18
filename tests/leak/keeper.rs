//! The keeper with its log in JSON, its metrics and its event command, and who watches and uses it: the bridge, the
//! journal, the status.

use keyfob_demo::{Endpoint, Fault};
use keyfob_tests::{Running, visit};
use url::Url;

use crate::watched_user::WatchedUser;

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"leak","version":"1"}}}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
const CALL: &str =
    r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"whoami","arguments":{}}}"#;

/// An event command that hears everything, keeps it, and stays long enough to be looked at.
fn settings(heard: &str) -> String {
    let command = format!("cat >> '{heard}'; sleep 0.1");
    format!("on_event = [\"sh\", \"-c\", \"{command}\"]\n[store]\nbackend = \"passphrase\"\n")
}

async fn bridge(user: &WatchedUser) -> Running {
    let mut bridge = user.keyfob.spawn(["connect", "a"]);
    bridge.write_line(INITIALIZE).await;
    bridge.stdout_line("\"id\":1").await;
    bridge.write_line(INITIALIZED).await;
    bridge.write_line(CALL).await;
    bridge.stdout_line("\"id\":2").await;
    bridge
}

/// F9, G9, V13, V14: neither the keeper's words nor anybody's who watches it, and no process that it starts.
#[tokio::test]
async fn no_canary_is_found_around_the_keeper_and_the_bridge() {
    let mut user = WatchedUser::new();
    let portal = user.portal().await;
    let heard = user.keyfob.path("heard");
    std::fs::write(user.keyfob.home().join("config.toml"), settings(&heard.to_string_lossy()))
        .expect("the settings");
    let mut keeper = user.keyfob.spawn(["--log-format", "json", "agent", "--metrics", "127.0.0.1:0"]);
    let line = keeper.stderr_line("metrics at http://").await;
    let metrics = Url::parse(line.split_once("metrics at ").expect("an address").1).expect("a URL");
    keeper.stderr_line("ready").await;

    user.must(&["add", "a", &portal.mcp_url(), "--sign-in"]).await;
    let mut status = user.keyfob.spawn(["status", "--watch", "--json"]);
    status.stdout_line("\"active\"").await;
    let mut journal = user.keyfob.spawn(["log", "--follow", "--json"]);
    journal.stdout_line("\"signed-in\"").await;
    let mut bridge = bridge(&user).await;
    user.must(&["token", "a", "--fresh"]).await;
    portal.kill_access_tokens();
    bridge.write_line(&CALL.replace("\"id\":2", "\"id\":3")).await;
    bridge.stdout_line("\"id\":3").await;
    user.must(&["call", "a", "whoami"]).await;
    portal.faults().next(Endpoint::Refresh, Fault::lost_answer());
    user.run(&["token", "a", "--fresh"]).await;
    portal.faults().next(Endpoint::Refresh, Fault::error(400, "invalid_grant"));
    assert_eq!(user.run(&["token", "a", "--fresh"]).await, Some(4));
    status.stdout_line("needs-sign-in").await;
    for page in [&metrics, &metrics.join("/health").expect("a URL")] {
        let page = visit(page).await;
        assert!(!user.mark.is_in(&page.body) && !user.mark.is_in(&page.head), "a page of the keeper");
    }
    user.must(&["status"]).await;
    user.must(&["sign-out", "a"]).await;
    status.stdout_line("signed-out").await;
    journal.stdout_line("signed-out").await;
    keeper.terminate();
    user.heard("agent", keeper.ended().await.expect_code(0));
    user.heard("connect a", bridge.ended().await);
    for (what, running) in [("status --watch --json", status), ("log --follow --json", journal)] {
        running.terminate();
        user.heard(what, running.ended().await);
    }
    assert!(std::fs::read_to_string(&heard).expect("events were heard").contains("\"renewed\""));
    let seen = user.assert_nothing_leaked(&portal, &["token"], &[]);
    assert!(seen.ran("sh") && seen.ran("sleep"), "the event command and its child were watched");
}
