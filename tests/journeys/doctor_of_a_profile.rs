//! The doctor at a profile that is signed in: its token is looked at and never told, and nothing is renewed.

use std::time::Duration;

use keyfob_demo::{Endpoint, Portal, PortalOptions};
use keyfob_tests::{Keyfob, portal};
use serde_json::Value;

const CANARY: &str = "canary-7f3a9c";

fn verdict<'a>(diagnosis: &'a Value, id: &str) -> &'a str {
    let steps = diagnosis["steps"].as_array().expect("steps");
    let step = steps.iter().find(|step| step["id"] == id).expect("the step");
    step["verdict"].as_str().expect("a verdict")
}

async fn examined(user: &Keyfob, code: i32) -> Value {
    user.run(["doctor", "a", "--json"]).await.expect_code(code).json()
}

/// V18, V13: store and keeper are named, and neither page nor report holds a token.
#[tokio::test]
async fn a_profile_that_is_well_passes_and_its_token_is_told_to_nobody() {
    let options = PortalOptions { token_mark: CANARY.to_owned(), ..PortalOptions::default() };
    let portal = Portal::start(options).await.expect("a portal");
    let user = Keyfob::new();
    let (file, report) = (user.path("token"), user.path("report.md"));
    let deliver = format!("token-file:{}:bare", file.display());
    user.must(["add", "a", &portal.mcp_url(), "--deliver", &deliver, "--sign-in"]).await;
    let without = examined(&user, 0).await;
    assert_eq!((verdict(&without, "keeper"), without["verdict"].as_str()), ("warn", Some("warn")));

    let mut keeper = user.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let diagnosis = examined(&user, 0).await;
    assert_eq!(diagnosis["verdict"], "pass", "{diagnosis:#}");
    for step in ["token", "refresh", "mcp", "store", "keeper", "deliveries"] {
        assert_eq!(verdict(&diagnosis, step), "pass", "{step}");
    }
    let page = user
        .run(["doctor", "a", "--verbose", "--report", &report.display().to_string()])
        .await
        .expect_code(0);
    let written = std::fs::read_to_string(&report).expect("a report");
    for text in [&page.stdout, &page.stderr, &written, &diagnosis.to_string()] {
        assert!(!text.contains(CANARY), "{text}");
    }
    for text in [&page.stdout, &written] {
        assert!(
            text.contains("key-file (account-only)") && text.contains("authorization: Bearer (masked)"),
            "{text}"
        );
    }
    let seen = portal.record().seen();
    assert_eq!((seen.registrations.len(), seen.sign_ins, seen.count(Endpoint::Refresh)), (1, 1, 0));
    assert!(seen.tool_calls.is_empty());
    keeper.terminate();
    keeper.ended().await;
}

#[tokio::test]
async fn a_token_that_the_server_refuses_is_found_out_and_not_renewed() {
    let portal = portal().await;
    let user = Keyfob::new();
    user.sign_in_to("a", &portal.mcp_url()).await;
    portal.kill_access_tokens();
    let diagnosis = examined(&user, 7).await;
    assert_eq!((verdict(&diagnosis, "mcp"), verdict(&diagnosis, "token")), ("fail", "pass"));
    assert_eq!(portal.record().count(Endpoint::Refresh), 0);
}

#[tokio::test]
async fn without_a_sign_in_the_steps_of_the_token_are_left_out_with_the_next_command() {
    let portal = portal().await;
    let user = Keyfob::new();
    user.must(["add", "a", &portal.mcp_url()]).await;
    let diagnosis = examined(&user, 0).await;
    for id in ["token", "audience", "refresh", "mcp"] {
        assert_eq!(verdict(&diagnosis, id), "skip", "{id}");
    }
    assert!(diagnosis.to_string().contains("keyfob sign-in a"));
}

/// Oddity 5
#[tokio::test]
async fn a_token_past_its_end_is_not_presented() {
    let options = PortalOptions { access_token_lifetime: Duration::from_secs(1), ..PortalOptions::default() };
    let portal = Portal::start(options).await.expect("a portal");
    let user = Keyfob::new();
    user.sign_in_to("a", &portal.mcp_url()).await;
    user.token_expires("a").await;
    let before = portal.record().seen().mcp_refused;
    let diagnosis = examined(&user, 0).await;
    assert_eq!(verdict(&diagnosis, "mcp"), "skip");
    // The one refused message is the first without a token.
    assert_eq!(portal.record().seen().mcp_refused, before + 1);
    assert_eq!(portal.record().count(Endpoint::Refresh), 0);
}
