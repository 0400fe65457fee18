//! A keeper that may open nothing more (fault 39): it stays, loses nothing, and goes on once it may.

use std::process::Command;

use keyfob_agent::control::client::{ControlClient, ControlFailure};
use keyfob_agent::journeys::hand_out::HandOutRequest;
use keyfob_core::identity::ProfileName;
use keyfob_demo::Endpoint;
use keyfob_tests::{Keyfob, portal};
use tokio::net::UnixStream;

/// How many descriptors the process may have, from now on.
fn limit_descriptors(pid: u32, most: &str) {
    let mut prlimit = Command::new("prlimit");
    let status = prlimit.args(["--pid", &pid.to_string(), &format!("--nofile={most}:")]).status().unwrap();
    assert!(status.success(), "prlimit of util-linux");
}

/// fault 39
#[tokio::test]
async fn a_keeper_without_descriptors_spends_nothing_stays_and_recovers() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    keyfob.status_becomes("a", |status| status["next_refresh_at"].is_string()).await;
    let before = keyfob.must(["token", "a"]).await;
    let stream = UnixStream::connect(keyfob.home().join("state/run/keeper.sock")).await.unwrap();
    let mut client = ControlClient::open(stream).await.unwrap();
    let fresh = HandOutRequest { fresh: true, ..HandOutRequest::default() };
    let name = ProfileName::parse("a").unwrap();

    limit_descriptors(keeper.pid(), "3");
    let refused = client.hand_out(name.clone(), fresh.clone()).await;
    assert!(matches!(refused, Err(ControlFailure::Answered(_))), "{refused:?}");
    assert_eq!(portal.record().count(Endpoint::Refresh), 0, "what cannot be kept is not asked for");
    let beside = keyfob.run(["token", "a"]).await.expect_code(0).says("does not answer");
    assert_eq!(beside.stdout.trim(), before, "a command beside it does its work itself");

    limit_descriptors(keeper.pid(), "1024");
    let renewed = client.hand_out(name, fresh).await.unwrap();
    let after = keyfob.run(["token", "a"]).await.expect_code(0);
    assert_eq!(after.stderr, "", "the keeper answers again");
    assert_ne!(after.stdout.trim(), before);
    assert!(renewed.warning.is_none());
    let refreshes = portal.record().seen().refreshes;
    assert_eq!((refreshes.renewed, refreshes.repeated, refreshes.reused), (1, 0, 0));
    keeper.terminate();
    let ended = keeper.ended().await.expect_code(0);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}
