//! MCP sessions: what was negotiated, the server's own stream, a session that is lost.

use crate::{Answer, Client, WELCOME, ask, reply};

#[tokio::test(start_paused = true)]
async fn session_and_version_are_sent_once_they_are_known() {
    let mut client = Client::start();
    client.initialize().await;
    client.http.post("tools/list", Answer::json(200, &reply(1, "x")));
    client.say(&ask(1, "tools/list")).await;
    client.hear().await;
    let http = client.http.clone();
    client.close().await;
    let seen: Vec<_> = http
        .seen()
        .iter()
        .map(|request| {
            let header = |name| request.header(name).unwrap_or("-").to_owned();
            format!("{} {} {}", request.method, header("mcp-session-id"), header("mcp-protocol-version"))
        })
        .collect();
    let expected =
        ["POST - -", "POST s1 2025-06-18", "GET s1 2025-06-18", "POST s1 2025-06-18", "DELETE s1 2025-06-18"];
    assert_eq!(seen, expected);
}

#[tokio::test(start_paused = true)]
async fn the_servers_own_messages_come_through_and_its_stream_is_opened_again() {
    let mut client = Client::start();
    let event =
        |n: u32| format!("id: n{n}\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"changed\",\"params\":{n}}}\n\n");
    client.initialize_with(Answer::events(&event(1))).await;
    client.http.get(Answer::status(503));
    client.http.get(Answer::status(409));
    client.http.get(Answer::events(&event(2)).open_ended());
    assert_eq!(client.hear_json().await["params"], 1);
    assert_eq!(client.hear_json().await["params"], 2);
    let gets: Vec<_> = client.http.seen().into_iter().filter(|request| request.method == "GET").collect();
    let resumed: Vec<_> = gets.iter().map(|request| request.header("last-event-id")).collect();
    assert_eq!(resumed, [None, Some("n1"), Some("n1"), Some("n1")]);
    client.close().await;
}

/// A server that asks the client something (sampling, roots, elicitation) on its own stream or beside an answer has its answer.
#[tokio::test(start_paused = true)]
async fn a_request_of_the_servers_own_is_heard_and_its_answer_goes_back() {
    let mut client = Client::start();
    let (own_stream, say) = Answer::live();
    client.initialize_with(own_stream).await;
    say.send(format!("data: {}\n\n", ask(70, "roots/list"))).unwrap();
    assert_eq!(client.hear().await, ask(70, "roots/list"));
    client.http.post("roots-70", Answer::status(202));
    client.say(&reply(70, "roots-70")).await;
    let (answer, more) = Answer::live();
    client.http.post("tools/call", answer);
    client.say(&ask(1, "tools/call")).await;
    more.send(format!("data: {}\n\n", ask(71, "elicitation/create"))).unwrap();
    assert_eq!(client.hear().await, ask(71, "elicitation/create"));
    client.http.post("elicited-71", Answer::status(202));
    client.say(&reply(71, "elicited-71")).await;
    client.http.wait_for(6).await;
    more.send(format!("data: {}\n\n", reply(1, "done"))).unwrap();
    assert_eq!(client.hear().await, reply(1, "done"), "the call waits for its own answer alone");
    let seen = client.http.seen();
    let bodies: Vec<_> = seen[3..].iter().map(|request| request.body.as_str()).collect();
    assert_eq!(bodies, [reply(70, "roots-70"), ask(1, "tools/call"), reply(71, "elicited-71")]);
    assert!(seen[3..].iter().all(|request| request.header("mcp-session-id") == Some("s1")));
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_without_a_stream_of_its_own_is_asked_once() {
    let mut client = Client::start();
    client.initialize().await;
    tokio::time::sleep(std::time::Duration::from_hours(1)).await;
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_session_is_begun_anew_once_for_all_requests_under_way() {
    let mut client = Client::start();
    client.initialize().await;
    let (lost_1, now_1) = Answer::status(404).when_told();
    let (lost_2, now_2) = Answer::status(404).when_told();
    client.http.post("\"a\"", lost_1);
    client.http.post("\"b\"", lost_2);
    client.say(&ask(1, "a")).await;
    client.say(&ask(2, "b")).await;
    client.http.wait_for(5).await;
    let welcome = WELCOME.replace("2025-06-18", "2025-03-26");
    client.http.post(
        "\"initialize\"",
        Answer::events(&format!("data: {welcome}\n\n")).header("mcp-session-id", "s2"),
    );
    client.http.post("notifications/initialized", Answer::status(202));
    client.http.get(Answer::status(405));
    client.http.post("\"a\"", Answer::json(200, &reply(1, "a")));
    client.http.post("\"b\"", Answer::json(200, &reply(2, "b")));
    now_1.send(()).unwrap();
    now_2.send(()).unwrap();
    let mut heard = [client.hear().await, client.hear().await];
    heard.sort();
    assert_eq!(heard, [reply(1, "a"), reply(2, "b")], "the client hears nothing of the new beginning");
    let http = client.http.clone();
    client.close().await;
    let seen = http.seen();
    let new: Vec<_> = seen.iter().filter(|request| request.body.contains("\"initialize\"")).collect();
    assert_eq!(new.len(), 2);
    assert_eq!((new[1].header("mcp-session-id"), &new[1].body), (None, &new[0].body));
    assert_eq!(seen.last().unwrap().header("mcp-session-id"), Some("s2"));
    assert_eq!(seen.last().unwrap().header("mcp-protocol-version"), Some("2025-03-26"));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_cannot_be_begun_anew_is_an_error() {
    let mut client = Client::start();
    client.initialize().await;
    client.http.post("tools/list", Answer::status(404));
    client.http.post("\"initialize\"", Answer::json(404, "gone"));
    client.say(&ask(1, "tools/list")).await;
    let error = client.hear_json().await;
    assert!(error["error"]["message"].as_str().unwrap().contains("status 404"), "{error}");
    client.close().await;
}

/// A version of MCP without `initialize`: each message names its version, and the server wants it in the headers too.
#[tokio::test(start_paused = true)]
async fn a_message_that_names_its_version_gets_the_headers_servers_want() {
    let mut client = Client::start();
    client.http.post("server/discover", Answer::json(200, &reply(1, "x")));
    let params = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}"#;
    client.say(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{params}}}"#)).await;
    client.hear().await;
    let seen = client.http.seen();
    assert_eq!(seen[0].header("mcp-protocol-version"), Some("2026-07-28"));
    assert_eq!(seen[0].header("mcp-method"), Some("server/discover"));
    client.close().await;
}

/// What a tool's schema wants repeated is repeated, as the list that went by said.
#[tokio::test(start_paused = true)]
async fn a_call_gets_the_headers_that_the_tools_own_schema_asks_for() {
    let mut client = Client::start();
    let tools = r#"[{"name":"run","inputSchema":{"properties":{"region":{"type":"string","x-mcp-header":"Region"}}}}]"#;
    let list = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":{tools}}}}}"#);
    client.http.post("tools/list", Answer::json(200, &list));
    client.say(&ask(1, "tools/list")).await;
    assert_eq!(client.hear().await, list);
    client.http.post("tools/call", Answer::json(200, &reply(2, "x")));
    let meta = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
    let params = format!(r#"{{"name":"run","arguments":{{"region":"west"}},"_meta":{meta}}}"#);
    client.say(&format!(r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{params}}}"#)).await;
    client.hear().await;
    let seen = client.http.seen();
    assert_eq!(seen[1].header("mcp-param-region"), Some("west"));
    assert_eq!(seen[1].header("mcp-name"), Some("run"));
    client.close().await;
}
