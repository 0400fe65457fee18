//! Tokens that could not be revoked when their profile was removed: the keeper offers them again until the server has answered,
//! and then nothing is left of the profile, here or there.

use std::time::Duration;

use keyfob_demo::{Endpoint, Fault, Portal};
use keyfob_tests::{Keyfob, portal, sealed_files};

use crate::keeper::{SOON, agent};

/// A profile that is gone here, while its server takes no revocation.
async fn removed_while_down(fault: Fault) -> (Keyfob, Portal) {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    portal.faults().from_then_on(Endpoint::Revocation, fault);
    let removed = keyfob.run(["remove", "a"]).await;
    assert!(removed.stderr.contains("tried again"), "{}", removed.stderr);
    assert_eq!(sealed_files(&keyfob.home()).len(), 1, "what waits stays sealed");
    (keyfob, portal)
}

async fn nothing_is_left(keyfob: &Keyfob, portal: &Portal) {
    portal.record().wait_for(|seen| seen.answered(Endpoint::RegistrationManagement) > 0, SOON).await.unwrap();
    let seen = portal.record().seen();
    assert!(seen.revoked.iter().any(|token| token.contains("-refresh-")), "{:?}", seen.revoked);
    assert!(sealed_files(&keyfob.home()).is_empty());
    let told = keyfob.must(["log", "--json"]).await;
    let tellings = told.lines().filter(|line| line.contains(r#""event":"revoked""#)).count();
    assert_eq!(tellings, 2, "one by the process that was refused, one for the end: {told}");
}

/// H7, fault 45: down when the profile went, and still down when a keeper starts; then up.
#[tokio::test]
async fn what_a_removal_left_is_revoked_by_the_next_keeper_once_the_server_is_back() {
    let (keyfob, portal) = removed_while_down(Fault::cut_before_work()).await;
    let keeper = agent(&keyfob).await;
    let tried = portal.record().count(Endpoint::Revocation);
    portal.record().wait_for(|seen| seen.count(Endpoint::Revocation) >= tried + 2, SOON).await.unwrap();
    portal.faults().clear(Endpoint::Revocation);
    nothing_is_left(&keyfob, &portal).await;
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// H7: the tokens of two sign-ins wait; the second sign-out says once that they do.
#[tokio::test]
async fn a_sign_out_says_once_that_the_server_is_out_of_reach() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    portal.faults().from_then_on(Endpoint::Revocation, Fault::cut_before_work());
    keyfob.must(["add", "a", &portal.mcp_url()]).await;
    for _ in 0..2 {
        keyfob.must(["sign-in", "a", "--timeout", "20s"]).await;
        keyfob.must(["sign-out", "a"]).await;
    }
    let told = keyfob.must(["log", "--json"]).await;
    let not_yet = told.lines().filter(|line| line.contains("not yet")).count();
    assert_eq!(not_yet, 2, "one for each sign-out: {told}");
}

/// fault 13, H7: removed beside a running keeper, which hears of it; the server has named a time.
#[tokio::test]
async fn a_server_that_names_a_time_is_not_asked_before_it() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let keeper = agent(&keyfob).await;
    let busy = Fault::empty(503).header("retry-after", "3");
    portal.faults().next_times(Endpoint::Revocation, 2, &busy);
    let began = std::time::Instant::now();
    keyfob.must(["remove", "a"]).await;
    nothing_is_left(&keyfob, &portal).await;
    assert!(began.elapsed() >= Duration::from_secs(3), "{:?}", began.elapsed());
    // One by the removal, one by the keeper, and then both tokens.
    assert_eq!(portal.record().count(Endpoint::Revocation), 4);
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}
