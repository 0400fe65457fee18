//! Servers of MCP's first edition: a stream of events for all that they say, an address of their own for what is said to them.

use keyfob_proxy::bridge::BridgeWishes;
use tokio::sync::mpsc::UnboundedSender;

use crate::{Answer, Client, INITIALIZE, OLD_ENDPOINT, URL, WELCOME, ask, reply, token};

const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

fn say(stream: &UnboundedSender<String>, message: &str) {
    stream.send(format!("event: message\ndata: {message}\n\n")).unwrap();
}

fn name_the_endpoint(stream: &UnboundedSender<String>) {
    stream.send("event: endpoint\ndata: /messages?s=1\n\n".into()).unwrap();
}

/// A session with such a server, which a client begins as with any other.
async fn begun(client: &mut Client) -> UnboundedSender<String> {
    let (stream, speak) = Answer::live();
    client.http.post("initialize", Answer::status(405));
    client.http.get(stream);
    client.http.post("\"initialize\"", Answer::status(202));
    client.http.post("notifications/initialized", Answer::status(202));
    name_the_endpoint(&speak);
    client.say(INITIALIZE).await;
    client.http.wait_for(3).await;
    say(&speak, WELCOME);
    assert_eq!(client.hear().await, WELCOME);
    client.say(INITIALIZED).await;
    client.http.wait_for(4).await;
    speak
}

/// G1, G2: every message goes to the address that the stream names, with the token, and the answers come by the stream, the
/// server's own requests among them.
#[tokio::test(start_paused = true)]
async fn a_server_of_the_first_edition_is_spoken_to_by_its_stream() {
    let mut client = Client::start();
    let speak = begun(&mut client).await;
    client.http.post("tools/list", Answer::status(202));
    client.say(&ask(1, "tools/list")).await;
    client.http.wait_for(5).await;
    say(&speak, &ask(7, "roots/list"));
    say(&speak, &reply(1, "x"));
    assert_eq!(client.hear().await, ask(7, "roots/list"));
    assert_eq!(client.hear().await, reply(1, "x"));
    client.http.post("roots", Answer::status(202));
    client.say(&reply(7, "roots")).await;
    let seen = client.http.wait_for(6).await;
    let went: Vec<_> = seen.iter().map(|request| format!("{} {}", request.method, request.url)).collect();
    let posted = format!("POST {OLD_ENDPOINT}");
    assert_eq!(went[..2], [format!("POST {URL}"), format!("GET {URL}")]);
    assert!(went.len() == 6 && went[2..].iter().all(|line| *line == posted), "{went:?}");
    assert_eq!(seen[5].body, reply(7, "roots"));
    assert!(seen.iter().all(|request| request.token == Some(token("first").fingerprint())));
    client.close().await;
}

/// The stream of before a sleep may be dead without a word: it is opened anew, and the session goes on by the new one.
#[tokio::test(start_paused = true)]
async fn after_a_sleep_the_stream_is_opened_anew_and_the_session_goes_on_unheard() {
    let mut client = Client::start();
    let _silent = begun(&mut client).await;
    let (stream, again) = Answer::live();
    client.http.get(stream);
    client.http.post("\"initialize\"", Answer::status(202));
    client.http.post("notifications/initialized", Answer::status(202));
    name_the_endpoint(&again);
    // The bridge waits for the stream by now, so that the clock jumps under its eyes.
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    client.machine_sleeps(std::time::Duration::from_hours(8));
    client.http.wait_for(6).await;
    say(&again, WELCOME);
    client.http.wait_for(7).await;
    client.http.post("tools/list", Answer::status(202));
    client.say(&ask(1, "tools/list")).await;
    client.http.wait_for(8).await;
    say(&again, &reply(1, "x"));
    assert_eq!(client.hear().await, reply(1, "x"), "and nothing of the new beginning before it");
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_answers_what_was_under_way_and_the_session_goes_on_unheard() {
    let mut client = Client::start();
    let speak = begun(&mut client).await;
    client.http.post("tools/list", Answer::status(202));
    client.say(&ask(1, "tools/list")).await;
    client.http.wait_for(5).await;
    let (stream, again) = Answer::live();
    client.http.get(Answer::status(503));
    client.http.get(stream);
    client.http.post("\"initialize\"", Answer::status(202));
    client.http.post("notifications/initialized", Answer::status(202));
    drop(speak);
    let error = client.hear_json().await;
    assert!(
        error["id"] == 1 && error["error"]["message"].as_str().unwrap().contains("stream broke"),
        "{error}"
    );
    name_the_endpoint(&again);
    client.http.wait_for(8).await;
    say(&again, WELCOME);
    client.http.wait_for(9).await;
    client.http.post("\"after\"", Answer::status(202));
    client.say(&ask(2, "after")).await;
    client.http.wait_for(10).await;
    say(&again, &reply(2, "x"));
    assert_eq!(client.hear().await, reply(2, "x"), "of the new beginning nothing is heard");
    assert_eq!(client.http.seen()[7].body, INITIALIZE);
    client.close().await;
}

/// G2: a stream that names another host gets neither a message nor a token there.
#[tokio::test(start_paused = true)]
async fn messages_go_to_the_servers_own_origin_alone() {
    for named in [
        "https://evil.example/messages",
        "//evil.example/m",
        "http://portal.example/m",
        "https://portal.example:444/m",
    ] {
        let mut client = Client::start();
        let (stream, speak) = Answer::live();
        client.http.post("initialize", Answer::status(404));
        client.http.get(stream);
        speak.send(format!("event: endpoint\ndata: {named}\n\n")).unwrap();
        client.say(INITIALIZE).await;
        let error = client.hear_json().await;
        assert_eq!(error["id"], 0, "{named}: {error}");
        assert_eq!(client.http.seen().len(), 2, "{named}");
        client.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn where_neither_transport_is_spoken_the_first_answer_is_told() {
    let mut client = Client::start();
    client.http.post("initialize", Answer::status(404));
    client.http.get(Answer::json(404, "{}"));
    client.say(INITIALIZE).await;
    let error = client.hear_json().await;
    assert!(error["error"]["message"].as_str().unwrap().contains("404"), "{error}");
    client.close().await;
}

/// F8: the token ran out before its time.
#[tokio::test(start_paused = true)]
async fn a_stream_that_is_refused_for_its_token_is_opened_with_a_new_one() {
    let mut client = Client::start();
    client.tokens.then(Ok("second"));
    let (stream, speak) = Answer::live();
    client.http.post("initialize", Answer::status(405));
    client.http.get(Answer::status(401));
    client.http.get(stream);
    client.http.post("\"initialize\"", Answer::status(202));
    name_the_endpoint(&speak);
    client.say(INITIALIZE).await;
    let seen = client.http.wait_for(4).await;
    assert_eq!(seen[3].token, Some(token("second").fingerprint()));
    say(&speak, WELCOME);
    assert_eq!(client.hear().await, WELCOME);
    client.close().await;
}

/// A message that the server does not take is answered at once, and not once more when the stream ends.
#[tokio::test(start_paused = true)]
async fn a_message_that_is_not_taken_is_answered_once() {
    let mut client = Client::start();
    let speak = begun(&mut client).await;
    client.http.post("tools/list", Answer::status(500));
    client.say(&ask(1, "tools/list")).await;
    let error = client.hear_json().await;
    assert!(error["id"] == 1 && error["error"]["message"].as_str().unwrap().contains("500"), "{error}");
    client.http.get(Answer::status(503));
    drop(speak);
    client.http.wait_for(6).await;
    assert_eq!(client.close().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn the_old_transport_first_is_a_wish_that_a_newer_server_declines() {
    let mut client = Client::with(BridgeWishes { old_transport_first: true, ..BridgeWishes::default() });
    client.http.get(Answer::status(405));
    client.http.post("initialize", Answer::json(200, WELCOME));
    client.say(INITIALIZE).await;
    assert_eq!(client.hear().await, WELCOME);
    let methods: Vec<_> = client.http.seen().iter().map(|request| request.method.to_string()).collect();
    assert_eq!(methods, ["GET", "POST"]);
    client.close().await;
}
