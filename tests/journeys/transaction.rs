//! One refresh token, spent once: lost answers, many callers, kills in flight, and servers that say no or not now.

use std::time::Duration;

use keyfob_demo::oddities::Override;
use keyfob_demo::{Endpoint, Fault, Gate, Portal, PortalOptions};
use keyfob_tests::{Keyfob, portal};

const SOON: Duration = Duration::from_secs(10);

async fn signed_in_at(portal: &Portal) -> (Keyfob, String) {
    let keyfob = Keyfob::new();
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let token = keyfob.must(["token", "a"]).await;
    (keyfob, token)
}

async fn portal_with_grace(grace: Duration) -> Portal {
    Portal::start(PortalOptions { refresh_grace: grace, ..PortalOptions::default() }).await.unwrap()
}

/// Fault 5: rotated at the server, and not one byte of the answer came. The grace covers the retry.
#[tokio::test]
async fn a_lost_answer_is_recovered_within_the_grace() {
    let portal = portal().await;
    let (keyfob, before) = signed_in_at(&portal).await;
    portal.faults().next(Endpoint::Refresh, Fault::lost_answer());
    keyfob.must(["refresh", "a"]).await;
    let after = keyfob.must(["token", "a"]).await;
    assert_ne!(before, after);
    let refreshes = portal.record().seen().refreshes;
    assert_eq!((refreshes.renewed, refreshes.repeated, refreshes.reused), (1, 1, 0));
    assert!(keyfob.must(["call", "a", "whoami"]).await.contains("ada@example.com"));
}

/// Fault 5: wherever the answer is cut or reset.
#[tokio::test]
async fn an_answer_cut_at_any_byte_is_recovered_within_the_grace() {
    let portal = portal().await;
    let (keyfob, mut before) = signed_in_at(&portal).await;
    for byte in [1, 9, 17, 60, 120, 200, 260] {
        portal.faults().next(Endpoint::Refresh, Fault::none().cut_at(byte));
        keyfob.must(["refresh", "a"]).await;
        let after = keyfob.must(["token", "a"]).await;
        assert_ne!(before, after, "cut at {byte}");
        before = after;
    }
    portal.faults().next(Endpoint::Refresh, Fault::none().reset_at(100));
    keyfob.must(["refresh", "a"]).await;
    assert_eq!(portal.faults().waiting(Endpoint::Refresh), 0);
    assert_eq!(portal.record().seen().refreshes.reused, 0);
}

/// Fault 6: without a grace the pair is lost with its answer: a sign-in is needed, and the record stays.
#[tokio::test]
async fn a_lost_answer_without_grace_asks_for_a_sign_in_and_deletes_nothing() {
    let portal = portal_with_grace(Duration::ZERO).await;
    let (keyfob, _) = signed_in_at(&portal).await;
    portal.faults().next(Endpoint::Refresh, Fault::lost_answer());
    keyfob.run(["refresh", "a"]).await.expect_code(4).says("hint: keyfob sign-in a");
    assert_eq!(keyfob.status("a").await["state"], "needs-sign-in");
    assert_eq!(
        keyfob_tests::sealed_files(&keyfob.home()).iter().filter(|path| path.ends_with("a.sealed")).count(),
        1
    );
    keyfob.must(["sign-in", "a"]).await;
    assert_eq!(keyfob.status("a").await["state"], "active");
}

/// Rule 7: the server says no; the record and the token that is still valid stay.
#[tokio::test]
async fn invalid_grant_keeps_the_record_and_the_valid_token_is_still_printed() {
    let portal = portal().await;
    let (keyfob, token) = signed_in_at(&portal).await;
    portal.faults().next(Endpoint::Refresh, Fault::error(400, "invalid_grant"));
    keyfob.run(["refresh", "a"]).await.expect_code(4).says("hint: keyfob sign-in a");
    assert_eq!(keyfob.status("a").await["state"], "needs-sign-in");
    let output = keyfob.run(["token", "a"]).await.expect_code(0);
    assert_eq!(output.stdout.trim_end(), token);
    output.says("hint: ").says("keyfob sign-in a");
}

/// Faults 14, 15: temporary words are temporary, and a later try succeeds.
#[tokio::test]
async fn temporary_words_of_the_token_endpoint_cost_nothing() {
    let portal = portal().await;
    let (keyfob, token) = signed_in_at(&portal).await;
    let temporary = [
        Fault::error(400, "temporarily_unavailable"),
        Fault::error(500, "server_error"),
        Fault::html(302),
        Fault::html(401),
        Fault::html(511),
        Fault::empty(400),
        Fault::empty(503),
    ];
    for fault in temporary {
        portal.faults().next(Endpoint::Refresh, fault.clone());
        let output = keyfob.run(["refresh", "a"]).await;
        assert_eq!(output.code, Some(5), "{fault:?}: {}", output.stderr);
        assert_eq!(keyfob.status("a").await["state"], "retrying", "{fault:?}");
        assert_eq!(keyfob.must(["token", "a"]).await, token);
        portal.faults().clear(Endpoint::Refresh);
    }
    keyfob.must(["refresh", "a"]).await;
    assert_eq!(keyfob.status("a").await["state"], "active");
}

/// Fault 13: the server's own pause is kept, even by a user's command.
#[tokio::test]
async fn a_retry_after_that_still_runs_is_honoured_without_a_request() {
    let portal = portal().await;
    let (keyfob, token) = signed_in_at(&portal).await;
    portal.faults().next(Endpoint::Refresh, Fault::error(429, "slow_down").header("retry-after", "600"));
    keyfob.run(["refresh", "a"]).await.expect_code(5);
    assert_eq!(portal.record().count(Endpoint::Refresh), 1);
    keyfob.run(["refresh", "a"]).await.expect_code(5);
    assert_eq!(portal.record().count(Endpoint::Refresh), 1);
    assert_eq!(keyfob.must(["token", "a"]).await, token);
}

/// Fault 7, in small: twenty processes want the token at its end.
#[tokio::test]
async fn twenty_processes_at_the_end_of_a_token_make_one_renewal() {
    let portal = portal().await;
    portal.change(|o| o.token.answer_overrides = vec![Override::with("expires_in", 1)]);
    let keyfob = Keyfob::new();
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    keyfob.token_expires("a").await;
    let before = portal.record().seen().refreshes;
    assert_eq!(before.renewed, 0);
    portal.change(|o| o.token.answer_overrides.clear());
    let callers = (0..20).map(|_| keyfob.run(["token", "a"]));
    let printed: Vec<_> = futures_util::future::join_all(callers).await;
    let tokens: std::collections::BTreeSet<_> =
        printed.into_iter().map(|output| output.expect_code(0).stdout).collect();
    assert_eq!(tokens.len(), 1, "all of them have the same token");
    let refreshes = portal.record().seen().refreshes;
    assert_eq!((refreshes.renewed, refreshes.repeated, refreshes.reused), (1, 0, 0));
}

/// Fault 2: killed after the server rotated; the next process sends the same token within the grace.
#[tokio::test]
async fn a_process_killed_before_the_answer_came_is_made_good_by_the_next() {
    let portal = portal_with_grace(Duration::from_mins(1)).await;
    let (keyfob, before) = signed_in_at(&portal).await;
    let gate = Gate::new();
    portal.faults().next(Endpoint::Refresh, Fault::none().hold_answer(&gate));
    let renewal = keyfob.spawn(["refresh", "a"]);
    portal.record().wait_for(|seen| seen.answered(Endpoint::Refresh) == 1, SOON).await.unwrap();
    renewal.kill().await;
    gate.open();
    keyfob.must(["refresh", "a"]).await;
    assert_ne!(keyfob.must(["token", "a"]).await, before);
    let refreshes = portal.record().seen().refreshes;
    assert_eq!((refreshes.renewed, refreshes.repeated, refreshes.reused), (1, 1, 0));
    assert_eq!(keyfob.status("a").await["state"], "active");
}

/// Fault 46, C13: a client the server has forgotten registers anew at the next sign-in, once.
#[tokio::test]
async fn a_forgotten_client_asks_for_a_sign_in_and_registers_once() {
    let portal = portal().await;
    let (keyfob, _) = signed_in_at(&portal).await;
    portal.forget_clients();
    keyfob.run(["refresh", "a"]).await.expect_code(4);
    assert_eq!(portal.record().seen().registrations.len(), 1);
    keyfob.must(["sign-in", "a"]).await;
    assert_eq!(portal.record().seen().registrations.len(), 2);
    keyfob.must(["refresh", "a"]).await;
}
