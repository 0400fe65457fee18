//! Tokens that are refused or lack scopes.

use keyfob_core::failure::Failure;

use crate::{Answer, Client, ask, reply, token};

fn lacking(scope: &str) -> Answer {
    let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
    Answer::status(403).header("www-authenticate", &challenge)
}

/// F8, fault 21
#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_once_and_the_request_replayed() {
    let mut client = Client::start();
    client.tokens.then(Ok("second"));
    client.http.post("tools/call", Answer::status(401));
    client.http.post("tools/call", Answer::json(200, &reply(1, "done")));
    client.say(&ask(1, "tools/call")).await;
    assert_eq!(client.hear().await, reply(1, "done"));
    let seen = client.http.seen();
    assert_eq!(seen[0].body, seen[1].body);
    assert_eq!(
        [seen[0].token, seen[1].token],
        ["first", "second"].map(|name| Some(token(name).fingerprint()))
    );
    client.close().await;
}

/// F8, fault 21
#[tokio::test(start_paused = true)]
async fn a_second_refusal_is_told_and_not_tried_again() {
    let mut client = Client::start();
    client.tokens.then(Ok("second"));
    client.http.post("tools/call", Answer::status(401));
    client.http.post("tools/call", Answer::json(401, r#"{"error":"invalid_token"}"#));
    client.say(&ask(1, "tools/call")).await;
    let error = client.hear_json().await;
    assert!(error["error"]["message"].as_str().unwrap().contains("refuses (401) a token"), "{error}");
    assert_eq!(client.tokens.log(), ["401"]);
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_has_ended_is_told_with_the_command_that_mends_it() {
    let mut client = Client::start();
    client.http.post("tools/call", Answer::status(401));
    client.say(&ask(1, "tools/call")).await;
    let error = client.hear_json().await;
    assert_eq!(error["error"]["message"], "keyfob: not signed in. Next: keyfob sign-in work");
    client.close().await;
}

/// D8
#[tokio::test(start_paused = true)]
async fn missing_scopes_are_asked_for_and_the_request_replayed() {
    let mut client = Client::start();
    client.tokens.then(Ok("wider"));
    client.http.post("tools/call", lacking("admin:write"));
    client.http.post("tools/call", Answer::json(200, &reply(1, "done")));
    client.say(&ask(1, "tools/call")).await;
    assert_eq!(client.hear().await, reply(1, "done"));
    assert_eq!(client.tokens.log(), ["step up to admin:write"]);
    client.close().await;
}

/// D8
#[tokio::test(start_paused = true)]
async fn after_two_step_ups_for_the_same_scopes_it_is_an_error() {
    let mut client = Client::start();
    for name in ["a", "b"] {
        client.tokens.then(Ok(name));
    }
    for _ in 0..3 {
        client.http.post("tools/call", lacking("admin"));
    }
    client.say(&ask(1, "tools/call")).await;
    let error = client.hear_json().await;
    let expected = "keyfob: the server wants more scopes: admin. Next: keyfob sign-in work --scope admin";
    assert_eq!(error["error"]["message"], expected);
    assert_eq!(client.tokens.log().len(), 2);

    client.http.post("tools/call", lacking("admin"));
    client.say(&ask(2, "tools/call")).await;
    assert_eq!(client.hear_json().await["error"]["message"], expected, "the cap outlives the request");
    assert_eq!(client.tokens.log().len(), 2);
    client.close().await;
}

/// D8
#[tokio::test(start_paused = true)]
async fn scopes_that_were_declined_are_not_asked_for_again() {
    let mut client = Client::start();
    client.tokens.then(Err(Failure::UserDeclined("no".into())));
    for _ in 0..2 {
        client.http.post("tools/call", lacking("b a"));
        client.say(&ask(1, "tools/call")).await;
        assert_eq!(client.hear_json().await["error"]["code"], -32_001);
    }
    assert_eq!(client.tokens.log(), ["step up to b a"]);
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_403_without_such_a_challenge_is_the_servers_answer() {
    let mut client = Client::start();
    let body = r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"not for you"}}"#;
    client.http.post(
        "tools/call",
        Answer::json(403, body).header("www-authenticate", "Bearer error=\"invalid_token\", scope=\"a\""),
    );
    client.say(&ask(1, "tools/call")).await;
    assert_eq!(client.hear().await, body);
    assert!(client.tokens.log().is_empty());
    client.close().await;
}
