//! A renewal that is overtaken: by a sign-out, by a new sign-in, by the end of the keeper that flies it. Each by a command's own
//! renewal and by a keeper's.

use std::collections::BTreeSet;
use std::time::Duration;

use keyfob_demo::{Endpoint, Fault, Gate, Portal};
use keyfob_tests::{Keyfob, Running, portal};

const SOON: Duration = Duration::from_secs(20);

/// A renewal whose answer is held by the gate, somebody who waits for it, and the keeper that flies it, if one does.
struct Overtaken {
    keyfob: Keyfob,
    portal: Portal,
    gate: Gate,
    asker: Running,
    keeper: Option<Running>,
}

/// What is there once the renewal has landed; the keeper lives on with it.
struct After {
    keyfob: Keyfob,
    portal: Portal,
    _keeper: Option<Running>,
}

impl Overtaken {
    async fn in_flight(kept: bool) -> Self {
        let (keyfob, portal) = (Keyfob::new(), portal().await);
        keyfob.sign_in_to("a", &portal.mcp_url()).await;
        let mut keeper = None;
        if kept {
            let mut agent = keyfob.spawn(["agent"]);
            agent.stderr_line("ready").await;
            keyfob.status_becomes("a", |status| status["next_refresh_at"].is_string()).await;
            keeper = Some(agent);
        }
        let gate = Gate::new();
        portal.faults().next(Endpoint::Refresh, Fault::none().hold_answer(&gate));
        let asker = keyfob.spawn(["token", "a", "--fresh"]);
        portal.record().wait_for(|seen| seen.answered(Endpoint::Refresh) == 1, SOON).await.unwrap();
        Self { keyfob, portal, gate, asker, keeper }
    }

    /// The asker apart, whose end is to be awaited.
    fn landed(self) -> (After, Running) {
        let Self { keyfob, portal, asker, keeper, .. } = self;
        (After { keyfob, portal, _keeper: keeper }, asker)
    }
}

impl After {
    /// Waits until so many different refresh tokens were revoked; gives them.
    async fn revoked(&self, many: usize) -> BTreeSet<String> {
        let of = |seen: &keyfob_demo::Seen| -> BTreeSet<String> {
            seen.revoked.iter().filter(|token| token.contains("-refresh-")).cloned().collect()
        };
        self.portal.record().wait_for(|seen| of(seen).len() >= many, SOON).await.unwrap();
        of(&self.portal.record().seen())
    }
}

/// Fault 44: whoever signs out stays signed out, and what comes late is revoked.
#[tokio::test]
async fn a_sign_out_while_a_renewal_flies_wins_and_the_late_tokens_are_revoked() {
    for kept in [false, true] {
        let flight = Overtaken::in_flight(kept).await;
        let sign_out = flight.keyfob.spawn(["sign-out", "a"]);
        flight.keyfob.status_becomes("a", |status| status["state"] == "signed-out").await;
        flight.gate.open();
        sign_out.ended().await.expect_code(0);
        let (after, asker) = flight.landed();
        asker.ended().await.expect_code(4);
        assert_eq!(after.revoked(2).await.len(), 2, "the one that was held, and the late one");
        assert_eq!(after.keyfob.status("a").await["state"], "signed-out");
        after.keyfob.run(["token", "a"]).await.expect_code(4);
    }
}

/// Fault 43: the sign-in is what the user did last; what comes late is revoked and never stored.
#[tokio::test]
async fn a_sign_in_while_a_renewal_flies_wins_and_the_late_tokens_are_revoked() {
    for kept in [false, true] {
        let flight = Overtaken::in_flight(kept).await;
        flight.keyfob.must(["sign-in", "a"]).await;
        flight.gate.open();
        let (after, asker) = flight.landed();
        let given = asker.ended().await.expect_code(0);
        let held = after.keyfob.must(["token", "a"]).await;
        assert_eq!(given.stdout.trim(), held, "whoever waited has the new sign-in's token");
        after.revoked(1).await;
        assert!(after.keyfob.must(["call", "a", "whoami"]).await.contains("ada@example.com"));
        after.keyfob.must(["refresh", "a"]).await;
        let refreshes = after.portal.record().seen().refreshes;
        assert_eq!((refreshes.renewed, refreshes.repeated, refreshes.reused), (2, 0, 0));
        assert_eq!(after.keyfob.status("a").await["state"], "active");
    }
}

/// Fault 45: a sign-in writes before it opens a browser, to know that it can. Under a renewal that flies this is no other sign-in.
#[tokio::test]
async fn a_sign_in_that_is_given_up_while_a_renewal_flies_costs_neither() {
    for kept in [false, true] {
        let flight = Overtaken::in_flight(kept).await;
        let mut sign_in = flight.keyfob.spawn(["sign-in", "a", "--no-browser"]);
        sign_in.stderr_line("/authorize").await;
        sign_in.kill().await;
        flight.gate.open();
        let (after, asker) = flight.landed();
        let given = asker.ended().await.expect_code(0);
        assert_eq!(after.keyfob.must(["token", "a"]).await, given.stdout.trim());
        assert!(after.keyfob.must(["call", "a", "whoami"]).await.contains("ada@example.com"));
        after.keyfob.must(["refresh", "a"]).await;
        let seen = after.portal.record().seen();
        assert_eq!((seen.refreshes.renewed, seen.refreshes.repeated, seen.refreshes.reused), (2, 0, 0));
        assert_eq!(seen.revoked, [""; 0]);
        assert_eq!(after.keyfob.status("a").await["state"], "active");
    }
}

/// Fault 44, H8: what comes late and cannot be revoked at once is not forgotten.
#[tokio::test]
async fn late_tokens_that_cannot_be_revoked_at_once_are_revoked_with_the_next_sign_out() {
    let flight = Overtaken::in_flight(false).await;
    flight.keyfob.must(["sign-out", "a"]).await;
    flight.portal.faults().next(Endpoint::Revocation, Fault::error(503, "temporarily_unavailable"));
    flight.gate.open();
    let (after, asker) = flight.landed();
    asker.ended().await.expect_code(4);
    assert_eq!(after.revoked(1).await.len(), 1, "the one that was held");
    after.keyfob.must(["sign-out", "a"]).await;
    assert_eq!(after.revoked(2).await.len(), 2);
}

/// Fault 34, fault 2: a keeper that ends in the middle of a call, as one does that is replaced by force. Whoever waited does the
/// work itself, with the token that was sent already, within the grace.
#[tokio::test]
async fn a_keeper_killed_in_the_middle_of_a_call_costs_its_asker_nothing() {
    let mut flight = Overtaken::in_flight(true).await;
    flight.keeper.take().unwrap().kill().await;
    let (after, asker) = flight.landed();
    let given = asker.ended().await.expect_code(0);
    assert_eq!(after.keyfob.must(["token", "a"]).await, given.stdout.trim());
    let refreshes = after.portal.record().seen().refreshes;
    assert_eq!((refreshes.renewed, refreshes.repeated, refreshes.reused), (1, 1, 0));
}
