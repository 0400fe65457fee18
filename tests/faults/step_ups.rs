//! More scopes for a client of the bridge: where a keeper with a window runs, its user decides before a browser opens.

use std::sync::Arc;

use keyfob_agent::ports::Ports;
use keyfob_agent::snapshot::KeeperKind;
use keyfob_demo::{Endpoint, Portal, PortalOptions, ScopedTool};
use keyfob_platform::keeper::Keeper;
use keyfob_tests::Keyfob;

use crate::SOON;
use crate::callers::{Bridge, bridge};
use crate::in_process::{Follows, name, options, paths, ports};

/// A user who may read, at a portal where adding takes more, and a keeper of theirs.
async fn reader(kind: KeeperKind) -> (Keyfob, Portal, Keeper) {
    let takes_more = ScopedTool { tool: "add".into(), scope: "write".into() };
    let scopes = ["read", "write"].map(str::to_owned).to_vec();
    let options = PortalOptions { scopes, scoped_tools: vec![takes_more], ..PortalOptions::default() };
    let (keyfob, portal) = (Keyfob::new(), Portal::start(options).await.unwrap());
    keyfob.must(["add", "a", &portal.mcp_url(), "--scope", "read", "--sign-in"]).await;
    let ports = Ports { browser: Arc::new(Follows), ..ports(&keyfob) };
    let keeper = Keeper::start(&paths(&keyfob), ports, kind).unwrap();
    keeper.agent.has_read().await;
    (keyfob, portal, keeper)
}

/// A call that lacks scopes, as far as the question in the window.
async fn asked_in_the_window(keyfob: &Keyfob, keeper: &Keeper) -> (Bridge, u64) {
    let mut bridge = bridge(keyfob).await;
    let id = bridge.adds().await;
    let mut asked = keeper.agent.step_ups();
    let asked = tokio::time::timeout(SOON, asked.wait_for(|asked| !asked.is_empty()));
    let of = asked.await.unwrap().unwrap()[&name("a")].clone();
    assert!(of.scopes.contains("write") && !of.clients.is_empty(), "{of:?}");
    bridge.stderr_line("decide in keyfob's window").await;
    (bridge, id)
}

/// D8: no browser opens before the window's user has said yes, and then the call that waited goes through.
#[tokio::test]
async fn the_windows_yes_signs_in_and_the_bridges_call_goes_through() {
    let (keyfob, portal, keeper) = reader(KeeperKind::App).await;
    let (mut bridge, id) = asked_in_the_window(&keyfob, &keeper).await;
    assert_eq!(portal.record().count(Endpoint::Authorize), 1, "nothing has opened");
    keeper.agent.sign_in(name("a"), options()).await.unwrap();
    let answer = bridge.answer(id).await;
    assert_eq!(answer["result"]["content"][0]["text"], "5", "{answer}");
    bridge.ended().await;
    let seen = portal.record().seen();
    assert_eq!((seen.count(Endpoint::Authorize), seen.consents), (2, 2));
    assert_eq!(seen.last(Endpoint::Authorize).unwrap().parameter("scope"), Some("read write"));
}

/// D8: a no reaches the client as an error, and it is asked no more about it; the sign-in goes on as it was.
#[tokio::test]
async fn the_windows_no_is_an_error_and_opens_nothing() {
    let (keyfob, portal, keeper) = reader(KeeperKind::App).await;
    let (mut bridge, id) = asked_in_the_window(&keyfob, &keeper).await;
    keeper.agent.settle_step_up(&name("a")).unwrap();
    let answer = bridge.answer(id).await;
    assert!(answer["error"]["message"].as_str().unwrap().contains("write"), "{answer}");
    let again = bridge.adds().await;
    assert!(bridge.answer(again).await["error"].is_object());
    assert!(keeper.agent.step_ups().borrow().is_empty(), "a no is a no");
    bridge.calls(1).await;
    bridge.ended().await;
    assert_eq!(portal.record().count(Endpoint::Authorize), 1);
}

/// D8: a keeper without a window has nobody to ask: the bridge opens the browser as it does where none runs.
#[tokio::test]
async fn beside_a_keeper_without_a_window_the_bridge_opens_the_browser() {
    let (keyfob, portal, keeper) = reader(KeeperKind::Headless).await;
    let mut bridge = bridge(&keyfob).await;
    let id = bridge.adds().await;
    assert_eq!(bridge.answer(id).await["result"]["content"][0]["text"], "5");
    bridge.ended().await;
    assert!(keeper.agent.step_ups().borrow().is_empty());
    assert_eq!(portal.record().count(Endpoint::Authorize), 2);
}
