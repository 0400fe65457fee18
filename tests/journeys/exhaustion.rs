//! A keeper that may open nothing more, or gets no thread more (fault 39): it stays, loses nothing, and goes on once it may.

use std::time::Duration;

use keyfob_agent::control::client::{ControlClient, ControlFailure};
use keyfob_agent::journeys::hand_out::HandOutRequest;
use keyfob_core::identity::ProfileName;
use keyfob_demo::{Endpoint, Portal};
use keyfob_tests::{Keyfob, Running, portal};
use tokio::net::UnixStream;

/// How many descriptors (`--nofile`) or threads (`--nproc`) the process may have, from now on.
fn limit(keyfob: &Keyfob, pid: u32, limit: &str) {
    let mut prlimit = keyfob.other_program("prlimit");
    let status = prlimit.args(["--pid", &pid.to_string(), limit]).status().unwrap();
    assert!(status.success(), "prlimit of util-linux");
}

/// Waits until no thread does anything for the keeper: the next pieces of work have one thread that waits, and need new ones
/// for all but one of them.
async fn is_idle(pid: u32) {
    let until = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        let name = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("comm"));
        let names: Vec<_> = threads.filter_map(|thread| name(thread.ok()?).ok()).collect();
        if !names.iter().any(|name| name.starts_with("keyfob-work") || name.starts_with("tokio")) {
            return;
        }
        assert!(tokio::time::Instant::now() < until, "{names:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
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

    limit(&keyfob, keeper.pid(), "--nofile=3:");
    let refused = client.hand_out(name.clone(), fresh.clone()).await;
    assert!(matches!(refused, Err(ControlFailure::Answered(_))), "{refused:?}");
    assert_eq!(portal.record().count(Endpoint::Refresh), 0, "what cannot be kept is not asked for");
    let beside = keyfob.run(["token", "a"]).await.expect_code(0).says("does not answer");
    assert_eq!(beside.stdout.trim(), before, "a command beside it does its work itself");

    limit(&keyfob, keeper.pid(), "--nofile=1024:");
    let renewed = client.hand_out(name, fresh).await.unwrap();
    let after = keyfob.run(["token", "a"]).await.expect_code(0);
    assert_eq!(after.stderr, "", "the keeper answers again");
    assert_ne!(after.stdout.trim(), before);
    assert!(renewed.warning.is_none());
    one_renewal_and_no_panic(&portal, keeper).await;
}

/// The keeper renewed once and as it should, and ends as it should.
async fn one_renewal_and_no_panic(portal: &Portal, keeper: Running) {
    let refreshes = portal.record().seen().refreshes;
    assert_eq!((refreshes.renewed, refreshes.repeated, refreshes.reused), (1, 0, 0));
    keeper.terminate();
    let ended = keeper.ended().await.expect_code(0);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

/// fault 39: no thread is to be had from one moment to the next. What is on this machine is done without one.
#[tokio::test]
async fn a_keeper_without_threads_renews_all_the_same() {
    let (keyfob, portal) = (Keyfob::new().as_nobody(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    keyfob.status_becomes("a", |status| status["next_refresh_at"].is_string()).await;
    let before = keyfob.must(["token", "a"]).await;
    is_idle(keeper.pid()).await;

    limit(&keyfob, keeper.pid(), "--nproc=0:");
    keyfob.must(["refresh", "a"]).await;
    let after = keyfob.must(["token", "a"]).await;
    assert_ne!(before, after);

    one_renewal_and_no_panic(&portal, keeper).await;
}

/// fault 39: the same for a command that does its work itself; a name that nobody can look up is a network that is away.
#[tokio::test]
async fn a_command_without_threads_renews_and_says_that_a_name_cannot_be_looked_up() {
    let (keyfob, portal) = (Keyfob::new().as_nobody(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let keyfob = keyfob.through(&["prlimit", "--nproc=0", "--"]);
    keyfob.must(["refresh", "a"]).await;
    keyfob
        .run(["add", "b", "http://localhost:9/mcp", "--sign-in"])
        .await
        .expect_code(5)
        .says("name not found");
    assert_eq!(portal.record().seen().refreshes.renewed, 1);
}
