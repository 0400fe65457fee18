//! Signing in with a code typed on another device (RFC 8628).

use std::time::Duration;

use keyfob_demo::oddities::{DeviceBody, DeviceInterval, DevicePolling, Oddities, Override, RefreshTokens};
use keyfob_demo::{Consent, Endpoint, Fault, Portal, PortalOptions};
use keyfob_tests::Keyfob;
use serde_json::{Value, json};

/// A portal that may be polled each second.
async fn portal(change: impl FnOnce(&mut Oddities)) -> Portal {
    let mut options = PortalOptions::default();
    options.oddities.token.device_interval = DeviceInterval::Told(1);
    change(&mut options.oddities);
    Portal::start(options).await.unwrap()
}

fn add(url: &str) -> [&str; 7] {
    ["add", "tv", url, "--grant", "device", "--sign-in", "--no-browser"]
}

/// The code as it stands on standard error.
async fn code_of(running: &mut keyfob_tests::Running) -> String {
    running.stderr_line("enter").await.trim().trim_start_matches("enter").trim().to_owned()
}

/// H1, H4, H5: page, site and code are shown, the code beside the address that holds it; the device code is shown nowhere;
/// polls keep the interval.
#[tokio::test]
async fn a_code_typed_elsewhere_signs_in_and_the_sign_in_is_renewed_as_any_other() {
    let portal = portal(|_| {}).await;
    let keyfob = Keyfob::new().with("KEYFOB_LOG", "trace");
    let mut running = keyfob.spawn(add(&portal.mcp_url()));
    let page = running.stderr_line("  open ").await;
    assert!(page.contains(&format!("{}/device", portal.origin())), "{page}");
    let code = code_of(&mut running).await;
    let complete = running.stderr_line("or open").await;
    assert!(complete.contains(&code), "{complete}");
    running.stderr_line("Allow it only at 127.0.0.1").await;
    let pending = |seen: &keyfob_demo::Seen| seen.answered(Endpoint::Token) >= 2;
    portal.record().wait_for(pending, Duration::from_secs(20)).await.unwrap();
    assert!(portal.allow_device(&code));
    let ended = running.ended().await.expect_code(0).says("signed in to tv");

    let seen = portal.record().seen();
    let polls: Vec<_> = seen.at(Endpoint::Token).collect();
    assert!(polls.windows(2).all(|pair| pair[1].at - pair[0].at >= 1_000), "polled too fast");
    let device_code = polls[0].parameter("device_code").unwrap();
    let log = keyfob.must(["log", "--json"]).await;
    assert!(
        ![&ended.stderr, &ended.stdout, &log].iter().any(|text| text.contains(device_code)),
        "{}",
        ended.stderr
    );
    assert_eq!(seen.registrations[0].metadata["redirect_uris"], json!([]));

    keyfob.must(["refresh", "tv"]).await;
    assert_eq!(portal.record().seen().refreshes.renewed, 1);
    assert_eq!(keyfob.status("tv").await["state"], "active");
    assert!(keyfob.must(["call", "tv", "whoami"]).await.contains("ada@example.com"));
}

/// A browser on this machine is opened on the complete address.
#[tokio::test]
async fn a_browser_here_is_opened_on_the_address_with_the_code() {
    let portal = portal(|_| {}).await;
    let keyfob = Keyfob::new();
    let url = portal.mcp_url();
    keyfob
        .run(["add", "tv", &url, "--grant", "device", "--sign-in"])
        .await
        .expect_code(0)
        .says("Your browser opens");
    assert_eq!(
        portal.record().seen().last(Endpoint::DevicePage).unwrap().parameter("user_code").map(str::len),
        Some(9)
    );
}

/// F5: endpoints that read JSON alone, and a token that lives for days and cannot be renewed: the profile is kept, its end is
/// the token's, a new sign-in with a code renews it.
#[tokio::test]
async fn a_server_that_reads_json_and_gives_no_refresh_token_gives_a_sign_in_with_a_known_end() {
    let mut options =
        PortalOptions { access_token_lifetime: Duration::from_hours(30 * 24), ..PortalOptions::default() };
    options.oddities.token.device_interval = DeviceInterval::Told(1);
    options.oddities.token.device_body = DeviceBody::JsonOnly;
    options.oddities.token.refresh_tokens = RefreshTokens::Never;
    options.oddities.token.answer_overrides = vec![Override::with("refresh_token", "")];
    let portal = Portal::start(options).await.unwrap();
    let keyfob = Keyfob::new();
    let url = portal.mcp_url();
    let ended = keyfob.run(["add", "tv", &url, "--grant", "device", "--sign-in"]).await;
    ended.expect_code(0).says("the server gave no refresh token").says("cannot be renewed");
    let status = keyfob.status("tv").await;
    assert_eq!((&status["state"], &status["next_refresh_at"]), (&json!("active"), &Value::Null));
    assert_eq!(status["sign_in"]["ends_at"], status["access_token"]["expires_at"]);
    assert_eq!((&status["sign_in"]["known"], &status["sign_in"]["asked"]), (&json!("server"), &json!(false)));
    let first = keyfob.must(["token", "tv"]).await;
    keyfob.run(["refresh", "tv"]).await.expect_code(4).says("hint: keyfob sign-in tv");
    assert_eq!(keyfob.must(["token", "tv"]).await, first, "a refused refresh took the token away");
    keyfob.must(["sign-in", "tv"]).await;
    assert_ne!(keyfob.must(["token", "tv"]).await, first);
    let seen = portal.record().seen();
    assert_eq!((seen.registrations.len(), seen.count(Endpoint::Refresh)), (1, 0));
    let refused = seen
        .at(Endpoint::DeviceAuthorization)
        .filter(|r| r.header("content-type") != Some("application/json"));
    assert_eq!(refused.count(), 2, "a form is tried once per sign-in");
}

/// H3: no, too late, and out of patience each end it, at once and without a second code.
#[tokio::test]
async fn a_decline_an_end_of_the_code_and_the_end_of_patience_each_end_it() {
    let portal = portal(|_| {}).await;
    portal.set_consent(Consent::Declined);
    let keyfob = Keyfob::new();
    let url = portal.mcp_url();
    keyfob
        .run(["add", "tv", &url, "--grant", "device", "--sign-in"])
        .await
        .expect_code(8)
        .says("was declined");
    portal.faults().next(Endpoint::Token, Fault::error(400, "expired_token"));
    keyfob.run(["sign-in", "tv", "--no-browser"]).await.expect_code(8).says("nobody finished");
    keyfob
        .run(["sign-in", "tv", "--no-browser", "--timeout", "1s"])
        .await
        .expect_code(8)
        .says("nobody finished");
    portal.change(|oddities| oddities.token.device_overrides = vec![Override::with("expires_in", 1)]);
    keyfob.run(["sign-in", "tv", "--no-browser"]).await.expect_code(8).says("nobody finished");
    let seen = portal.record().seen();
    assert_eq!((seen.count(Endpoint::DeviceAuthorization), seen.count(Endpoint::Token)), (4, 2));
    assert_eq!(keyfob.status("tv").await["state"], "signed-out");
}

/// H3, oddity 1: every other error ends it, with the server's own word.
#[tokio::test]
async fn any_other_error_of_a_poll_ends_it() {
    let portal = portal(|_| {}).await;
    let keyfob = Keyfob::new();
    portal.faults().next(Endpoint::Token, Fault::error(401, "invalid_grant"));
    keyfob.run(add(&portal.mcp_url())).await.expect_code(7).says("invalid_grant");
    assert_eq!(portal.record().count(Endpoint::Token), 1);
}

/// H2: trouble on the way is no answer: the polls go on.
#[tokio::test]
async fn trouble_on_the_way_does_not_end_it() {
    let portal = portal(|_| {}).await;
    let keyfob = Keyfob::new();
    portal.faults().next(Endpoint::Token, Fault::cut_before_work());
    portal.faults().next(Endpoint::Token, Fault::html(502));
    let url = portal.mcp_url();
    keyfob.run(["add", "tv", &url, "--grant", "device", "--sign-in"]).await.expect_code(0);
    let seen = portal.record().seen();
    let at: Vec<_> = seen.at(Endpoint::Token).map(|request| request.at).collect();
    assert_eq!(at.len(), 3);
    assert!(at[1] - at[0] >= 2_000 && at[2] - at[1] >= 4_000, "{at:?}");
}

/// H1: `slow_down` makes each later pause five seconds longer.
#[tokio::test]
async fn slow_down_is_obeyed() {
    let portal = portal(|_| {}).await;
    let keyfob = Keyfob::new();
    portal.faults().next(Endpoint::Token, Fault::error(400, "slow_down"));
    let url = portal.mcp_url();
    keyfob.run(["add", "tv", &url, "--grant", "device", "--sign-in"]).await.expect_code(0);
    let seen = portal.record().seen();
    let at: Vec<_> = seen.at(Endpoint::Token).map(|request| request.at).collect();
    assert!(at.len() == 2 && at[1] - at[0] >= 6_000, "{at:?}");
}

/// H5: nobody is sent to an address that is not https, and no terminal obeys a user code.
#[tokio::test]
async fn a_hostile_verification_address_is_refused_and_a_hostile_code_is_cleaned() {
    let portal = portal(|o| {
        o.token.device_overrides = vec![Override::with("verification_uri", "javascript:alert(1)")];
    })
    .await;
    let keyfob = Keyfob::new();
    keyfob.run(add(&portal.mcp_url())).await.expect_code(7).says("verification_uri");
    portal.change(|o| {
        o.token.device_overrides = vec![
            Override::with("user_code", "AB\u{1b}[2J\u{7}CD"),
            Override::with("verification_uri_complete", "https://evil.example/device?user_code=ABCD"),
        ];
    });
    let ended =
        keyfob.run(["sign-in", "tv", "--no-browser", "--timeout", "1s"]).await.expect_code(8).says("AB[2JCD");
    assert!(!ended.stderr.contains('\u{1b}') && !ended.stderr.contains("evil.example"), "{}", ended.stderr);
}

/// A server without a device endpoint says so, and no profile is made.
#[tokio::test]
async fn a_server_without_a_device_endpoint_is_told_before_a_profile_is_made() {
    let portal = portal(|o| {
        o.discovery.authorization_server_overrides = vec![Override::without("device_authorization_endpoint")];
    })
    .await;
    let keyfob = Keyfob::new();
    keyfob.run(add(&portal.mcp_url())).await.expect_code(7).says("does not offer the grant `device`");
    keyfob.run(["status", "tv"]).await.expect_code(3);
}

/// `--device` signs a profile in that has another grant, where no browser is at hand this once.
#[tokio::test]
async fn any_profile_can_be_signed_in_by_a_code_this_once() {
    let portal = portal(|o| o.token.device_polling = DevicePolling::Unhurried).await;
    let keyfob = Keyfob::new();
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    keyfob.run(["sign-in", "a", "--device"]).await.expect_code(0).says("Your browser opens");
    keyfob.must(["refresh", "a"]).await;
    let settings = std::fs::read_to_string(keyfob.profiles_toml()).unwrap();
    assert!(!settings.contains("device"), "{settings}");
    assert_eq!(portal.record().count(Endpoint::DeviceAuthorization), 1);
    keyfob.must(["sign-in", "a"]).await;
    assert_eq!(portal.record().count(Endpoint::DeviceAuthorization), 1);
}
