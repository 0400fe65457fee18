//! Servers as they are (the oddities seen on the wire), at the command's door.

use std::time::Duration;

use chrono::TimeDelta;
use keyfob_core::moment::Moment;
use keyfob_demo::oddities::{
    ExpiredToken, GraceAnswer, Oddities, OldAccessToken, RefreshTokens, Refusal, SecondSignIn, WrongToken,
};
use keyfob_demo::{Clock, Endpoint, Fault, Gate, Portal, PortalOptions, Seen};
use keyfob_tests::{Keyfob, portal_with};

use crate::SOON;
use crate::callers::{bridge, processes};
use crate::in_process::{change, expire, ports, record};

const FOR_EVER: Duration = Duration::MAX;

/// A portal like this server, with its grace, and a user signed in to it.
async fn signed_in_at(oddities: Oddities, grace: Duration) -> (Keyfob, Portal) {
    let options = PortalOptions { oddities, refresh_grace: grace, ..PortalOptions::default() };
    let (keyfob, portal) = (Keyfob::new(), Portal::start(options).await.unwrap());
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    (keyfob, portal)
}

fn seen_servers() -> Vec<(&'static str, Oddities, Duration)> {
    vec![
        ("cloudflare", Oddities::cloudflare(), FOR_EVER),
        ("oidc-provider", Oddities::oidc_provider(), Duration::ZERO),
        ("better-auth", Oddities::better_auth(), FOR_EVER),
        ("fastmcp", Oddities::fastmcp(), Duration::ZERO),
        ("typescript-sdk", Oddities::typescript_sdk(), Duration::ZERO),
        ("glewlwyd", Oddities::glewlwyd(), Duration::ZERO),
    ]
}

/// Oddity 1: by status and words, with the record kept each time and never a second request in a row.
#[tokio::test]
async fn a_refused_renewal_is_judged_by_its_words_and_keeps_the_record() {
    let table = [
        (Refusal::error(400, "invalid_grant"), 4, "needs-sign-in"),
        (Refusal::error(401, "invalid_grant"), 4, "needs-sign-in"),
        (Refusal::error(500, "server_error"), 5, "retrying"),
        (Refusal::Empty { status: 400 }, 5, "retrying"),
    ];
    for (refusal, code, state) in table {
        let portal = portal_with(|o| o.token.refused_refresh = refusal.clone()).await;
        let keyfob = Keyfob::new();
        keyfob.sign_in_to("a", &portal.mcp_url()).await;
        let before = record(&ports(&keyfob), "a").await.sign_in.unwrap().tokens;
        portal.end_sign_ins();
        keyfob.run(["refresh", "a"]).await.expect_code(code);
        assert_eq!(keyfob.status("a").await["state"], state, "{refusal:?}");
        assert_eq!(record(&ports(&keyfob), "a").await.sign_in.unwrap().tokens, before, "{refusal:?}");
        assert_eq!(portal.record().count(Endpoint::Refresh), 1, "{refusal:?}");
    }
}

/// Oddity 2: recovered where the server forgives it; elsewhere a new sign-in is asked for, after one repeat.
#[tokio::test]
async fn a_lost_answer_is_recovered_where_the_server_allows_it_and_said_where_not() {
    for (server, oddities, grace) in seen_servers() {
        let renews = oddities.token.refresh_tokens != RefreshTokens::Never;
        if !renews {
            continue;
        }
        let empty = matches!(oddities.token.refused_refresh, Refusal::Empty { .. });
        let (keyfob, portal) = signed_in_at(oddities, grace).await;
        portal.faults().next(Endpoint::Refresh, Fault::lost_answer());
        let code = match (grace.is_zero(), empty) {
            (false, _) => 0,
            (true, false) => 4,
            // An empty answer proves nothing: it is tried again later.
            (true, true) => 5,
        };
        let output = keyfob.run(["refresh", "a"]).await;
        assert_eq!(output.code, Some(code), "{server}: {}", output.stderr);
        assert_eq!(portal.record().count(Endpoint::Refresh), 2, "{server}");
        assert!(record(&ports(&keyfob), "a").await.sign_in.is_some(), "{server}");
    }
}

/// Oddity 3: where two refreshers both succeed and one holds a dead token, there are never two.
#[tokio::test]
async fn where_the_last_pair_alone_lives_everybody_has_it() {
    let mut oddities = Oddities::cloudflare();
    oddities.token.grace = GraceAnswer::LastPairLives;
    let (keyfob, portal) = signed_in_at(oddities, FOR_EVER).await;
    for _ in 0..3 {
        expire(&ports(&keyfob), "a").await;
        assert_eq!(processes(&keyfob, 12).await.len(), 1);
    }
    let seen = portal.record().seen();
    assert_eq!((seen.refreshes.renewed, seen.refreshes.repeated), (3, 0));
    keyfob.must(["refresh", "a"]).await;
    keyfob.must(["call", "a", "whoami"]).await;
}

/// Oddity 4: two profiles at one portal are two clients, so that neither consent ends the other's sign-in.
#[tokio::test]
async fn two_profiles_at_one_portal_do_not_end_each_other() {
    let portal = portal_with(|o| o.sign_in.second_sign_in = SecondSignIn::EndsFirstAtConsent).await;
    let keyfob = Keyfob::new();
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    keyfob.sign_in_to("b", &portal.mcp_url()).await;
    assert_eq!(portal.record().seen().registrations.len(), 2);
    for name in ["a", "b"] {
        keyfob.must(["refresh", name]).await;
        keyfob.must(["call", name, "whoami"]).await;
    }
}

/// Oddity 5: no token is sent past its end, neither by a call nor by a bridge, because it would take the sign-in with it.
#[tokio::test]
async fn a_token_past_its_end_is_never_shown_to_the_server() {
    let portal = portal_with(|o| o.token.expired_token = ExpiredToken::EndsGrant).await;
    let keyfob = Keyfob::new();
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut bridge = bridge(&keyfob).await;
    // All that a bridge sends by itself at its start, before the portal's time moves on.
    bridge.calls(1).await;
    let listens = |seen: &Seen| seen.at(Endpoint::Mcp).any(|request| request.method == http::Method::GET);
    portal.record().wait_for(listens, SOON).await.unwrap();
    let refused = portal.record().ask(|seen| seen.mcp_refused);
    for renewals in 1..=3 {
        // In this order: whatever a bridge sends by itself in between has a token that the portal still takes.
        expire(&ports(&keyfob), "a").await;
        portal.clock().advance(Duration::from_mins(3));
        if renewals == 2 {
            keyfob.must(["call", "a", "whoami"]).await;
        } else {
            bridge.calls(8).await;
        }
        let seen = portal.record().seen();
        assert_eq!((seen.refreshes.renewed, seen.mcp_refused), (renewals, refused));
    }
    bridge.ended().await;
}

/// Oddity 6: a request under way while another process renews is refused, and sent once more with the new token; that
/// makes no further renewal.
#[tokio::test]
async fn a_request_overtaken_by_a_renewal_is_sent_again_with_the_new_token() {
    let portal = portal_with(|o| o.token.old_access_token = OldAccessToken::Dies).await;
    let (keyfob, gate) = (Keyfob::new(), Gate::new());
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut bridge = bridge(&keyfob).await;
    portal.faults().next(Endpoint::McpCall, Fault::none().hold_before_work(&gate));
    let renewal = async {
        portal.record().wait_for(|seen| seen.count(Endpoint::McpCall) == 1, SOON).await.unwrap();
        keyfob.must(["refresh", "a"]).await;
        gate.open();
    };
    tokio::join!(bridge.calls(1), renewal);
    let seen = portal.record().seen();
    assert_eq!(
        (seen.count(Endpoint::McpCall), seen.tool_calls.len(), seen.count(Endpoint::Refresh)),
        (2, 1, 1)
    );
    bridge.ended().await;
}

/// Oddity 7: refused in the last minute before an end that nobody told; no end is invented, and what was seen is learned.
#[tokio::test]
async fn a_sign_in_that_ends_a_minute_early_is_learned_and_not_invented() {
    let (clock, oddities) = (Clock::stopped(), Oddities::cloudflare());
    let lifetime = Some(Duration::from_secs(100));
    let options = PortalOptions { clock, oddities, sign_in_lifetime: lifetime, ..PortalOptions::default() };
    let (keyfob, portal) = (Keyfob::new(), Portal::start(options).await.unwrap());
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let known = keyfob.status("a").await["sign_in"].clone();
    assert_eq!((&known["known"], known["ends_at"].is_null()), (&"unknown".into(), true));
    portal.clock().advance(Duration::from_secs(45));
    // As if it had begun a week ago: what ends within minutes teaches nothing.
    change(&ports(&keyfob), "a", |credential| {
        let since = &mut credential.sign_in.as_mut().unwrap().since;
        (since.wall, since.boot_id) = (since.wall - chrono::TimeDelta::days(7), "an earlier one".into());
    })
    .await;
    keyfob.run(["refresh", "a"]).await.expect_code(4);
    let learned = record(&ports(&keyfob), "a").await.learned_lifetimes;
    assert_eq!(learned.iter().map(chrono::TimeDelta::num_days).collect::<Vec<_>>(), [7]);
    assert_eq!(keyfob.status("a").await["state"], "needs-sign-in");
}

/// Oddity 8: `offline_access` with consent where it takes that; and no refresh token at all is said and no error.
#[tokio::test]
async fn a_refresh_token_is_got_where_it_takes_asking_and_its_absence_is_no_error() {
    for wants in [RefreshTokens::OfflineAccess, RefreshTokens::OfflineAccessWithConsent] {
        let portal = portal_with(|o| o.token.refresh_tokens = wants).await;
        let keyfob = Keyfob::new();
        keyfob.sign_in_to("a", &portal.mcp_url()).await;
        keyfob.must(["refresh", "a"]).await;
        assert_eq!(portal.record().seen().refreshes.renewed, 1, "{wants:?}");
    }
    let portal = portal_with(|o| o.token.refresh_tokens = RefreshTokens::Never).await;
    let keyfob = Keyfob::new();
    let told = keyfob.run(["add", "a", &portal.mcp_url(), "--sign-in"]).await.expect_code(0);
    assert!(told.stderr.contains("not renew") || told.stderr.contains("no refresh token"), "{}", told.stderr);
    keyfob.must(["token", "a"]).await;
    assert_eq!(keyfob.status("a").await["state"], "active");
}

/// What a client must have said at its registration (oddity 10).
fn says_all_at_registration(seen: &Seen) {
    let metadata = &seen.registrations[0].metadata;
    assert_eq!(metadata["application_type"], "native");
    assert_eq!(metadata["token_endpoint_auth_method"], "none");
    assert!(metadata["grant_types"].to_string().contains("refresh_token"), "{metadata}");
}

/// Oddity 10, oddity 11, oddity 13, oddity 14, oddity 17: each server that was measured, from sign-in to sign-out.
#[tokio::test]
async fn every_server_seen_is_signed_in_to_called_renewed_and_left() {
    for (server, oddities, grace) in seen_servers() {
        let renews = oddities.token.refresh_tokens != RefreshTokens::Never;
        let (keyfob, portal) = signed_in_at(oddities, grace).await;
        says_all_at_registration(&portal.record().seen());
        keyfob.must(["call", "a", "whoami"]).await;
        if renews {
            keyfob.must(["refresh", "a"]).await;
            keyfob.must(["call", "a", "whoami"]).await;
        }
        // Again, with the client there is: the same port, because some match it exactly.
        keyfob.must(["sign-in", "a", "--timeout", "20s"]).await;
        keyfob.must(["call", "a", "whoami"]).await;
        let seen = portal.record().seen();
        let redirects: std::collections::BTreeSet<_> =
            seen.at(Endpoint::Authorize).filter_map(|request| request.parameter("redirect_uri")).collect();
        assert_eq!((redirects.len(), seen.registrations.len()), (1, 1), "{server}");
        let sent = seen.at(Endpoint::McpCall).filter_map(|request| request.header("authorization"));
        assert!(sent.into_iter().all(|bearer| bearer.starts_with("Bearer ")), "{server}");
        keyfob.must(["sign-out", "a"]).await;
        assert_eq!(keyfob.status("a").await["state"], "signed-out", "{server}");
    }
}

/// Oddity 11: an error page that leads nowhere back ends the sign-in at its own deadline, and changes nothing.
#[tokio::test]
async fn an_error_page_that_leads_nowhere_ends_at_the_deadline() {
    let portal = portal_with(|_| {}).await;
    let keyfob = Keyfob::new();
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let token = keyfob.must(["token", "a"]).await;
    for status in [400, 403, 500] {
        portal.faults().next(Endpoint::Authorize, Fault::html(status));
        keyfob.run(["sign-in", "a", "--timeout", "1s"]).await.expect_code(8);
        assert_eq!(keyfob.must(["token", "a"]).await, token);
        assert_eq!(keyfob.status("a").await["state"], "active");
    }
}

/// Oddity 15: a token shorter than usual, because the sign-in ends, is taken as short as it is; and a sign-out where a copy
/// would work on says so.
#[tokio::test]
async fn a_capped_lifetime_is_believed_and_a_copy_that_works_on_is_told() {
    let (clock, mut oddities) = (Clock::stopped(), Oddities::glewlwyd());
    oddities.token.sign_in_span = keyfob_demo::oddities::SignInSpan::FromSignIn;
    let lifetime = Some(Duration::from_secs(150));
    let options = PortalOptions { clock, oddities, sign_in_lifetime: lifetime, ..PortalOptions::default() };
    let (keyfob, portal) = (Keyfob::new(), Portal::start(options).await.unwrap());
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    portal.clock().advance(Duration::from_secs(100));
    keyfob.must(["refresh", "a"]).await;
    let tokens = record(&ports(&keyfob), "a").await.sign_in.unwrap().tokens;
    assert_eq!(tokens.lifetime.num_seconds(), 50);
    keyfob.run(["sign-out", "a"]).await.expect_code(0).says("a copy of the tokens would work until");
}

/// Oddity 16: a 500 for a wrong token is passed on and renews nothing while the token has time left; at its end the token is
/// renewed before it is shown, so that the 500 never comes.
#[tokio::test]
async fn a_500_for_a_token_with_time_left_renews_nothing() {
    let portal = portal_with(|o| o.mcp.wrong_token = WrongToken::ServerError).await;
    let keyfob = Keyfob::new();
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    portal.kill_access_tokens();
    keyfob.run(["call", "a", "whoami"]).await.expect_code(5);
    assert_eq!(portal.record().count(Endpoint::Refresh), 0);
    expire(&ports(&keyfob), "a").await;
    keyfob.must(["call", "a", "whoami"]).await;
    assert_eq!(portal.record().count(Endpoint::Refresh), 1);
}

/// Oddity 12: what the reminder promises. A sign-in that began with a registration in its last days would end with it.
#[tokio::test]
async fn a_sign_in_within_the_reminders_marks_of_its_registrations_end_registers_anew() {
    let (keyfob, portal) = signed_in_at(Oddities::default(), Duration::ZERO).await;
    for (days_left, registrations) in [(20, 1), (5, 2)] {
        change(&ports(&keyfob), "a", |credential| {
            let sign_in = credential.sign_in.as_mut().unwrap();
            let began = chrono::Utc::now() - TimeDelta::days(30);
            sign_in.since = Moment { wall: began, boot_ms: 0, boot_id: "an earlier one".into() };
            let registration = credential.registration.as_mut().unwrap();
            registration.secret_expires_at = Some(chrono::Utc::now() + TimeDelta::days(days_left));
        })
        .await;
        keyfob.must(["sign-in", "a", "--timeout", "20s"]).await;
        assert_eq!(portal.record().count(Endpoint::Registration), registrations, "{days_left} days left");
    }
}
