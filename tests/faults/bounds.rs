//! Sizes without measure: a keeper meets each of them with a bounded error and in bounded memory, and lives on.

use std::time::Duration;

use keyfob_demo::oddities::{AccessTokenShape, Override};
use keyfob_demo::{Endpoint, Fault};
use keyfob_tests::{Keyfob, Output, Running, portal};
use serde_json::json;

/// The most memory a keeper may ever have had (fault 49), in kB.
const MOST_KB: u64 = 64 * 1024;
const MIB: usize = 1024 * 1024;

/// The most memory this process has had so far, in kB.
fn peak_kb(running: &Running) -> u64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", running.pid())).expect("a running process");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// An answer to a renewal, and whether the token in it is to be taken.
fn oversized() -> Vec<(&'static str, Fault)> {
    let scopes: Vec<String> = (0..10_000).map(|number| format!("scope-number-{number}")).collect();
    let token = json!({ "access_token": "x".repeat(2 * MIB), "token_type": "Bearer" });
    let many = json!({ "error": "invalid_scope", "error_description": scopes.join(" ") });
    let deep = format!("{{\"access_token\":{}}}", nested(100_000));
    vec![
        ("an answer of 1 MiB and 1 byte", Fault::huge(200, MIB + 1)),
        ("an answer of 3 MiB", Fault::huge(200, 3 * MIB)),
        ("a token of 2 MiB", Fault::json(200, &token)),
        ("10,000 scopes in an error", Fault::json(400, &many)),
        ("nested 100,000 deep", Fault::answer(200, "application/json", deep)),
        ("nested 100,000 deep, never closed", Fault::answer(200, "application/json", "[".repeat(100_000))),
        ("a header of 1 MB", Fault::empty(503).header("x-filler", &"x".repeat(1_000_000))),
        (
            "ten thousand headers",
            (0..10_000).fold(Fault::empty(503), |fault, n| fault.header(&format!("x-{n}"), "filler")),
        ),
    ]
}

/// Fault 49: at the keeper, with the memory it took.
#[tokio::test]
async fn what_has_no_measure_is_a_bounded_error_in_bounded_memory() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let token = keyfob.must(["token", "a"]).await;
    for (what, fault) in oversized() {
        portal.faults().from_then_on(Endpoint::Refresh, fault);
        let Output { code, stderr, .. } = keyfob.run(["refresh", "a"]).await;
        assert!(matches!(code, Some(5..=7)), "{what}: {code:?} {stderr}");
        assert!(stderr.len() < 2_000, "{what}: {} characters", stderr.len());
        portal.faults().clear(Endpoint::Refresh);
        assert_eq!(keyfob.must(["token", "a"]).await, token, "{what}");
        assert!(peak_kb(&keeper) <= MOST_KB, "{what}: {} kB", peak_kb(&keeper));
    }
    keyfob.must(["refresh", "a"]).await;
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// Fault 49: a token of 64 kB is one like any other, by every door.
#[tokio::test]
async fn a_token_of_64_kb_works() {
    let portal = portal().await;
    portal.change(|o| o.token.access_token = AccessTokenShape::Long(64 * 1024));
    let keyfob = Keyfob::new();
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    assert_eq!(keyfob.must(["token", "a"]).await.len(), 64 * 1024);
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    keyfob.must(["refresh", "a"]).await;
    assert_eq!(keyfob.must(["token", "a"]).await.len(), 64 * 1024);
    assert!(peak_kb(&keeper) <= MOST_KB, "{} kB", peak_kb(&keeper));
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}

/// Fault 49: of ten thousand scopes a thousand are kept and shown, which is more than anybody has.
#[tokio::test]
async fn of_ten_thousand_scopes_a_bounded_number_is_kept() {
    let portal = portal().await;
    let scopes: Vec<String> = (0..10_000).map(|number| format!("scope-number-{number}")).collect();
    portal.change(|o| o.token.answer_overrides = vec![Override::with("scope", scopes.join(" "))]);
    let keyfob = Keyfob::new();
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    assert_eq!(keyfob.status("a").await["scopes"].as_array().unwrap().len(), 1_000);
    keyfob.must(["refresh", "a"]).await;
}

/// Fault 49: metadata beyond its bounds ends a sign-in with words, and without a browser.
#[tokio::test]
async fn metadata_without_measure_is_a_bounded_error() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    let deep = || Fault::answer(200, "application/json", nested(100_000));
    let faults = [
        ("1 MiB and 1 byte", Fault::huge(200, MIB + 1)),
        ("nested 100,000 deep", deep()),
        ("a header of 1 MB", Fault::empty(200).header("x-filler", &"x".repeat(1_000_000))),
    ];
    let documents =
        [Endpoint::ProtectedResource, Endpoint::AuthorizationServerMetadata, Endpoint::OpenIdMetadata];
    for endpoint in documents {
        for (what, fault) in &faults {
            for document in documents.iter().filter(|document| **document >= endpoint) {
                portal.faults().from_then_on(*document, fault.clone());
            }
            let output = keyfob.run(["add", "a", &portal.mcp_url(), "--sign-in", "--timeout", "20s"]).await;
            assert!(matches!(output.code, Some(5..=7)), "{endpoint:?} {what}: {output:?}");
            assert!(output.stderr.len() < 2_000, "{endpoint:?} {what}: {} characters", output.stderr.len());
            for document in documents {
                portal.faults().clear(document);
            }
            keyfob.run(["remove", "a"]).await;
        }
        if endpoint == Endpoint::AuthorizationServerMetadata {
            break;
        }
    }
    assert_eq!(portal.record().count(Endpoint::Authorize), 0);
    tokio::time::timeout(Duration::from_secs(20), keyfob.sign_in_to("a", &portal.mcp_url())).await.unwrap();
}
