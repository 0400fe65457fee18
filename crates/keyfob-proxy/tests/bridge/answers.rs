//! What goes through, and how it comes back.

use keyfob_agent::ports::TransportFailure;

use crate::{Answer, Client, ask, reply};

/// G9
#[tokio::test(start_paused = true)]
async fn unknown_methods_and_odd_bytes_go_through_unchanged() {
    let mut client = Client::start();
    let request = r#"{ "method":"server/discover" ,"params":{"n":1.50e3,"big":123456789012345678901234567890,"s":"\u00e9\/"}, "jsonrpc":"2.0","id":"a\u0062" }"#;
    let answer = r#"{ "jsonrpc" : "2.0" , "id":"ab","result":{"n":1.0,"z":1,"a":"\u2028"},"unknown":[ ] }"#;
    client.http.post("server/discover", Answer::json(200, answer));
    client.say(&format!("  {request} \r")).await;
    assert_eq!(client.hear().await, answer);
    let seen = client.http.seen();
    assert_eq!(seen[0].body, request);
    assert_eq!(seen[0].header("accept"), Some("application/json, text/event-stream"));
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert_eq!(seen[0].token, Some(crate::token("first").fingerprint()));
    assert!(client.close().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn requests_run_side_by_side_and_answers_come_as_they_are_ready() {
    let mut client = Client::start();
    let (slow, now) = Answer::json(200, &reply(1, "slow")).when_told();
    client.http.post("\"slow\"", slow);
    client.http.post("\"fast\"", Answer::json(200, &reply(2, "fast")));
    client.say(&ask(1, "slow")).await;
    client.say(&ask(2, "fast")).await;
    assert_eq!(client.hear().await, reply(2, "fast"));
    now.send(()).unwrap();
    assert_eq!(client.hear().await, reply(1, "slow"));
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn sixty_four_requests_run_at_once_and_the_next_one_waits() {
    let mut client = Client::start();
    let mut tell = Vec::new();
    for id in 1..=65 {
        let (answer, now) = Answer::json(200, &reply(id, "done")).when_told();
        client.http.post(&format!("\"id\":{id},"), answer);
        tell.push(now);
        client.say(&ask(id, "x")).await;
    }
    assert_eq!(client.http.wait_for(64).await.len(), 64);
    assert!(tokio::time::timeout(std::time::Duration::from_mins(1), client.http.wait_for(65)).await.is_err());
    tell.remove(9).send(()).unwrap();
    assert_eq!(client.hear().await, reply(10, "done"));
    client.http.wait_for(65).await;
    drop(tell);
    assert_eq!(client.close().await.len(), 64);
}

/// Each byte comes alone; the messages come whole, several lines of data on one.
#[tokio::test(start_paused = true)]
async fn a_stream_cut_anywhere_gives_whole_messages() {
    let mut client = Client::start();
    let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"text":"ü"}}"#;
    let stream = format!(
        ": hello\r\n\r\nevent: message\r\nid: 1\r\ndata: {progress}\r\n\r\ndata: {{\"jsonrpc\":\"2.0\",\ndata: \"id\":1,\"result\":\"streamed\"}}\n\n"
    );
    client.http.post("tools/call", Answer::events(&stream));
    client.say(&ask(1, "tools/call")).await;
    assert_eq!(client.hear().await, progress);
    assert_eq!(client.hear().await, r#"{"jsonrpc":"2.0", "id":1,"result":"streamed"}"#);
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_answered_stream_that_the_server_leaves_open_holds_no_place() {
    let mut client = Client::start();
    for id in 1..=70 {
        let stream = format!("data: {}\n\n", reply(id, "x"));
        client.http.post(&format!("\"id\":{id},"), Answer::events(&stream).open_ended());
        client.say(&ask(id, "x")).await;
    }
    for _ in 1..=70 {
        client.hear().await;
    }
    client.close().await;
}

/// fault 21 aside: a poor network in the middle of an answer.
#[tokio::test(start_paused = true)]
async fn a_broken_stream_is_taken_up_where_it_ended() {
    let mut client = Client::start();
    client.initialize().await;
    client.http.post("tools/call", Answer::events("id: e1\nretry: 20\ndata:\n\nid: e2\nda").cut());
    client.http.get(Answer::failure(TransportFailure::NotSent("no route".into())));
    client.http.get(Answer::events("id: e3\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"half\"}\n\n").cut());
    client.http.get(Answer::events(&format!("data: {}\n\n", reply(1, "whole"))));
    client.say(&ask(1, "tools/call")).await;
    assert_eq!(client.hear_json().await["method"], "half");
    assert_eq!(client.hear().await, reply(1, "whole"));
    let seen = client.http.seen();
    let resumed: Vec<_> = seen.iter().filter_map(|request| request.header("last-event-id")).collect();
    assert_eq!(resumed, ["e1", "e1", "e3"]);
    assert_eq!(seen.last().unwrap().header("mcp-session-id"), Some("s1"));
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_stays_broken_is_given_up_after_a_few_tries() {
    let mut client = Client::start();
    client.http.post("tools/call", Answer::events("id: e1\ndata:\n\n").cut());
    for _ in 0..5 {
        client.http.get(Answer::events(": nothing new\n\n"));
    }
    client.say(&ask(1, "tools/call")).await;
    let error = client.hear_json().await;
    assert_eq!((&error["id"], &error["error"]["code"]), (&1.into(), &(-32_001).into()));
    assert!(error["error"]["message"].as_str().unwrap().contains("broke"), "{error}");
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_error_without_an_id_is_given_the_id_it_answers() {
    let mut client = Client::start();
    let body = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request","data":[1.0]}}"#;
    client.http.post("tools/list", Answer::json(400, body));
    client.say(r#"{"jsonrpc":"2.0","id":"q","method":"tools/list"}"#).await;
    let expected =
        r#"{"jsonrpc":"2.0","id":"q","error":{"code":-32000,"message":"Bad Request","data":[1.0]}}"#;
    assert_eq!(client.hear().await, expected);
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_json_rpc_becomes_an_error_that_says_cause_and_next_step() {
    let cases = [
        (Answer::json(502, "<html>canary</html>"), "status 502", "keyfob refresh work"),
        (Answer::json(403, r#"{"error":"access_denied"}"#), "status 403", "server must be mended"),
        (Answer::json(404, "Not Found"), "no MCP server answers at this URL (status 404)", "check the URL"),
        (Answer::status(307).header("location", "https://evil.example/"), "redirect (status 307)", "Next: "),
        (Answer::json(200, r#"{"hello":1}"#), "broke before the answer was complete", "Next: "),
        (
            Answer::failure(TransportFailure::NotSent("no route".into())),
            "offline: no route",
            "nothing is lost",
        ),
        (Answer::failure(TransportFailure::Cut("reset".into())), "reset", "look before you send it again"),
    ];
    for (answer, cause, step) in cases {
        let mut client = Client::start();
        client.http.post("tools/list", answer);
        client.say(&ask(7, "tools/list")).await;
        let error = client.hear_json().await;
        assert_eq!((&error["id"], &error["error"]["code"]), (&7.into(), &(-32_001).into()));
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(cause) && message.contains(step), "{message}");
        client.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_gets_an_error_for_each_request_without_an_answer() {
    let mut client = Client::start();
    client.http.post("[", Answer::json(200, &format!("[{}]", reply(2, "two"))));
    client.say(&format!("[{},{},{}]", ask(1, "a"), ask(2, "b"), r#"{"jsonrpc":"2.0","method":"n"}"#)).await;
    assert_eq!(client.hear().await, format!("[{}]", reply(2, "two")));
    assert_eq!(client.hear_json().await["id"], 1);
    assert!(client.close().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_notification_that_fails_says_nothing_on_the_output() {
    let mut client = Client::start();
    client.http.post("cancelled", Answer::json(500, "oops"));
    client.http.post("\"result\"", Answer::status(202));
    client.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#).await;
    client.say(r#"{"jsonrpc":"2.0","id":5,"result":{}}"#).await;
    assert!(client.close().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn notifications_keep_their_place_before_what_follows() {
    let mut client = Client::start();
    let (taken, now) = Answer::status(202).when_told();
    client.http.post("first", taken);
    client.say(r#"{"jsonrpc":"2.0","method":"first"}"#).await;
    client.say(&ask(1, "second")).await;
    client.http.wait_for(1).await;
    assert!(tokio::time::timeout(std::time::Duration::from_secs(5), client.http.wait_for(2)).await.is_err());
    client.http.post("second", Answer::json(200, &reply(1, "x")));
    now.send(()).unwrap();
    assert_eq!(client.hear().await, reply(1, "x"));
    client.close().await;
}
