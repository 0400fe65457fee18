//! How it ends, and what no input may do.

use std::time::Duration;

use crate::{Answer, Client, ask, reply};

#[tokio::test(start_paused = true)]
async fn the_end_of_the_input_waits_for_answers_and_ends_the_session() {
    let mut client = Client::start();
    client.initialize().await;
    let (answer, now) = Answer::json(200, &reply(1, "late")).when_told();
    client.http.post("tools/call", answer);
    client.say(&ask(1, "tools/call")).await;
    client.http.wait_for(4).await;
    client.close_input();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(4)).await;
        let _ = now.send(());
    });
    let http = client.http.clone();
    assert_eq!(client.close().await, [reply(1, "late")]);
    assert_eq!(http.seen().last().unwrap().method, "DELETE");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_comes_does_not_hold_up_the_end() {
    let mut client = Client::start();
    client.initialize().await;
    let (answer, _never) = Answer::status(200).when_told();
    client.http.post("tools/call", answer);
    client.say(&ask(1, "tools/call")).await;
    client.http.wait_for(4).await;
    let began = tokio::time::Instant::now();
    assert!(client.close().await.is_empty());
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_gone_ends_the_bridge() {
    let mut client = Client::start();
    client.http.post("tools/list", Answer::json(200, &reply(1, "x")));
    client.say(&ask(1, "tools/list")).await;
    let error = client.stop_reading().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
}

/// fault 49
#[tokio::test(start_paused = true)]
async fn a_line_beyond_all_bounds_is_an_error_and_the_next_one_works() {
    let mut client = Client::start();
    client.http.post("ping", Answer::json(200, &reply(1, "pong")));
    let piece = "x".repeat(1024 * 1024 - 1);
    for _ in 0..17 {
        // Without a line's end.
        client.say_piece(&piece).await;
    }
    client.say("").await;
    let error = client.hear_json().await;
    assert_eq!((&error["id"], &error["error"]["code"]), (&serde_json::Value::Null, &(-32_600).into()));
    client.say(&ask(1, "ping")).await;
    assert_eq!(client.hear().await, reply(1, "pong"));
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_no_json_rpc_is_answered_and_not_sent() {
    let mut client = Client::start();
    for line in ["hello", "{\"id\":1,\"method\":", "[]", "7", "{\"method\":7}"] {
        client.say(line).await;
        assert_eq!(client.hear_json().await["error"]["code"], -32_700, "{line}");
    }
    assert!(client.close().await.is_empty());
}
