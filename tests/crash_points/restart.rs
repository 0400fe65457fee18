//! What the keeper does when it is started after a crash.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::calls::{Call, Target};
use crate::session::{Backend, Session};
use crate::traced::Fate;
use crate::user::{NAME, User};

const SOON: Duration = Duration::from_secs(10);

/// Fault 2, trust rule 11: an open intent is taken up first, within a second of the start and without being asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_keeper_started_after_a_crash_takes_up_the_renewal_at_once() {
    let session = Session::with(Backend::KeyFile);
    let user = Arc::new(User::signed_in(&session).await);
    let at_the_answer = |call: &Call| match call.name {
        "receive" if call.target == Target::Network => Fate::Killed,
        _ => Fate::Made,
    };
    let killed = user.traced(&["refresh", NAME], at_the_answer, |_| ()).await;
    assert_eq!(killed.code, None, "{killed:?}");
    let mut keeper = user.keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let ready = Instant::now();
    let seen = user.portal.record().wait_for(|seen| seen.refreshes.repeated == 1, SOON).await;
    seen.expect("the same token again, within the grace");
    assert!(ready.elapsed() < Duration::from_secs(1), "after {:?}", ready.elapsed());
    keeper.terminate();
    keeper.ended().await.expect_code(0);
    assert_eq!(user.works().await, Ok(()));
}

/// Fault 4: kept and not yet delivered. The keeper brings the token to its places when it starts, not at the next renewal.
#[tokio::test(flavor = "multi_thread")]
async fn a_keeper_started_after_a_crash_delivers_what_was_kept() {
    let session = Session::with(Backend::KeyFile);
    let user = User::new(&session).await;
    let file = user.keyfob.path("token.json");
    let deliver = format!("token-file:{}", file.display());
    let arguments = ["add", "filed", &user.portal.mcp_url(), "--deliver", &deliver, "--sign-in"];
    user.keyfob.must(arguments).await;
    let folder = file.parent().expect("a folder").to_owned();
    let at_the_file = move |call: &Call| match &call.target {
        Target::File(path) if call.name == "create" && path.parent() == Some(&folder) => Fate::Killed,
        _ => Fate::Made,
    };
    let before = std::fs::read_to_string(&file).expect("a token file");
    let killed = user.traced(&["refresh", "filed"], at_the_file, |_| ()).await;
    assert_eq!(killed.code, None, "{killed:?}");
    let kept = user.keyfob.must(["token", "filed"]).await;
    assert_eq!(std::fs::read_to_string(&file).expect("a token file"), before);
    assert!(!before.contains(&kept));
    let mut keeper = user.keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let until = Instant::now() + SOON;
    while !std::fs::read_to_string(&file).expect("a token file").contains(&kept) {
        assert!(Instant::now() < until, "the file still has the older token");
        tokio::task::yield_now().await;
    }
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}
