//! The doctor's trial sign-in: what only a sign-in can show, each fault at its own step, and nothing left behind.

use keyfob_demo::oddities::{
    ForeignResource, Oddities, RefreshTokens, Refusal, RegistrationAnswer, RevocationSupport, Rotation,
};
use keyfob_demo::{Consent, Endpoint, Fault, Portal, PortalOptions};
use keyfob_tests::{Keyfob, portal, portal_with, sealed_files};
use serde_json::Value;

const CANARY: &str = "canary-7f3a9c";

/// A change of the portal, the troubles to be named, the exit code.
type Case = (fn(&mut Oddities), &'static [&'static str], i32);

/// The steps that are not as they should be, as `id verdict`.
fn troubles(diagnosis: &Value) -> Vec<String> {
    let steps = diagnosis["steps"].as_array().expect("steps").iter();
    let bad = steps.filter(|step| !["pass", "skip"].contains(&step["verdict"].as_str().expect("a verdict")));
    bad.map(|step| {
        format!("{} {}", step["id"].as_str().expect("an id"), step["verdict"].as_str().expect("a verdict"))
    })
    .collect()
}

async fn tried(url: &str, code: i32) -> Value {
    let user = Keyfob::new();
    let diagnosis =
        user.run(["doctor", url, "--sign-in", "--timeout", "3s", "--json"]).await.expect_code(code).json();
    assert!(sealed_files(&user.home()).is_empty(), "nothing is kept here");
    diagnosis
}

#[tokio::test]
async fn at_a_good_portal_every_step_is_tried_and_the_tokens_are_revoked_at_the_end() {
    let portal = portal().await;
    let diagnosis = tried(&portal.mcp_url(), 0).await;
    assert_eq!(
        (diagnosis["verdict"].as_str(), troubles(&diagnosis)),
        (Some("pass"), vec![]),
        "{diagnosis:#}"
    );
    let seen = portal.record().seen();
    assert_eq!(
        (seen.registrations.len(), seen.sign_ins, seen.refreshes.renewed, seen.revoked.len()),
        (1, 1, 1, 2)
    );
    assert_eq!(seen.deleted_registrations.len(), 1);
}

/// F11, F5, fault 20, oddity 17
#[tokio::test]
async fn each_fault_behind_the_sign_in_is_named_at_its_own_step() {
    let cases: [Case; 7] = [
        (
            |o| {
                o.sign_in.registration =
                    RegistrationAnswer::Refused(Refusal::error(400, "invalid_client_metadata"));
            },
            &["registration fail"],
            7,
        ),
        (|o| o.token.refresh_tokens = RefreshTokens::Never, &["refresh warn"], 0),
        (|o| o.token.rotation = Rotation::Omitted, &[], 0),
        (|o| o.token.revocation = RevocationSupport::NoEndpoint, &["revocation warn"], 0),
        (|o| o.token.revocation = RevocationSupport::ConfidentialOnly, &["revocation warn"], 0),
        (|o| o.token.token_type = "mac".into(), &["token fail"], 7),
        (|o| o.sign_in.foreign_resource = ForeignResource::AnyRefused, &["redirect fail"], 7),
    ];
    for (change, expected, code) in cases {
        let portal = portal_with(change).await;
        let diagnosis = tried(&portal.mcp_url(), code).await;
        assert_eq!(troubles(&diagnosis), expected, "{diagnosis:#}");
    }
}

#[tokio::test]
async fn a_broken_token_endpoint_and_a_no_in_the_browser_are_told_apart() {
    let portal = portal().await;
    portal.faults().next(Endpoint::Token, Fault::error(400, "invalid_grant"));
    assert_eq!(troubles(&tried(&portal.mcp_url(), 7).await), ["token fail"]);
    portal.faults().next(Endpoint::Token, Fault::error(400, "invalid_target"));
    assert_eq!(troubles(&tried(&portal.mcp_url(), 7).await), ["resource-parameter fail"]);
    portal.faults().from_then_on(Endpoint::Refresh, Fault::error(400, "invalid_grant"));
    assert_eq!(troubles(&tried(&portal.mcp_url(), 7).await), ["refresh fail"]);
    portal.set_consent(Consent::Declined);
    assert_eq!(troubles(&tried(&portal.mcp_url(), 8).await), ["redirect fail"]);
}

/// F9, V13: the profile keeps its sign-in, and no secret is said.
#[tokio::test]
async fn a_trial_leaves_the_profile_as_it_is_and_says_no_secret() {
    let options = PortalOptions { token_mark: CANARY.to_owned(), ..PortalOptions::default() };
    let portal = Portal::start(options).await.expect("a portal");
    let user = Keyfob::new();
    user.sign_in_to("a", &portal.mcp_url()).await;
    let before = user.must(["token", "a"]).await;
    let report = user.path("report.md");
    let page = user
        .run(["doctor", "a", "--sign-in", "--verbose", "--report", &report.display().to_string()])
        .await
        .expect_code(0);
    let written = std::fs::read_to_string(&report).expect("a report");
    for text in [&page.stdout, &page.stderr, &written] {
        assert!(!text.contains(CANARY), "{text}");
    }
    assert!(
        written.contains("grant_type=authorization_code") && written.contains("code=(masked)"),
        "{written}"
    );
    assert_eq!(user.must(["token", "a"]).await, before);
    user.must(["tools", "a"]).await;
    let log = user.must(["log", "a", "--json"]).await;
    assert_eq!(log.matches("signed-in").count(), 1, "{log}");
}
