//! Ending a keeper: a renewal under way reaches the disk first (fault 33).

use std::sync::Arc;
use std::time::{Duration, Instant};

use keyfob_agent::notice::Notice;
use keyfob_agent::ports::Notifier;
use keyfob_agent::snapshot::KeeperKind;
use keyfob_demo::{Endpoint, Fault, Gate};
use keyfob_platform::compose::Composition;
use keyfob_platform::keeper::Keeper;
use keyfob_platform::paths::Paths;
use keyfob_tests::{Keyfob, portal};

const SOON: Duration = Duration::from_secs(20);

/// fault 33
#[tokio::test]
async fn sigterm_during_a_renewal_ends_after_the_answer_is_on_disk_and_the_asker_has_it() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let before = keyfob.must(["token", "a"]).await;
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    keyfob.status_becomes("a", |status| status["next_refresh_at"].is_string()).await;
    let gate = Gate::new();
    portal.faults().next(Endpoint::Refresh, Fault::none().hold_answer(&gate));
    let asker = keyfob.spawn(["token", "a", "--fresh"]);
    portal.record().wait_for(|seen| seen.refreshes.renewed == 1, SOON).await.unwrap();
    keeper.terminate();
    // The keeper still serves while it ends: it has heard the signal and waits for the answer.
    assert_eq!(keyfob.status("a").await["state"], "refreshing");
    gate.open();
    let fresh = asker.ended().await.expect_code(0).stdout;
    let ended = keeper.ended().await.expect_code(0);
    assert!(!ended.stderr.contains("still under way"), "{}", ended.stderr);
    assert_ne!(fresh.trim(), before);
    assert_eq!(keyfob.must(["token", "a"]).await, fresh.trim(), "it is on disk");
    let refreshes = portal.record().seen().refreshes;
    assert_eq!((refreshes.renewed, refreshes.repeated, refreshes.reused), (1, 0, 0));
}

/// fault 33
#[tokio::test]
async fn sigterm_without_a_renewal_ends_within_2_s() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let mut watcher = keyfob.spawn(["status", "--watch", "--json"]);
    watcher.stdout_line("active").await;
    let began = Instant::now();
    keeper.terminate();
    keeper.ended().await.expect_code(0);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    watcher.ended().await.expect_code(0);
    assert!(!keyfob.home().join("state/run/keeper.sock").exists(), "nothing stays behind");
}

struct Silent;

impl Notifier for Silent {
    fn notify(&self, _notice: &Notice) {}
}

/// fault 33: patience has an end.
#[tokio::test]
async fn a_renewal_that_outlasts_patience_is_cut_short_and_says_so() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let paths = Paths::resolve(Some(keyfob.home())).unwrap();
    let ports = Composition::new(paths.clone(), Arc::new(Silent)).ports().unwrap();
    let keeper = Keeper::start(&paths, ports, KeeperKind::Headless).unwrap();
    let gate = Gate::new();
    portal.faults().next(Endpoint::Refresh, Fault::none().hold_answer(&gate));
    let asker = keyfob.spawn(["token", "a", "--fresh"]);
    portal.record().wait_for(|seen| seen.refreshes.renewed == 1, SOON).await.unwrap();
    assert!(!keeper.stop(Duration::from_millis(200)).await, "it was cut short");
    gate.open();
    drop(asker);
}
