//! What clients never see, and what they see instead: no 401, no challenge, no well-known document; a sentence.

use keyfob_demo::{Endpoint, Fault, PortalOptions, ScopedTool};

use crate::desk::{Desk, call, echoed};

const IN_SESSION: (&str, &str) = ("Mcp-Session-Id", "s1");

/// F8, fault 21: one renewal, one replay, and the client hears nothing of it.
#[tokio::test]
async fn after_a_401_the_token_is_renewed_once_and_the_request_sent_once_more() {
    let desk = Desk::new().await;
    assert_eq!(echoed(&desk.echo("before").await), "before");
    desk.portal.kill_access_tokens();
    assert_eq!(echoed(&desk.echo("after").await), "after");
    let seen = desk.portal.record().seen();
    assert_eq!((seen.refreshes.renewed, seen.count(Endpoint::McpCall), seen.tool_calls.len()), (1, 3, 2));
}

/// F8, fault 21: a server that refuses whatever it is sent costs one renewal a minute, not one a request.
#[tokio::test]
async fn a_server_that_refuses_even_the_new_token_is_told_as_503_and_asked_no_renewal_each_time() {
    let desk = Desk::new().await;
    desk.portal
        .faults()
        .from_then_on(Endpoint::McpCall, Fault::empty(401).header("www-authenticate", "Bearer"));
    for _ in 0..5 {
        let answer = desk.echo("x").await;
        answer.is_no_challenge();
        assert!(answer.text().contains("refuses (401) a token"), "{}", answer.text());
    }
    let seen = desk.portal.record().seen();
    assert_eq!((seen.refreshes.renewed, seen.count(Endpoint::McpCall)), (1, 6));
}

/// Fault 21: what has gone through and was not kept cannot be sent again, and the client is asked to.
#[tokio::test]
async fn a_large_body_is_not_replayed_and_the_client_is_asked_to_send_it_again() {
    let desk = Desk::new().await;
    desk.portal.faults().next(Endpoint::Mcp, Fault::empty(401));
    let large = vec![b' '; 5 * 1024 * 1024];
    let answer = desk.ask("POST", &[IN_SESSION], &large).await;
    assert_eq!((answer.status(), answer.head.header("retry-after")), (503, Some("0")));
    assert!(answer.text().contains("the token was renewed; send the request again"), "{}", answer.text());
    assert_eq!(desk.portal.record().seen().refreshes.renewed, 1);
}

/// "Sign-in needed" is 503 with a sentence; inside a session an MCP error that a person can read.
#[tokio::test]
async fn a_sign_in_that_has_ended_is_a_sentence_and_in_a_session_an_mcp_error() {
    let desk = Desk::new().await;
    desk.portal.end_sign_ins();
    desk.portal.kill_access_tokens();
    let initialize = br#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#;
    let answer = desk.ask("POST", &[], initialize).await;
    answer.is_no_challenge();
    assert_eq!(answer.status(), 503);
    assert!(answer.text().contains("the sign-in has ended") && answer.text().contains("keyfob sign-in work"));
    let answer = desk.ask("POST", &[IN_SESSION], &call("x")).await;
    assert_eq!((answer.status(), answer.head.header("content-type")), (200, Some("application/json")));
    let json = answer.json();
    assert_eq!((&json["id"], &json["error"]["code"]), (&"x".into(), &(-32_001).into()));
    assert!(json["error"]["message"].as_str().unwrap().contains("keyfob sign-in work"));
    let answer = desk.ask("GET", &[IN_SESSION], b"").await;
    assert_eq!(answer.status(), 503, "a stream has no id to answer to");
}

/// D8: no 403 with a challenge reaches a client; one without is the server's own word.
#[tokio::test]
async fn a_403_that_asks_for_scopes_is_a_sentence_and_a_plain_one_passes() {
    let mut options =
        PortalOptions { scopes: vec!["read".into(), "write".into()], ..PortalOptions::default() };
    options.scoped_tools = vec![ScopedTool { tool: "echo".into(), scope: "admin".into() }];
    options.oddities.mcp.sessions = keyfob_demo::oddities::McpSessions::None;
    let desk = Desk::at(options).await;
    let answer = desk.ask("POST", &[], &call("x")).await;
    answer.is_no_challenge();
    assert_eq!(answer.status(), 503);
    let words = "the server wants more scopes: admin. Next: keyfob sign-in work --scope admin\"";
    assert!(answer.text().contains(words), "{}", answer.text());
    desk.portal.faults().next(Endpoint::Mcp, Fault::answer(403, "text/plain", "not you"));
    let plain = desk.ask("GET", &[], b"").await;
    assert_eq!((plain.status(), plain.text().as_str()), (403, "not you"));
    desk.portal.faults().next(Endpoint::Mcp, Fault::empty(403).header("www-authenticate", "Basic realm=x"));
    desk.ask("GET", &[], b"").await.is_no_challenge();
}

/// Clients that look for a sign-in of their own find nothing, and a body that could be taken for something is not there.
#[tokio::test]
async fn whoever_looks_for_a_sign_in_finds_a_bare_404() {
    let desk = Desk::new().await;
    let before = desk.portal.record().seen().requests.len();
    let below = &desk.path;
    let mut connection = desk.connection().await;
    for path in [
        "/.well-known/oauth-protected-resource".to_owned(),
        format!("/.well-known/oauth-protected-resource{below}"),
        "/.well-known/oauth-authorization-server".to_owned(),
        format!("{below}/.well-known/openid-configuration"),
        "/register".to_owned(),
        "/authorize?client_id=x".to_owned(),
        "/token".to_owned(),
        format!("{below}/../register"),
        format!("{below}/%2e%2e/register"),
    ] {
        let host = desk.host();
        let answer = connection.ask(&format!("POST {path}"), &[("Host", &host)], b"{}").await;
        assert_eq!((answer.status(), answer.body.len()), (404, 0), "{path}");
        assert_eq!(answer.head.header("www-authenticate"), None);
    }
    assert_eq!(desk.portal.record().seen().requests.len(), before, "the server heard nothing of it");
}

/// G2: a redirect is told, never followed and never passed on.
#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let desk = Desk::new().await;
    let elsewhere = keyfob_tests::portal().await;
    for status in [301, 302, 303, 307, 308] {
        desk.portal.faults().next(Endpoint::McpCall, Fault::redirect(status, &elsewhere.mcp_url()));
        let answer = desk.ask("POST", &[], &call("x")).await;
        assert_eq!((answer.status(), answer.head.header("location")), (502, None), "{status}");
        assert!(answer.text().contains("it redirects"), "{}", answer.text());
    }
    assert_eq!(elsewhere.record().ask(|seen| seen.bytes_received), 0);
}

/// Nothing that reached the server is repeated, and what did not is told apart from it.
#[tokio::test]
async fn an_answer_that_is_lost_is_told_and_the_call_not_made_twice() {
    let desk = Desk::new().await;
    desk.portal.faults().next(Endpoint::McpCall, Fault::lost_answer());
    let answer = desk.echo("x").await;
    assert_eq!(answer.status(), 502, "{}", answer.text());
    assert_eq!(desk.portal.record().seen().tool_calls.len(), 1);
    assert_eq!(echoed(&desk.echo("y").await), "y");
}
