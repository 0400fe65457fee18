//! Renewal: rotation, reuse, grace, ends.

use std::time::Duration;

use keyfob_demo::oddities::{
    AfterRevocation, EarlyRefresh, ExpiredToken, GraceAnswer, OldAccessToken, Override, Refusal, Reuse,
    RevocationSupport, Rotation, SignInSpan, SignInTold,
};
use keyfob_demo::{Clock, Oddities, Portal, PortalOptions, Refreshes};
use serde_json::json;

use crate::visitor::*;

async fn with_grace(seconds: u64) -> Portal {
    let options = PortalOptions {
        refresh_grace: Duration::from_secs(seconds),
        clock: Clock::stopped(),
        ..PortalOptions::default()
    };
    Portal::start(options).await.unwrap()
}

async fn odd(change: impl FnOnce(&mut Oddities)) -> Portal {
    let portal = with_grace(0).await;
    portal.change(change);
    portal
}

#[tokio::test]
async fn a_renewal_rotates_and_a_used_token_ends_the_whole_grant() {
    let portal = with_grace(0).await;
    let client = register(&portal);
    let first = sign_in(&portal, &client, &[]);
    let second = refresh(&portal, &client, &first["refresh_token"]).json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(mcp_status(&portal, &second["access_token"]), 200);
    let reused = refresh(&portal, &client, &first["refresh_token"]);
    assert_eq!((reused.status(), reused.json()["error"].clone()), (400, json!("invalid_grant")));
    assert_eq!(mcp_status(&portal, &second["access_token"]), 401);
    assert_eq!(refresh(&portal, &client, &second["refresh_token"]).status(), 400);
    let expected = Refreshes { renewed: 1, repeated: 0, reused: 1, refused: 1 };
    assert_eq!(portal.record().seen().refreshes, expected);
}

/// Fault 2: with 5 s of grace a lost answer is got back by the same token.
#[tokio::test]
async fn within_the_grace_the_token_before_is_answered_and_after_it_ends_the_grant() {
    let portal = with_grace(5).await;
    let client = register(&portal);
    let first = sign_in(&portal, &client, &[]);
    let lost = refresh(&portal, &client, &first["refresh_token"]).json();
    portal.clock().advance(Duration::from_secs(4));
    let again = refresh(&portal, &client, &first["refresh_token"]);
    assert_eq!(again.status(), 200);
    assert_eq!(mcp_status(&portal, &again.json()["access_token"]), 200);
    // Oddity 3: of the two pairs the last one lives.
    assert_eq!(refresh(&portal, &client, &lost["refresh_token"]).status(), 400);
    portal.clock().advance(Duration::from_secs(2));
    assert_eq!(refresh(&portal, &client, &first["refresh_token"]).status(), 400);
    assert_eq!(mcp_status(&portal, &again.json()["access_token"]), 401);
}

#[tokio::test]
async fn a_token_two_generations_old_is_reuse_even_within_the_grace() {
    let portal = with_grace(60).await;
    let client = register(&portal);
    let first = sign_in(&portal, &client, &[]);
    let second = refresh(&portal, &client, &first["refresh_token"]).json();
    let third = refresh(&portal, &client, &second["refresh_token"]).json();
    assert_eq!(refresh(&portal, &client, &first["refresh_token"]).status(), 400);
    assert_eq!(refresh(&portal, &client, &third["refresh_token"]).status(), 400);
}

#[tokio::test]
async fn the_grace_answers_a_new_pair_beside_or_the_same_pair() {
    let portal = with_grace(60).await;
    let client = register(&portal);
    portal.change(|odd| odd.token.grace = GraceAnswer::AllPairsLive);
    let first = sign_in(&portal, &client, &[]);
    let one = refresh(&portal, &client, &first["refresh_token"]).json();
    let two = refresh(&portal, &client, &first["refresh_token"]).json();
    assert_eq!(refresh(&portal, &client, &two["refresh_token"]).status(), 200);
    assert_eq!(refresh(&portal, &client, &one["refresh_token"]).status(), 200);
    portal.change(|odd| odd.token.grace = GraceAnswer::SamePairAgain);
    let first = sign_in(&portal, &client, &[]);
    let one = refresh(&portal, &client, &first["refresh_token"]).json();
    let two = refresh(&portal, &client, &first["refresh_token"]).json();
    assert_eq!(one["refresh_token"], two["refresh_token"]);
}

#[tokio::test]
async fn reuse_may_be_refused_without_harm_or_tolerated() {
    let portal = odd(|odd| odd.token.reuse = Reuse::Refused).await;
    let client = register(&portal);
    let first = sign_in(&portal, &client, &[]);
    let second = refresh(&portal, &client, &first["refresh_token"]).json();
    assert_eq!(refresh(&portal, &client, &first["refresh_token"]).status(), 400);
    assert_eq!(refresh(&portal, &client, &second["refresh_token"]).status(), 200);
    portal.change(|odd| odd.token.reuse = Reuse::Tolerated);
    assert_eq!(refresh(&portal, &client, &first["refresh_token"]).status(), 200);
}

/// Oddity 1: the same refusal in four shapes.
#[tokio::test]
async fn a_refused_renewal_takes_the_shape_that_the_oddities_give_it() {
    let portal = with_grace(0).await;
    let client = register(&portal);
    let refused = |refusal| {
        portal.change(|odd| odd.token.refused_refresh = refusal);
        let answer = refresh(&portal, &client, &json!("unknown"));
        (answer.status(), answer.json()["error"].clone(), answer.body().len())
    };
    assert_eq!(refused(Refusal::error(401, "invalid_grant")).0, 401);
    assert_eq!(refused(Refusal::error(500, "server_error")).1, "server_error");
    assert_eq!(refused(Refusal::Empty { status: 400 }), (400, json!(null), 0));
}

/// Fault 20 (no new refresh token) and fault 19 (refused early, or the same token back).
#[tokio::test]
async fn a_renewal_may_keep_the_refresh_token_and_may_come_too_early() {
    let portal = odd(|odd| odd.token.rotation = Rotation::Omitted).await;
    let client = register(&portal);
    let first = sign_in(&portal, &client, &[]);
    assert!(refresh(&portal, &client, &first["refresh_token"]).json()["refresh_token"].is_null());
    portal.change(|odd| odd.token.early_refresh = EarlyRefresh::Refused);
    let fresh = sign_in(&portal, &client, &[]);
    assert_eq!(refresh(&portal, &client, &fresh["refresh_token"]).json()["error"], "invalid_request");
    portal.change(|odd| odd.token.early_refresh = EarlyRefresh::SameTokenAgain);
    let same = refresh(&portal, &client, &fresh["refresh_token"]).json();
    assert_eq!(same["access_token"], fresh["access_token"]);
    portal.clock().advance(Duration::from_secs(61));
    let renewed = refresh(&portal, &client, &fresh["refresh_token"]).json();
    assert_ne!(renewed["access_token"], fresh["access_token"]);
}

/// Oddities 5 and 6.
#[tokio::test]
async fn an_old_access_token_may_die_early_and_an_expired_one_may_take_its_grant_along() {
    let portal = odd(|odd| odd.token.old_access_token = OldAccessToken::Dies).await;
    let client = register(&portal);
    let first = sign_in(&portal, &client, &[]);
    let second = refresh(&portal, &client, &first["refresh_token"]).json();
    assert_eq!(mcp_status(&portal, &first["access_token"]), 401);
    assert_eq!(mcp_status(&portal, &second["access_token"]), 200);
    portal.clock().advance(Duration::from_mins(2));
    assert_eq!(mcp_status(&portal, &second["access_token"]), 401);
    let third = refresh(&portal, &client, &second["refresh_token"]).json();
    portal.change(|odd| odd.token.expired_token = ExpiredToken::EndsGrant);
    portal.clock().advance(Duration::from_mins(2));
    assert_eq!(mcp_status(&portal, &third["access_token"]), 401);
    assert_eq!(refresh(&portal, &client, &third["refresh_token"]).status(), 400);
}

/// Oddity 7: a sign-in that is refused in its last minute, and one whose end moves.
#[tokio::test]
async fn a_sign_in_ends_when_it_was_told_or_before_or_slides() {
    let lifetime = Some(Duration::from_mins(10));
    let options =
        PortalOptions { sign_in_lifetime: lifetime, clock: Clock::stopped(), ..PortalOptions::default() };
    let portal = Portal::start(options).await.unwrap();
    let client = register(&portal);
    let first = sign_in(&portal, &client, &[]);
    assert_eq!(first["refresh_token_expires_in"], 600);
    portal.clock().advance(Duration::from_secs(545));
    let late = refresh(&portal, &client, &first["refresh_token"]).json();
    assert_eq!(
        (late["refresh_token_expires_in"].clone(), late["expires_in"].clone()),
        (json!(55), json!(55))
    );
    portal.change(|odd| odd.token.refused_before_end = Duration::from_mins(1));
    assert_eq!(refresh(&portal, &client, &late["refresh_token"]).status(), 400);
    portal.change(|odd| {
        odd.token.sign_in_span = SignInSpan::FromRefresh;
        odd.token.sign_in_told = SignInTold::ToldAs("x_ends_in".into());
    });
    assert_eq!(refresh(&portal, &client, &late["refresh_token"]).json()["x_ends_in"], 600);
}

/// H7, H8 and oddity 17.
#[tokio::test]
async fn revoking_ends_the_grant_unless_tokens_live_on_or_the_client_is_public() {
    let portal = with_grace(0).await;
    let client = register(&portal);
    let revoke = |token: &serde_json::Value| {
        form(&portal, "/revoke", &[("client_id", &client), ("token", token.as_str().unwrap())]).status()
    };
    let first = sign_in(&portal, &client, &[]);
    assert_eq!(revoke(&first["refresh_token"]), 200);
    assert_eq!(mcp_status(&portal, &first["access_token"]), 401);
    assert_eq!(portal.record().seen().revoked, [first["refresh_token"].as_str().unwrap()]);
    assert_eq!(revoke(&json!("unknown")), 200);
    portal.change(|odd| odd.token.after_revocation = AfterRevocation::AccessTokenLivesOn);
    let second = sign_in(&portal, &client, &[]);
    assert_eq!(revoke(&second["refresh_token"]), 200);
    assert_eq!(mcp_status(&portal, &second["access_token"]), 200);
    assert_eq!(refresh(&portal, &client, &second["refresh_token"]).status(), 400);
    portal.change(|odd| odd.token.revocation = RevocationSupport::ConfidentialOnly);
    assert_eq!(revoke(&second["refresh_token"]), 401);
    portal.change(|odd| odd.token.revocation = RevocationSupport::NoEndpoint);
    assert_eq!(revoke(&second["refresh_token"]), 404);
}

#[tokio::test]
async fn another_clients_refresh_token_is_refused_and_stays_good() {
    let portal = with_grace(0).await;
    let (client, thief) = (register(&portal), register(&portal));
    let tokens = sign_in(&portal, &client, &[]);
    assert_eq!(refresh(&portal, &thief, &tokens["refresh_token"]).status(), 400);
    assert_eq!(refresh(&portal, &client, &tokens["refresh_token"]).status(), 200);
}

#[tokio::test]
async fn an_administrator_ends_sign_ins_tokens_and_registrations() {
    let portal = with_grace(0).await;
    let client = register(&portal);
    let tokens = sign_in(&portal, &client, &[]);
    portal.kill_access_tokens();
    assert_eq!(mcp_status(&portal, &tokens["access_token"]), 401);
    let renewed = refresh(&portal, &client, &tokens["refresh_token"]).json();
    portal.end_sign_ins();
    assert_eq!(refresh(&portal, &client, &renewed["refresh_token"]).json()["error"], "invalid_grant");
    portal.forget_clients();
    assert_eq!(refresh(&portal, &client, &renewed["refresh_token"]).json()["error"], "invalid_client");
}

/// F2 and F3: a token answer with a member replaced or missing.
#[tokio::test]
async fn a_token_answer_may_lie_about_its_members() {
    let overrides = vec![Override::with("expires_in", "soon"), Override::without("token_type")];
    let portal = odd(|odd| odd.token.answer_overrides = overrides).await;
    let tokens = sign_in(&portal, &register(&portal), &[]);
    assert_eq!(tokens["expires_in"], "soon");
    assert!(tokens.get("token_type").is_none());
    assert_eq!(mcp_status(&portal, &tokens["access_token"]), 200);
}

/// Rule 9 of the refresh transaction: the server's `Date` tells the skew.
#[tokio::test]
async fn the_date_header_tells_the_portals_own_time() {
    let portal = with_grace(0).await;
    portal.clock().advance(Duration::from_hours(24 * 366 * 100));
    let year: u32 = get(&portal, "/").header("date").unwrap().split(' ').nth(3).unwrap().parse().unwrap();
    assert!(year >= 2126, "{year}");
    portal.clock().advance(Duration::MAX);
    assert!(get(&portal, "/").header("date").unwrap().contains(" 9999 "));
}
