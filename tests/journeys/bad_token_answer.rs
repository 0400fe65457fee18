//! Token answers that are not what they must be: refused, told apart by cause, and never the end of a sign-in that works.

use keyfob_demo::oddities::Override;
use keyfob_demo::{Endpoint, Fault, Portal};
use keyfob_tests::{Keyfob, portal};
use serde_json::json;

async fn signed_in() -> (Keyfob, Portal, String) {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let token = keyfob.must(["token", "a"]).await;
    (keyfob, portal, token)
}

/// What may stand where a token answer should, and the exit code at a first sign-in.
fn answers() -> Vec<(&'static str, Fault, i32)> {
    let json = |value| Fault::json(200, &value);
    vec![
        ("HTML", Fault::html(200), 5),
        ("an empty 400", Fault::empty(400), 5),
        ("an empty 200", Fault::empty(200), 5),
        ("huge", Fault::huge(200, 2 * 1024 * 1024), 5),
        ("no access_token", json(json!({ "token_type": "Bearer" })), 7),
        ("no token_type", json(json!({ "access_token": "x" })), 7),
        ("an unknown type", json(json!({ "access_token": "x", "token_type": "mac" })), 7),
        ("a token with a line end", json(json!({ "access_token": "x\r\ny", "token_type": "Bearer" })), 7),
        ("a list", json(json!([])), 5),
    ]
}

/// F2, F3, G6, fault 15
#[tokio::test]
async fn a_first_sign_in_with_an_unusable_answer_keeps_nothing_of_it() {
    for (what, fault, code) in answers() {
        let (keyfob, portal) = (Keyfob::new(), portal().await);
        keyfob.must(["add", "a", &portal.mcp_url()]).await;
        portal.faults().from_then_on(Endpoint::Token, fault);
        let output = keyfob.run(["sign-in", "a", "--timeout", "10s"]).await;
        assert_eq!(output.code, Some(code), "{what}: {}", output.stderr);
        if code == 5 {
            // Nothing is there that a renewal could renew: the user is the one who tries again.
            assert!(output.stderr.contains(": keyfob sign-in a\n"), "{what}: {}", output.stderr);
            assert!(!output.stderr.contains("by itself"), "{what}: {}", output.stderr);
        }
        assert_eq!(keyfob.run(["token", "a"]).await.code, Some(4), "{what}");
        portal.faults().clear(Endpoint::Token);
        keyfob.must(["sign-in", "a"]).await;
    }
}

/// F2, fault 15: whatever comes at a renewal, the record and the valid token stay.
#[tokio::test]
async fn a_renewal_with_an_unusable_answer_loses_nothing() {
    for (what, fault, _) in answers() {
        let (keyfob, portal, token) = signed_in().await;
        portal.faults().from_then_on(Endpoint::Refresh, fault);
        let output = keyfob.run(["refresh", "a"]).await;
        assert!(matches!(output.code, Some(5 | 7)), "{what}: {output:?}");
        assert_eq!(keyfob.must(["token", "a"]).await, token, "{what}");
        portal.faults().clear(Endpoint::Refresh);
        let again = keyfob.run(["refresh", "a"]).await;
        assert_eq!(again.code, Some(0), "{what}: {}", again.stderr);
        assert_ne!(keyfob.must(["token", "a"]).await, token, "{what}");
    }
}

/// F3: a lifetime that is no number is no reason to refuse, and none to overflow.
#[tokio::test]
async fn a_lifetime_that_makes_no_sense_gets_a_safe_default() {
    for lifetime in [json!(null), json!(-5), json!("soon"), json!("3600"), json!(1e300), json!(u64::MAX)] {
        let portal = portal().await;
        portal.change(|o| o.token.answer_overrides = vec![Override::with("expires_in", lifetime.clone())]);
        let keyfob = Keyfob::new();
        keyfob.sign_in_to("a", &portal.mcp_url()).await;
        assert_eq!(keyfob.status("a").await["state"], "active", "{lifetime}");
        assert!(keyfob.must(["token", "a"]).await.starts_with("demo-access-"), "{lifetime}");
    }
}

/// F12: a server's words reach the terminal without its control characters, and not without end.
#[tokio::test]
async fn a_servers_words_are_stripped_before_the_terminal() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.must(["add", "a", &portal.mcp_url()]).await;
    let words = format!("\u{1b}[2Jhidden\u{202e}\u{7}{}", "long ".repeat(2000));
    let answer = json!({ "error": "invalid_request", "error_description": words });
    portal.faults().from_then_on(Endpoint::Token, Fault::json(400, &answer));
    let output = keyfob.run(["sign-in", "a", "--timeout", "10s"]).await.expect_code(7);
    assert!(!output.stderr.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{}", output.stderr);
    assert!(output.stderr.contains("hidden") && output.stderr.len() < 1500, "{}", output.stderr.len());
}

/// F10: the credentials stay where they were sent.
#[tokio::test]
async fn a_redirect_at_the_token_endpoint_is_followed_by_nothing() {
    let (keyfob, honest, token) = signed_in().await;
    let other = portal().await;
    for status in [301, 302, 303, 307, 308] {
        honest
            .faults()
            .next(Endpoint::Refresh, Fault::redirect(status, &format!("{}/token", other.origin())));
        let output = keyfob.run(["refresh", "a"]).await;
        assert!(matches!(output.code, Some(5 | 7)), "{status}: {output:?}");
    }
    assert_eq!(other.record().seen().bytes_received, 0);
    assert_eq!(keyfob.must(["token", "a"]).await, token);
}

/// F5
#[tokio::test]
async fn a_sign_in_without_a_refresh_token_works_and_says_that_it_will_not_renew() {
    let portal = portal().await;
    portal.change(|o| o.token.refresh_tokens = keyfob_demo::oddities::RefreshTokens::Never);
    let keyfob = Keyfob::new();
    let output = keyfob.run(["add", "a", &portal.mcp_url(), "--sign-in"]).await.expect_code(0);
    output.says("no refresh token");
    assert!(keyfob.must(["token", "a"]).await.starts_with("demo-access-"));
    keyfob.run(["refresh", "a"]).await.expect_code(4).says("hint: keyfob sign-in a");
}
