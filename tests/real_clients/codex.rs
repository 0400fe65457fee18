//! Codex, whose list command connects to nothing: it is started, and the portal sees it list the tools.

use std::time::Duration;

use keyfob_demo::{Endpoint, Seen};

use crate::desk::Desk;

const FILE: &str = "# mine\r\nmodel = \"none\" # no model answers here\r\nmodel_provider = \"nobody\"\r\n\r\n\
    [model_providers.nobody]\r\nname = \"nobody\"\r\nbase_url = \"http://127.0.0.1:9/v1\"\r\n\
    request_max_retries = 0\r\nstream_max_retries = 0\r\n";

#[tokio::test]
async fn codex_lists_the_tools_by_its_helper() {
    lists_the_tools_by("helper").await;
}

#[tokio::test]
async fn codex_lists_the_tools_through_the_proxy() {
    lists_the_tools_by("proxy").await;
}

#[tokio::test]
async fn codex_lists_the_tools_through_the_bridge() {
    lists_the_tools_by("bridge").await;
}

async fn lists_the_tools_by(via: &str) {
    let desk = Desk::of("codex").await;
    std::fs::create_dir(desk.keyfob.path(".codex")).unwrap();
    std::fs::write(desk.keyfob.path(".codex/config.toml"), FILE).unwrap();
    desk.keyfob.must(["link", "work", "codex", "--via", via]).await;
    lists_the_tools(&desk).await;
    let renewals = desk.renewals();
    desk.token_ends(via).await;
    lists_the_tools(&desk).await;
    assert_eq!(desk.renewals(), renewals + 1);
    desk.keyfob.must(["unlink", "work", "codex"]).await;
    assert_eq!(std::fs::read_to_string(desk.keyfob.path(".codex/config.toml")).unwrap(), FILE);
}

/// A session is begun, and ended as soon as its tools are listed: no model will answer it.
async fn lists_the_tools(desk: &Desk) {
    let asks = |seen: &Seen, method: &str, word: &str| {
        let bodies = seen.at(Endpoint::Mcp).map(|request| String::from_utf8_lossy(&request.body));
        bodies.filter(|body| body.contains(&format!("\"{method}\"")) && body.contains(word)).count()
    };
    // Both, for keyfob itself asks for the tools too, under its own name.
    let listed = |seen: &Seen| asks(seen, "initialize", "codex").min(asks(seen, "tools/list", ""));
    let before = desk.portal.record().ask(listed);
    let mut session = desk.program("codex", ["exec", "--skip-git-repo-check", "hello"]);
    session.env("CODEX_HOME", desk.keyfob.path(".codex"));
    let mut session = session.spawn().expect("Codex starts");
    let seen = desk.portal.record().wait_for(|seen| listed(seen) > before, Duration::from_mins(1)).await;
    session.start_kill().expect("it is still there: no model answers");
    if seen.is_err() {
        let said = session.wait_with_output().await.expect("its output");
        panic!("{}\n{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    }
}
