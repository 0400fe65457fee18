//! What a token endpoint, or whatever sits in its place, says instead of a token: how long keyfob then waits, and that the
//! record outlives all of it.

use chrono::{TimeDelta, Utc};
use keyfob_agent::ports::Ports;
use keyfob_core::failure::{Failure, Temporary};
use keyfob_core::profile::Profile;
use keyfob_demo::{Endpoint, Fault, Portal};
use keyfob_tests::{Keyfob, portal};

use crate::in_process::{change, ports, record, renew, signed_in};

async fn start() -> (Keyfob, Portal, Ports, Profile) {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    let ports = ports(&keyfob);
    let profile = signed_in(&ports, "a", &portal).await;
    (keyfob, portal, ports, profile)
}

/// Renews against this fault; the failure, and how long it is to be waited.
async fn answered(ports: &Ports, profile: &Profile, portal: &Portal, fault: Fault) -> (Failure, TimeDelta) {
    // As if nothing had failed before.
    change(ports, "a", |credential| credential.sign_in.as_mut().unwrap().waiting = None).await;
    portal.faults().next(Endpoint::Refresh, fault);
    let refreshed = renew(ports, profile).await.expect("a transaction");
    let waiting = refreshed.credential.sign_in.unwrap().waiting.expect("a time to wait");
    (refreshed.failure.expect("no token"), waiting.until.wall - ports.clock.now().wall)
}

fn about(wait: TimeDelta, seconds: i64) -> bool {
    (wait - TimeDelta::seconds(seconds)).abs() <= TimeDelta::seconds(3)
}

/// Fault 13: seconds, a date, an age of the universe and junk, by either header.
#[tokio::test]
async fn a_named_wait_is_kept_clamped_and_never_a_hammer() {
    let (_keyfob, portal, ports, profile) = start().await;
    let date = (Utc::now() + TimeDelta::seconds(300)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let past = "Wed, 01 Jan 2020 00:00:00 GMT";
    let hour = 3_600;
    let table = [
        ("5", 5, 5),
        (date.as_str(), 300, 300),
        ("1000000000000", hour, hour),
        ("99999999999999999999999999", hour, hour),
        // Junk names no time: the usual pause, and half a minute for 429.
        ("soon", 30, 1),
        ("-5", 30, 1),
        ("", 30, 1),
        (past, 1, 1),
        ("0", 1, 1),
    ];
    for (value, at_429, at_503) in table {
        for header in ["retry-after", "x-retry-after"] {
            for (status, expected) in [(429, at_429), (503, at_503)] {
                let fault = Fault::empty(status).header(header, value);
                let (failure, wait) = answered(&ports, &profile, &portal, fault).await;
                assert!(failure.is_temporary(), "{status} {header}: {value}: {failure:?}");
                assert!(about(wait, expected), "{status} {header}: {value}: {wait} instead of {expected} s");
                assert!(wait > TimeDelta::milliseconds(500), "{status} {header}: {value}: {wait}");
            }
        }
    }
}

/// Fault 13: a keeper before a server that is down asks again after 1, 2, 4 s and not in between.
#[tokio::test]
async fn a_keeper_does_not_hammer_a_server_that_is_down() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    crate::in_process::expire(&ports(&keyfob), "a").await;
    portal.faults().from_then_on(Endpoint::Refresh, Fault::empty(503));
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let four =
        portal.record().wait_for(|seen| seen.count(Endpoint::Refresh) == 4, crate::SOON).await.unwrap();
    let at: Vec<i64> = four.at(Endpoint::Refresh).map(|request| request.at).collect();
    let pauses: Vec<i64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (pause, least) in pauses.iter().zip([800, 1_600, 3_200]) {
        assert!(*pause >= least, "{pauses:?}");
    }
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// What answers in a network that wants a visit to its own page first.
fn captive_portals() -> Vec<(Fault, bool)> {
    let html = "<!doctype html><title>Sign in to this network</title>";
    let gzip = |status| {
        Fault::answer(status, "application/json", &b"\x1f\x8b\x08\x00garbage"[..])
            .header("content-encoding", "gzip")
    };
    let mut corpus: Vec<_> = [200, 302, 401, 403, 404, 511]
        .into_iter()
        .flat_map(|status| {
            [
                (Fault::html(status), true),
                (Fault::answer(status, "application/json", html), true),
                (Fault::answer(status, "", html), true),
                (gzip(status), true),
                // Nothing at all speaks of trouble, not of a stranger; a redirect is always a stranger's.
                (Fault::empty(status), status == 302),
            ]
        })
        .collect();
    corpus.push((Fault::redirect(307, "http://192.168.1.1/login"), true));
    corpus.push((Fault::answer(200, "application/json", "[]"), true));
    corpus.push((Fault::answer(200, "application/json", "\"welcome\""), true));
    corpus.push((Fault::answer(200, "application/json", &b"\xff\xfe{\x00"[..]), true));
    corpus
}

/// Fault 15: none of it says anything about the sign-in, and the record stays as it was but for the pause.
#[tokio::test]
async fn whatever_a_captive_portal_says_is_temporary_and_the_record_is_kept() {
    let (_keyfob, portal, ports, profile) = start().await;
    let before = record(&ports, "a").await.sign_in.unwrap();
    for (number, (fault, stranger)) in captive_portals().into_iter().enumerate() {
        let what = format!("{number}: {fault:?}");
        let (failure, _) = answered(&ports, &profile, &portal, fault).await;
        assert!(failure.is_temporary(), "{what}: {failure:?}");
        assert_eq!(
            matches!(failure, Failure::Temporary(Temporary::Intercepted(_))),
            stranger,
            "{what}: {failure:?}"
        );
        let after = record(&ports, "a").await.sign_in.unwrap();
        assert_eq!((&after.tokens, &after.dead), (&before.tokens, &None), "{what}");
    }
    assert_eq!(portal.record().seen().refreshes.renewed, 0);
    change(&ports, "a", |credential| credential.sign_in.as_mut().unwrap().waiting = None).await;
    assert_eq!(renew(&ports, &profile).await.unwrap().failure, None);
}

/// Fault 15: the same words at the command's door.
#[tokio::test]
async fn a_person_is_told_that_something_on_the_network_answers() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    portal.faults().next(Endpoint::Refresh, Fault::html(200));
    keyfob.run(["refresh", "a"]).await.expect_code(5).says("something on the network answered instead");
    assert_eq!(keyfob.status("a").await["state"], "retrying");
    keyfob.must(["token", "a"]).await;
}
