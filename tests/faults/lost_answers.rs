//! Answers that are lost, cut, reset or stall, at every byte: the sign-in survives wherever the server forgives a repeat,
//! and where it does not, one profile alone asks for a new one.

use std::time::{Duration, Instant};

use keyfob_agent::ports::Ports;
use keyfob_core::failure::{Failure, SignInNeeded};
use keyfob_core::profile::Profile;
use keyfob_demo::{Clock, Endpoint, Fault, Gate, Portal, PortalOptions};
use keyfob_tests::{Keyfob, portal};

use crate::in_process::{ports, record, renew, signed_in};
use crate::times;

/// A portal whose grace never ends, because its time stands still.
async fn forgiving() -> Portal {
    Portal::start(PortalOptions { clock: Clock::stopped(), ..PortalOptions::default() }).await.unwrap()
}

/// The length of a whole answer to a renewal, head and body.
async fn answer_length(ports: &Ports, profile: &Profile, portal: &Portal) -> usize {
    let before = portal.record().ask(|seen| seen.bytes_sent);
    renew(ports, profile).await.unwrap();
    usize::try_from(portal.record().ask(|seen| seen.bytes_sent) - before).unwrap()
}

/// Fault 5: dropped or reset at each single byte; the retry recovers the sign-in, and every end has its own token.
#[tokio::test]
async fn an_answer_that_ends_at_any_byte_is_recovered() {
    let (keyfob, portal) = (Keyfob::new(), forgiving().await);
    let ports = ports(&keyfob);
    let profile = signed_in(&ports, "a", &portal).await;
    let length = answer_length(&ports, &profile, &portal).await;
    assert!(length > 300, "an answer of {length} bytes");
    for byte in 0..length {
        let mut ends = [Fault::none().cut_at(byte), Fault::none().reset_at(byte)];
        ends.rotate_left(byte % 2);
        // One of the two at each byte in every run, both where there is time.
        for cut in ends.into_iter().take(times(1, 2)) {
            let before = portal.record().ask(|seen| seen.refreshes);
            portal.faults().next(Endpoint::Refresh, cut);
            let refreshed = renew(&ports, &profile).await.unwrap();
            assert_eq!(refreshed.failure, None, "at byte {byte} of {length}");
            let after = portal.record().ask(|seen| seen.refreshes);
            assert_eq!(
                (after.renewed, after.repeated),
                (before.renewed + 1, before.repeated + 1),
                "at byte {byte}"
            );
        }
    }
    let refreshes = portal.record().seen().refreshes;
    assert_eq!((refreshes.reused, refreshes.refused), (0, 0));
}

/// Fault 5: an answer that begins and then says nothing is given up after 2 s, and the repeat falls into the grace.
#[tokio::test]
async fn an_answer_that_stalls_at_any_byte_is_recovered() {
    let (keyfob, portal, gate) = (Keyfob::new(), forgiving().await, Gate::new());
    let ports = ports(&keyfob);
    let first = signed_in(&ports, "a", &portal).await;
    let length = answer_length(&ports, &first, &portal).await;
    let stalls: Vec<usize> = (1..length).step_by(length / 24).collect();
    let mut profiles = Vec::new();
    for number in 0..stalls.len() {
        profiles.push(signed_in(&ports, &format!("p{number}"), &portal).await);
    }
    for byte in &stalls {
        portal.faults().next(Endpoint::Refresh, Fault::none().stall_at(*byte, &gate));
    }
    let began = Instant::now();
    let renewed = futures_util::future::join_all(profiles.iter().map(|profile| renew(&ports, profile))).await;
    for (byte, refreshed) in stalls.iter().zip(renewed) {
        assert_eq!(refreshed.unwrap().failure, None, "stalled at {byte}");
    }
    // Two seconds of silence and the repeat; a machine that does more than this takes its time.
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    let refreshes = portal.record().seen().refreshes;
    assert_eq!((refreshes.reused, refreshes.refused), (0, 0));
    gate.open();
}

/// Fault 5: cut at every try, the answer is lost for now; the intent stays, and the next try makes it good.
#[tokio::test]
async fn an_answer_lost_at_every_try_keeps_the_intent_for_the_next() {
    let (keyfob, portal) = (Keyfob::new(), forgiving().await);
    let ports = ports(&keyfob);
    let profile = signed_in(&ports, "a", &portal).await;
    portal.faults().from_then_on(Endpoint::Refresh, Fault::none().cut_at(40));
    let began = Instant::now();
    let refreshed = renew(&ports, &profile).await.unwrap();
    assert!(refreshed.failure.unwrap().is_temporary());
    assert!(began.elapsed() >= Duration::from_secs(4), "as long as servers forgive a repeat");
    portal.faults().clear(Endpoint::Refresh);
    let kept = record(&ports, "a").await.sign_in.unwrap();
    assert!(kept.intent.is_some() && kept.dead.is_none());
    renew(&ports, &profile).await.unwrap();
    let sign_in = record(&ports, "a").await.sign_in.unwrap();
    assert!(sign_in.intent.is_none());
    assert_ne!(sign_in.tokens.access_token, kept.tokens.access_token);
    assert_eq!(portal.record().seen().refreshes.reused, 0);
}

/// Fault 6: where nothing is forgiven, only this profile asks for a sign-in, within 5 s, with its record kept.
#[tokio::test]
async fn a_lost_answer_without_grace_hurts_one_profile_alone_and_soon() {
    let options = PortalOptions { refresh_grace: Duration::ZERO, ..PortalOptions::default() };
    let (keyfob, portal) = (Keyfob::new(), Portal::start(options).await.unwrap());
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    keyfob.sign_in_to("b", &portal.mcp_url()).await;
    let before = record(&ports(&keyfob), "a").await.sign_in.unwrap().tokens;
    portal.faults().next(Endpoint::Refresh, Fault::lost_answer());
    let began = Instant::now();
    keyfob.run(["refresh", "a"]).await.expect_code(4).says("hint: keyfob sign-in a");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let kept = record(&ports(&keyfob), "a").await.sign_in.unwrap();
    assert_eq!(kept.tokens, before);
    assert!(matches!(kept.dead, Some(SignInNeeded::Ended { .. })));
    keyfob.must(["refresh", "b"]).await;
    assert_eq!(keyfob.status("b").await["state"], "active");
}

/// Fault 5, at the command's door: a stall after the first bytes is over in seconds, and the token is new.
#[tokio::test]
async fn a_command_whose_answer_stalls_ends_well_and_soon() {
    let (keyfob, portal, gate) = (Keyfob::new(), portal().await, Gate::new());
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let before = keyfob.must(["token", "a"]).await;
    portal.faults().next(Endpoint::Refresh, Fault::none().stall_at(120, &gate));
    let began = Instant::now();
    keyfob.must(["refresh", "a"]).await;
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    assert_ne!(keyfob.must(["token", "a"]).await, before);
    let refreshes = portal.record().seen().refreshes;
    assert_eq!((refreshes.renewed, refreshes.repeated, refreshes.reused), (1, 1, 0));
    gate.open();
}

/// Fault 20: no new refresh token means that the old one goes on; one that comes back empty as well.
#[tokio::test]
async fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    let portal = portal().await;
    portal.change(|o| o.token.rotation = keyfob_demo::oddities::Rotation::Omitted);
    let keyfob = Keyfob::new();
    let ports = ports(&keyfob);
    let profile = signed_in(&ports, "a", &portal).await;
    let kept = record(&ports, "a").await.sign_in.unwrap().tokens.refresh_token;
    for _ in 0..3 {
        assert_eq!(renew(&ports, &profile).await.unwrap().failure, None::<Failure>);
        assert_eq!(record(&ports, "a").await.sign_in.unwrap().tokens.refresh_token, kept);
    }
    assert_eq!(portal.record().seen().refreshes.renewed, 3);
}
