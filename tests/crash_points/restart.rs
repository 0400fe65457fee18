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
